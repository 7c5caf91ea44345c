/**
 * Making an object so that nothing is lost and nothing is left over: a create that fails or is interrupted is taken back
 * by the daemon, and this looks whether it was. What cannot be taken back is kept in the state as incomplete, with a
 * warning; never as an error beside a state, which Terraform would answer by destroying the object.
 */
import { HoldfastError } from '../../src/model/errors.ts';
import type { Operation } from '../../src/model/operation.ts';
import { isCode, wordsOf } from './failure.ts';
import { whenFree } from './retry.ts';

export interface Making<T> {
  readonly signal: AbortSignal;
  /** Sends the create; must report its operation, and cancel it when the signal fires. */
  readonly send: (options: { readonly signal: AbortSignal; readonly cancelOnAbort: true; readonly onProgress: (operation: Operation) => void; readonly idempotencyKey: string }) => Promise<T>;
  /** The object that the operation makes, or null when there is none (any more). */
  readonly find: (operation: Operation) => Promise<T | null>;
  /** Deletes it for good; only called for what nobody can have used. */
  readonly remove: (object: T) => Promise<void>;
}
export type Made<T> =
  | { readonly object: T }
  /** It exists, or may: its operation was begun and its end is not known. */
  | { readonly incomplete: Operation; readonly because: string };

/** @throws what the daemon refused, with nothing left behind. */
export async function make<T>({ signal, send, find, remove }: Making<T>): Promise<Made<T>> {
  let begun: Operation | undefined;
  const idempotencyKey = crypto.randomUUID();
  try {
    return { object: await whenFree(signal, () => send({ signal, cancelOnAbort: true, idempotencyKey, onProgress: (operation) => { begun = operation; } })) };
  } catch (error) {
    if (begun === undefined) throw error;
    let left: T | null;
    try {
      left = await find(begun);
    } catch (silence) {
      return { incomplete: begun, because: why(silence) };
    }
    if (left === null) throw error;
    // Still there: its operation goes on, or could not be taken back.
    if (isCode(error, 'unavailable')) return { incomplete: begun, because: why(error) };
    try {
      await remove(left);
    } catch (refusal) {
      const gone = await find(begun).then((rest) => rest === null, () => false);
      if (!gone) return { incomplete: begun, because: `${why(error)} It could not be removed either: ${why(refusal)}` };
    }
    throw error;
  }
}

const why = (error: unknown): string => (error instanceof HoldfastError ? wordsOf(error) : error instanceof Error ? error.message : String(error));
