/** What can be done on a machine that was reached: run a script as root. How it is reached is told elsewhere. */
import type { Readable } from 'node:stream';
import { endOf, newMark } from './interrupt.ts';
import { MachineError } from './machine-error.ts';
import type { Target } from './settings.ts';
import { checkSudo, prefixOf, SKIP, withPassword, type Sudo } from './sudo.ts';

export interface Ran { readonly stdout: string; readonly stderr: string; readonly status: number }

export interface ExecOptions {
  /** For stdin: what is secret goes this way, never by arguments. Default: nothing. */
  readonly input?: string | Buffer | Readable | undefined;
  /** Ends the command, and the call throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Every line on stderr, as it comes. */
  readonly onLine?: ((line: string) => void) | undefined;
}
export interface RunOptions extends ExecOptions {
  /** `$1`, `$2`, … of the script. Visible to every user of the machine while it runs. */
  readonly args?: readonly string[];
}

/** The machine takes no further command on this connection now (its MaxSessions): others have to end first. */
export class NoSession extends Error {}

/** One way to a machine. @throws MachineError unreachable when it is lost; NoSession. */
export interface Channel {
  exec(command: string, options: ExecOptions): Promise<Ran>;
  close(): void;
  readonly closed: boolean;
}

export interface Machine {
  readonly target: Target;
  /** `user@host:port`. */
  readonly name: string;
  /** Runs a `sh` script as root and returns how it ended, whatever its status. */
  run(script: string, options?: RunOptions): Promise<Ran>;
  /** The same; @throws MachineError when the status is not 0, with the end of its stderr. `doing` completes "… failed". */
  must(doing: string, script: string, options?: RunOptions): Promise<string>;
}

/** A word for `sh` that stands for exactly this text. */
export const quoted = (text: string): string => (/^[A-Za-z0-9_/.:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll('\'', '\'\\\'\'')}'`);

/** At most so much of an output is kept, bytes. */
export const OUTPUT_LIMIT = 16 * 2 ** 20;

/** For ending what was interrupted. */
const ENDING_MS = 10_000;

/** Channels of which it is known that sudo lets the user become root. */
const allowed = new WeakSet<Channel>();

/** @param sudo how the user becomes root; null: it is root already. */
export function machineOver(channel: Channel, target: Target, name: string, sudo: Sudo | null): Machine {
  const checked = async (signal: AbortSignal | undefined): Promise<void> => {
    if (sudo === null || allowed.has(channel)) return;
    await checkSudo(channel, sudo, target.user, name, signal);
    allowed.add(channel);
  };
  const exec = async (script: string, mark: string, { args = [], ...options }: RunOptions): Promise<Ran> => {
    const skip = sudo === null || sudo.password === null ? '' : SKIP;
    const command = ['sh', '-c', `${skip}PATH=$PATH:/usr/sbin:/sbin LC_ALL=C; export PATH LC_ALL\n${script}`, mark, ...args].map(quoted).join(' ');
    if (sudo === null) return channel.exec(command, options);
    await checked(options.signal);
    return channel.exec(`${prefixOf(sudo)} ${command}`, { ...options, input: withPassword(sudo, options.input) });
  };
  const run = async (script: string, options: RunOptions = {}): Promise<Ran> => {
    const mark = newMark();
    let ending: Promise<unknown> | undefined;
    const end = (): void => { ending ??= exec(endOf(mark), newMark(), { signal: AbortSignal.timeout(ENDING_MS) }).catch(() => { /* it is not to be reached any more */ }); };
    options.signal?.addEventListener('abort', end, { once: true });
    try {
      return await exec(script, mark, options);
    } finally {
      options.signal?.removeEventListener('abort', end);
      await ending;
    }
  };
  return {
    target, name, run,
    async must(doing, script, options) {
      const { status, stdout, stderr } = await run(script, options);
      if (status !== 0) throw new MachineError('failed', `${name}: ${doing} failed (status ${status}): ${lastLines(stderr === '' ? stdout : stderr, 12)}`);
      return stdout;
    },
  };
}

/** The end of an output, for a message. */
export const lastLines = (text: string, count: number): string => text.trim().split('\n').slice(-count).join('\n') || 'it said nothing.';

/** Collects what a command prints, and passes its stderr on line by line. */
export class Output {
  readonly #out: Buffer[] = [];
  readonly #err: Buffer[] = [];
  #size = 0;
  #rest = '';
  readonly #onLine: ((line: string) => void) | undefined;
  constructor(onLine: ((line: string) => void) | undefined) { this.#onLine = onLine; }

  out(chunk: Buffer): void { this.#keep(this.#out, chunk); }

  err(chunk: Buffer): void {
    this.#keep(this.#err, chunk);
    if (this.#onLine === undefined) return;
    const lines = (this.#rest + chunk.toString('utf8')).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#onLine(line);
  }

  ended(status: number): Ran {
    if (this.#rest.trim() !== '') this.#onLine?.(this.#rest);
    return { stdout: Buffer.concat(this.#out).toString('utf8'), stderr: Buffer.concat(this.#err).toString('utf8'), status };
  }

  #keep(chunks: Buffer[], chunk: Buffer): void {
    if (this.#size + chunk.length > OUTPUT_LIMIT) return;
    this.#size += chunk.length;
    chunks.push(chunk);
  }
}
