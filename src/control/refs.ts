/** Records as the data plane wants to see them. */
import { HoldfastError } from '../model/errors.ts';
import type { Cluster } from '../model/node.ts';
import type { Pool } from '../model/pool.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Replica, Volume } from '../model/volume.ts';
import type { PoolRef, ReplicaMeta, ReplicaRef, VolumeDescriptor } from './ports/data-plane.ts';

export const poolRef = (pool: Pool, cluster: Cluster): PoolRef => ({ id: pool.id, name: pool.name, cluster_id: cluster.id, spec: pool.spec, filesystems: pool.status.filesystems });

/** The volume's replica: there is one until volumes are replicated. */
export function onlyReplica(volume: Volume): Replica {
  const replica = volume.replication.replicas[0];
  if (replica === undefined) throw new HoldfastError('internal', `volume ${volume.name} has no replica`, { object: `volume ${volume.id}` });
  return replica;
}

export function replicaRef(volume: Volume, pool: Pool): ReplicaRef {
  const replica = onlyReplica(volume);
  const filesystem = pool.status.filesystems.find(({ uuid }) => uuid === replica.filesystem);
  if (filesystem === undefined) {
    throw new HoldfastError('failed_precondition', `pool ${pool.name} lacks the filesystem that holds volume ${volume.name}`, { object: `pool ${pool.name}`, hint: `holdfast pool inspect ${pool.name}` });
  }
  return { volume_id: volume.id, replica_id: replica.id, history: volume.replication.history, filesystem };
}

/** Made and not in the trash: what is observed of it decides. */
export const isMade = (volume: Volume): boolean => volume.status.state === 'ready' || volume.status.state === 'degraded' || volume.status.state === 'unavailable';

export const replicaMeta = (volume: Volume, generation: number, bootId: string): ReplicaMeta => ({
  volume_id: volume.id,
  replica_id: onlyReplica(volume).id,
  history: volume.replication.history,
  size_bytes: volume.replication.size,
  generation,
  set_version: volume.replication.set_version,
  members: volume.replication.replicas.filter(({ state }) => state === 'in-sync').map(({ id }) => id),
  boot_id: bootId,
  restarted: false,
});

export const volumeDescriptor = (volume: Volume, cluster: Cluster, snapshots: readonly Snapshot[]): VolumeDescriptor => ({
  cluster_id: cluster.id,
  volume_id: volume.id,
  replica_id: onlyReplica(volume).id,
  name: volume.status.trashed?.name ?? volume.name,
  size_bytes: volume.replication.size,
  filesystem: volume.spec.filesystem,
  history: volume.replication.history,
  generation: volume.replication.generation,
  labels: volume.labels,
  created_at: volume.created_at,
  trashed_at: volume.status.trashed?.at ?? null,
  snapshots: snapshots.map(({ id, name, spec, created_at }) => ({ id, name, size_bytes: spec.size_bytes, created_at })),
});
