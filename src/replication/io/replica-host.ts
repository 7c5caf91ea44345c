/**
 * One served replica: its files, and the state machine that says who may use them. Whoever comes, over a socket or from this
 * process, comes through `open`. Events go into the machine one after another; what it wants done is done on the files.
 *
 * A replica whose files are damaged is there all the same: it tells so to everybody and serves nobody.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { View } from '../nbd/slab.ts';
import type { Fenced, Refusal, ReplicaAnswer, ReplicaRequest } from '../protocol/messages.ts';
import { createReplica, stepReplica, type ReplicaEffect, type ReplicaEvent, type ReplicaServer } from '../protocol/replica.ts';
import { TIMING, type Timing } from '../protocol/timing.ts';
import { openReplicaFiles, type ReplicaFiles, type ReplicaPlace } from '../storage/replica-files.ts';
import { boottime } from './clock.ts';

/** Who opened it hears: one of the first two, then answers; `dropped` ends it, whenever it comes. */
export interface ReplicaPeer {
  accepted(fenced: Fenced): void;
  refused(refusal: Refusal): void;
  /** Data is valid until this returns. */
  answer(id: number, answer: ReplicaAnswer<View>): void;
  dropped(): void;
}

export interface ReplicaLink {
  /** To be answered by the peer's `answer`, unless the link ends before. Data is retained as long as needed. */
  request(id: number, request: ReplicaRequest<View>): void;
  /** The peer is gone; it hears nothing more. */
  close(): void;
}

export interface ReplicaHostOptions extends ReplicaPlace {
  readonly timing?: Timing;
  readonly dirtyBytes?: number;
  /** What went wrong with its medium, for people. */
  readonly tell?: (text: string) => void;
}

const TICK_MS = 100;

/** Opens the files; damaged ones too. @throws conflict when somebody else holds the replica's lock. */
export async function openReplica(options: ReplicaHostOptions): Promise<ReplicaHost> {
  const host = new ReplicaHost(options);
  try {
    host.begin(await openReplicaFiles({ ...options, failed: (fault, cause) => host.failed(fault, cause) }));
  } catch (thrown) {
    if (!(thrown instanceof HoldfastError) || thrown.code !== 'failed_precondition') throw thrown;
    host.damaged = thrown.message;
    options.tell?.(thrown.message);
  }
  return host;
}

export class ReplicaHost {
  readonly volume: string;
  readonly replica: string;
  /** Why it is never served; null: it is sound. */
  damaged: string | null = null;
  readonly #options: ReplicaHostOptions;
  #files: ReplicaFiles | null = null;
  #machine: ReplicaServer<View> | null = null;
  readonly #peers = new Map<string, ReplicaPeer>();
  /** `data` is let go when the event has been taken. */
  readonly #events: { readonly event: ReplicaEvent<View>; readonly data: View | null }[] = [];
  #stepping = false;
  #closed = false;
  #ticking: NodeJS.Timeout | null = null;

  /** Use `openReplica`. */
  constructor(options: ReplicaHostOptions) {
    this.#options = options;
    this.volume = options.volume;
    this.replica = options.replica;
  }

  begin(files: ReplicaFiles): void {
    this.#files = files;
    this.#machine = createReplica<View>({ timing: this.#options.timing ?? TIMING, ...files.state }, boottime());
    this.#ticking = setInterval(() => this.#take({ type: 'tick' }), TICK_MS);
    this.#ticking.unref();
  }

  /** Bytes that may be read and written. */
  get size(): number {
    return this.#files?.size ?? 0;
  }

  /** The generation that it is fenced to. */
  get generation(): number {
    return this.#machine?.state.generation ?? 0;
  }

  open(generation: number, incarnation: number, peer: ReplicaPeer): ReplicaLink {
    const key = `${generation}/${incarnation}`;
    if (this.#machine === null || this.damaged !== null || this.#closed || this.#peers.has(key)) {
      const refusal: Refusal = this.damaged !== null ? { why: 'damaged' } : { why: 'gone' };
      let wanted = true;
      queueMicrotask(() => { if (wanted) peer.refused(refusal); });
      return { request: () => undefined, close: () => { wanted = false; } };
    }
    this.#peers.set(key, peer);
    this.#take({ type: 'open', generation, incarnation });
    return {
      request: (id, request) => {
        if (this.#peers.get(key) !== peer) return;
        const data = request.kind === 'write' ? request.data.retain() : null;
        this.#take({ type: 'request', generation, incarnation, id, request }, data);
      },
      close: () => {
        if (this.#peers.get(key) !== peer) return;
        this.#peers.delete(key);
        this.#take({ type: 'closed', generation, incarnation });
      },
    };
  }

  /** Of the image. A failed flush is the machine's to remember; a damaged image is out of its hands. */
  failed(fault: 'damaged' | 'flush', cause: string): void {
    this.#options.tell?.(cause);
    if (fault === 'flush') return this.#take({ type: 'broke' });
    this.damaged = cause;
    this.#files?.markDamaged(cause).catch((thrown: unknown) => this.#options.tell?.(`${cause}; and that could not be written down: ${String(thrown)}`));
  }

  /** Drops everybody, waits for what runs, closes the files; does not flush. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#ticking !== null) clearInterval(this.#ticking);
    const peers = [...this.#peers.values()];
    this.#peers.clear();
    for (const peer of peers) peer.dropped();
    await this.#files?.close();
  }

  /** Takes an event, now or after those that are being taken. @param data retained for it. */
  #take(event: ReplicaEvent<View>, data: View | null = null): void {
    this.#events.push({ event, data });
    if (!this.#stepping) this.#stepOn();
  }

  #stepOn(): void {
    this.#stepping = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      try {
        if (this.#machine !== null) for (const effect of stepReplica(this.#machine, next.event, boottime())) this.#perform(effect);
      } catch (thrown) {
        this.#stop(thrown);
      }
      next.data?.release();
    }
    this.#stepping = false;
  }

  /** A promise of the protocol was broken: nothing is answered any more. */
  #stop(thrown: unknown): void {
    this.#machine = null;
    this.#options.tell?.(`replica ${this.replica} stops: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    const peers = [...this.#peers.values()];
    this.#peers.clear();
    for (const peer of peers) peer.dropped();
  }

  #perform(effect: ReplicaEffect<View>): void {
    if (effect.type === 'perform') {
      this.#files?.perform(effect.request, (answer) => {
        // The data of a read lives until its answer is on its way.
        const data = answer.ok ? answer.data?.retain() ?? null : null;
        this.#take({ type: 'performed', work: effect.work, answer }, data);
      });
      return;
    }
    const key = `${effect.generation}/${effect.incarnation}`;
    const peer = this.#peers.get(key);
    if (peer === undefined) return;
    switch (effect.type) {
      case 'answer': return peer.answer(effect.id, effect.answer);
      case 'accept': return peer.accepted(effect.fenced);
      case 'refuse':
        this.#peers.delete(key);
        return peer.refused(effect.refusal);
      case 'drop':
        this.#peers.delete(key);
        return peer.dropped();
    }
  }
}
