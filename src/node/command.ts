/**
 * Runs a program of the system (mkfs, blkid, …) without a shell, with a time limit, and tells what it said
 * when it fails. Never with input or names that came from outside as an option.
 */
import { spawn } from 'node:child_process';
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';

/** Where the tools of the system are; the daemon's own PATH does not matter. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MAX_OUTPUT_BYTES = 1 << 20;
/** For what goes through a whole filesystem. */
export const LONG_MS = 6 * 3_600_000;

const PACKAGES: Readonly<Record<string, string>> = { 'mkfs.xfs': 'xfsprogs', xfs_db: 'xfsprogs', 'mkfs.ext4': 'e2fsprogs', e2fsck: 'e2fsprogs', resize2fs: 'e2fsprogs', debugfs: 'e2fsprogs', tune2fs: 'e2fsprogs', blkid: 'util-linux', wipefs: 'util-linux', modprobe: 'kmod' };

export interface CommandOptions {
  readonly signal?: AbortSignal;
  /** Default 10 minutes. */
  readonly timeoutMs?: number;
  /** File descriptors that the program inherits, so that a lock on one lasts as long as the program, even past our end. */
  readonly inherit?: readonly number[];
  /** Exit codes that are no failure. Default [0]. */
  readonly accept?: readonly number[];
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Resolves when the program has ended, never before, so that nothing of it runs on behind the caller's back.
 * @throws the signal's reason when aborted; failed_precondition when the program is not installed;
 *   resource_exhausted when it met a full disk; internal with what it wrote otherwise.
 */
export function run(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  const { signal, timeoutMs = 600_000, accept = [0], inherit = [] } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason as Error);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', ...inherit], env: { PATH: SYSTEM_PATH, LC_ALL: 'C' } });
    const output = { stdout: '', stderr: '' };
    const collect = (stream: 'stdout' | 'stderr') => (chunk: Buffer): void => {
      if (output[stream].length < MAX_OUTPUT_BYTES) output[stream] += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect('stdout'));
    child.stderr?.on('data', collect('stderr'));
    let timedOut = false;
    const kill = (): boolean => child.kill('SIGKILL');
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    signal?.addEventListener('abort', kill, { once: true });
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      over();
      reject(error.code === 'ENOENT' ? missing(program) : error);
    });
    child.once('close', (code, killedBy) => {
      over();
      if (signal?.aborted === true) return reject(signal.reason as Error);
      if (timedOut) return reject(new HoldfastError('unavailable', `${program} did not end within ${timeoutMs / 1000} s`, { object: program, hint: 'Look at the disk: it may be slow or hang.' }));
      if (code !== null && accept.includes(code)) return resolve({ code, ...output });
      reject(failure(program, args, code === null ? `was killed by ${killedBy ?? 'a signal'}` : `failed with exit code ${code}`, output));
    });
  });
}

function missing(program: string): HoldfastError {
  const from = PACKAGES[program];
  return new HoldfastError('failed_precondition', `${program} is not installed on this machine`, { object: program, ...(from === undefined ? {} : { hint: `Install it: apt-get install ${from}` }) });
}

function failure(program: string, args: readonly string[], what: string, output: { stdout: string; stderr: string }): HoldfastError {
  const said = (output.stderr.trim() || output.stdout.trim()).replace(/\s*\n\s*/g, '; ');
  const full = /no space left on device|disk quota exceeded/i.test(said);
  return new HoldfastError(full ? 'resource_exhausted' : 'internal', `${program} ${what}: ${clip(said === '' ? '(it wrote nothing)' : said, 500)}`, {
    object: program,
    ...(full ? { hint: 'Free space on the pool\'s medium, or grow it.' } : { hint: `It was called as: ${program} ${args.join(' ')}` }),
  });
}
