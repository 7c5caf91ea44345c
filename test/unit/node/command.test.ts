import { describe, expect, test } from '@jest/globals';
import { run } from '../../../src/node/command.ts';

describe('a command', () => {
  test('gives what it wrote, and takes its arguments literally', async () => {
    expect(await run('printf', ['%s', '$HOME; echo x'])).toEqual({ code: 0, stdout: '$HOME; echo x', stderr: '' });
  });

  test('that fails says so with what it wrote to stderr', async () => {
    await expect(run('ls', ['/does/not/exist'])).rejects.toMatchObject({ code: 'internal', message: expect.stringMatching(/ls failed with exit code 2: .*\/does\/not\/exist/) });
  });

  test('may have other exit codes that count as success', async () => {
    expect((await run('false', [], { accept: [0, 1] })).code).toBe(1);
  });

  test('that is not installed names itself', async () => {
    await expect(run('holdfast-no-such-tool', [])).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('holdfast-no-such-tool is not installed') });
  });

  test('that meets a full disk is resource_exhausted', async () => {
    await expect(run('dd', ['if=/dev/zero', 'of=/dev/full', 'count=1'])).rejects.toMatchObject({ code: 'resource_exhausted' });
  });

  test('is ended by its signal, with the reason of the caller', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = run('sleep', ['60'], { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(run('sleep', ['60'], { signal: controller.signal })).rejects.toBe(reason);
  });

  test('that takes too long is ended', async () => {
    await expect(run('sleep', ['60'], { timeoutMs: 20 })).rejects.toMatchObject({ code: 'unavailable' });
  });
});
