/**
 * Where everything lies: the daemon's own directories below `--root`, and the files of a pool's filesystem.
 * Pure: it names paths, it touches none. Paths hold ids only, never names, so that no name can reach the disk.
 */
import path from 'node:path';
import type { ReplicaRef } from '../control/ports/data-plane.ts';
import { isId } from '../model/id.ts';
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';

export interface NodeLayout {
  readonly root: string;
  /** What belongs to the daemon alone: nobody may publish into it, no pool may lie in or around it. */
  readonly own: readonly string[];
  readonly mounts: string;
  readonly pools: string;
  /** Small records of things in flight that a crash must not leave behind (frozen filesystems, directories made). */
  readonly traces: string;
  mountOf(volumeId: string): string;
  /** Mount point of the `position`th device of a device pool. */
  poolMountOf(poolId: string, position: number): string;
}

/** @param root absolute; every path of the daemon lies below it. */
export function nodeLayout(root: string): NodeLayout {
  const state = path.join(root, 'var/lib/holdfast');
  const mounts = path.join(state, 'mounts');
  const pools = path.join(state, 'pools');
  return {
    root,
    own: [state, path.join(root, 'run/holdfast'), path.join(root, 'etc/holdfast')],
    mounts,
    pools,
    traces: path.join(state, 'node'),
    mountOf: (volumeId) => path.join(mounts, checked('volume', volumeId)),
    poolMountOf: (poolId, position) => path.join(pools, checked('pool', poolId), String(position)),
  };
}

export const MARKER_NAME = 'holdfast-pool.json';
export const VOLUMES_NAME = 'volumes';
export const DESCRIPTOR_NAME = 'descriptor.json';
/** Unfinished files carry this prefix; whoever finds one without holding the replica may delete it. */
export const PARTIAL_PREFIX = '.partial-';

export interface ReplicaPaths {
  readonly volume: string;
  readonly directory: string;
  readonly image: string;
  readonly meta: string;
  readonly descriptor: string;
  readonly snapshots: string;
  imageOf(history: number): string;
  snapshotOf(snapshotId: string): string;
}

/** @throws internal for an id that is none: nothing but ids may become part of a path. */
export function replicaPaths(replica: ReplicaRef): ReplicaPaths {
  const volume = path.join(replica.filesystem.path, VOLUMES_NAME, checked('volume', replica.volume_id));
  const directory = path.join(volume, checked('replica', replica.replica_id));
  const snapshots = path.join(directory, 'snapshots');
  const imageOf = (history: number): string => path.join(directory, `data.${history}.img`);
  return {
    volume,
    directory,
    image: imageOf(replica.history),
    meta: path.join(directory, 'meta'),
    descriptor: path.join(directory, DESCRIPTOR_NAME),
    snapshots,
    imageOf,
    snapshotOf: (snapshotId) => path.join(snapshots, `${checked('snapshot', snapshotId)}.img`),
  };
}

/** The history of an image's file name, or null for another file. */
export function historyOfImage(fileName: string): number | null {
  const match = /^data\.(\d{1,15})\.img$/.exec(fileName);
  return match === null ? null : Number(match[1]);
}

function checked(kind: 'volume' | 'replica' | 'snapshot' | 'pool', id: string): string {
  if (isId(kind, id)) return id;
  throw new HoldfastError('internal', `"${clip(id)}" is not the id of a ${kind}, so it may not become part of a path`, { object: kind });
}

/** Whether `inner` is `outer` or lies below it. Both absolute. */
export const isWithin = (inner: string, outer: string): boolean => {
  const relative = path.relative(outer, inner);
  return relative === '' || (!relative.startsWith('../') && relative !== '..' && !path.isAbsolute(relative));
};
