/** Typed reads of records, references (id or name) resolved, and the compare-and-swap loop that every change goes through. */
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isId } from '../model/id.ts';
import type { Node } from '../model/node.ts';
import type { Pool } from '../model/pool.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Volume } from '../model/volume.ts';
import type { Page, PageQuery } from './control.ts';
import { KEYS } from './keys.ts';
import { placedWrites } from './index-keys.ts';
import type { Compare, Entry, Store, Write } from './ports/store.ts';

const MAX_PAGE = 500;
const MAX_TRIES = 50;

const missing = (kind: string, ref: string): HoldfastError =>
  new HoldfastError('not_found', `there is no ${kind} "${clip(ref)}"`, { object: `${kind} ${clip(ref)}`, hint: `List them: holdfast ${kind} list` });

async function byName<T>(store: Store, indexKey: string, recordKey: (id: string) => string): Promise<Entry<T> | null> {
  const index = await store.get<string>(indexKey);
  return index === null ? null : store.get<T>(recordKey(index.value));
}

/** References may hold anything; only well-formed ones reach the store's key space. */
const wellFormed = (ref: string): boolean => /^[\x21-\x7e]{1,128}$/.test(ref) && !ref.includes('/');

export async function findPool(store: Store, ref: string): Promise<Entry<Pool> | null> {
  if (!wellFormed(ref)) return null;
  return isId('pool', ref) ? store.get<Pool>(KEYS.pool(ref)) : byName<Pool>(store, KEYS.poolName(ref), KEYS.pool);
}

export async function needPool(store: Store, ref: string): Promise<Entry<Pool>> {
  const found = await findPool(store, ref);
  if (found === null) throw missing('pool', ref);
  return found;
}

/** A live volume by id or name; a trashed one by id only. */
export async function findVolume(store: Store, ref: string): Promise<Entry<Volume> | null> {
  if (!wellFormed(ref)) return null;
  if (!isId('volume', ref)) return byName<Volume>(store, KEYS.volumeName(ref), KEYS.volume);
  return (await store.get<Volume>(KEYS.volume(ref))) ?? (await store.get<Volume>(KEYS.trashed(ref)));
}

export async function needVolume(store: Store, ref: string): Promise<Entry<Volume>> {
  const found = await findVolume(store, ref);
  if (found === null) throw missing('volume', ref);
  return found;
}

/** As `needVolume`, refusing one in the trash with the way out. */
export async function needLiveVolume(store: Store, ref: string): Promise<Entry<Volume>> {
  const found = await needVolume(store, ref);
  if (found.value.status.state === 'trashed') {
    throw new HoldfastError('failed_precondition', `volume ${found.value.name} is in the trash`, { object: `volume ${found.value.id}`, hint: `Take it back first: holdfast trash restore ${found.value.id}` });
  }
  return found;
}

export async function needNode(store: Store, ref: string): Promise<Entry<Node>> {
  const found = !wellFormed(ref) ? null : isId('node', ref) ? await store.get<Node>(KEYS.node(ref)) : await byName<Node>(store, KEYS.nodeName(ref), KEYS.node);
  if (found === null) throw missing('node', ref);
  return found;
}

export async function findSnapshot(store: Store, ref: string): Promise<Entry<Snapshot> | null> {
  if (!wellFormed(ref)) return null;
  if (isId('snapshot', ref)) return store.get<Snapshot>(KEYS.snapshot(ref));
  const at = ref.indexOf('@');
  if (at <= 0) return null;
  const volume = await findVolume(store, ref.slice(0, at));
  return volume === null ? null : byName<Snapshot>(store, KEYS.snapshotName(volume.value.id, ref.slice(at + 1)), KEYS.snapshot);
}

export async function needSnapshot(store: Store, ref: string): Promise<Entry<Snapshot>> {
  const found = await findSnapshot(store, ref);
  if (found === null) throw missing('snapshot', ref);
  return found;
}

export async function snapshotsOf(store: Store, volumeId: string): Promise<readonly Entry<Snapshot>[]> {
  const { entries } = await store.list<string>(KEYS.snapshotNames(volumeId));
  const records = await Promise.all(entries.map(({ value }) => store.get<Snapshot>(KEYS.snapshot(value))));
  return records.filter((record) => record !== null);
}

/** Volumes with a replica on the node, trash included. */
export async function volumesOn(store: Store, nodeId: string): Promise<readonly Entry<Volume>[]> {
  const prefix = KEYS.placedOn(nodeId);
  const { entries } = await store.list<string>(prefix);
  return inBatches(entries, async ({ key }) => {
    const id = key.slice(prefix.length);
    return (await store.get<Volume>(KEYS.volume(id))) ?? store.get<Volume>(KEYS.trashed(id));
  });
}

/** Pools of the node. */
export async function poolsOn(store: Store, nodeId: string): Promise<readonly Entry<Pool>[]> {
  const prefix = KEYS.hostedOn(nodeId);
  const { entries } = await store.list<string>(prefix);
  return inBatches(entries, ({ key }) => store.get<Pool>(KEYS.pool(key.slice(prefix.length))));
}

/** Some reads at a time, in order; those that are gone are left out. */
async function inBatches<T, R>(items: readonly T[], read: (item: T) => Promise<R | null>): Promise<readonly R[]> {
  const found: R[] = [];
  for (let i = 0; i < items.length; i += 50) found.push(...(await Promise.all(items.slice(i, i + 50).map(read))).filter((one) => one !== null));
  return found;
}

/**
 * A page of records in key order.
 * @param keep which records count.
 */
export async function page<T extends { readonly id: string }>(store: Store, prefix: string, query: PageQuery, keep: (record: T) => boolean = () => true): Promise<Page<T>> {
  const limit = checkLimit(query.limit);
  const items: T[] = [];
  let scanned = decodeCursor(prefix, query.cursor);
  let lastKept = scanned;
  for (;;) {
    const { entries } = await store.list<T>(prefix, { ...(scanned === undefined ? {} : { after: scanned }), limit: MAX_PAGE });
    for (const entry of entries) {
      scanned = entry.key;
      if (!keep(entry.value)) continue;
      if (items.length === limit) return { items, next: encodeCursor(lastKept ?? '') };
      items.push(entry.value);
      lastKept = entry.key;
    }
    if (entries.length < MAX_PAGE) return { items, next: null };
  }
}

/** All records of a prefix, page by page. @returns how many there are. */
export async function scan<T>(store: Store, prefix: string, visit: (page: readonly T[]) => void | Promise<void>): Promise<number> {
  let count = 0;
  let after: string | undefined;
  for (;;) {
    const { entries } = await store.list<T>(prefix, { ...(after === undefined ? {} : { after }), limit: MAX_PAGE });
    await visit(entries.map(({ value }) => value));
    count += entries.length;
    after = entries.at(-1)?.key;
    if (entries.length < MAX_PAGE) return count;
  }
}

/** As `page`, the newest first. For bounded lists: all of it is read. */
export async function pageBackwards<T extends { readonly id: string }>(store: Store, prefix: string, query: PageQuery, keep: (record: T) => boolean): Promise<Page<T>> {
  const limit = checkLimit(query.limit);
  const before = decodeCursor(prefix, query.cursor);
  const { entries } = await store.list<T>(prefix);
  const rest = entries.filter(({ key, value }) => (before === undefined || key < before) && keep(value)).reverse();
  const shown = rest.slice(0, limit);
  return { items: shown.map(({ value }) => value), next: rest.length > limit ? encodeCursor(shown.at(-1)?.key ?? '') : null };
}

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return MAX_PAGE;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) throw new HoldfastError('invalid_argument', `limit must be a whole number from 1 to ${MAX_PAGE}`, { field: 'limit' });
  return limit;
}

const encodeCursor = (key: string): string => btoa(key).replaceAll('=', '');
function decodeCursor(prefix: string, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  try {
    const key = atob(cursor);
    if (key.startsWith(prefix)) return key;
  } catch { /* told below */ }
  throw new HoldfastError('invalid_argument', 'the cursor is not one of this list', { field: 'cursor', hint: 'Use the "next" of the last page, or leave it out.' });
}

/**
 * Reads, decides, writes; again when somebody else wrote in between. `mutate` must be pure: it may run several times.
 * What it returns unchanged is not written. Returns the record as it is then.
 * @param also written in the same transaction. @param compare what must hold besides; throws when it cannot hold any more.
 */
async function change<T>(store: Store, find: () => Promise<Entry<T> | null>, absent: HoldfastError, mutate: (record: T) => T, also: (record: T) => readonly Write[] = () => [], compare: () => readonly Compare[] = () => []): Promise<Entry<T>> {
  for (let attempt = 0; attempt < MAX_TRIES; attempt += 1) {
    const entry = await find();
    if (entry === null) throw absent;
    const { key, revision } = entry;
    const next = mutate(entry.value);
    if (next === entry.value) return entry;
    const done = await store.txn([...compare(), { key, revision }], [{ op: 'put', key, value: next }, ...also(next)]);
    if (done.committed) return { key, value: next, revision: done.revision };
  }
  throw new HoldfastError('unavailable', 'the record is changed by others all the time', { object: absent.detail.object ?? '', hint: 'Try again.' });
}

/** A volume's record, live or trashed. */
export async function changeVolume(store: Store, id: string, mutate: (volume: Volume) => Volume, also: (volume: Volume) => readonly Write[] = () => []): Promise<Volume> {
  const find = async (): Promise<Entry<Volume> | null> => (await store.get<Volume>(KEYS.volume(id))) ?? store.get<Volume>(KEYS.trashed(id));
  return (await change(store, find, missing('volume', id), mutate, (volume) => [...placedWrites(volume), ...also(volume)])).value;
}

/** A node's record, with its revision afterwards. @param compare see `change`: what the leader writes compares its title */
export const changeNode = (store: Store, id: string, mutate: (node: Node) => Node, compare: () => readonly Compare[] = () => []): Promise<Entry<Node>> =>
  change(store, () => store.get<Node>(KEYS.node(id)), missing('node', id), mutate, undefined, compare);

export const changePool = async (store: Store, id: string, mutate: (pool: Pool) => Pool): Promise<Pool> =>
  (await change(store, () => store.get<Pool>(KEYS.pool(id)), missing('pool', id), mutate)).value;

/** Refuses a change of something that is not as the caller saw it. */
export function checkVersion(object: string, version: number, expected: number | undefined): void {
  if (expected === undefined || expected === version) return;
  throw new HoldfastError('conflict', `${object} has version ${version}, not ${expected}: it was changed in between`, { object, field: 'version', hint: 'Read it again and repeat the change.' });
}
