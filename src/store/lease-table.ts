/**
 * When leases end, by the monotonic clock: deadlines, and one sleeper that wakes at the earliest. What a lease's
 * end means (deleting its keys) is the store's: it is called, and takes the due leases. Nothing here is durable.
 */
import type { Clock } from '../control/ports/system.ts';
import { noLeaseError } from './rules.ts';

/** Longest single sleep: timers of the platform overflow beyond 24 days. */
const MAX_SLEEP_MS = 3_600_000;
/** Pause before the next try when the store could not end a due lease (disk full). */
const RETRY_MS = 1_000;

export class LeaseTable {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  readonly #leases = new Map<string, { readonly ttlMs: number; deadline: number }>();
  #sleeper: { readonly at: number; readonly stop: AbortController } | null = null;
  #closed = false;

  /** @param onDue called when a lease may be due; it takes `due()`, ends them, and calls `remove`. May throw: tried again. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** @param from monotonic ms from which its time counts. Default: now. */
  add(id: string, ttlMs: number, from = this.#clock.monotonic()): void {
    this.#leases.set(id, { ttlMs, deadline: from + ttlMs });
    this.#arm(0);
  }

  has(id: string): boolean {
    return this.#leases.has(id);
  }

  /** @throws not_found when the lease has ended, also when its keys are not deleted yet */
  renew(id: string, from = this.#clock.monotonic()): void {
    const lease = this.#alive(id);
    lease.deadline = from + lease.ttlMs;
  }

  /** Ms that the lease has left. @throws not_found when it has ended */
  left(id: string): number {
    return this.#alive(id).deadline - this.#clock.monotonic();
  }

  /** @throws not_found when the lease has ended */
  check(id: string): void {
    this.#alive(id);
  }

  remove(id: string): void {
    this.#leases.delete(id);
  }

  /** Leases past their deadline, the earliest first. */
  due(): readonly string[] {
    const now = this.#clock.monotonic();
    const due = [...this.#leases].filter(([, lease]) => lease.deadline <= now);
    return due.sort(([, a], [, b]) => a.deadline - b.deadline).map(([id]) => id);
  }

  close(): void {
    this.#closed = true;
    this.#sleeper?.stop.abort();
    this.#leases.clear();
  }

  #alive(id: string): { readonly ttlMs: number; deadline: number } {
    const lease = this.#leases.get(id);
    if (lease === undefined || lease.deadline <= this.#clock.monotonic()) throw noLeaseError(id);
    return lease;
  }

  #arm(leastMs: number): void {
    if (this.#closed || this.#leases.size === 0) return;
    const now = this.#clock.monotonic();
    const earliest = Math.min(...[...this.#leases.values()].map((lease) => lease.deadline));
    const at = Math.min(Math.max(earliest, now + leastMs), now + MAX_SLEEP_MS);
    if (this.#sleeper !== null && this.#sleeper.at <= at) return;
    this.#sleeper?.stop.abort();
    const sleeper = { at, stop: new AbortController() };
    this.#sleeper = sleeper;
    this.#clock.sleep(at - now, sleeper.stop.signal).then(
      () => this.#wake(sleeper),
      () => undefined,
    );
  }

  #wake(sleeper: object): void {
    if (this.#closed || this.#sleeper !== sleeper) return;
    this.#sleeper = null;
    let leastMs = 0;
    try {
      this.#onDue();
    } catch {
      leastMs = RETRY_MS;
    }
    this.#arm(leastMs);
  }
}
