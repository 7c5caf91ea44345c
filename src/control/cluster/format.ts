/**
 * The format of the store: which records there are and which index keys belong to them. Older stores are brought
 * forward at start, in steps that can be repeated; a newer one is left alone.
 *
 * 1: one machine; no index keys. 2: `/placed`, `/hosted`, `/running`, `/work` and `/names/trash`.
 */
import { HoldfastError } from '../../model/errors.ts';
import { isOver, type Operation } from '../../model/operation.ts';
import type { Pool } from '../../model/pool.ts';
import type { Volume } from '../../model/volume.ts';
import { KEYS } from '../keys.ts';
import type { Entry, Store, Write } from '../ports/store.ts';
import type { Log } from '../ports/system.ts';

export const FORMAT = 2;
/** etcd takes 128 writes in one transaction. */
const BATCH = 100;

interface Format { readonly version: number }

/** @throws failed_precondition naming both versions when the store is newer than this daemon. */
export async function checkFormat(store: Store): Promise<Entry<Format> | null> {
  const entry = await store.get<Format>(KEYS.format);
  if (entry === null || entry.value.version <= FORMAT) return entry;
  throw new HoldfastError('failed_precondition', `the store has format ${entry.value.version}; this daemon understands formats up to ${FORMAT}`, { object: 'store', hint: 'A newer daemon has written it: install that version of Holdfast here, too. Nothing was changed.' });
}

/** Brings an older store forward. @throws as `checkFormat`. */
export async function ensureFormat(store: Store, log: Log): Promise<void> {
  const entry = await checkFormat(store);
  const version = entry?.value.version ?? ((await store.get(KEYS.cluster)) === null ? FORMAT : 1);
  if (entry?.value.version === FORMAT) return;
  if (version < 2) {
    log.info({ from: version, to: FORMAT }, 'the store is brought to the present format');
    const writes = await indexes(store);
    for (let i = 0; i < writes.length; i += BATCH) await store.txn([], writes.slice(i, i + BATCH));
  }
  const done = await store.txn([{ key: KEYS.format, revision: entry?.revision ?? 0 }], [{ op: 'put', key: KEYS.format, value: { version: FORMAT } }]);
  // Another daemon was faster: what it wrote is looked at as well.
  if (!done.committed) await ensureFormat(store, log);
}

async function indexes(store: Store): Promise<readonly Write[]> {
  const all = async <T>(prefix: string): Promise<readonly T[]> => (await store.list<T>(prefix)).entries.map(({ value }) => value);
  const nodes = await all<{ readonly id: string }>(KEYS.nodes);
  const only = nodes[0]?.id ?? '';
  const [volumes, trash, pools, operations] = [await all<Volume>(KEYS.volumes), await all<Volume>(KEYS.trash), await all<Pool>(KEYS.pools), await all<Operation>(KEYS.operations)];
  return [
    ...[...volumes, ...trash].flatMap((volume) => volume.replication.replicas.map((replica): Write => ({ op: 'put', key: KEYS.placed(replica.node, volume.id), value: replica.id }))),
    ...trash.map((volume): Write => ({ op: 'put', key: KEYS.trashName(volume.status.trashed?.name ?? volume.name, volume.id), value: volume.id })),
    ...pools.map((pool): Write => ({ op: 'put', key: KEYS.hosted(pool.node, pool.id), value: pool.name })),
    ...operations.filter((operation) => !isOver(operation)).flatMap((operation): Write[] => {
      // Records of one machine did not say who carries them out.
      const node = (operation as Partial<Operation>).node ?? only;
      return [
        { op: 'put', key: KEYS.operation(operation.id), value: { ...operation, node } },
        { op: 'put', key: KEYS.running(operation.target.id), value: operation.id },
        { op: 'put', key: KEYS.work(node, operation.id), value: 'do' },
      ];
    }),
  ];
}
