/** What was read for the device and waits for the mirror's word: kept until its request is answered. */
import type { View } from '../nbd/slab.ts';

export class Payloads {
  readonly #of = new Map<number, View>();

  keep(request: number, data: View): void {
    this.completed(request);
    this.#of.set(request, data.retain());
  }

  completed(request: number): void {
    const data = this.#of.get(request);
    if (data === undefined) return;
    this.#of.delete(request);
    data.release();
  }

  clear(): void {
    for (const data of this.#of.values()) data.release();
    this.#of.clear();
  }
}
