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

const silent = { password: null };

describe('a machine', () => {
  it('runs scripts by sudo only where that is asked for', async () => {
    const { channel, commands } = answering({});
    await machineOver(channel, target, 'admin@10.0.0.1', silent).run('id');
    await machineOver(channel, target, 'admin@10.0.0.1', null).run('id');
    expect(commands.map((line) => line.split('\n')[0])).toEqual(['env LC_ALL=C sudo -n -- true', expect.stringMatching(/^env LC_ALL=C sudo -n -- sh -c /), expect.stringMatching(/^sh -c /)]);
  });

  it('finds the administrator\'s commands, whatever PATH the login has', async () => {
    const { channel, commands } = answering({});
    await machineOver(channel, target, 'm', null).run('echo "$PATH"');
    expect(execFileSync('sh', ['-c', commands[0] ?? ''], { encoding: 'utf8', env: { PATH: '/usr/bin:/bin' } })).toBe('/usr/bin:/bin:/usr/sbin:/sbin\n');
  });

  it.each([
    ['a password is required', 'sudo: a password is required\n', 1, null, /admin ALL=\(ALL\) NOPASSWD: ALL.*HOLDFAST_SSH_SUDO_PASSWORD/],
    ['the password is wrong', 'Sorry, try again.\nsudo: no password was provided\n', 1, 'wrong', /Check ssh\.sudo_password/],
    ['a terminal is required', 'sudo: sorry, you must have a tty to run sudo\n', 1, null, /Defaults:admin !requiretty/],
    ['the user is no administrator', 'admin is not in the sudoers file.\n', 1, 'right', /NOPASSWD/],
    ['there is no sudo', 'sh: 1: sudo: not found\n', 127, null, /There is no sudo/],
  ])('says what to do when %s', async (_what, stderr, status, password, hint) => {
    const { channel } = answering({ stderr, status });
    await expect(machineOver(channel, target, 'admin@10.0.0.1', { password }).run('id')).rejects.toMatchObject({ kind: 'denied', detail: expect.stringMatching(hint) });
  });

  it('leaves a command\'s own failure to the caller, also where sudo grumbles beside it', async () => {
    const channel: Channel = { closed: false, close: () => {}, exec: async (command) => ({ stdout: '', stderr: 'sudo: unable to resolve host n1: Name or service not known\n', status: command.endsWith(' true') ? 0 : 1 }) };
    await expect(machineOver(channel, target, 'm', silent).run('command -v holdfast')).resolves.toMatchObject({ status: 1 });
    const failing = answering({ stderr: 'no such pool\n', status: 4 }).channel;
    await expect(machineOver(failing, target, 'm', null).must('looking', 'false')).rejects.toMatchObject({ kind: 'failed', detail: 'm: looking failed (status 4): no such pool' });
  });

  it('gives the password by stdin only, and the script what comes after it, whether sudo asked or not', async () => {
    const inputs: unknown[] = [];
    const commands: string[] = [];
    const channel: Channel = { closed: false, close: () => {}, exec: async (command, { input }) => { commands.push(command); inputs.push(input); return { stdout: '', stderr: '', status: 0 }; } };
    await machineOver(channel, target, 'm', { password: 'se cret' }).run('cat', { input: 'node.json' });
    expect(commands.join()).not.toContain('se cret');
    const [, given] = inputs as [string, string];
    const script = (commands[1] ?? '').replace('env LC_ALL=C sudo -S -p "" -- ', '');
    const asked = given.slice(given.indexOf('\n') + 1);
    for (const input of [given, asked]) expect(execFileSync('sh', ['-c', script], { input, encoding: 'utf8' })).toBe('node.json');
  });
});
