/** Simulated time: what is to happen when, in an order that depends on nothing but the seed. */
interface Entry { readonly at: number; readonly order: number; readonly run: () => void }

export class Schedule {
  readonly #heap: Entry[] = [];
  #order = 0;
  now = 0;

  after(ms: number, run: () => void): void {
    this.at(this.now + ms, run);
  }

  at(at: number, run: () => void): void {
    this.#order += 1;
    this.#heap.push({ at: Math.max(at, this.now), order: this.#order, run });
    this.#up(this.#heap.length - 1);
  }

  /** Runs what is due until `end`, or until `stop` says so. */
  run(end: number, stop: () => boolean = () => false): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= end && !stop(); first = this.#heap[0]) {
      this.#pop();
      this.now = first.at;
      first.run();
    }
    if (!stop()) this.now = Math.max(this.now, end);
  }

  #before(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one] as Entry, this.#heap[other] as Entry];
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #swap(one: number, other: number): void {
    const kept = this.#heap[one] as Entry;
    this.#heap[one] = this.#heap[other] as Entry;
    this.#heap[other] = kept;
  }

  #up(start: number): void {
    for (let at = start; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): void {
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < this.#heap.length && this.#before(child, least)) least = child;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
