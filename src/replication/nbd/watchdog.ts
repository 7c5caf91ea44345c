/**
 * Notices that something does not move: asked again after a time, shows the same progress. Costs one timer while there is
 * something to watch and nothing per request. The timer does not keep the process alive.
 */
export class Watchdog {
  readonly #ms: number;
  readonly #progress: () => number | null;
  readonly #stuck: () => void;
  #timer: NodeJS.Timeout | null = null;
  #seen: number | null = null;

  /**
   * @param ms after this time without progress it is stuck; Infinity: never.
   * @param progress a number that changes with each step; null: nothing to wait for.
   */
  constructor(ms: number, progress: () => number | null, stuck: () => void) {
    this.#ms = ms;
    this.#progress = progress;
    this.#stuck = stuck;
  }

  /** There is something to wait for, perhaps. Cheap to call often. */
  watch(): void {
    if (this.#timer !== null || this.#ms === Infinity) return;
    this.#seen = this.#progress();
    if (this.#seen === null) return;
    this.#timer = setTimeout(() => this.#look(), this.#ms);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    this.#timer = null;
    const before = this.#seen;
    if (this.#progress() === before) this.#stuck();
    else this.watch();
  }
}
