/** A clock that stands still until it is told to go on. Sleepers wake in the order of their times. */
import type { Clock } from '../../src/control/ports/system.ts';

export interface ManualClock extends Clock {
  /** Lets ms pass; resolves when those who woke have had their turn. */
  advance(ms: number): Promise<void>;
}

export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let passed = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    now: () => startMs + passed,
    monotonic: () => passed,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        const stop = (): void => {
          sleepers.delete(sleeper);
          reject(signal?.reason as Error);
        };
        const sleeper = {
          at: passed + ms,
          wake: () => {
            sleepers.delete(sleeper);
            signal?.removeEventListener('abort', stop);
            resolve();
          },
        };
        if (signal?.aborted === true) return stop();
        signal?.addEventListener('abort', stop);
        sleepers.add(sleeper);
      });
    },
    async advance(ms) {
      const end = passed + ms;
      for (;;) {
        const next = [...sleepers].filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        passed = Math.max(passed, next.at);
        next.wake();
        await turn();
      }
      passed = end;
      await turn();
    },
  };
}
