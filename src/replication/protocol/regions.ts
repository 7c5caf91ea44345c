/**
 * A set of regions of a volume as bits. What the protocol remembers of regions (`intent`, `missed`, what is left to
 * copy) are such sets; one for a volume of 1 TiB takes 128 KiB.
 */
export class Regions {
  #bits: Uint8Array;
  #size = 0;

  /** @param capacity number of regions of the volume: members are 0 to capacity - 1. */
  constructor(capacity: number, members: Iterable<number> = []) {
    this.#bits = new Uint8Array(Math.ceil(capacity / 8));
    for (const region of members) this.add(region);
  }

  static all(capacity: number): Regions {
    const set = new Regions(capacity);
    for (let region = 0; region < capacity; region += 1) set.add(region);
    return set;
  }

  get size(): number {
    return this.#size;
  }

  has(region: number): boolean {
    return ((this.#bits[region >> 3] ?? 0) & (1 << (region & 7))) !== 0;
  }

  add(region: number): void {
    if (this.has(region)) return;
    if (region >> 3 >= this.#bits.length) this.#grow(region + 1);
    this.#bits[region >> 3] = (this.#bits[region >> 3] ?? 0) | (1 << (region & 7));
    this.#size += 1;
  }

  delete(region: number): void {
    if (!this.has(region)) return;
    this.#bits[region >> 3] = (this.#bits[region >> 3] ?? 0) & ~(1 << (region & 7));
    this.#size -= 1;
  }

  addAll(others: Iterable<number>): void {
    for (const region of others) this.add(region);
  }

  /** The lowest member at or above `from`; null: none. */
  next(from = 0): number | null {
    for (let at = from >> 3; at < this.#bits.length; at += 1) {
      const byte = this.#bits[at] ?? 0;
      if (byte === 0) continue;
      for (let bit = at === from >> 3 ? from & 7 : 0; bit < 8; bit += 1) if ((byte & (1 << bit)) !== 0) return at * 8 + bit;
    }
    return null;
  }

  *[Symbol.iterator](): IterableIterator<number> {
    for (let region = this.next(); region !== null; region = this.next(region + 1)) yield region;
  }

  #grow(capacity: number): void {
    const larger = new Uint8Array(Math.ceil(capacity / 8));
    larger.set(this.#bits);
    this.#bits = larger;
  }
}
