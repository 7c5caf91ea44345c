/** Snapshot: a point-in-time copy of a volume in its pool. */
import type { Bytes } from './bytes.ts';
import type { Condition, ObjectRecord } from './record.ts';
import type { Filesystem } from './volume.ts';

export interface SnapshotSpec {
  readonly volume: string;
  /** The volume's filesystem, which a clone has too. */
  readonly filesystem: Filesystem;
  /** Size of the volume when it was taken. */
  readonly size_bytes: Bytes;
}

export type SnapshotState = 'creating' | 'ready' | 'unavailable' | 'removing';

/** `filesystem`: taken of a frozen or unmounted filesystem. `crash`: as after a power loss (the freeze failed; says why). */
export type Consistency = 'filesystem' | 'crash';

export interface SnapshotStatus {
  readonly state: SnapshotState;
  readonly conditions: readonly Condition[];
  readonly observed_at: string | null;
  readonly consistency: Consistency;
  /** `reflink`: shares blocks with the volume. `copy`: sparse copy, since the pool's filesystem cannot share. */
  readonly method: 'reflink' | 'copy' | null;
  /** What it counts for in its pool's accounting. */
  readonly reserved_bytes: Bytes;
}

export interface Snapshot extends ObjectRecord<SnapshotSpec, SnapshotStatus> {
  /** Name of the volume when it was taken; shown as `volume@snapshot`. */
  readonly volume_name: string;
}
