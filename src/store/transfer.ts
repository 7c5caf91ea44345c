/**
 * Takes one store's keys over into another: the move of a single machine's store into the etcd of a cluster. The target
 * counts only once a last transaction has said that it is whole; a copy that was interrupted begins anew. The source is
 * only read. Knows no medium and no record.
 */
import { createHash } from 'node:crypto';
import { HoldfastError } from '../model/errors.ts';
import type { Entry, Store, Write } from '../control/ports/store.ts';

/** In the target. No other key of Holdfast begins like this. */
export const TRANSFER_KEY = '!transfer';

export interface TransferMark {
  readonly state: 'running' | 'done';
  /** Whose keys they are: what the caller calls the source. */
  readonly source: string;
  /** How many keys, and the SHA-256 over keys and values, once it is done. */
  readonly entries: number;
  readonly sha256: string;
}

export interface TransferOptions {
  /** What tells this source from every other: the cluster's id. */
  readonly source: string;
  /** Keys that are not taken over: these, and those below the ones that end in `/`. For keys under leases, which live as long as their holder only. */
  readonly without?: readonly string[];
  /** Told after each transaction, and once more when all is verified. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Transferred {
  readonly entries: number;
  readonly sha256: string;
  /** The target had been made whole before; nothing was written. */
  readonly already: boolean;
}

const PAGE = 500;
/** Well below the limits of etcd in its own default configuration: 128 operations, 1.5 MiB. */
const BATCH_OPERATIONS = 100;
const BATCH_BYTES = 512 * 1024;
/** A transaction whose outcome is unknown is sent again: its compare on the mark makes that harmless. */
const ATTEMPTS = 10;

const refused = (message: string, hint: string): HoldfastError => new HoldfastError('failed_precondition', message, { object: 'store', hint });

/** @throws failed_precondition when the store was not taken over to its end: it must not be used */
export async function assertWhole(store: Store): Promise<void> {
  const mark = await store.get<TransferMark>(TRANSFER_KEY);
  if (mark?.value.state === 'running') throw refused(`The control store holds half of what was to be taken over from ${mark.value.source}`, 'Start the machine whose store is moved again with `import_embedded`: it takes everything over anew.');
}

/**
 * Copies every key but those of `without`, verifies them, and marks the target as whole. May be repeated after any crash.
 * @throws failed_precondition when the target holds anything but a copy of this source, or the source changes meanwhile;
 *   conflict when another process copies into the same target; unavailable when either store is away
 */
export async function copyStore(from: Store, to: Store, options: TransferOptions): Promise<Transferred> {
  const found = await to.get<TransferMark>(TRANSFER_KEY);
  if (found === null && (await to.list('', { limit: 1 })).entries.length > 0) throw refused('The control store to move to holds data already', 'Move into an empty etcd, or give it another prefix.');
  if (found !== null && found.value.source !== options.source) throw refused(`The control store to move to holds ${found.value.state === 'done' ? 'what' : 'half of what'} was taken over from ${found.value.source}`, 'Move into an empty etcd, or give it another prefix.');
  if (found?.value.state === 'done') return { entries: found.value.entries, sha256: found.value.sha256, already: true };

  const wanted = (key: string): boolean => !(options.without ?? []).some((one) => key === one || (one.endsWith('/') && key.startsWith(one)));
  const total = (await from.list('')).entries.filter(({ key }) => wanted(key)).length;
  const running: TransferMark = { state: 'running', source: options.source, entries: total, sha256: '' };
  const mark = await claim(to, found, running);
  await clear(to, mark);

  let done = 0;
  const guard = [{ key: TRANSFER_KEY, revision: mark }];
  for await (const batch of batches(from, wanted)) {
    await commit(to, guard, batch.map(({ key, value }) => ({ op: 'put', key, value })));
    done += batch.length;
    options.onProgress?.(done, total);
  }
  const [source, target] = [await digest(from, wanted), await digest(to, (key) => key !== TRANSFER_KEY)];
  if (source.sha256 !== target.sha256) throw refused(`What was taken over (${target.entries} keys) is not what the source holds (${source.entries} keys): it changed meanwhile`, 'Stop whatever writes to either store, and begin again.');
  await finish(to, mark, { state: 'done', source: options.source, ...source });
  options.onProgress?.(source.entries, source.entries);
  return { ...source, already: false };
}

/** Writes the mark; whoever held it before can write nothing from now on. @returns its revision */
async function claim(to: Store, found: Entry<TransferMark> | null, running: TransferMark): Promise<number> {
  const result = await to.txn([{ key: TRANSFER_KEY, revision: found?.revision ?? 0 }], [{ op: 'put', key: TRANSFER_KEY, value: running }]);
  if (!result.committed) throw overtaken();
  return result.revision;
}

async function clear(to: Store, mark: number): Promise<void> {
  for (;;) {
    const left = (await to.list('', { limit: BATCH_OPERATIONS })).entries.filter(({ key }) => key !== TRANSFER_KEY);
    if (left.length === 0) return;
    await commit(to, [{ key: TRANSFER_KEY, revision: mark }], left.map(({ key }) => ({ op: 'delete', key })));
  }
}

async function commit(to: Store, guard: Parameters<Store['txn']>[0], writes: readonly Write[]): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      if ((await to.txn(guard, writes)).committed) return;
      throw overtaken();
    } catch (thrown) {
      if (attempt === ATTEMPTS || !(thrown instanceof HoldfastError) || thrown.code !== 'unavailable') throw thrown;
    }
  }
}

/** Its outcome may be unknown: then it is read back. */
async function finish(to: Store, mark: number, done: TransferMark): Promise<void> {
  try {
    if ((await to.txn([{ key: TRANSFER_KEY, revision: mark }], [{ op: 'put', key: TRANSFER_KEY, value: done }])).committed) return;
  } catch (thrown) {
    if (!(thrown instanceof HoldfastError) || thrown.code !== 'unavailable') throw thrown;
    const now = await to.get<TransferMark>(TRANSFER_KEY);
    if (now?.value.state === 'done' && now.value.sha256 === done.sha256) return;
    throw thrown;
  }
  throw overtaken();
}

const overtaken = (): HoldfastError => new HoldfastError('conflict', 'Another process takes a store over into the same target', { object: 'store', hint: 'Let one of them finish.' });

/** All entries that are wanted, in key order, page by page. */
async function* entriesOf(store: Store, wanted: (key: string) => boolean): AsyncGenerator<Entry> {
  for (let after = ''; ; ) {
    const { entries } = await store.list('', { after, limit: PAGE });
    const last = entries.at(-1);
    if (last === undefined) return;
    for (const entry of entries) if (wanted(entry.key)) yield entry;
    after = last.key;
  }
}

async function* batches(store: Store, wanted: (key: string) => boolean): AsyncGenerator<readonly Entry[]> {
  let batch: Entry[] = [];
  let bytes = 0;
  for await (const entry of entriesOf(store, wanted)) {
    const size = entry.key.length + Buffer.byteLength(JSON.stringify(entry.value));
    if (batch.length === BATCH_OPERATIONS || (batch.length > 0 && bytes + size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(entry);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function digest(store: Store, wanted: (key: string) => boolean): Promise<{ readonly entries: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let entries = 0;
  for await (const { key, value } of entriesOf(store, wanted)) {
    entries += 1;
    hash.update(JSON.stringify([key, value])).update('\n');
  }
  return { entries, sha256: hash.digest('hex') };
}
