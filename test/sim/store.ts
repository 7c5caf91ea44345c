/**
 * The control store in the simulation: one record and the nodes' leases, linearizable; its answers take time, are lost
 * with the request done or not, and a request whose fate nobody knows may still be done much later.
 */
import type { StoreOutcome } from '../../src/replication/protocol/mirror-state.ts';
import type { AttachOutcome } from '../../src/replication/protocol/attach.ts';
import type { ReplicationRecord } from '../../src/model/volume.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export class SimStore {
  record: ReplicationRecord;
  revision = 1;
  awayUntil = 0;
  readonly awayFor = new Map<string, number>();
  readonly #leases = new Map<string, { until: number }>();
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #ttl: number;
  changed: (before: ReplicationRecord, after: ReplicationRecord) => void = () => undefined;

  constructor(record: ReplicationRecord, schedule: Schedule, random: Random, ttl: number) {
    this.record = record;
    this.#schedule = schedule;
    this.#random = random;
    this.#ttl = ttl;
  }

  reachable(node: string): boolean {
    return this.#schedule.now >= this.awayUntil && this.#schedule.now >= (this.awayFor.get(node) ?? 0);
  }

  alive(lease: string): boolean {
    return (this.#leases.get(lease)?.until ?? 0) > this.#schedule.now;
  }

  grant(lease: string): void {
    this.#leases.set(lease, { until: this.#schedule.now + this.#ttl });
  }

  /** False: it has ended, and a new one is needed. */
  keepAlive(lease: string): boolean {
    if (!this.alive(lease)) return false;
    this.grant(lease);
    return true;
  }

  cas(node: string, revision: number, record: ReplicationRecord, absent: readonly string[], done: (outcome: Exclude<StoreOutcome, { kind: 'read' }>) => void): void {
    this.#call(node, () => this.#apply(revision, record, absent), done);
  }

  read(node: string, done: (outcome: AttachOutcome) => void): void {
    this.#call<AttachOutcome>(node, () => ({ kind: 'read', revision: this.revision, record: this.record, alive: [this.record.writer, this.record.attaching].flatMap((lease) => (lease !== null && this.alive(lease.lease) ? [lease.lease] : [])) }), done);
  }

  /** Somebody else changes the record: an operator, the leader. */
  change(to: (record: ReplicationRecord) => ReplicationRecord): void {
    this.#apply(this.revision, to(this.record), []);
  }

  #apply(revision: number, record: ReplicationRecord, absent: readonly string[]): { kind: 'committed'; revision: number } | { kind: 'conflict' } {
    if (revision !== this.revision || absent.some((lease) => this.alive(lease))) return { kind: 'conflict' };
    const before = this.record;
    this.record = record;
    this.revision += 1;
    this.changed(before, record);
    return { kind: 'committed', revision: this.revision };
  }

  #call<T extends { readonly kind: string }>(node: string, apply: () => T, done: (outcome: T | { readonly kind: 'unknown' } | { readonly kind: 'unavailable' }) => void): void {
    const random = this.#random;
    const there = random.between(1, 8);
    this.#schedule.after(there, () => {
      if (!this.reachable(node)) {
        this.#schedule.after(random.between(1, 1_000), () => { done({ kind: random.chance(0.5) ? 'unavailable' : 'unknown' }); });
        return;
      }
      if (random.chance(0.04)) {
        // The call is answered by a time-out; what was asked is done now, later, or never.
        if (random.chance(0.7)) this.#schedule.after(random.chance(0.5) ? 0 : random.between(1, 4_000), apply);
        this.#schedule.after(random.between(1, 1_000), () => { done({ kind: 'unknown' }); });
        return;
      }
      const outcome = apply();
      this.#schedule.after(random.between(1, 8), () => { done(this.reachable(node) || random.chance(0.5) ? outcome : { kind: 'unknown' }); });
    });
  }
}
