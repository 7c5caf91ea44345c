/**
 * Mirror: the records below a prefix, kept in memory by following the store. A little late by nature: decisions made on
 * it compare revisions when they are written, and refresh what turned out to be old.
 */
import type { Change, Entry, Store } from '../ports/store.ts';
import type { Clock, Log } from '../ports/system.ts';
import { follow } from './follow.ts';

export interface Mirror<T> {
  /** Lists once and follows until aborted; again: nothing to do. */
  begin(): Promise<void>;
  readonly entries: ReadonlyMap<string, Entry<T>>;
  /** Takes in what was just read or written, when it is newer. */
  learn(entry: Entry<T>): void;
  /** Reads one record anew. */
  refresh(key: string): Promise<Entry<T> | null>;
  /** Reads all anew. */
  refreshAll(): Promise<void>;
}

/** @param onChange after each change: what was there, and what is. */
export function createMirror<T>(seams: { readonly store: Store; readonly clock: Clock; readonly log: Log }, prefix: string, signal: AbortSignal, onChange: (before: Entry<T> | null, after: Entry<T> | null) => void = () => undefined): Mirror<T> {
  const entries = new Map<string, Entry<T>>();
  let begun: Promise<void> | null = null;

  const put = (entry: Entry<T>): void => {
    const before = entries.get(entry.key) ?? null;
    if (before !== null && before.revision >= entry.revision) return;
    entries.set(entry.key, entry);
    onChange(before, entry);
  };
  const drop = (key: string, revision: number): void => {
    const before = entries.get(key);
    if (before === undefined || before.revision > revision) return;
    entries.delete(key);
    onChange(before, null);
  };
  const listed = (all: readonly Entry<T>[], revision: number): void => {
    const there = new Set(all.map(({ key }) => key));
    for (const key of [...entries.keys()]) if (!there.has(key)) drop(key, revision);
    for (const entry of all) put(entry);
  };

  return {
    entries,
    begin() {
      begun ??= follow<T>(seams, prefix, signal, {
        listed,
        changed: (change: Change) => (change.type === 'put' ? put({ key: change.key, value: change.value as T, revision: change.revision }) : drop(change.key, change.revision)),
      }).catch((error: unknown) => {
        begun = null;
        throw error;
      });
      return begun;
    },
    learn: put,
    async refresh(key) {
      const entry = await seams.store.get<T>(key);
      if (entry === null) drop(key, Number.MAX_SAFE_INTEGER);
      else put(entry);
      return entry;
    },
    async refreshAll() {
      const all = await seams.store.list<T>(prefix);
      listed(all.entries, all.revision);
    },
  };
}
