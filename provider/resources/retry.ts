/** Patience with what another operation holds: a refusal that says "later" is asked again until the time is over. */
import { HoldfastError } from '../../src/model/errors.ts';

const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/**
 * Runs `action` until it is not refused because another operation runs on its object.
 * @param signal of the operation: when it fires, the last refusal is thrown, since it tells what was in the way.
 */
export async function whenFree<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
  for (let delay = FIRST_MS; ; delay = Math.min(delay * 2, LONGEST_MS)) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'conflict' || !error.retryable || signal.aborted) throw error;
      await pause(delay * (0.5 + Math.random()), signal);
      if (signal.aborted) throw error;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => { clearTimeout(timer); signal.removeEventListener('abort', end); resolve(); };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end, { once: true });
  });
}
