// Runs programs for the labs: to their end, with input, a time limit and their output. It knows nothing of nodes.
import { spawn } from 'node:child_process';

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Exit status; -1 when a signal or the time limit ended it. */
  readonly status: number;
}

export interface RunOptions {
  /** Written to its standard input, which is then closed. Default: empty. */
  readonly input?: string | Uint8Array;
  /** It is killed after this long. Default: 120000. */
  readonly timeoutMs?: number;
  /** Replaces the environment. Default: that of this process, with the administrator's folders on the PATH. */
  readonly env?: Readonly<Record<string, string>>;
}

/** This process's PATH with the folders in which Debian keeps the administrator's commands. */
export const ADMIN_PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Never rejects because of how the program ended, only when it could not be started. */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: options.env ?? { ...process.env, PATH: ADMIN_PATH }, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const limit = options.timeoutMs ?? 120_000;
    const timer = setTimeout(() => {
      err.push(Buffer.from(`\n${program} was killed: it took longer than ${limit} ms\n`));
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.stderr.destroy();
    }, limit);
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => { clearTimeout(timer); reject(error); });
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), status: code ?? -1 });
    });
    child.stdin.end(options.input ?? '');
  });
}

/** As `run`, but rejects with the program's words when its status is not 0; gives its standard output. */
export async function must(argv: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, status } = await run(argv, options);
  if (status !== 0) throw new Error(`${argv.join(' ')} ended with ${status}: ${stderr}${stdout}`);
  return stdout;
}

/** A shell script in which the first failing command ends it, with `set -e`; `args` are its $1, $2 … */
export const script = (text: string, ...args: readonly string[]): readonly string[] => ['sh', '-ec', text, 'script', ...args];
