/** A bound on what others can make us write: so many lines in a minute, the rest is counted. It decides nothing else. */
import type { Clock } from './ports/system.ts';

const LINES_A_MINUTE = 20;

/** @returns how many were kept back before this one; null: keep it back. */
export type Sparing = () => number | null;

export function sparing(clock: Pick<Clock, 'monotonic'>): Sparing {
  let [minute, told, kept] = [0, 0, 0];
  return () => {
    const now = Math.floor(clock.monotonic() / 60_000);
    if (now !== minute) [minute, told] = [now, 0];
    if (told >= LINES_A_MINUTE) {
      kept += 1;
      return null;
    }
    const before = kept;
    [told, kept] = [told + 1, 0];
    return before;
  };
}
