/**
 * A pool of kind directory: an existing path of somebody's filesystem. It is checked, marked and measured; the
 * filesystem itself is never touched.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { PoolObservation, PoolRef } from '../control/ports/data-plane.ts';
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isId } from '../model/id.ts';
import type { PoolFilesystem } from '../model/pool.ts';
import { deviceNumber, sectorBytesOf } from './block-device.ts';
import { canReflink } from './copy-image.ts';
import { makeDirectories, mediumError, messageOf, removePartials, syncDirectories, unlessMissing } from './durable-file.ts';
import { isWithin, VOLUMES_NAME, type NodeLayout } from './layout.ts';
import { mountOf, readMounts, type MountEntry } from './mountinfo.ts';
import { checkClaim, type Claim } from './pool-claim.ts';
import { filesystemUuid, readMarker, writeMarker } from './pool-marker.ts';
import { poolFault, type FaultOf } from './pool-fault.ts';
import { measureDirectory } from './pool-usage.ts';

const DURABLE = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'zfs', 'f2fs', 'bcachefs', 'jfs', 'reiserfs']);
const VOLATILE: Readonly<Record<string, string>> = { tmpfs: 'its files do not outlive a reboot', ramfs: 'its files do not outlive a reboot', overlay: 'it is the layer of a container and goes with it' };

export interface DirectoryCheck {
  /** With symlinks followed. */
  readonly real: string;
  readonly marker: Awaited<ReturnType<typeof readMarker>>;
  readonly mount: MountEntry;
}

/** Changes nothing. @throws what keeps the path from being a pool. */
export async function checkDirectory(pool: PoolRef, layout: NodeLayout, claim: Claim, others: readonly PoolRef[]): Promise<DirectoryCheck> {
  const object = `pool ${pool.name}`;
  const given = pool.spec.path ?? '';
  const refuse = (fault: string, hint: string): HoldfastError => new HoldfastError('failed_precondition', `${object}: path ${clip(given)} ${fault}`, { object, field: 'path', hint });
  if (!path.isAbsolute(given) || given.includes('\0')) throw new HoldfastError('invalid_argument', `${object}: path "${clip(given).replace(/[^\x20-\x7e…]/gu, '?')}" is not an absolute path`, { object, field: 'path', hint: 'Begin it with "/", for example /srv/holdfast.' });
  const stats = await unlessMissing(stat(given), null);
  if (stats === null) throw refuse('does not exist', `Make it first: mkdir -p ${given}`);
  if (!stats.isDirectory()) throw refuse('is not a directory', 'Name a directory; for a block device make a pool of kind device.');
  const real = await realpath(given);
  for (const own of layout.own) {
    const there = await unlessMissing(realpath(own), own);
    if (isBesideDevicePools(real, await unlessMissing(realpath(layout.pools), layout.pools))) continue;
    if (isWithin(real, there) || isWithin(there, real)) throw refuse(`lies in or around ${own}, which belongs to holdfastd`, 'Choose a directory outside of it, for example /srv/holdfast.');
  }
  const mount = mountOf(readMounts(), real);
  if (mount === undefined) throw refuse('is on no mounted filesystem that can be seen', 'Choose another directory.');
  checkMount(mount, claim.force, refuse);
  await checkNesting(pool, real, others, refuse);
  const marker = await readMarker(real);
  checkClaim(pool, real, marker, claim);
  return { real, marker, mount };
}

/** `<state>/pools/<name>` is a fit place for a directory pool; the mount points there are called by pool ids. */
function isBesideDevicePools(real: string, pools: string): boolean {
  const [first] = path.relative(pools, real).split(path.sep);
  return real !== pools && isWithin(real, pools) && !isId('pool', first ?? '');
}

function checkMount(mount: MountEntry, force: boolean, refuse: (fault: string, hint: string) => HoldfastError): void {
  if (mount.options.includes('ro') || mount.superOptions.includes('ro')) throw refuse(`is on a read-only filesystem (mounted at ${mount.mountPoint})`, `If it should not be: mount -o remount,rw ${mount.mountPoint}`);
  const volatile = VOLATILE[mount.type];
  if (volatile !== undefined && !force) throw refuse(`is on ${mount.type}: ${volatile}`, 'Choose a directory on a disk; force takes it all the same.');
  if (volatile !== undefined || DURABLE.has(mount.type)) return;
  throw refuse(`is on ${mount.type}, which Holdfast does not use as a directory`, 'It needs a filesystem on a local disk (xfs, ext4, btrfs, zfs): another machine could write to a network filesystem at the same time.');
}

/** No pool in a pool: told by path, by device and inode (bind mounts), and by markers of pools that we know nothing of. */
async function checkNesting(pool: PoolRef, real: string, others: readonly PoolRef[], refuse: (fault: string, hint: string) => HoldfastError): Promise<void> {
  const hint = 'Pools may not overlap: choose a directory of its own.';
  const mine = await lineage(real);
  for (const other of others) {
    if (other.id === pool.id) continue;
    const places = [...(other.spec.path === null ? [] : [other.spec.path]), ...other.filesystems.map((filesystem) => filesystem.path)];
    for (const place of new Set(places)) {
      const there = await unlessMissing(realpath(place), place);
      if (there === real) throw refuse(`is that of pool ${other.name}`, hint);
      const theirs = await lineage(there);
      if (isWithin(real, there) || (theirs[0] !== undefined && mine.includes(theirs[0]))) throw refuse(`lies inside ${place} of pool ${other.name}`, hint);
      if (isWithin(there, real) || (mine[0] !== undefined && theirs.includes(mine[0]))) throw refuse(`holds ${place} of pool ${other.name}`, hint);
    }
  }
  for (let at = path.dirname(real); ; at = path.dirname(at)) {
    const marker = await readMarker(at);
    if (marker !== null && marker.released_at === null) throw refuse(`lies inside ${at}, which is pool ${marker.pool_id}`, hint);
    if (at === path.dirname(at)) return;
  }
}

/** Device and inode of the directory and of each above it. */
async function lineage(directory: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = directory; ; at = path.dirname(at)) {
    const stats = await unlessMissing(stat(at), null);
    if (stats !== null) found.push(`${stats.dev}:${stats.ino}`);
    if (at === path.dirname(at)) return found;
  }
}

export async function makeDirectoryPool(pool: PoolRef, layout: NodeLayout, claim: Claim, now: string): Promise<PoolFilesystem> {
  const object = `pool ${pool.name}`;
  const { real, marker, mount } = await checkDirectory(pool, layout, claim, []);
  const recorded = pool.filesystems[0];
  if (recorded !== undefined && marker?.filesystem_uuid !== recorded.uuid) throw new HoldfastError('failed_precondition', `${object}: ${real} does not carry the pool's marker any more`, { object, field: 'path', hint: 'Is its filesystem mounted? It is not made anew, for that would hide the volumes in it.' });
  try {
    await removePartials(real);
    await makeDirectories(real, path.join(real, VOLUMES_NAME));
    const uuid = marker?.filesystem_uuid ?? filesystemUuid(pool.id, 0);
    if (marker?.pool_id !== pool.id || marker.released_at !== null) {
      await writeMarker(real, { cluster_id: pool.cluster_id, pool_id: pool.id, filesystem_uuid: uuid, position: 0, created_at: marker?.created_at ?? now, released_at: null });
    }
    await syncDirectories(real, path.join(real, VOLUMES_NAME));
    return { uuid, device: null, path: real, type: mount.type, reflink: await canReflink(real), sector_bytes: await sectorBytesBelow(real, mount), ...(await measureDirectory(real)) };
  } catch (thrown) {
    throw mediumError(thrown, `${object}: making the pool at ${real}`, { object, field: 'path' });
  }
}

/** Logical sector size of the disk below a directory. */
async function sectorBytesBelow(real: string, mount: MountEntry): Promise<number> {
  const own = sectorBytesOf(deviceNumber((await stat(real)).dev));
  if (own !== 512 || !mount.source.startsWith('/dev/')) return own;
  const source = await unlessMissing(stat(mount.source), null);
  return source?.isBlockDevice() === true ? sectorBytesOf(deviceNumber(source.rdev)) : own;
}

export async function observeDirectoryPool(pool: PoolRef): Promise<PoolObservation> {
  const recorded = pool.filesystems[0];
  const place = recorded?.path ?? pool.spec.path ?? '';
  const fault: FaultOf = (type, message, hint) => poolFault([], type, `pool ${pool.name}: ${message}`, hint);
  try {
    if ((await unlessMissing(readdir(place), null)) === null) return fault('PoolMissing', `the directory ${place} does not exist`, `Bring its filesystem back at ${place}.`);
    const marker = await readMarker(place);
    if (marker === null) return fault('PoolNotMounted', `${place} does not carry the pool's marker`, `Is the filesystem of the pool mounted there? Mount it; nothing is made anew.`);
    if (marker.pool_id !== pool.id || (recorded !== undefined && marker.filesystem_uuid !== recorded.uuid)) return fault('PoolForeign', `${place} belongs to pool ${marker.pool_id}`, 'Another filesystem is mounted there than the pool\'s.');
    const mount = mountOf(readMounts(), await realpath(place));
    if (mount === undefined || mount.options.includes('ro') || mount.superOptions.includes('ro')) return fault('PoolReadOnly', `${place} is read-only`, 'After an I/O error a filesystem may turn read-only: see dmesg, check the disk, then remount it.');
    const filesystem: PoolFilesystem = {
      uuid: marker.filesystem_uuid,
      device: null,
      path: place,
      type: mount.type,
      reflink: recorded?.reflink ?? (await canReflink(place)),
      sector_bytes: recorded?.sector_bytes ?? (await sectorBytesBelow(place, mount)),
      ...(await measureDirectory(place)),
    };
    return { filesystems: [filesystem], fault: null };
  } catch (thrown) {
    return fault('PoolForeign', messageOf(thrown), 'Look at the directory; nothing was changed.');
  }
}
