/**
 * Attach path 1 of a replica: fence, attach, detach. A loop device holds the image's flock; while one exists
 * the image is granted, so a fence answers only when there is none.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { AttachRequest, ReplicaMeta, ReplicaRef } from '../control/ports/data-plane.ts';
import { formatBytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { unlessMissing } from './durable-file.ts';
import { imageSectorBytes } from './image-sector.ts';
import { historyOfImage, replicaPaths, type NodeLayout } from './layout.ts';
import { attachLoop, detachLoop, identityOf, isFree, isSameFile, keepLoop, readLoopDevices, waitUntilGone, type FileIdentity, type LoopDevice } from './loop-device.ts';
import type { MachineView } from './machine-view.ts';
import { changeMeta } from './meta.ts';
import { processName, readForeignNamespaces, readMounts } from './mountinfo.ts';
import { assertPoolThere } from './pool-marker.ts';
import { tryLock } from './syscalls.ts';

const PATIENCE_MS = 2_000;
const PAUSE_MS = 25;

export const volumeObject = (replica: ReplicaRef): string => `volume ${replica.volume_id}`;

/** @throws failed_precondition when the image is not there, or its pool is not. */
export async function statImage(replica: ReplicaRef): Promise<{ readonly file: FileIdentity; readonly size: number }> {
  const object = volumeObject(replica);
  const { image } = replicaPaths(replica);
  await assertPoolThere(replica.filesystem, object);
  const stats = await unlessMissing(stat(image, { bigint: true }), null);
  if (stats === null) throw new HoldfastError('failed_precondition', `${object}: its image ${image} is missing`, { object, hint: 'It is not made anew, for that would hide the loss. Restore it from a snapshot or a backup.' });
  return { file: identityOf(stats), size: Number(stats.size) };
}

/** Devices that hold an image or a snapshot of the replica, whatever its history. */
export async function loopsOfReplica(replica: ReplicaRef): Promise<readonly LoopDevice[]> {
  const { directory, snapshots } = replicaPaths(replica);
  const loops = readLoopDevices();
  if (loops.length === 0) return [];
  const names = [
    ...(await unlessMissing(readdir(directory), [])).filter((name) => historyOfImage(name) !== null).map((name) => path.join(directory, name)),
    ...(await unlessMissing(readdir(snapshots), [])).map((name) => path.join(snapshots, name)),
  ];
  const files = await Promise.all(names.map((name) => unlessMissing(stat(name, { bigint: true }), null)));
  return loops.filter((loop) => files.some((stats) => stats !== null && isSameFile(loop.backing, identityOf(stats))) || path.dirname(loop.backing_path) === directory);
}

export async function fenceReplica(replica: ReplicaRef, meta: ReplicaMeta): Promise<void> {
  const object = volumeObject(replica);
  const { image, meta: metaFile } = replicaPaths(replica);
  await statImage(replica);
  const [holder] = await loopsOfReplica(replica);
  const held = (by: string): HoldfastError => new HoldfastError('conflict', `${object}: ${by} still holds its image`, { object, hint: 'Detach it first: unmount the volume everywhere.' }, { retryable: true });
  if (holder !== undefined) throw held(holder.path);
  const fd = openSync(image, constants.O_RDONLY);
  try {
    if (!tryLock(fd)) throw held('another process');
    await changeMeta(metaFile, object, (now) => {
      if (now.volume_id !== meta.volume_id || now.replica_id !== meta.replica_id) throw new HoldfastError('failed_precondition', `${object}: the metadata on the medium is that of replica ${now.replica_id} of volume ${now.volume_id}`, { object, hint: 'The files of two volumes were mixed up. Nothing was changed.' });
      if (now.generation > meta.generation) throw new HoldfastError('conflict', `${object}: generation ${now.generation} was fenced already, ${meta.generation} is refused`, { object, hint: `An older copy of the store is in place: holdfast volume recover ${replica.volume_id}` });
      return isDeepStrictEqual(now, meta) ? null : meta;
    });
  } finally {
    closeSync(fd);
  }
}

export async function attachReplica(view: MachineView, request: AttachRequest): Promise<{ readonly device: string }> {
  const { replica, size_bytes } = request;
  const object = volumeObject(replica);
  const { image } = replicaPaths(replica);
  const { size } = await statImage(replica);
  if (size < size_bytes) throw new HoldfastError('failed_precondition', `${object}: its image has ${formatBytes(size)}, ${formatBytes(size_bytes)} are recorded`, { object, hint: 'It was cut short behind Holdfast\'s back, or a grow was interrupted: `holdfast volume resize` with the recorded size lengthens it.' });
  const present = await findLasting(view, replica);
  if (present !== null) {
    if (present.read_only) throw new HoldfastError('conflict', `${object}: ${present.path} holds its image read-only, and was not made by Holdfast`, { object, hint: `Free it: losetup -d ${present.path}` });
    return { device: present.path };
  }
  const { path: device } = await attachLoop(image, { size_bytes, sector_bytes: Math.max(replica.filesystem.sector_bytes, await imageSectorBytes(image)) });
  view.changed();
  return { device };
}

/**
 * The device that holds the image and will go on doing so. A temporary one belongs to work that was interrupted
 * and ends by itself; one that lasts was in use when somebody freed it (`losetup -d`), and is kept.
 */
async function findLasting(view: MachineView, replica: ReplicaRef): Promise<LoopDevice | null> {
  const found = await view.findLoop(replica);
  if (found?.temporary !== true) return found;
  const mounted = readMounts().some((entry) => entry.device === found.device);
  if (!mounted && (await waitUntilGone(found.backing))) return null;
  keepLoop(found);
  view.changed();
  return view.findLoop(replica);
}

export async function detachReplica(view: MachineView, layout: NodeLayout, replica: ReplicaRef): Promise<void> {
  const loop = await view.findLoop(replica);
  if (loop === null) return;
  const object = volumeObject(replica);
  const stillUsed = (): HoldfastError => new HoldfastError('conflict', `${object} is still in use: ${usersOf(loop, layout)}`, { object, hint: 'Stop what uses it, unmount it there, and detach again.' }, { retryable: true });
  if (!(await becomesFree(loop))) throw stillUsed();
  const gone = await detachLoop(loop, loop.backing);
  view.changed();
  if (!gone) throw stillUsed();
}

/**
 * A container that starts copies every mount for a moment before it drops what is not its own: a device that nobody
 * has mounted here is given time to become free.
 */
async function becomesFree(loop: LoopDevice): Promise<boolean> {
  for (let waited = 0; !isFree(loop.path); waited += PAUSE_MS) {
    if (waited >= PATIENCE_MS || readMounts().some((entry) => entry.device === loop.device)) return false;
    await sleep(PAUSE_MS);
  }
  return true;
}

/** Who has the device mounted, for a person. */
function usersOf(loop: LoopDevice, layout: NodeLayout): string {
  const here = readMounts().filter((entry) => entry.device === loop.device).map((entry) => (entry.mountPoint.startsWith(layout.mounts) ? `mounted at ${entry.mountPoint}` : `published at ${entry.mountPoint}`));
  const elsewhere = readForeignNamespaces().filter((namespace) => namespace.mounts.some((entry) => entry.device === loop.device)).map((namespace) => `mounted in the mount namespace of ${processName(namespace.pid)}`);
  const all = [...here, ...elsewhere];
  return all.length === 0 ? `${loop.path} is held by something that no process shows` : `${all.slice(0, 5).join(', ')}${all.length > 5 ? ` and ${all.length - 5} more` : ''}`;
}
