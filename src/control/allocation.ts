/**
 * Transactions that take bytes of a pool or give them back. They all compare the pool's revision, so within this
 * process they take turns (a hundred creates at once must not starve each other); others' writes make them try again.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Locks } from './locks.ts';

const MAX_TRIES = 50;

/** @param attempt null: others wrote in between. @throws unavailable when that goes on. */
export async function allocating<T>({ locks }: { readonly locks: Locks }, object: string, attempt: () => Promise<T | null>): Promise<T> {
  return locks.hold('allocation', async () => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const result = await attempt();
      if (result !== null) return result;
    }
    throw new HoldfastError('unavailable', `${object} or its pool is changed by others all the time`, { object, hint: 'Try again.' });
  });
}
