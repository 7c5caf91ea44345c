// Scripts as one command for any user's shell, and how sudo's refusals are told from those of the command.
import { describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { machineOver, quoted, type Channel, type Ran } from '../../../../provider/bootstrap/shell.ts';

const target = { host: '10.0.0.1', port: 22, user: 'admin', hostKey: null };
function answering(ran: Partial<Ran>) {
  const commands: string[] = [];
  const channel: Channel = { closed: false, close: () => {}, exec: async (command) => { commands.push(command); return { stdout: '', stderr: '', status: 0, ...ran }; } };
  return { channel, commands };
}

describe('quoting', () => {
  it.each(['plain', '', ' ', 'it\'s', '"double"', '$HOME `id` \\', 'two\nlines', '*?[a]', 'ä €', '-n', ';rm'])('%j comes out of sh as it went in', (text) => {
    expect(execFileSync('sh', ['-c', `printf %s ${quoted(text)}`], { encoding: 'utf8' })).toBe(text);
  });
});

describe('a machine', () => {
  it('runs scripts by sudo only where that is asked for', async () => {
    const { channel, commands } = answering({});
    await machineOver(channel, target, 'admin@10.0.0.1', true).run('id');
    await machineOver(channel, target, 'admin@10.0.0.1', false).run('id');
    expect(commands[0]).toMatch(/^sudo -n -- sh -c /);
    expect(commands[1]).toMatch(/^sh -c /);
  });

  it('finds the administrator\'s commands, whatever PATH the login has', async () => {
    const { channel, commands } = answering({});
    await machineOver(channel, target, 'm', false).run('echo "$PATH"');
    expect(execFileSync('sh', ['-c', commands[0] ?? ''], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } })).toBe('/usr/bin:/bin:/usr/sbin:/sbin\n');
  });

  it('says what to allow when sudo wants a password', async () => {
    const { channel } = answering({ stderr: 'sudo: a password is required\n', status: 1 });
    await expect(machineOver(channel, target, 'admin@10.0.0.1', true).run('id')).rejects.toMatchObject({ kind: 'denied', detail: expect.stringContaining('admin ALL=(ALL) NOPASSWD: ALL') });
  });

  it('leaves a command\'s own failure to the caller', async () => {
    const { channel } = answering({ stderr: 'no such pool\n', status: 4 });
    await expect(machineOver(channel, target, 'm', true).run('false')).resolves.toMatchObject({ status: 4 });
    await expect(machineOver(channel, target, 'm', true).must('looking', 'false')).rejects.toMatchObject({ kind: 'failed', detail: 'm: looking failed (status 4): no such pool' });
  });
});
