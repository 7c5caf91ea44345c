/**
 * Follow: a prefix of the store as it is and as it becomes. Lists, then watches; lists again when the history is
 * compacted, and goes on after an outage of the store. Decides nothing.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Change, Entry, Store } from '../ports/store.ts';
import type { Clock, Log } from '../ports/system.ts';

export interface Follower<T> {
  /** All there is at a revision: what is not in it is gone. Called first, and after a compaction. */
  listed(entries: readonly Entry<T>[], revision: number): void;
  changed(change: Change): void;
}

const PAUSE_MS = 1_000;

/** @returns once the first list was told; goes on until aborted. @throws what the first list throws. */
export async function follow<T>(seams: { readonly store: Store; readonly clock: Clock; readonly log: Log }, prefix: string, signal: AbortSignal, follower: Follower<T>): Promise<void> {
  const list = async (): Promise<number> => {
    const { entries, revision } = await seams.store.list<T>(prefix);
    if (!signal.aborted) follower.listed(entries, revision);
    return revision + 1;
  };
  let next = await list();
  void (async () => {
    while (!signal.aborted) {
      try {
        for await (const change of seams.store.watch(prefix, next, signal)) {
          next = Math.max(next, change.revision);
          follower.changed(change);
        }
      } catch (error) {
        if (signal.aborted) return;
        const compacted = error instanceof HoldfastError && error.code === 'failed_precondition';
        seams.log[compacted ? 'info' : 'warn']({ prefix, err: error instanceof Error ? error.message : String(error) }, compacted ? 'the history was compacted; listing again' : 'watching the store was interrupted; it goes on');
        if (!compacted) await seams.clock.sleep(PAUSE_MS, signal).catch(() => undefined);
        // A list closes any gap, whatever it was.
        next = await list().catch(() => next);
      }
    }
  })();
}
