/**
 * Starts again what could not be started for want of the control store: an election in the middle of it is no reason to
 * end, where perhaps nothing starts the daemon anew. Every other failure is told at once.
 */
import type { Clock } from '../control/ports/system.ts';
import { HoldfastError } from '../model/errors.ts';

const PAUSE_MS = 1_000;

/** @param start cleans up after itself when it fails. @throws what `start` throws, unless that is unavailable; the signal's reason. */
export async function startPatiently<T>(start: () => Promise<T>, { clock, signal, onWaiting }: { readonly clock: Clock; readonly signal: AbortSignal; readonly onWaiting: (why: string) => void }): Promise<T> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof HoldfastError) || error.code !== 'unavailable') throw error;
      onWaiting(error.message);
    }
    await clock.sleep(PAUSE_MS, signal);
  }
}
