/**
 * Transactions that take bytes of a pool or give them back. They all compare the pool's revision, so within this
 * process those of one pool take turns (a hundred creates at once must not starve each other); others' writes make
 * them try again.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Locks } from './locks.ts';

const MAX_TRIES = 50;

/** Name of the lock under which this process takes turns at a pool. */
export const allocationLock = (poolId: string): string => `allocation:${poolId}`;

/**
 * @param poolId the pool whose turn is taken.
 * @param attempt null: others wrote in between. @throws unavailable when that goes on.
 */
export async function allocating<T>({ locks }: { readonly locks: Locks }, poolId: string, object: string, attempt: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    // The turn is given up between two tries: in it, others of this process would only wait.
    const result = await locks.hold(allocationLock(poolId), attempt);
    if (result !== null) return result;
  }
  throw new HoldfastError('unavailable', `${object} or its pool is changed by others all the time`, { object, hint: 'Try again.' });
}
