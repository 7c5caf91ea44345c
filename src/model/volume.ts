/** Volume: what a container mounts. The `replication` part is the record that the replication protocol works on. */
import { GIB, MIB, PIB, type Bytes } from './bytes.ts';
import { DAY_MS, type Millis } from './duration.ts';
import type { Condition, Labels, ObjectRecord } from './record.ts';

export type Filesystem = 'xfs' | 'ext4';
export const FILESYSTEMS: readonly Filesystem[] = ['xfs', 'ext4'];
export type Access = 'single' | 'shared';

/** mkfs.xfs refuses smaller filesystems. */
export const MIN_XFS_BYTES: Bytes = 300 * MIB;
export const MIN_VOLUME_BYTES: Bytes = 8 * MIB;
export const MAX_VOLUME_BYTES: Bytes = PIB;
export const DEFAULT_VOLUME_BYTES: Bytes = GIB;
export const DEFAULT_TRASH_RETENTION_MS: Millis = 7 * DAY_MS;

/** xfs, but ext4 where XFS would refuse the size. */
export const defaultFilesystem = (size: Bytes): Filesystem => (size < MIN_XFS_BYTES ? 'ext4' : 'xfs');

/** Where a volume may be. Kept in its spec, so that what is placed later (a replica, a move) obeys it too. */
export interface PlacementRules {
  /** Only in one of these zones. Default: any. */
  readonly zones?: readonly string[];
  /** Only in pools that, themselves or by their node, carry every one of these labels. Default: any. */
  readonly labels?: Labels;
  /** Only on this node: id or name. */
  readonly node?: string;
  /** Key of a label of the volume: zones, then nodes, with fewer volumes of the same value and rule are preferred. */
  readonly spread_by?: string;
  /** Key of a label of the volume: never on a node that holds a volume with the same value and rule. */
  readonly anti_affinity?: string;
}

export interface VolumeSpec {
  readonly size_bytes: Bytes;
  readonly filesystem: Filesystem;
  readonly access: Access;
  readonly replicas: number;
  /** Class of pool it may be placed in; "any" for every pool. */
  readonly class: string;
  /** Id of the pool it must be placed in, or null. */
  readonly pool: string | null;
  readonly deletion_protection: boolean;
  /** How long its trash is kept; 0 purges at once. */
  readonly trash_retention_ms: Millis;
  /** Id of the snapshot it was cloned from, or null. */
  readonly source_snapshot: string | null;
  /** Absent: anywhere. */
  readonly placement?: PlacementRules;
  readonly min_in_sync: number;
  readonly movable: boolean;
}

export type VolumeState = 'creating' | 'ready' | 'degraded' | 'unavailable' | 'incomplete' | 'trashed';

/** A mount made for one consumer. */
export interface Publication {
  /** Who: `docker:<mount id>`, `path:<target path>`. The same consumer again is the same publication. */
  readonly consumer: string;
  /** Bind mount made for it; null where the consumer uses the volume's own mount point. */
  readonly path: string | null;
  readonly read_only: boolean;
  readonly since: string;
  /** Boot of the machine it was made in: mounts do not outlive it. */
  readonly boot_id: string;
}

export interface VolumeStatus {
  readonly state: VolumeState;
  readonly conditions: readonly Condition[];
  readonly observed_at: string | null;
  /** Bytes that its image takes on the medium; null before it was seen. */
  readonly used_bytes: Bytes | null;
  /** Last modification of its image; null before it was seen. */
  readonly written_at: string | null;
  /** Block device on the writer node, or null when detached. */
  readonly device: string | null;
  /** Where it is mounted on the writer node, or null. */
  readonly mount_path: string | null;
  readonly publications: readonly Publication[];
  /** For state trashed: when, until when, and the name it had. */
  readonly trashed: { readonly at: string; readonly purge_at: string; readonly name: string } | null;
}

export interface NodeLease {
  readonly node: string;
  /** The node's lease; on the embedded store the boot id of the machine. */
  readonly lease: string;
}

export type ReplicaState = 'in-sync' | 'syncing' | 'stale' | 'lost';

export interface Replica {
  readonly id: string;
  readonly node: string;
  readonly pool: string;
  /** UUID of the filesystem of the pool that it lives in. */
  readonly filesystem: string;
  readonly state: ReplicaState;
  readonly home: { readonly node: string; readonly epoch: number; readonly path: string } | null;
}

export interface ReplicationRecord {
  readonly history: number;
  readonly generation: number;
  readonly set_version: number;
  readonly size: Bytes;
  readonly writer: NodeLease | null;
  readonly clean: boolean;
  readonly attaching: NodeLease | null;
  readonly replicas: readonly Replica[];
  readonly snapshots: readonly { readonly id: string; readonly replicas: readonly string[] }[];
}

export interface Volume extends ObjectRecord<VolumeSpec, VolumeStatus> {
  readonly replication: ReplicationRecord;
}

/** Holds no data of anybody: it was never attached and is no clone. */
export const isVirgin = (volume: Volume): boolean => volume.replication.generation === 0 && volume.spec.source_snapshot === null;
