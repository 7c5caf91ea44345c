/**
 * The writer of one volume on this node: runs an attach and then a mirror, again and again as long as the device is to be
 * there. What the machines want done it does on connections and on the record; requests of the device are held while there
 * is no mirror, and issued again by the next one when nothing can have been lost meanwhile. Otherwise the device fails.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { NodeLease, ReplicationRecord } from '../../model/volume.ts';
import type { View } from '../nbd/slab.ts';
import { createAttach, stepAttach, type Attach, type AttachEffect, type AttachEvent, type AttachFailure } from '../protocol/attach.ts';
import type { ReplicaAnswer } from '../protocol/messages.ts';
import { createMirror, start, step } from '../protocol/mirror.ts';
import type { ClientRequest, Mirror, MirrorEffect, MirrorEvent } from '../protocol/mirror-state.ts';
import { withLease } from '../protocol/record.ts';
import type { Timing } from '../protocol/timing.ts';
import { REGION_BYTES } from '../storage/region-set.ts';
import { boottime } from './clock.ts';
import type { Connection, ConnectionEvents } from './connection.ts';
import { Payloads } from './payloads.ts';
import type { Records } from './records.ts';

/** What people are told of a volume, in order. */
export interface Tale {
  readonly volume: string;
  readonly what: string;
  readonly replicas: readonly string[];
  readonly text: string;
}

export interface MirrorHostOptions {
  readonly volume: string;
  /** This node, and the lease that it has now. */
  self(): NodeLease;
  readonly records: Records;
  connect(replica: { readonly id: string; readonly node: string }, generation: number, incarnation: number, events: ConnectionEvents): Connection;
  readonly timing: Timing;
  readonly min_in_sync: number;
  /** A device that an earlier process served is still there: it fails if something may have been lost. */
  readonly resumes: boolean;
  readonly tell: (tale: Tale) => void;
  /** The device ends, and why: nothing is served any more. Once, if it was ever there. */
  readonly ended: (why: string) => void;
}

/** `ESHUTDOWN`: the device has failed, or is given back. */
export type DeviceResult = ReplicaAnswer<View> | 'ESHUTDOWN';
/** Data of a read is valid until this returns. */
type DeviceDone = (result: DeviceResult) => void;

interface Held { readonly request: ClientRequest<View>; readonly done: DeviceDone }

const TICK_MS = 100;
/** While a replica owes answers to so many bytes, nothing more is begun. */
const MOST_OWED = 64 * 1024 * 1024;

export class MirrorHost {
  readonly #options: MirrorHostOptions;
  #attach: Attach | null = null;
  #mirror: Mirror<View> | null = null;
  /** Counts the machines that ran here: what comes for an earlier one is dropped. */
  #epoch = 0;
  #incarnations = 0;
  readonly #connections = new Map<string, Connection>();
  readonly #payloads = new Payloads();
  /** Requests without an answer, in the order in which they came. */
  readonly #held = new Map<number, Held>();
  /** Those of them that the mirror has not been told. */
  #gated: number[] = [];
  #nextId = 0;
  #tasks: (() => void)[] = [];
  #working = false;
  #served = false;
  #closing = false;
  /** The device was told that it ends. */
  #told = false;
  #over = false;
  readonly #ticking: NodeJS.Timeout;
  #begun: { resolve: (size: number) => void; reject: (error: Error) => void } | null = null;
  #released: ((clean: boolean) => void)[] = [];

  constructor(options: MirrorHostOptions) {
    this.#options = options;
    this.#served = options.resumes;
    this.#ticking = setInterval(() => this.#do(() => this.#tick()), TICK_MS);
  }

  /**
   * Attaches for the first time. @returns the size of the volume.
   * @throws conflict when another node holds it, unavailable when no replica can be reached.
   */
  begin(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#begun = { resolve, reject };
      this.#do(() => this.#attachAnew());
    });
  }

  /** For whoever looks: what it is at. */
  get phase(): 'attaching' | Mirror<View>['phase'] | 'over' {
    return this.#over ? 'over' : this.#mirror?.phase ?? 'attaching';
  }
  get record(): ReplicationRecord | null {
    return this.#mirror?.record ?? this.#attach?.record ?? null;
  }
  get generation(): number {
    return this.#mirror?.generation ?? this.#attach?.generation ?? 0;
  }
  /** Every replica is in the set, and nothing is left to recover. */
  get healthy(): boolean {
    return this.#mirror !== null && this.#mirror.recovered && [...this.#mirror.members.values()].every(({ role }) => role === 'in-sync');
  }
  get unanswered(): number {
    return this.#held.size;
  }

  /** A request of the device; its payload stays valid until `done`, which comes once, now or later. */
  request(request: ClientRequest<View>, done: DeviceDone): void {
    if (this.#over || this.#closing) return done('ESHUTDOWN');
    this.#nextId += 1;
    const id = this.#nextId;
    this.#held.set(id, { request, done });
    this.#gated.push(id);
    this.#do(() => this.#issue());
  }

  /** What was asked for together has been: requests to other nodes leave now. */
  flush(): void {
    for (const connection of this.#connections.values()) connection.flush();
  }

  /** Flushes and gives the volume back. @returns whether the record is clean now; false too when the device had failed. */
  release(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#do(() => {
        if (this.#over) return resolve(false);
        this.#released.push(resolve);
        this.#closing = true;
        if (this.#mirror !== null) this.#step({ type: 'release' });
        else this.#attachStep({ type: 'cancel' });
      });
    });
  }

  /** Stops at once, as if the process had ended: nothing is given back. */
  abandon(): void {
    this.#do(() => this.#end(false, 'it was stopped'));
  }

  recordChanged(): void {
    this.#do(() => this.#step({ type: 'record-changed' }));
  }

  /** The node has a new lease: it is written into the record that it still writes for. */
  async leaseChanged(): Promise<void> {
    const epoch = this.#epoch;
    while (epoch === this.#epoch && this.#mirror !== null) {
      const found = await this.#options.records.read().catch(() => null);
      if (found?.kind === 'read') {
        const wanted = withLease(found.record, this.#options.self(), this.#mirror?.generation ?? 0);
        if (wanted === null || wanted.writer?.lease === found.record.writer?.lease) return;
        const outcome = await this.#options.records.cas(found.revision, wanted, []).catch(() => null);
        if (outcome?.kind === 'committed') return this.recordChanged();
      }
      await new Promise((resolve) => void setTimeout(resolve, this.#options.timing.retry_ms));
    }
  }

  /** Runs tasks one after another: machines are never entered twice. */
  #do(task: () => void): void {
    this.#tasks.push(task);
    if (this.#working) return;
    this.#working = true;
    try {
      for (let next = 0; next < this.#tasks.length; next += 1) this.#guarded(this.#tasks[next]);
    } finally {
      this.#tasks = [];
      this.#working = false;
    }
  }

  #guarded(task: (() => void) | undefined): void {
    try {
      task?.();
    } catch (thrown) {
      // A promise of the protocol was broken: stop rather than go on.
      this.#end(false, thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  #later(task: () => void): void {
    const epoch = this.#epoch;
    this.#do(() => { if (epoch === this.#epoch) task(); });
  }

  #tick(): void {
    if (this.#attach !== null) this.#attachStep({ type: 'tick' });
    this.#step({ type: 'tick' });
    this.#issue();
  }

  /** Tells the mirror of requests, unless a replica is too far behind. */
  #issue(): void {
    if (this.#mirror === null || this.#gated.length === 0) return;
    for (const { owed } of this.#connections.values()) if (owed > MOST_OWED) return;
    const ids = this.#gated;
    this.#gated = [];
    const epoch = this.#epoch;
    ids.forEach((id, index) => {
      const held = this.#held.get(id);
      if (epoch !== this.#epoch) this.#gated = [...new Set([...this.#gated, ...ids.slice(index)])];
      else if (held !== undefined) this.#step({ type: 'request', id, request: held.request });
    });
  }

  #attachAnew(): void {
    if (this.#over) return;
    this.#epoch += 1;
    this.#mirror = null;
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    this.#payloads.clear();
    this.#gated = [...this.#held.keys()];
    this.#attach = createAttach({ self: this.#options.self(), timing: this.#options.timing }, this.#incarnations, boottime());
    this.#attachStep({ type: 'tick' });
  }

  #attachStep(event: AttachEvent): void {
    const attach = this.#attach;
    if (attach === null) return;
    const epoch = this.#epoch;
    for (const effect of stepAttach(attach, event, boottime())) if (epoch === this.#epoch) this.#attachEffect(attach, effect);
    this.#incarnations = Math.max(this.#incarnations, attach.incarnation);
  }

  #attachEffect(attach: Attach, effect: AttachEffect): void {
    switch (effect.type) {
      case 'cas': return this.#store(this.#options.records.cas(effect.revision, effect.record, effect.absent), { kind: 'unknown' }, (outcome) => this.#attachStep({ type: 'stored', token: effect.token, outcome }));
      case 'read': return this.#store(this.#options.records.read(), { kind: 'unavailable' }, (outcome) => this.#attachStep({ type: 'stored', token: effect.token, outcome }));
      case 'open': return this.#open(effect.replica, effect.generation, effect.incarnation, attach.record);
      case 'close': return this.#close(effect.replica, effect.incarnation);
      case 'failed': return this.#attachFailed(attach, effect.why, effect.text);
      case 'activated': return this.#activated(effect);
    }
  }

  #attachFailed(attach: Attach, why: AttachFailure, text: string): void {
    this.#attach = null;
    const writer = attach.record?.writer ?? null;
    const taken = why === 'held' && writer !== null && writer.node !== attach.self.node;
    if (this.#begun !== null || this.#closing || taken || why === 'store-behind') {
      this.#begun?.reject(new HoldfastError(why === 'held' || why === 'overtaken' ? 'conflict' : 'unavailable', `volume ${this.#options.volume} could not be attached: ${text}`, { object: `volume ${this.#options.volume}` }));
      this.#begun = null;
      return this.#end(false, text);
    }
    // Requests are held on: nobody else was the writer as far as is known.
    this.#tell('Stalled', [], text);
    const epoch = this.#epoch;
    setTimeout(() => { if (epoch === this.#epoch) this.#do(() => this.#attachAnew()); }, this.#options.timing.retry_ms);
  }

  #activated({ activated, generation, lost, undisturbed }: Extract<AttachEffect, { type: 'activated' }>): void {
    this.#attach = null;
    this.#incarnations = Math.max(this.#incarnations, activated.next_incarnation);
    this.#tell('Attached', activated.members.map(({ id }) => id), `generation ${generation}${lost ? '; what was not flushed before may be lost' : ''}`);
    if (this.#served && (lost || !undisturbed)) {
      // The filesystem above must not go on over lost writes: its requests end, and the volume is given back.
      this.#failDevice(lost ? 'what was acknowledged and not flushed may be lost' : 'another node has written to the volume');
      this.#closing = true;
    }
    this.#served = true;
    const self = this.#options.self();
    this.#mirror = createMirror<View>({ self, generation, region_bytes: REGION_BYTES, min_in_sync: this.#options.min_in_sync, timing: this.#options.timing }, activated, boottime());
    this.#effects(start(this.#mirror, boottime()));
    this.#begun?.resolve(activated.record.size);
    this.#begun = null;
    if (this.#closing) this.#step({ type: 'release' });
    else this.#issue();
  }

  #step(event: MirrorEvent<View>): void {
    if (this.#mirror !== null) this.#effects(step(this.#mirror, event, boottime()));
  }

  #effects(effects: readonly MirrorEffect<View>[]): void {
    const epoch = this.#epoch;
    for (const effect of effects) if (epoch === this.#epoch) this.#effect(effect);
  }

  #effect(effect: MirrorEffect<View>): void {
    switch (effect.type) {
      case 'send': return this.#connections.get(`${effect.replica}/${effect.incarnation}`)?.send(effect.id, effect.request);
      case 'complete': return this.#complete(effect.id, effect.result);
      case 'open': return this.#open(effect.replica, this.generation, effect.incarnation, this.record);
      case 'close': return this.#close(effect.replica, effect.incarnation);
      case 'cas': return this.#store(this.#options.records.cas(effect.revision, effect.record, []), { kind: 'unknown' }, (outcome) => this.#step({ type: 'stored', token: effect.token, outcome }));
      case 'read': return this.#store(this.#options.records.read(), { kind: 'unavailable' }, (outcome) => this.#step({ type: 'stored', token: effect.token, outcome }));
      case 'park': return this.#attachAnew();
      case 'released': return this.#end(effect.clean, 'the volume is given back');
      case 'tell': return this.#tell(effect.what, effect.replicas, effect.text);
      default:
    }
  }

  #complete(id: number, result: ReplicaAnswer<View>): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    held?.done(result);
    this.#payloads.completed(id);
  }

  #open(id: string, generation: number, incarnation: number, record: ReplicationRecord | null): void {
    const replica = record?.replicas.find((one) => one.id === id);
    if (replica === undefined) return;
    const about = { replica: id, incarnation };
    const key = `${id}/${incarnation}`;
    const over = (tell: () => void): void => this.#later(() => {
      this.#connections.delete(key);
      tell();
    });
    const both = (event: AttachEvent & MirrorEvent<View>): void => {
      if (this.#attach !== null) this.#attachStep(event);
      else this.#step(event);
    };
    this.#connections.set(key, this.#options.connect(replica, generation, incarnation, {
      reached: () => this.#later(() => this.#attachStep({ type: 'reached', ...about })),
      opened: (fenced) => this.#later(() => both({ type: 'opened', ...about, fenced })),
      refused: (refusal) => over(() => both({ type: 'refused', ...about, refusal })),
      lost: () => over(() => both({ type: 'lost', ...about })),
      answer: (message, answer) => this.#answer(id, incarnation, message, answer),
    }));
  }

  #answer(replica: string, incarnation: number, id: number, answer: ReplicaAnswer<View>): void {
    const data = answer.ok ? answer.data?.retain() ?? null : null;
    const epoch = this.#epoch;
    this.#do(() => {
      const mirror = this.#mirror;
      if (mirror !== null && epoch === this.#epoch) {
        const op = data === null ? null : mirror.members.get(replica)?.awaited.get(id)?.op ?? null;
        const client = op === null || op.stage === 'done' ? null : op.client?.id ?? null;
        // Read for the device: kept until the mirror lets the answer go. Read to be copied: it has been sent on in this step.
        if (client !== null && data !== null) this.#payloads.keep(client, data);
        this.#step({ type: 'answer', replica, incarnation, id, answer });
        if (this.#gated.length > 0) this.#issue();
      }
      data?.release();
    });
  }

  #close(replica: string, incarnation: number): void {
    this.#connections.get(`${replica}/${incarnation}`)?.close();
    this.#connections.delete(`${replica}/${incarnation}`);
  }

  #store<O>(asked: Promise<O>, otherwise: O, told: (outcome: O) => void): void {
    const epoch = this.#epoch;
    let open = true;
    const back = (outcome: O): void => {
      if (!open) return;
      open = false;
      clearTimeout(timer);
      this.#do(() => { if (epoch === this.#epoch) told(outcome); });
    };
    // A store that never answers must not hold up an ejection for ever.
    const timer = setTimeout(() => back(otherwise), this.#options.timing.request_ms);
    asked.then(back, () => back(otherwise));
  }

  #tell(what: string, replicas: readonly string[], text: string): void {
    this.#options.tell({ volume: this.#options.volume, what, replicas, text });
  }

  #failDevice(why: string): void {
    const held = [...this.#held.values()];
    this.#held.clear();
    this.#gated = [];
    for (const { done } of held) done('ESHUTDOWN');
    if (this.#served && !this.#told) this.#options.ended(why);
    this.#told = true;
  }

  #end(clean: boolean, why: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#epoch += 1;
    clearInterval(this.#ticking);
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
    this.#payloads.clear();
    this.#mirror = null;
    this.#attach = null;
    this.#begun?.reject(new HoldfastError('unavailable', `volume ${this.#options.volume}: ${why}`));
    this.#begun = null;
    this.#failDevice(why);
    for (const resolve of this.#released.splice(0)) resolve(clean);
  }
}
