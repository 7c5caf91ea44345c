/**
 * Recover: a store that was set back (an older copy of it was put in place) knows less than the replica does. The
 * replica's own metadata is the truth then: the record takes its history, size and generation, and no older writer
 * can come back, since the generation only rises.
 */
import { formatBytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Volume } from '../model/volume.ts';
import type { ReplicaMeta, VolumeObservation } from './ports/data-plane.ts';

/** Whether the replica has seen what the record has not. */
export const isBehind = (volume: Volume, meta: ReplicaMeta | null): boolean =>
  meta !== null && (meta.generation > volume.replication.generation || meta.history > volume.replication.history);

/** The record as the replica tells it, pure. @throws failed_precondition when there is nothing to recover from. */
export function recovered(volume: Volume, seen: VolumeObservation): Volume {
  const object = `volume ${volume.name}`;
  const { meta } = seen;
  if (meta === null) throw new HoldfastError('failed_precondition', `the replica of ${object} has no readable metadata`, { object, hint: 'Put its files back, or restore a backup.' });
  if (seen.device !== null) throw new HoldfastError('failed_precondition', `${object} is attached as ${seen.device.path}`, { object, hint: `Stop its consumers and detach it first: holdfast volume detach ${volume.name}` });
  if (!isBehind(volume, meta)) return volume;
  return {
    ...volume,
    version: volume.version + 1,
    spec: { ...volume.spec, size_bytes: Math.max(volume.spec.size_bytes, meta.size_bytes) },
    replication: {
      ...volume.replication,
      history: Math.max(volume.replication.history, meta.history),
      generation: Math.max(volume.replication.generation, meta.generation),
      set_version: Math.max(volume.replication.set_version, meta.set_version),
      size: Math.max(volume.replication.size, meta.size_bytes),
      writer: null, attaching: null, clean: false,
    },
  };
}

export const tellRecovered = (before: Volume, after: Volume): string =>
  `volume ${after.name} was recovered from its replica: generation ${before.replication.generation} → ${after.replication.generation}, history ${before.replication.history} → ${after.replication.history}, ${formatBytes(after.spec.size_bytes)}`;
