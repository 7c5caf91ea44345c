/**
 * Takes and removes snapshots of a replica: `snapshots/<id>.img`, named as the last act. A mounted volume is frozen
 * while its image is shared (an instant) or, where the pool cannot share, for the whole of the copy: its writers wait so long.
 */
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DataPlane, ReplicaRef, Work } from '../control/ports/data-plane.ts';
import { copyImage } from './copy-image.ts';
import { mediumError, removePartials, syncPath, unlessMissing, writeAtomically } from './durable-file.ts';
import type { Freezer } from './freeze.ts';
import { withLockedImage } from './image-lock.ts';
import { PARTIAL_PREFIX, replicaPaths, type NodeLayout } from './layout.ts';
import { isFree } from './loop-device.ts';
import type { MachineView } from './machine-view.ts';
import { mountAt, readMounts } from './mountinfo.ts';
import { assertPoolThere } from './pool-marker.ts';
import { statImage, volumeObject } from './replica-device.ts';

type Taken = Awaited<ReturnType<DataPlane['takeSnapshot']>>;
type HowTaken = Pick<Taken, 'method' | 'consistency'>;

export async function takeSnapshot(machine: { readonly view: MachineView; readonly layout: NodeLayout; readonly freezer: Freezer }, replica: ReplicaRef, snapshotId: string, work: Work): Promise<Taken> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  work.signal.throwIfAborted();
  await statImage(replica);
  const final = paths.snapshotOf(snapshotId);
  // Beside the image: a call that is repeated answers what the first one found.
  const note = path.join(paths.snapshots, `${snapshotId}.json`);
  const finished = await unlessMissing(stat(final), null);
  if (finished !== null) return { ...(await readNote(note)), used_bytes: finished.blocks * 512 };

  const partial = path.join(paths.snapshots, `${PARTIAL_PREFIX}${snapshotId}.img`);
  const copy = async (): Promise<HowTaken['method']> => {
    const handle = await open(paths.image, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    return copyImage(paths.image, partial, replica.filesystem.reflink, work);
  };
  try {
    await removePartials(paths.snapshots);
    const how = await consistently(machine, replica, copy);
    await writeAtomically(note, JSON.stringify(how));
    await rename(partial, final);
    await syncPath(paths.snapshots);
    return { ...how, used_bytes: (await stat(final)).blocks * 512 };
  } catch (thrown) {
    await Promise.all([partial, note].map((file) => rm(file, { force: true }).catch(() => undefined)));
    throw mediumError(thrown, `${object}: taking snapshot ${snapshotId}`, { object });
  }
}

async function consistently(machine: { readonly view: MachineView; readonly layout: NodeLayout; readonly freezer: Freezer }, replica: ReplicaRef, copy: () => Promise<HowTaken['method']>): Promise<HowTaken> {
  const loop = await machine.view.findLoop(replica);
  const at = machine.layout.mountOf(replica.volume_id);
  if (loop !== null && mountAt(readMounts(), at)?.device === loop.device) {
    const { value: method, frozen } = await machine.freezer.whileFrozen(replica.replica_id, at, copy);
    return { method, consistency: frozen ? 'filesystem' : 'crash' };
  }
  // Where it is mounted, but not by us, nothing here can freeze it.
  if (loop !== null) return { method: await copy(), consistency: isFree(loop.path) ? 'filesystem' : 'crash' };
  return { method: await withLockedImage(replicaPaths(replica).image, copy), consistency: 'filesystem' };
}

async function readNote(note: string): Promise<HowTaken> {
  const text = await unlessMissing(readFile(note, 'utf8'), null);
  // A history that was kept as a snapshot has no note: it was detached then.
  return text === null ? { method: 'reflink', consistency: 'filesystem' } : (JSON.parse(text) as HowTaken);
}

export async function removeSnapshot(replica: ReplicaRef, snapshotId: string): Promise<void> {
  const object = `snapshot ${snapshotId}`;
  const paths = replicaPaths(replica);
  await assertPoolThere(replica.filesystem, object);
  try {
    await rm(paths.snapshotOf(snapshotId), { force: true });
    await rm(path.join(paths.snapshots, `${snapshotId}.json`), { force: true });
    await unlessMissing(removePartials(paths.snapshots), undefined);
    await unlessMissing(syncPath(paths.snapshots), undefined);
  } catch (thrown) {
    throw mediumError(thrown, `${object}: deleting it`, { object });
  }
}

export async function hasSnapshot(replica: ReplicaRef, snapshotId: string): Promise<boolean> {
  await assertPoolThere(replica.filesystem, `snapshot ${snapshotId}`);
  return (await unlessMissing(stat(replicaPaths(replica).snapshotOf(snapshotId)), null)) !== null;
}
