/**
 * `pool wipe`: deletes everything of Holdfast on a medium that no pool uses. Only what carries our marker is touched, and
 * of a directory only what we made.
 */
import { readdir, realpath, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { PoolRef, Work } from '../control/ports/data-plane.ts';
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isId } from '../model/id.ts';
import { inspectDevice, usersOfDevice } from './block-device.ts';
import { run } from './command.ts';
import { listReplicas } from './descriptor.ts';
import { removePartials, syncPath, unlessMissing } from './durable-file.ts';
import { isWithin, VOLUMES_NAME } from './layout.ts';
import { readLoopDevices } from './loop-device.ts';
import { peekMarker, POOL_LABEL } from './pool-device.ts';
import { readMarker, removeMarker, type PoolMarker } from './pool-marker.ts';
import { readXfsSuperblock } from './xfs-superblock.ts';

const nothingThere = (place: string): HoldfastError => new HoldfastError('failed_precondition', `${clip(place)} holds nothing of Holdfast`, { object: clip(place), hint: 'Nothing was deleted.' });

function refuseTaken(place: string, marker: PoolMarker, taken: ReadonlySet<string>): void {
  if (!taken.has(marker.pool_id)) return;
  throw new HoldfastError('failed_precondition', `${place} is used by pool ${marker.pool_id}`, { object: place, hint: 'Remove the pool first; wiping is for media that no pool uses.' });
}

/** Volumes first, the marker last: interrupted, the rest still carries it. */
export async function wipeDirectory(place: string, taken: ReadonlySet<string>, work: Work): Promise<void> {
  const real = path.isAbsolute(place) && !place.includes('\0') ? await unlessMissing(realpath(place), null) : null;
  const marker = real === null ? null : await readMarker(real);
  if (real === null || marker === null) throw nothingThere(place);
  refuseTaken(place, marker, taken);
  const holder = readLoopDevices().find((loop) => isWithin(loop.backing_path, real));
  if (holder !== undefined) throw new HoldfastError('conflict', `${holder.path} still holds ${holder.backing_path}`, { object: place, hint: 'Unmount and detach it first.' });
  const volumes = path.join(real, VOLUMES_NAME);
  const replicas = await listReplicas(real);
  for (const [index, replica] of replicas.entries()) {
    work.signal.throwIfAborted();
    await rm(replica.directory, { recursive: true, force: true });
    work.progress(index + 1, replicas.length);
  }
  for (const name of await unlessMissing(readdir(volumes), [])) {
    if (!isId('volume', name)) continue;
    await removePartials(path.join(volumes, name));
    await rmdir(path.join(volumes, name)).catch(() => undefined);
  }
  // Left where somebody put files of their own into it.
  await rmdir(volumes).catch(() => undefined);
  await removePartials(real);
  await removeMarker(real);
  await syncPath(real);
}

/** Takes the signature of the pool's filesystem off the device. */
export async function wipeDevice(place: string, taken: ReadonlySet<string>, others: readonly PoolRef[], work: Work): Promise<void> {
  if (!path.isAbsolute(place) || place.includes('\0')) throw nothingThere(place);
  const device = await inspectDevice(place, place);
  const superblock = await readXfsSuperblock(place);
  if (superblock?.label !== POOL_LABEL) throw nothingThere(place);
  const owner = others.find((other) => other.spec.devices.includes(place) || other.filesystems.some((filesystem) => filesystem.uuid === superblock.uuid));
  if (owner !== undefined) throw new HoldfastError('failed_precondition', `${place} is used by pool ${owner.name}`, { object: `pool ${owner.name}`, hint: 'Remove the pool first; wiping is for media that no pool uses.' });
  const users = await usersOfDevice(device);
  if (users !== null) throw new HoldfastError('conflict', `${place} cannot be wiped: ${users}`, { object: place, hint: 'Free it first.' });
  const marker = await peekMarker(place);
  if (marker === null) throw nothingThere(place);
  refuseTaken(place, marker, taken);
  await run('wipefs', ['--all', '--quiet', place], { signal: work.signal });
  work.progress(1, 1);
}
