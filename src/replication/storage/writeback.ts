/**
 * How much of an image may be dirty in the page cache: written out in the background from a quarter of the bound on, and
 * from the bound on writers wait. So a flush, a release and a snapshot have little left to do. Counts bytes and decides when;
 * the writing out is the caller's.
 */
export class DirtyBound {
  readonly #most: number;
  readonly #writeOut: () => Promise<void>;
  #written = 0;
  #clean = 0;
  #running = false;
  #waiting: (() => void)[] = [];

  /** @param writeOut writes out all that is dirty when it is called; never rejects. */
  constructor(most: number, writeOut: () => Promise<void>) {
    this.#most = most;
    this.#writeOut = writeOut;
  }

  get dirty(): number {
    return this.#written - this.#clean;
  }

  get full(): boolean {
    return this.dirty >= this.#most;
  }

  /** Runs when there is room, in order. */
  whenRoom(run: () => void): void {
    this.#waiting.push(run);
  }

  wrote(bytes: number): void {
    this.#written += bytes;
    if (this.dirty >= this.#most / 4) void this.#run();
  }

  /** A mark for `cleaned`: all that was written until now. */
  mark(): number {
    return this.#written;
  }

  /** All up to the mark is on the medium. */
  cleaned(mark: number): void {
    this.#clean = Math.max(this.#clean, mark);
    while (this.#waiting.length > 0 && !this.full) this.#waiting.shift()?.();
  }

  /** Nobody waits any more. */
  open(): void {
    this.#clean = this.#written;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const run of waiting) run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.dirty >= this.#most / 4) {
      const mark = this.mark();
      await this.#writeOut();
      this.cleaned(mark);
    }
    this.#running = false;
  }
}
