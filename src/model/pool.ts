/** Pool: backing capacity on a node. Holds replica files; knows nothing of how they are made. */
import type { Bytes } from './bytes.ts';
import type { Condition, ObjectRecord } from './record.ts';

/** `directory`: an existing path. `device`: whole block devices, each with an XFS of its own. */
export type PoolKind = 'directory' | 'device';
export const POOL_KINDS: readonly PoolKind[] = ['directory', 'device'];

export interface PoolSpec {
  readonly kind: PoolKind;
  /** kind directory: the existing absolute path. Otherwise null. */
  readonly path: string | null;
  /** kind device: absolute paths of the block devices, in order. Otherwise []. */
  readonly devices: readonly string[];
  /** Provisioned sizes may add up to capacity × overcommit. 0.1 to 100, default 1.0. */
  readonly overcommit: number;
  /** What volumes ask for by `class`; "any" when unset. */
  readonly class: string;
}

/** One filesystem of a pool. A replica lives in exactly one. */
export interface PoolFilesystem {
  readonly uuid: string;
  /** The block device it was made on; null for a directory. */
  readonly device: string | null;
  /** Where replica files are: a directory's own path, or below the daemon's root. */
  readonly path: string;
  readonly type: string;
  readonly reflink: boolean;
  /** Logical sector size of what it lies on: loop devices on its files need at least this. */
  readonly sector_bytes: number;
  /** What replicas may fill: a device's whole filesystem; in a directory what is free now and what replica files take. */
  readonly capacity_bytes: Bytes;
  /** What replica files and snapshots take now. */
  readonly used_bytes: Bytes;
}

/** `creating` while being made, `ready`, `unavailable` when it cannot be used (see conditions), `removing`. */
export type PoolState = 'creating' | 'ready' | 'unavailable' | 'removing';

export interface PoolStatus {
  readonly state: PoolState;
  readonly conditions: readonly Condition[];
  readonly observed_at: string | null;
  readonly filesystems: readonly PoolFilesystem[];
  /** Sum over the filesystems, as the kernel says. */
  readonly capacity_bytes: Bytes;
  readonly used_bytes: Bytes;
  /** Sum of provisioned sizes of volumes (trash included) and of what snapshots reserve. */
  readonly allocated_bytes: Bytes;
  /** The same for each filesystem, by UUID. */
  readonly allocated_by_filesystem: Readonly<Record<string, Bytes>>;
  /** All filesystems can clone files without copying. */
  readonly reflink: boolean;
}

export interface Pool extends ObjectRecord<PoolSpec, PoolStatus> {
  readonly node: string;
}

/** What may still be provisioned in one of its filesystems; never negative. */
export const availableIn = (pool: Pool, filesystem: PoolFilesystem): Bytes =>
  Math.max(0, Math.floor(filesystem.capacity_bytes * pool.spec.overcommit) - (pool.status.allocated_by_filesystem[filesystem.uuid] ?? 0));

/** As `availableIn`, by UUID; 0 for a filesystem that the pool does not have. */
export function roomIn(pool: Pool, uuid: string): Bytes {
  const filesystem = pool.status.filesystems.find((one) => one.uuid === uuid);
  return filesystem === undefined ? 0 : availableIn(pool, filesystem);
}

/** What may still be provisioned in all; a single volume must fit in one filesystem. */
export const availableBytes = (pool: Pool): Bytes => pool.status.filesystems.reduce((sum, filesystem) => sum + availableIn(pool, filesystem), 0);
