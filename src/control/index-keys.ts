/**
 * Index keys that go with a record, pure: put into the same transactions that place, change or forget it, so that a
 * node lists only what concerns it. A replica that was given up for lost is nobody's.
 */
import type { Pool } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import { KEYS } from './keys.ts';
import type { Write } from './ports/store.ts';

const held = (volume: Volume) => volume.replication.replicas.filter(({ state }) => state !== 'lost');

/** With every write of the record: its nodes look at it again. */
export const placedWrites = (volume: Volume): readonly Write[] => held(volume).map(({ node, id }) => ({ op: 'put', key: KEYS.placed(node, volume.id), value: id }));

export const unplacedWrites = (volume: Volume): readonly Write[] =>
  held(volume).flatMap(({ node }) => [{ op: 'delete', key: KEYS.placed(node, volume.id) }, { op: 'delete', key: KEYS.undescribed(node, volume.id) }] as const);

/** The descriptors on the media of other nodes are old now. */
export const undescribedWrites = (volume: Volume, self: string): readonly Write[] =>
  held(volume).filter(({ node }) => node !== self).map(({ node }) => ({ op: 'put', key: KEYS.undescribed(node, volume.id), value: volume.version }));

export const hostedWrite = (pool: Pool): Write => ({ op: 'put', key: KEYS.hosted(pool.node, pool.id), value: pool.name });
export const poolDeletions = (pool: Pool): readonly Write[] => [
  { op: 'delete', key: KEYS.pool(pool.id) }, { op: 'delete', key: KEYS.poolName(pool.name) }, { op: 'delete', key: KEYS.hosted(pool.node, pool.id) },
];

/** The name that a trashed volume had. */
export const trashNameOf = (volume: Volume): string => KEYS.trashName(volume.status.trashed?.name ?? volume.name, volume.id);
