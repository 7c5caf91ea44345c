/**
 * Makes and removes the files of a replica. The image gets its final name as the last act, durably: while it is not
 * there, the replica does not exist, and what lies beside it is rubbish of an interrupted call.
 */
import { open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ImageSource, ReplicaRef, VolumeDescriptor, Work } from '../control/ports/data-plane.ts';
import type { Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { writeDescriptor } from './descriptor.ts';
import { makeDirectories, mediumError, removePartials, syncDirectories, syncPath, unlessMissing } from './durable-file.ts';
import { PARTIAL_PREFIX, replicaPaths, VOLUMES_NAME } from './layout.ts';
import { createMeta } from './meta.ts';
import { makeFilesystem } from './mkfs.ts';
import { assertPoolThere } from './pool-marker.ts';
import { loopsOfReplica, volumeObject } from './replica-device.ts';
import { copySnapshotImage } from './snapshot-image.ts';

export async function createReplica(replica: ReplicaRef, size: Bytes, source: ImageSource, descriptor: VolumeDescriptor, bootId: string, work: Work): Promise<void> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  work.signal.throwIfAborted();
  await assertPoolThere(replica.filesystem, object);
  if ((await unlessMissing(stat(paths.image), null)) !== null) return;
  const base = replica.filesystem.path;
  try {
    await makeDirectories(base, paths.snapshots);
    await Promise.all([removePartials(paths.directory), removePartials(paths.volume)]);
    const partial = path.join(paths.directory, `${PARTIAL_PREFIX}${path.basename(paths.image)}`);
    const first = { volume_id: replica.volume_id, replica_id: replica.replica_id, history: replica.history, size_bytes: size, generation: descriptor.generation, set_version: 0, members: [replica.replica_id], boot_id: bootId, restarted: false };
    const beside = await Promise.allSettled([
      source.kind === 'empty' ? makeEmptyImage(partial, size, source, replica.filesystem.sector_bytes, work) : copySnapshotImage(replica, source, partial, size, work),
      createMeta(paths.meta, first),
      writeDescriptor(paths.descriptor, descriptor),
    ]);
    for (const result of beside) if (result.status === 'rejected') throw result.reason;
    work.signal.throwIfAborted();
    await syncDirectories(base, paths.directory);
    await rename(partial, paths.image);
    await syncPath(paths.directory);
  } catch (thrown) {
    await discard(replica).catch(() => undefined);
    throw mediumError(thrown, `${object}: making its image`, { object });
  }
}

async function makeEmptyImage(partial: string, size: Bytes, source: ImageSource & { kind: 'empty' }, sectorBytes: number, work: Work): Promise<void> {
  const handle = await open(partial, 'wx', 0o600);
  try {
    await handle.truncate(size);
    await makeFilesystem(source.filesystem, partial, size, sectorBytes, work.signal);
    work.signal.throwIfAborted();
    await handle.sync();
  } finally {
    await handle.close();
  }
  work.progress(1, 1);
}

/** After a failed create: everything of it, so that nothing is mistaken for a replica. A finished image is left alone. */
async function discard(replica: ReplicaRef): Promise<void> {
  const paths = replicaPaths(replica);
  if ((await unlessMissing(stat(paths.image), null)) !== null) return;
  await removePartials(paths.directory);
  const names = await unlessMissing(readdir(paths.directory), []);
  if (names.some((name) => name.startsWith('data.'))) return;
  await Promise.all([rm(paths.meta, { force: true }), rm(paths.descriptor, { force: true }), rmdir(paths.snapshots)]);
  await rmdir(paths.directory);
  await rmdir(paths.volume);
}

export async function removeReplica(replica: ReplicaRef): Promise<void> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  await assertPoolThere(replica.filesystem, object);
  const [holder] = await loopsOfReplica(replica);
  if (holder !== undefined) throw new HoldfastError('conflict', `${object}: ${holder.path} holds its image`, { object, hint: 'Unmount and detach the volume first.' });
  try {
    if ((await unlessMissing(stat(paths.directory), null)) !== null) {
      // One rename makes it disappear: a crash leaves no half-deleted replica that looks like one.
      const doomed = path.join(paths.volume, `${PARTIAL_PREFIX}${path.basename(paths.directory)}`);
      await rm(doomed, { recursive: true, force: true });
      await rename(paths.directory, doomed);
      await syncPath(paths.volume);
    }
    await removePartials(paths.volume);
    await rmdir(paths.volume).catch(() => undefined);
    await unlessMissing(syncPath(path.join(replica.filesystem.path, VOLUMES_NAME)), undefined);
  } catch (thrown) {
    throw mediumError(thrown, `${object}: deleting its replica`, { object });
  }
}

/** @throws failed_precondition when the replica is not there. */
export async function describeReplica(replica: ReplicaRef, descriptor: VolumeDescriptor): Promise<void> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  await assertPoolThere(replica.filesystem, object);
  if ((await unlessMissing(stat(paths.image), null)) === null) throw new HoldfastError('failed_precondition', `${object}: its image ${paths.image} is missing`, { object, hint: 'Nothing was written.' });
  try {
    await writeDescriptor(paths.descriptor, descriptor);
  } catch (thrown) {
    throw mediumError(thrown, `${object}: writing its descriptor`, { object });
  }
}
