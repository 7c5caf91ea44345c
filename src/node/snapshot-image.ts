/** Images made from a snapshot: a clone for a new replica, and a new history of the same replica (restore in place). */
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ImageSource, ReplicaRef, Work } from '../control/ports/data-plane.ts';
import type { Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { copyImage } from './copy-image.ts';
import { mediumError, removePartials, syncPath, unlessMissing } from './durable-file.ts';
import { filesystemOf, fitImage } from './image-filesystem.ts';
import { PARTIAL_PREFIX, replicaPaths } from './layout.ts';
import { assertPoolThere } from './pool-marker.ts';
import { loopsOfReplica, volumeObject } from './replica-device.ts';

/** @throws failed_precondition when the snapshot is not on the medium. */
export async function statSnapshot(replica: ReplicaRef, snapshotId: string): Promise<{ readonly file: string; readonly size: Bytes }> {
  await assertPoolThere(replica.filesystem, `snapshot ${snapshotId}`);
  const file = replicaPaths(replica).snapshotOf(snapshotId);
  const stats = await unlessMissing(stat(file), null);
  if (stats === null) throw new HoldfastError('failed_precondition', `snapshot ${snapshotId}: its image ${file} is missing`, { object: `snapshot ${snapshotId}`, hint: 'It was deleted behind Holdfast\'s back, or never finished. Use another snapshot.' });
  return { file, size: stats.size };
}

/** Into `partial`: the snapshot's image with a filesystem UUID of its own, as long as `size`. Durable but for its name. */
export async function copySnapshotImage(replica: ReplicaRef, source: ImageSource & { kind: 'snapshot' }, partial: string, size: Bytes, work: Work): Promise<void> {
  const from = await statSnapshot(source.from, source.snapshot_id);
  const sharing = source.from.filesystem.uuid === replica.filesystem.uuid && replica.filesystem.reflink;
  await copyImage(from.file, partial, sharing, work);
  await fitImage(partial, { filesystem: source.filesystem, size: Math.max(size, from.size), sector_bytes: replica.filesystem.sector_bytes, newUuid: true }, work.signal);
}

export async function buildHistory(replica: ReplicaRef, snapshotId: string, newHistory: number, size: Bytes, work: Work): Promise<void> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  work.signal.throwIfAborted();
  const from = await statSnapshot(replica, snapshotId);
  const [holder] = await loopsOfReplica(replica);
  if (holder !== undefined) throw new HoldfastError('conflict', `${object}: ${holder.path} holds its image`, { object, hint: 'Restore in place needs the volume detached: unmount and detach it first, or clone the snapshot.' }, { retryable: true });
  const image = paths.imageOf(newHistory);
  if ((await unlessMissing(stat(image), null)) !== null) return;
  const partial = path.join(paths.directory, `${PARTIAL_PREFIX}${path.basename(image)}`);
  try {
    await removePartials(paths.directory);
    await copyImage(from.file, partial, replica.filesystem.reflink, work);
    if (from.size < size) await fitImage(partial, { filesystem: await filesystemOf(partial), size, sector_bytes: replica.filesystem.sector_bytes, newUuid: false }, work.signal);
    await rename(partial, image);
    await syncPath(paths.directory);
  } catch (thrown) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw mediumError(thrown, `${object}: building history ${newHistory} from snapshot ${snapshotId}`, { object });
  }
}

export async function keepHistory(replica: ReplicaRef, oldHistory: number, asSnapshotId: string | null): Promise<void> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  if (oldHistory === replica.history) throw new HoldfastError('failed_precondition', `${object}: history ${oldHistory} is the present one`, { object, hint: 'Only the image of an earlier history can be turned into a snapshot.' });
  await assertPoolThere(replica.filesystem, object);
  const image = paths.imageOf(oldHistory);
  const stats = await unlessMissing(stat(image, { bigint: true }), null);
  if (stats === null) return;
  const [holder] = (await loopsOfReplica(replica)).filter((loop) => loop.backing.dev === stats.dev && loop.backing.ino === stats.ino);
  if (holder !== undefined) throw new HoldfastError('conflict', `${object}: ${holder.path} holds the image of history ${oldHistory}`, { object, hint: 'Unmount and detach the volume first.' }, { retryable: true });
  if (asSnapshotId === null) {
    await rm(image);
  } else {
    const snapshot = paths.snapshotOf(asSnapshotId);
    if ((await unlessMissing(stat(snapshot), null)) !== null) throw new HoldfastError('failed_precondition', `snapshot ${asSnapshotId} is there already, and so is history ${oldHistory}`, { object: `snapshot ${asSnapshotId}`, hint: 'Nothing was overwritten. Keep the history under another snapshot.' });
    await rename(image, snapshot);
    await syncPath(paths.snapshots);
  }
  await syncPath(paths.directory);
}
