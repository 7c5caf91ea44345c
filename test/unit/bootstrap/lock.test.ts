import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { alone } from '../../../src/bootstrap/lock.ts';
import { markOf } from '../../../src/bootstrap/process-mark.ts';

let dir = '';
beforeEach(() => { dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-lock-')); });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const lock = (): string => path.join(dir, 'run/converge.lock');

describe('the lock of converge', () => {
  test('is there while it is held, and nothing is left afterwards, also when what was done failed', async () => {
    await expect(alone(lock(), async () => {
      expect(JSON.parse(readFileSync(lock(), 'utf8'))).toEqual(markOf(process.pid));
      throw new Error('it failed');
    })).rejects.toThrow('it failed');
    expect(readdirSync(path.dirname(lock()))).toEqual([]);
  });

  test('is refused while another living process has it, and left to that one', async () => {
    await alone(lock(), async () => {
      await expect(alone(lock(), async () => 0)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(String(process.pid)) });
      expect(existsSync(lock())).toBe(true);
    });
  });

  test.each([['by a process that is gone', JSON.stringify({ pid: process.pid, began: '1' })], ['empty', ''], ['cut off', '{"pid":']])('is taken over when it was left %s', async (_how, content) => {
    await alone(lock(), async () => { /* Makes the directory. */ });
    writeFileSync(lock(), content);
    expect(await alone(lock(), async () => 'done')).toBe('done');
    expect(readdirSync(path.dirname(lock()))).toEqual([]);
  });

  test('is had by one process at a time when many find one that a dead process left', async () => {
    await alone(lock(), async () => { /* Makes the directory. */ });
    writeFileSync(lock(), JSON.stringify({ pid: 1, began: 'never' }));
    const worker = path.join(dir, 'worker.ts');
    // Each tries until it had its turn; a second one inside finds the mark of the first.
    writeFileSync(worker, `import { mkdirSync, rmdirSync } from 'node:fs';
import { alone } from ${JSON.stringify(path.resolve(import.meta.dirname, '../../../src/bootstrap/lock.ts'))};
for (let turns = 0; turns < 20;) {
  try {
    await alone(${JSON.stringify(lock())}, async () => {
      mkdirSync(${JSON.stringify(path.join(dir, 'inside'))});
      await new Promise((resolve) => { setTimeout(resolve, 1); });
      rmdirSync(${JSON.stringify(path.join(dir, 'inside'))});
      turns += 1;
    });
  } catch (error) {
    if (error.code !== 'unavailable') throw error;
  }
}
`);
    const ends = await Promise.all(Array.from({ length: 4 }, () => new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', worker], { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString('utf8'); });
      child.once('close', (status) => resolve(`${String(status)} ${said}`));
    })));
    expect(ends).toEqual(['0 ', '0 ', '0 ', '0 ']);
    expect(readdirSync(path.dirname(lock()))).toEqual([]);
  });
});
