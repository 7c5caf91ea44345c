/** What a command works with: the client, where to print, and how to ask, wait and carry out. */
import { createClient, type HoldfastClient, type TlsOptions, type WaitOptions } from '../client/client.ts';
import { HoldfastError } from '../model/errors.ts';
import { isOver, type Operation } from '../model/operation.ts';
import { Declined, Interrupted, type Host } from './host.ts';
import type { Output } from './output.ts';

export interface Context {
  readonly host: Host;
  readonly out: Output;
  readonly client: HoldfastClient;
  /** Certificates for https: files, or PEM from the environment. */
  readonly credentials: TlsOptions;
  /** Another client, such as with other certificates. */
  readonly clientWith: (credentials: TlsOptions) => HoldfastClient;
  /** A client for a question that may not take long: one attempt, and this time. */
  readonly quickClient: (timeoutMs: number) => HoldfastClient;
  /**
   * Carries out a change: shows progress on a terminal, gives up waiting as asked. Ctrl-C tells that it goes on.
   * null: it goes on by itself, which has been printed.
   */
  readonly carryOut: <T extends object>(given: { readonly wait: boolean; readonly timeout: number | undefined }, act: (options: WaitOptions) => Promise<T>) => Promise<T | null>;
  /**
   * Returns when the user agrees, or said `--yes` before.
   * @param question such as `Delete volume db for good?`
   * @throws invalid_argument where nobody can be asked; Declined when the answer is no.
   */
  readonly confirm: (yes: boolean, question: string) => Promise<void>;
  /** A signal that is aborted by Ctrl-C, while `act` runs. */
  readonly interruptible: <T>(act: (signal: AbortSignal) => Promise<T>) => Promise<T>;
}

export function createContext(host: Host, out: Output, endpoint: string | undefined, credentials: TlsOptions = {}): Context {
  let client: HoldfastClient | undefined;
  const interruptible: Context['interruptible'] = async (act) => {
    const stop = new AbortController();
    const release = host.onInterrupt(() => stop.abort(new Interrupted('')));
    try {
      return await act(stop.signal);
    } finally {
      release();
    }
  };
  return {
    host, out, interruptible,
    get client() { return (client ??= createClient({ endpoint, agent: 'cli', tls: credentials })); },
    credentials,
    clientWith: (tls) => createClient({ endpoint, agent: 'cli', tls }),
    quickClient: (timeoutMs) => createClient({ endpoint, agent: 'cli', timeoutMs, attempts: 1, tls: credentials }),
    carryOut: (given, act) => interruptible(async (signal) => {
      let operation: Operation | null = null;
      const current = (): Operation | null => operation;
      const progress = host.stderr.isTTY === true ? (await import('./progress.ts')).startProgress(host) : null;
      const onProgress = (now: Operation): void => {
        operation = now;
        progress?.show(now);
      };
      try {
        return await act({ signal, onProgress, timeoutMs: given.wait ? given.timeout : 0 });
      } catch (thrown) {
        progress?.end();
        const begun = current();
        if (signal.aborted) throw new Interrupted(begun === null ? 'interrupted before the daemon answered; what it does: holdfast operation list' : goesOn(begun).join('\n'));
        if (given.wait || begun === null || isOver(begun)) throw thrown;
        await out.changed(begun, ...goesOn(begun));
        return null;
      } finally {
        progress?.end();
      }
    }),
    async confirm(yes, question) {
      if (yes) return;
      if (host.stdin.isTTY !== true || host.stderr.isTTY !== true) {
        throw new HoldfastError('invalid_argument', `nobody can be asked here: ${question}`, { field: '--yes', hint: 'Add --yes when that is what you want.' });
      }
      const { ask } = await import('./question.ts');
      if (!(await ask(host, question))) throw new Declined();
    },
  };
}

const goesOn = ({ id, kind, target, cancellable }: Operation): string[] => [
  `${kind} of ${target.kind} ${target.name} goes on as ${id}`,
  `To see its end: holdfast operation watch ${id}`,
  ...(cancellable ? [`To stop it:     holdfast operation cancel ${id}`] : []),
];
