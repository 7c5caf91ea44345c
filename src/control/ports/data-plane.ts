/**
 * DataPlane: everything that control asks of this machine's disks, devices and mounts. The only
 * implementation is `src/node`; control's tests use an in-memory one that passes the same contract suite.
 *
 * Contract
 * - Every method is idempotent: called again after a crash at any point inside it, it finishes or repeats the work,
 *   and ends in the same state. `ensure…` on what is already so changes nothing.
 * - Nothing is formatted, truncated or deleted that does not carry the ids given: a foreign file, filesystem, signature
 *   or mount in the way is a `failed_precondition` that names it.
 * - On error nothing half-made stays behind that a later call would mistake for a finished one.
 * - `signal` aborted: stops at the next safe point, undoes what the call began, throws its reason.
 */
import type { Bytes } from '../../model/bytes.ts';
import type { NodeCapabilities } from '../../model/node.ts';
import type { PoolFilesystem, PoolSpec } from '../../model/pool.ts';
import type { Filesystem } from '../../model/volume.ts';

/** `done` of `total` bytes (or steps) of one call. */
export type Progress = (done: number, total: number) => void;
export interface Work {
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface PoolRef {
  readonly id: string;
  readonly name: string;
  readonly cluster_id: string;
  readonly spec: PoolSpec;
  /** As recorded; [] before it was made. */
  readonly filesystems: readonly PoolFilesystem[];
}

export type PoolFault = 'PoolNotMounted' | 'PoolMissing' | 'PoolForeign' | 'PoolReadOnly' | 'DeviceMissing';
export interface PoolObservation {
  readonly filesystems: readonly PoolFilesystem[];
  /** What keeps the pool from being used, if anything. */
  readonly fault: { readonly type: PoolFault; readonly message: string; readonly hint: string } | null;
}

/** Where a replica's files are. */
export interface ReplicaRef {
  readonly volume_id: string;
  readonly replica_id: string;
  readonly history: number;
  /** Of the pool's filesystem that holds it: its path and its sector size. */
  readonly filesystem: Pick<PoolFilesystem, 'uuid' | 'path' | 'sector_bytes' | 'reflink'>;
}

/** What is written beside the replica so that the medium alone tells what it holds (trash found again, support). */
export interface VolumeDescriptor {
  readonly cluster_id: string;
  readonly volume_id: string;
  readonly replica_id: string;
  readonly name: string;
  readonly size_bytes: Bytes;
  readonly filesystem: Filesystem;
  readonly history: number;
  readonly generation: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly created_at: string;
  readonly trashed_at: string | null;
  readonly snapshots: readonly { readonly id: string; readonly name: string; readonly size_bytes: Bytes; readonly created_at: string }[];
}

/** Metadata of a replica (`meta`: two checksummed slots). */
export interface ReplicaMeta {
  readonly volume_id: string;
  readonly replica_id: string;
  readonly history: number;
  readonly size_bytes: Bytes;
  readonly generation: number;
  readonly set_version: number;
  readonly members: readonly string[];
  readonly boot_id: string;
  readonly restarted: boolean;
}

export type ImageSource =
  | { readonly kind: 'empty'; readonly filesystem: Filesystem }
  /** A clone: the snapshot's image, then a new filesystem UUID; grown when `size` is larger. */
  | { readonly kind: 'snapshot'; readonly from: ReplicaRef; readonly snapshot_id: string; readonly filesystem: Filesystem };

export interface VolumeObservation {
  /** null: the image is not there (or its pool is not). */
  readonly image: { readonly size_bytes: Bytes; readonly used_bytes: Bytes; readonly written_at: string } | null;
  readonly meta: ReplicaMeta | null;
  /** The loop device that holds the image, with the size it shows. */
  readonly device: { readonly path: string; readonly size_bytes: Bytes; readonly read_only: boolean; readonly direct_io: boolean } | null;
  /** The volume's own mount point, when this image's device is mounted there. */
  readonly mount_path: string | null;
  /** Something else is mounted at the volume's mount point: what. */
  readonly foreign_mount: string | null;
  /** Bind mounts of the volume at other paths in the daemon's mount namespace. */
  readonly bind_paths: readonly string[];
  /** Whether any other mount namespace (a container) has the volume's device mounted. */
  readonly mounted_elsewhere: boolean;
  /** The filesystem shut itself down or turned read-only after an error. */
  readonly filesystem_failed: boolean;
}

export interface AttachRequest {
  readonly replica: ReplicaRef;
  readonly size_bytes: Bytes;
}

export interface DataPlane {
  probe(): Promise<NodeCapabilities>;

  // Pools
  /** Checks, changes nothing. Throws what `makePool` would refuse: a file, missing, read-only, inside another pool, signature… */
  checkPool(pool: PoolRef, options: { readonly force: boolean; readonly others: readonly PoolRef[] }): Promise<void>;
  /** Makes it (mkfs on devices with a UUID derived from pool id and position; marker file), opens it. */
  makePool(pool: PoolRef, options: { readonly force: boolean }, work: Work): Promise<readonly PoolFilesystem[]>;
  /** Mounts what is not mounted and verifies the marker. Makes nothing. Never throws for a fault: returns it. */
  openPool(pool: PoolRef): Promise<PoolObservation>;
  observePool(pool: PoolRef): Promise<PoolObservation>;
  /** Grows filesystems to their devices' present size, and makes one on every device of the spec that has none yet. */
  growPool(pool: PoolRef, options: { readonly force: boolean }, work: Work): Promise<readonly PoolFilesystem[]>;
  /** Unmounts devices, releases the marker's claim. Deletes no replica file. */
  closePool(pool: PoolRef): Promise<void>;
  /** What the medium of an opened pool holds, by its descriptors. */
  findVolumes(pool: PoolRef): Promise<readonly { readonly descriptor: VolumeDescriptor; readonly filesystem_uuid: string }[]>;
  /** Deletes everything of Holdfast on a medium that no pool uses now. Throws failed_precondition if there is nothing of ours there. */
  wipeMedium(medium: { readonly path: string } | { readonly device: string }, others: readonly PoolRef[], work: Work): Promise<void>;

  // Replicas. `createReplica` leaves a formatted image under its final name, or none.
  createReplica(replica: ReplicaRef, size: Bytes, source: ImageSource, descriptor: VolumeDescriptor, work: Work): Promise<void>;
  writeDescriptor(replica: ReplicaRef, descriptor: VolumeDescriptor): Promise<void>;
  /** Deletes the replica with its snapshots. Nothing there: done. Refused while a device holds the image. */
  removeReplica(replica: ReplicaRef): Promise<void>;
  observeVolume(replica: ReplicaRef): Promise<VolumeObservation>;

  // Attach path 1: a loop device with direct I/O; the flock on the image stands for the grant.
  /** Makes `generation` durable in `meta`; throws conflict if a device still holds the image, or a newer generation was fenced. */
  fence(replica: ReplicaRef, meta: ReplicaMeta): Promise<void>;
  attach(request: AttachRequest): Promise<{ readonly device: string }>;
  /** Throws conflict (still mounted, by whom) rather than leave a lazily detached device. */
  detach(replica: ReplicaRef): Promise<void>;
  /** Mounts the device at `<root>/var/lib/holdfast/mounts/<volume id>`. */
  mount(replica: ReplicaRef, filesystem: Filesystem, readOnly: boolean): Promise<{ readonly mount_path: string }>;
  unmount(replica: ReplicaRef): Promise<void>;
  /**
   * Bind mounts the volume at a consumer's path (an existing or new empty directory).
   * @param within directories below one of which it must lie, symlinks followed; default: anywhere. Throws permission_denied.
   */
  publish(replica: ReplicaRef, targetPath: string, readOnly: boolean, within?: readonly string[]): Promise<void>;
  /** Removes the bind mount at the path if it is one of this volume; a directory that `publish` made is removed when empty. */
  unpublish(replica: ReplicaRef, targetPath: string): Promise<void>;
  /**
   * Lengthens image and metadata; if attached the device too; then the filesystem (online when mounted, else attached for the moment).
   * What cannot be finished is refused before anything is changed: unsupported for a mounted ext4 where the daemon has no
   * CAP_SYS_RESOURCE, failed_precondition while it is mounted read-only.
   */
  grow(replica: ReplicaRef, size: Bytes, filesystem: Filesystem, work: Work): Promise<void>;

  // Snapshots
  takeSnapshot(replica: ReplicaRef, snapshotId: string, work: Work): Promise<{ readonly method: 'reflink' | 'copy'; readonly consistency: 'filesystem' | 'crash'; readonly used_bytes: Bytes }>;
  removeSnapshot(replica: ReplicaRef, snapshotId: string): Promise<void>;
  hasSnapshot(replica: ReplicaRef, snapshotId: string): Promise<boolean>;
  /** Builds `data.<newHistory>.img` from the snapshot (detached only); the old history's image stays until `keepHistory`. */
  buildHistory(replica: ReplicaRef, snapshotId: string, newHistory: number, size: Bytes, work: Work): Promise<void>;
  /** Turns the image of an old history into a snapshot (kept), or deletes it (null). Refused for the reference's own history. */
  keepHistory(replica: ReplicaRef, oldHistory: number, asSnapshotId: string | null): Promise<void>;
}
