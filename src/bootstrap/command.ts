/** Runs programs of the system. What they print is kept; secrets go in by stdin or environment only. */
import { spawn } from 'node:child_process';
import { HoldfastError } from '../model/errors.ts';

export interface Ran {
  /** Exit status; 127 when the program is not there, 124 when it took too long. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ADMIN_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The environment for other programs: services are started by them, and live long. Join tokens and keys stay here. */
export const inherited = (): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOLDFAST_')));

/** @param timeoutMs default 60 s. Never throws for what the program does. */
export function run(command: string, args: readonly string[], options: { readonly env?: Readonly<Record<string, string>>; readonly timeoutMs?: number } = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...inherited(), PATH: `${process.env['PATH'] ?? ''}:${ADMIN_PATH}`, LC_ALL: 'C', ...options.env } });
    let [stdout, stderr, late] = ['', '', false];
    child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString('utf8'); });
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString('utf8'); });
    const timer = setTimeout(() => { late = true; child.kill('SIGKILL'); }, options.timeoutMs ?? 60_000);
    const finish = (status: number, more = ''): void => {
      clearTimeout(timer);
      resolve({ status: late ? 124 : status, stdout, stderr: stderr + more });
    };
    child.once('error', (error: NodeJS.ErrnoException) => finish(127, error.message));
    child.once('close', (code) => finish(code ?? 1));
  });
}

/** @throws unavailable with the last lines that the program printed. */
export async function must(what: string, command: string, args: readonly string[], options: Parameters<typeof run>[2] & { readonly hint?: string } = {}): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, options);
  if (status === 0) return stdout;
  const said = lastLines(`${stdout}\n${stderr}`, 8);
  throw new HoldfastError('internal', `${what} failed: ${command} ${args.join(' ')} ended with ${status}${said === '' ? '' : `:\n${said}`}`, { object: 'this machine', ...(options.hint === undefined ? {} : { hint: options.hint }) });
}

export const lastLines = (text: string, count: number): string => text.split('\n').filter((line) => line.trim() !== '').slice(-count).join('\n');
