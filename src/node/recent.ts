/**
 * A reading of the machine's state that is shared by calls that follow each other closely, so that observing
 * a thousand volumes reads the mount table once and not a thousand times. For observation only: whoever
 * decides to change something reads afresh.
 */
import type { Clock } from '../control/ports/system.ts';

export interface Recent<T> {
  /** Not older than the age given at creation. */
  get(): T;
  /** Forgets it: the next `get` reads. To be called by whoever changed what it shows. */
  forget(): void;
}

/** @param maxAgeMs on the monotonic clock. */
export function recent<T>(clock: Pick<Clock, 'monotonic'>, maxAgeMs: number, read: () => T): Recent<T> {
  let last: { readonly at: number; readonly value: T } | null = null;
  return {
    get() {
      const now = clock.monotonic();
      if (last === null || now - last.at > maxAgeMs) last = { at: now, value: read() };
      return last.value;
    },
    forget() {
      last = null;
    },
  };
}
