/**
 * Becoming root by `sudo`, with and without a password, and what its refusals mean. The password goes by stdin only. It is
 * not known whether sudo will ask (it may remember): so a line that marks the end comes after it, up to which the command
 * skips what is left.
 */
import { Readable } from 'node:stream';
import { MachineError } from './machine-error.ts';
import type { Channel, ExecOptions, Ran } from './shell.ts';

export interface Sudo {
  /** Null: none is needed, or it is refused. */
  readonly password: string | null;
}

const MARK = 'holdfast begins here';
/** What a script run with a password begins with. */
export const SKIP = `while IFS= read -r line && [ "$line" != '${MARK}' ]; do :; done\n`;

/** Its own words are wanted in English, whatever the login shell's language. */
export const prefixOf = ({ password }: Sudo): string => (password === null ? 'env LC_ALL=C sudo -n --' : 'env LC_ALL=C sudo -S -p "" --');

/** What the command reads, after the password. */
export function withPassword({ password }: Sudo, input: ExecOptions['input']): ExecOptions['input'] {
  if (password === null) return input;
  const before = `${password}\n${MARK}\n`;
  if (input === undefined || typeof input === 'string') return before + (input ?? '');
  if (Buffer.isBuffer(input)) return Buffer.concat([Buffer.from(before), input]);
  return Readable.from((async function* joined() {
    yield Buffer.from(before);
    for await (const chunk of input) yield chunk as Buffer;
  })());
}

/** Whether the user may become root. @throws MachineError `denied`, and what to allow. */
export async function checkSudo(channel: Channel, sudo: Sudo, user: string, name: string, signal: AbortSignal | undefined): Promise<void> {
  const ran = await channel.exec(`${prefixOf(sudo)} true`, { signal, ...(sudo.password === null ? {} : { input: `${sudo.password}\n` }) });
  if (ran.status !== 0) throw new MachineError('denied', `${name}: ${user} cannot become root: ${ran.stderr.trim().split('\n').slice(-2).join(' ') || `status ${ran.status}`} ${wayOut(ran, sudo, user)}`);
}

function wayOut({ stderr, status }: Ran, { password }: Sudo, user: string): string {
  const without = `a line "${user} ALL=(ALL) NOPASSWD: ALL" in /etc/sudoers.d/holdfast`;
  if (status === 127 || /not found/.test(stderr)) return 'There is no sudo: install it, or log in as root (ssh.user).';
  if (/must have a tty/.test(stderr)) return `Allow it without a terminal: a line "Defaults:${user} !requiretty" in /etc/sudoers.d/holdfast.`;
  if (/not in the sudoers|not allowed|may not run/.test(stderr)) return `Allow it on the machine (${without}), or log in as root (ssh.user).`;
  if (password === null) return `Allow it without a password (${without}), give the password (ssh.sudo_password or HOLDFAST_SSH_SUDO_PASSWORD), or log in as root (ssh.user).`;
  return 'Check ssh.sudo_password (or HOLDFAST_SSH_SUDO_PASSWORD).';
}
