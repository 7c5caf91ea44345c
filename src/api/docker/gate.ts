/** A bound on work done at once: so many run, so many wait and not for ever, the rest is refused. */
import { HoldfastError } from '../../model/errors.ts';

/**
 * Runs the work when it is its turn.
 * @param deadline on the clock of `performance.now()`: who still waits then is refused.
 * @throws unavailable when too many wait already, or its turn did not come in time.
 */
export type Gate = <T>(deadline: number, work: () => Promise<T>) => Promise<T>;

export function createGate(limits: { readonly running: number; readonly waiting: number }): Gate {
  const waiting = new Set<() => void>();
  let running = 0;
  const busy = (): HoldfastError => new HoldfastError('unavailable', `the volume driver is busy: ${running} calls run and ${waiting.size} wait`, { object: 'volume driver', hint: 'Try again shortly.' });

  function turn(deadline: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(mine);
        reject(busy());
      }, Math.max(0, deadline - performance.now()));
      const mine = (): void => {
        clearTimeout(timer);
        resolve();
      };
      waiting.add(mine);
    });
  }

  return async (deadline, work) => {
    if (running < limits.running) running += 1;
    else if (waiting.size >= limits.waiting) throw busy();
    else await turn(deadline); // Whoever ends hands its place over, so `running` stays as it is.
    try {
      return await work();
    } finally {
      const [next] = waiting;
      if (next === undefined) running -= 1;
      else {
        waiting.delete(next);
        next();
      }
    }
  };
}
