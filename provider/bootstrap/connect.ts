/** Connections of one provider run: opened once per machine, shared, waited for while a machine starts, and closed when idle. */
import { openOpenssh } from './over-openssh.ts';
import { openSsh2 } from './over-ssh2.ts';
import { MachineError } from './machine-error.ts';
import { targetName, type SshSettings, type Target } from './settings.ts';
import { machineOver, NoSession, type Channel, type Machine } from './shell.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** Commands at once on one connection; sshd allows 10 (MaxSessions) unless it is told otherwise. */
const MOST_COMMANDS = 8;
/** A connection that nobody uses is closed after this time. */
const IDLE_MS = 20_000;

export interface UseOptions {
  readonly signal?: AbortSignal | undefined;
  /** Waits for it as long as the settings say, while it refuses connections or does not answer. Default false. */
  readonly wait?: boolean;
  /** Told what is being waited for. */
  readonly onWait?: (reason: string) => void;
}

interface Shared { readonly opening: Promise<Channel>; readonly abort: AbortController; users: number; opened: boolean; idle: NodeJS.Timeout | undefined }

export class Machines {
  readonly settings: SshSettings;
  readonly #open = new Map<string, Shared>();

  constructor(settings: SshSettings) { this.settings = settings; }

  /** The target of a resource: what it does not say is that of the settings. */
  target({ host, port, user, host_key }: { readonly host: string; readonly port?: number | null; readonly user?: string | null; readonly host_key?: string | null }): Target {
    return { host, port: port ?? this.settings.port, user: user ?? this.settings.user, hostKey: host_key ?? null };
  }

  /**
   * Runs `action` with the machine.
   * @throws MachineError when it cannot be reached, is not trusted or lets nobody in; what `action` throws.
   */
  async use<T>(target: Target, action: (machine: Machine) => Promise<T>, options: UseOptions = {}): Promise<T> {
    const key = JSON.stringify(target);
    const shared = await this.#shared(key, target, options);
    shared.users += 1;
    clearTimeout(shared.idle);
    try {
      const channel = await unlessAborted(shared.opening, options.signal);
      return await action(machineOver(channel, target, targetName(target), this.settings.sudo && target.user !== 'root' ? { password: this.settings.sudoPassword } : null));
    } finally {
      shared.users -= 1;
      // One user who gives up does not take the connection from the others.
      if (shared.users === 0 && !shared.opened) shared.abort.abort(new Error('nobody waits for it any more'));
      else if (shared.users === 0) this.#closeLater(key, shared);
    }
  }

  /** Closes what is open. */
  close(): void {
    for (const [key, shared] of this.#open) this.#drop(key, shared);
  }

  async #shared(key: string, target: Target, options: UseOptions): Promise<Shared> {
    const open = this.#open.get(key);
    if (open !== undefined) {
      const channel = await unlessAborted(open.opening.catch(() => undefined), options.signal);
      if (channel !== undefined && !channel.closed) return open;
      if (this.#open.get(key) === open) this.#open.delete(key);
      return this.#shared(key, target, options);
    }
    const abort = new AbortController();
    const shared: Shared = { opening: this.#opened(target, { ...options, signal: abort.signal }), abort, users: 0, opened: false, idle: undefined };
    shared.opening.then(() => { shared.opened = true; }, () => { if (this.#open.get(key) === shared) this.#open.delete(key); });
    this.#open.set(key, shared);
    return shared;
  }

  #closeLater(key: string, shared: Shared): void {
    clearTimeout(shared.idle);
    shared.idle = setTimeout(() => { if (shared.users === 0) this.#drop(key, shared); }, IDLE_MS);
    shared.idle.unref();
  }

  #drop(key: string, shared: Shared): void {
    clearTimeout(shared.idle);
    if (this.#open.get(key) === shared) this.#open.delete(key);
    shared.opening.then((channel) => { channel.close(); }, () => { /* never opened */ });
  }

  async #opened(target: Target, { signal, wait = false, onWait }: UseOptions): Promise<Channel> {
    const open = this.settings.transport === 'openssh' ? openOpenssh : openSsh2;
    const until = performance.now() + this.settings.waitMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        return limited(await open(target, this.settings, signal), MOST_COMMANDS);
      } catch (error) {
        if (!(error instanceof MachineError) || error.kind !== 'unreachable' || !wait) throw error;
        if (performance.now() + pause > until) throw new MachineError('unreachable', `${error.detail} It was waited for ${Math.round(this.settings.waitMs / 1000)} s (ssh.wait).`, { cause: error });
        onWait?.(error.detail);
        await paused(pause, signal);
      }
    }
  }
}

/**
 * The same channel, on which so many commands run at once; others wait for their turn. A machine that allows fewer says so
 * by refusing one: from then on there are not more.
 */
function limited(channel: Channel, atFirst: number): Channel {
  const waiting: (() => void)[] = [];
  let most = atFirst;
  let running = 0;
  return {
    get closed() { return channel.closed; },
    close: () => { channel.close(); },
    async exec(command, options) {
      for (let refused = 0; ;) {
        while (running >= most) await new Promise<void>((resolve) => { waiting.push(resolve); });
        running += 1;
        try {
          return await channel.exec(command, options);
        } catch (error) {
          if (!(error instanceof NoSession)) throw error;
          refused += 1;
          if (refused > REFUSED_AT_MOST) throw new MachineError('unreachable', error.message, { cause: error });
          most = Math.max(1, running - 1);
        } finally {
          running -= 1;
          waiting.shift()?.();
        }
        // What has ended here may still be ending there.
        await paused(FIRST_PAUSE_MS, options.signal);
      }
    },
  };
}
const REFUSED_AT_MOST = 20;

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const stop = (): void => { reject(signal.reason as Error); };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => { signal.removeEventListener('abort', stop); });
  });
}

function paused(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => { clearTimeout(timer); reject(signal?.reason as Error); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, ms);
    if (signal?.aborted === true) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
