/**
 * Control: the one set of use cases that every surface (REST, Docker, later CSI) calls. Surfaces translate
 * and decide nothing. References (`ref`) are an id or a name; requests are checked here, whatever their origin.
 * Every method throws HoldfastError only.
 */
import type { Bytes } from '../model/bytes.ts';
import type { Millis } from '../model/duration.ts';
import type { Cluster, HoldfastEvent, Node, NodeState } from '../model/node.ts';
import type { Operation } from '../model/operation.ts';
import type { Pool, PoolKind } from '../model/pool.ts';
import type { Labels } from '../model/record.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Access, Filesystem, PlacementRules, Volume } from '../model/volume.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the next page, null at the end. */
  readonly next: string | null;
}
export interface PageQuery {
  /** 1 to 500; default 500. */
  readonly limit?: number;
  /** Opaque, from the last page's `next`. */
  readonly cursor?: string;
}

/** A change that has been accepted and is durable: the object as it is now, and the operation that finishes it. */
export interface Accepted<T> {
  readonly object: T;
  /** null: nothing was left to do. */
  readonly operation: Operation | null;
  /** Things that the caller should be told, as sentences. */
  readonly warnings: readonly string[];
}

export interface CreatePool {
  readonly name: string;
  /** Node that it is on: id or name. Default: the node that is asked. */
  readonly node?: string;
  readonly kind: PoolKind;
  readonly path?: string;
  readonly devices?: readonly string[];
  /** Default 1.0. */
  readonly overcommit?: number;
  /** Default "any". */
  readonly class?: string;
  readonly labels?: Labels;
  readonly owner?: string;
  /** Make it over an old signature or a foreign marker. Never over something mounted or in use. Default false. */
  readonly force?: boolean;
}
export interface UpdatePool {
  readonly labels?: Labels;
  readonly overcommit?: number;
  readonly class?: string;
  readonly owner?: string;
}

export interface CreateVolume {
  readonly name: string;
  /** Default 1 GiB. A multiple of 4096 is made of it, upwards. */
  readonly size_bytes?: Bytes;
  /** Default xfs; ext4 below 300 MiB. */
  readonly filesystem?: Filesystem;
  readonly access?: Access;
  readonly replicas?: number;
  readonly class?: string;
  /** Pool that it must be in: id or name. */
  readonly pool?: string;
  readonly placement?: PlacementRules;
  readonly labels?: Labels;
  readonly owner?: string;
  /** Default false. */
  readonly deletion_protection?: boolean;
  /** Default 7 days. */
  readonly trash_retention_ms?: Millis;
  /** Snapshot to clone: id or `volume@snapshot`. */
  readonly source_snapshot?: string;
  /** What to do when a volume of that name is in the trash. Default `new`, with a warning. */
  readonly if_trashed?: 'refuse' | 'restore' | 'new';
  /** Check everything that create would refuse, and make nothing. Default false. */
  readonly dry_run?: boolean;
}
export interface UpdateVolume {
  readonly labels?: Labels;
  readonly owner?: string;
  readonly deletion_protection?: boolean;
  readonly trash_retention_ms?: Millis;
}

export interface CreateSnapshot {
  /** Volume: id or name. */
  readonly volume: string;
  readonly name: string;
  readonly labels?: Labels;
  readonly owner?: string;
}

export interface VolumeFilter extends PageQuery {
  readonly name?: string;
  readonly pool?: string;
  readonly owner?: string;
  /** Every one must be there with this value. */
  readonly labels?: Labels;
}

export interface PoolCapacity {
  readonly pool: string;
  readonly name: string;
  readonly class: string;
  readonly capacity_bytes: Bytes;
  readonly allocated_bytes: Bytes;
  readonly used_bytes: Bytes;
  readonly available_bytes: Bytes;
  /** Part of allocated_bytes that is trash. */
  readonly trash_bytes: Bytes;
}
export interface Capacity {
  readonly capacity_bytes: Bytes;
  readonly allocated_bytes: Bytes;
  readonly used_bytes: Bytes;
  readonly available_bytes: Bytes;
  readonly trash_bytes: Bytes;
  readonly pools: readonly PoolCapacity[];
}

export interface Status {
  readonly cluster: Cluster;
  readonly node: Node;
  readonly daemon_version: string;
  /** Id of the node that leads; null between two leaders. */
  readonly leader: string | null;
  readonly nodes: Readonly<Record<NodeState, number>>;
  readonly counts: { readonly pools: number; readonly volumes: number; readonly snapshots: number; readonly trash: number; readonly operations_running: number };
  readonly volumes_by_state: Readonly<Record<string, number>>;
  readonly capacity: Capacity;
  /** Objects with conditions, worst first; at most 50. */
  readonly problems: readonly { readonly object: { readonly kind: string; readonly id: string; readonly name: string }; readonly condition: string; readonly message: string; readonly hint: string }[];
}

/** Why a volume is, or would be, where it is. */
export interface PlacementExplanation {
  /** Ids of the pools that it is in. */
  readonly chosen: readonly string[];
  /** Ids of the pools that would be chosen now, if it were made again; none where there is no place. */
  readonly chosen_now: readonly string[];
  /** Why there would be no place now; null where there is one. */
  readonly refusal: string | null;
  /** Best first; those that do not fit last. */
  readonly candidates: readonly PlacementCandidate[];
}

export interface PlacementCandidate {
  readonly pool: string;
  readonly name: string;
  readonly node: string;
  readonly node_name: string;
  /** Failure domain of its node; "" for none. */
  readonly zone: string;
  readonly fits: boolean;
  readonly reason: string;
  /** Share of the pool that would stay free, 0 to 1; -1 where it does not fit. */
  readonly score: number;
  /** What the order is made of: fewer in the zone first, then fewer on the node, then the larger share. null where it does not fit. */
  readonly parts: { readonly zone_volumes: number; readonly node_volumes: number; readonly free_share: number } | null;
}

export interface CallOptions {
  /** A repeated create with the same key and request returns the first one's result. */
  readonly idempotencyKey?: string;
  /** Refuse (conflict) unless the record still has this version. */
  readonly expectedVersion?: number;
  /** Who calls: for events and log. */
  readonly actor?: string;
}

export interface Control {
  status(): Promise<Status>;
  cluster(): Promise<Cluster>;
  capacity(): Promise<Capacity>;

  listNodes(query?: PageQuery & { readonly name?: string }): Promise<Page<Node>>;
  getNode(ref: string): Promise<Node>;

  createPool(request: CreatePool, options?: CallOptions): Promise<Accepted<Pool>>;
  listPools(query?: PageQuery & { readonly name?: string }): Promise<Page<Pool>>;
  getPool(ref: string): Promise<Pool>;
  updatePool(ref: string, change: UpdatePool, options?: CallOptions): Promise<Pool>;
  /** Takes in what its devices have grown by, and the devices given. */
  growPool(ref: string, change: { readonly devices?: readonly string[]; readonly force?: boolean }, options?: CallOptions): Promise<Accepted<Pool>>;
  /** Refused while live volumes are in it. Deletes no file; its trash stays on the medium and leaves the lists. */
  removePool(ref: string, options?: CallOptions): Promise<Accepted<Pool>>;
  /** Deletes what a removed pool left on a path or device. `confirm` must repeat the path or device. */
  wipePool(request: { readonly path?: string; readonly device?: string; readonly confirm: string }, options?: CallOptions): Promise<void>;

  createVolume(request: CreateVolume, options?: CallOptions): Promise<Accepted<Volume>>;
  /** Takes the existing volume of that name if it satisfies the request (size, replicas: minimums), else creates it. */
  ensureVolume(request: CreateVolume, options?: CallOptions): Promise<Accepted<Volume> & { readonly created: boolean }>;
  listVolumes(filter?: VolumeFilter): Promise<Page<Volume>>;
  getVolume(ref: string): Promise<Volume>;
  updateVolume(ref: string, change: UpdateVolume, options?: CallOptions): Promise<Volume>;
  /** Grows, live. Equal: nothing to do. Smaller: invalid_argument. */
  resizeVolume(ref: string, sizeBytes: Bytes, options?: CallOptions): Promise<Accepted<Volume>>;
  attachVolume(ref: string, options?: CallOptions): Promise<Volume>;
  /** Refused while consumers have it mounted. */
  detachVolume(ref: string, options?: CallOptions): Promise<Volume>;
  /**
   * Mounts for a consumer: attaches and mounts when needed. Same consumer again: same answer.
   * With `path`: bind mounted there. Without: `mount_path` is the volume's own mount point.
   * `within`: directories below one of which `path` must lie (permission_denied otherwise); default: anywhere.
   */
  publishVolume(ref: string, request: { readonly consumer: string; readonly path?: string; readonly read_only?: boolean; readonly within?: readonly string[] }, options?: CallOptions): Promise<{ readonly volume: Volume; readonly mount_path: string }>;
  /** Unknown consumer: nothing to do. The last one unmounts and detaches. */
  unpublishVolume(ref: string, request: { readonly consumer?: string; readonly path?: string }, options?: CallOptions): Promise<Volume>;
  /** Refused while protected, published or attached. To the trash, or purged at once when its retention is 0 or `purge`. */
  removeVolume(ref: string, request?: { readonly purge?: boolean }, options?: CallOptions): Promise<Accepted<Volume>>;
  /** After the store was set back: the record takes over what the replica's metadata tell. Nothing to do when it is not behind. */
  recoverVolume(ref: string, options?: CallOptions): Promise<Volume>;
  explainVolume(ref: string): Promise<PlacementExplanation>;

  listTrash(filter?: VolumeFilter): Promise<Page<Volume>>;
  /** By id, or by the name it had (the newest of that name). `name`: under another name. */
  restoreTrash(ref: string, request?: { readonly name?: string }, options?: CallOptions): Promise<Volume>;
  purgeTrash(ref: string, options?: CallOptions): Promise<Accepted<Volume>>;

  createSnapshot(request: CreateSnapshot, options?: CallOptions): Promise<Accepted<Snapshot>>;
  listSnapshots(query?: PageQuery & { readonly volume?: string; readonly name?: string }): Promise<Page<Snapshot>>;
  /** By id or `volume@snapshot`. */
  getSnapshot(ref: string): Promise<Snapshot>;
  updateSnapshot(ref: string, change: { readonly labels?: Labels; readonly owner?: string }, options?: CallOptions): Promise<Snapshot>;
  removeSnapshot(ref: string, options?: CallOptions): Promise<Accepted<Snapshot>>;
  /** In place; the volume must be detached. What was there is kept as a snapshot (named in the operation's events). */
  restoreSnapshot(ref: string, options?: CallOptions): Promise<Accepted<Volume>>;

  listOperations(query?: PageQuery & { readonly target?: string; readonly running?: boolean }): Promise<Page<Operation>>;
  getOperation(id: string): Promise<Operation>;
  /** Returns when it is over or the time has passed, whichever is first. */
  waitOperation(id: string, timeoutMs: Millis, signal?: AbortSignal): Promise<Operation>;
  /** Asks it to stop and undo; refused when it cannot be. */
  cancelOperation(id: string, options?: CallOptions): Promise<Operation>;

  /** Newest first. */
  listEvents(query?: PageQuery & { readonly object?: string }): Promise<Page<HoldfastEvent>>;
  watchEvents(signal: AbortSignal): AsyncIterable<HoldfastEvent>;

  /** Checks the store; a list of faults, empty when sound. */
  checkStore(): Promise<readonly string[]>;
}
