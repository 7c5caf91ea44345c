/** The requests of one connection that wait for an answer, found by a cookie of ours that never comes twice. */
import { HoldfastError } from '../../model/errors.ts';
import type { View } from './slab.ts';

export interface Waiting {
  cookie: number;
  readonly slot: number;
  type: number;
  /** Bytes of the payload, or of the answer to a read. */
  length: number;
  /** The client's own cookie, in halves. */
  high: number;
  low: number;
  payload: View | null;
}

export class InFlight {
  count = 0;
  /** Payloads held, and memory that answers to reads will take. */
  bytes = 0;
  readonly #most: number;
  readonly #slots: Waiting[] = [];
  readonly #free: Waiting[] = [];
  #turn = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get full(): boolean {
    return this.count >= this.#most;
  }

  add(type: number, length: number, high: number, low: number, payload: View | null): number {
    let entry = this.#free.pop();
    if (entry === undefined) {
      entry = { cookie: -1, slot: this.#slots.length, type, length, high, low, payload };
      this.#slots.push(entry);
    }
    this.#turn += 1;
    entry.cookie = this.#turn * this.#most + entry.slot;
    entry.type = type;
    entry.length = length;
    entry.high = high;
    entry.low = low;
    entry.payload = payload;
    this.count += 1;
    this.bytes += length;
    return entry.cookie;
  }

  /** Forgets it; the payload stays the caller's to release. @throws internal when there is none, or it was answered before. */
  take(cookie: number): Waiting {
    const entry = this.#slots[cookie % this.#most];
    if (entry === undefined || entry.cookie !== cookie) throw new HoldfastError('internal', `request ${cookie} does not wait for an answer`);
    entry.cookie = -1;
    this.count -= 1;
    this.bytes -= entry.length;
    this.#free.push(entry);
    return entry;
  }
}
