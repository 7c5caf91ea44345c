/**
 * A pool of kind device: an XFS with reflink on each of its block devices, mounted at
 * `<root>/var/lib/holdfast/pools/<pool id>/<position>`. A device is formatted only when it carries no signature, or
 * by force, and then only when nobody uses it.
 */
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import path from 'node:path';
import type { PoolObservation, PoolRef } from '../control/ports/data-plane.ts';
import { clip, formatBytes } from '../model/bytes.ts';
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { PoolFilesystem } from '../model/pool.ts';
import { MIN_XFS_BYTES } from '../model/volume.ts';
import { findByUuid, inspectDevice, signatureOf, usersOfDevice, type BlockDevice } from './block-device.ts';
import { LONG_MS, run } from './command.ts';
import { mountDetached, type MountRequest } from './detached-mount.ts';
import { makeDirectories, mediumError, removePartials, syncDirectories } from './durable-file.ts';
import { growMounted } from './filesystem-size.ts';
import { VOLUMES_NAME, type NodeLayout } from './layout.ts';
import { mountAt, readMounts } from './mountinfo.ts';
import { checkClaim, type Claim } from './pool-claim.ts';
import { poolFault } from './pool-fault.ts';
import { filesystemUuid, readMarker, writeMarker, type PoolMarker } from './pool-marker.ts';
import { measureFilesystem } from './pool-usage.ts';
import { MOUNT_ATTR } from './syscalls.ts';
import { describeMount, removeMountPoint } from './volume-mount.ts';
import { readXfsSuperblock } from './xfs-superblock.ts';

/** Every XFS that we make for a pool has this label. */
export const POOL_LABEL = 'holdfast';

/** What has to be done with a device: it is in the pool already, belonged to a removed pool, or is to be formatted. */
type Plan = { readonly kind: 'ours' } | { readonly kind: 'adopt'; readonly marker: PoolMarker } | { readonly kind: 'format'; readonly overwrite: boolean };

const poolMount = (device: string, options: MountRequest['options'], readOnly: boolean): MountRequest => ({ device, type: 'xfs', options, readOnly, attributes: MOUNT_ATTR.NODEV | MOUNT_ATTR.NOSUID | MOUNT_ATTR.NOEXEC });

/** Changes nothing. @throws what keeps the devices from being a pool. */
export async function checkDevices(pool: PoolRef, claim: Claim, others: readonly PoolRef[]): Promise<void> {
  const object = `pool ${pool.name}`;
  if (pool.spec.devices.length === 0) throw new HoldfastError('invalid_argument', `${object}: no device is named`, { object, field: 'devices', hint: 'Name at least one block device.' });
  const seen = new Map<string, string>();
  for (const [position, device] of pool.spec.devices.entries()) {
    if (!path.isAbsolute(device) || device.includes('\0')) throw new HoldfastError('invalid_argument', `${object}: device "${clip(device).replace(/[^\x20-\x7e…]/gu, '?')}" is not an absolute path`, { object, field: 'devices', hint: 'Write it in full: /dev/sdb.' });
    const recorded = pool.filesystems[position];
    if (recorded !== undefined && (await findByUuid(recorded.uuid, device)) !== null) continue;
    const found = await inspectDevice(device, object);
    const twin = seen.get(found.device);
    if (twin !== undefined) throw new HoldfastError('invalid_argument', `${object}: ${device} and ${twin} are the same device`, { object, field: 'devices', hint: 'Name each device once.' });
    seen.set(found.device, device);
    await checkOthers(pool, found, others);
    await planFor(pool, position, found, claim);
  }
}

async function checkOthers(pool: PoolRef, device: BlockDevice, others: readonly PoolRef[]): Promise<void> {
  const object = `pool ${pool.name}`;
  const uuid = (await readXfsSuperblock(device.path))?.uuid;
  const owner = others.find((other) => other.id !== pool.id && (other.spec.devices.includes(device.path) || other.filesystems.some((filesystem) => filesystem.device !== null && filesystem.uuid === uuid)));
  if (owner !== undefined) throw new HoldfastError('failed_precondition', `${object}: ${device.path} belongs to pool ${owner.name}`, { object, field: 'devices', hint: 'Choose another device.' });
}

async function planFor(pool: PoolRef, position: number, device: BlockDevice, claim: Claim): Promise<Plan> {
  const object = `pool ${pool.name}`;
  const refuse = (fault: string, hint: string): HoldfastError => new HoldfastError('failed_precondition', `${object}: ${device.path} ${fault}`, { object, field: 'devices', hint });
  const wanted = pool.filesystems[position]?.uuid ?? filesystemUuid(pool.id, position);
  const superblock = await readXfsSuperblock(device.path);
  if (superblock?.uuid === wanted && !superblock.in_progress) return { kind: 'ours' };
  const users = await usersOfDevice(device);
  if (users !== null) throw refuse(`cannot be taken: ${users}`, 'Not even by force: free it first.');
  if (superblock?.uuid === wanted) {
    // A mkfs of ours was interrupted; or it has ended while we waited for the device.
    const finished = (await readXfsSuperblock(device.path))?.in_progress === false;
    return finished ? { kind: 'ours' } : { kind: 'format', overwrite: true };
  }
  if (pool.filesystems[position] !== undefined) throw refuse(`does not carry the pool's filesystem ${wanted}`, 'Is it the right device? It is not formatted anew.');
  if (device.is_partition) throw refuse('is a partition', 'Name a whole device, or make a filesystem on it and a pool of kind directory.');
  if (device.read_only) throw refuse('is read-only', 'Choose another device.');
  if (device.size_bytes < MIN_XFS_BYTES) throw refuse(`has ${formatBytes(device.size_bytes)}, too small for XFS`, `It needs at least ${formatBytes(MIN_XFS_BYTES)}.`);
  if (superblock?.label === POOL_LABEL && !superblock.in_progress) {
    const marker = await peekMarker(device.path);
    if (marker !== null) {
      checkClaim(pool, device.path, marker, claim);
      return { kind: 'adopt', marker };
    }
  }
  const signature = device.partitions.length > 0 ? `a partition table with ${device.partitions.join(', ')}` : await signatureOf(device.path);
  if (signature !== null && !claim.force) throw refuse(`is not empty: it carries ${signature}`, `If nothing on it is needed, use force (everything on it is lost), or clear it: wipefs -a ${device.path}`);
  return { kind: 'format', overwrite: signature !== null };
}

/** Reads the marker without leaving a trace on the device. */
export async function peekMarker(device: string): Promise<PoolMarker | null> {
  const mounted = await mountDetached(poolMount(device, ['nouuid', 'norecovery'], true));
  try {
    return await readMarker(mounted.path);
  } finally {
    await mounted.close();
  }
}

/** Makes the filesystem at this position, or finds it made. */
export async function makeDeviceFilesystem(pool: PoolRef, position: number, layout: NodeLayout, claim: Claim, now: string, signal: AbortSignal): Promise<PoolFilesystem> {
  const object = `pool ${pool.name}`;
  const given = pool.spec.devices[position] ?? '';
  const recorded = pool.filesystems[position];
  const devicePath = recorded === undefined ? given : ((await findByUuid(recorded.uuid, given)) ?? given);
  const device = await inspectDevice(devicePath, object);
  const plan = await planFor(pool, position, device, claim);
  signal.throwIfAborted();
  try {
    let uuid = recorded?.uuid ?? filesystemUuid(pool.id, position);
    if (plan.kind === 'adopt') uuid = plan.marker.filesystem_uuid;
    if (plan.kind === 'format') await run('mkfs.xfs', ['-q', ...(plan.overwrite ? ['-f'] : []), '-m', `reflink=1,uuid=${uuid}`, '-L', POOL_LABEL, device.path], { signal, timeoutMs: LONG_MS });
    const at = await mountPoolDevice(pool, position, device, layout);
    await removePartials(at);
    const marker = await readMarker(at);
    await makeDirectories(at, path.join(at, VOLUMES_NAME));
    if (marker?.pool_id !== pool.id || marker.released_at !== null || marker.position !== position) {
      await writeMarker(at, { cluster_id: pool.cluster_id, pool_id: pool.id, filesystem_uuid: uuid, position, created_at: marker?.created_at ?? now, released_at: null });
    }
    await syncDirectories(at, path.join(at, VOLUMES_NAME));
    return await describeDevice(device, at, uuid);
  } catch (thrown) {
    throw mediumError(thrown, `${object}: making its filesystem on ${device.path}`, { object, field: 'devices' });
  }
}

const describeDevice = async (device: BlockDevice, at: string, uuid: string): Promise<PoolFilesystem> =>
  ({ uuid, device: device.path, path: at, type: 'xfs', reflink: true, sector_bytes: device.sector_bytes, ...(await measureFilesystem(at)) });

async function mountPoolDevice(pool: PoolRef, position: number, device: BlockDevice, layout: NodeLayout): Promise<string> {
  const object = `pool ${pool.name}`;
  const at = layout.poolMountOf(pool.id, position);
  const there = mountAt(readMounts(), at);
  if (there?.device === device.device) return at;
  if (there !== undefined) throw new HoldfastError('conflict', `${object}: something else is mounted at ${at}: ${describeMount(there)}`, { object, hint: `If it is not needed: umount ${at}` });
  await mkdir(at, { recursive: true, mode: 0o700 });
  if ((await readdir(at)).length > 0) throw new HoldfastError('conflict', `${object}: there are files in ${at}, below the mount`, { object, hint: 'Move them away.' });
  const mounted = await mountDetached(poolMount(device.path, [], false));
  try {
    mounted.place(at);
  } finally {
    await mounted.close();
  }
  return at;
}

/** @param mount mounts what is not mounted; else it is only looked at. */
export async function observeDevicePool(pool: PoolRef, layout: NodeLayout, mount: boolean): Promise<PoolObservation> {
  const filesystems: PoolFilesystem[] = [];
  for (const [position, recorded] of pool.filesystems.entries()) {
    const about = `pool ${pool.name}, ${recorded.device ?? recorded.uuid}`;
    try {
      const at = layout.poolMountOf(pool.id, position);
      const devicePath = await findByUuid(recorded.uuid, recorded.device);
      if (devicePath === null) return poolFault(filesystems, 'DeviceMissing', `${about}: no block device carries the filesystem ${recorded.uuid}`, 'Attach the device again.');
      const device = await inspectDevice(devicePath, `pool ${pool.name}`);
      if (mount) await mountPoolDevice(pool, position, device, layout);
      const there = mountAt(readMounts(), at);
      if (there === undefined) return poolFault(filesystems, 'PoolNotMounted', `${about}: it is not mounted at ${at}`, 'holdfastd mounts it by itself at start and when it looks after the pool again.');
      if (there.device !== device.device) return poolFault(filesystems, 'PoolForeign', `${about}: ${describeMount(there)} is mounted at ${at}`, `If it is not needed: umount ${at}`);
      const marker = await readMarker(at);
      if (marker?.pool_id !== pool.id) return poolFault(filesystems, 'PoolForeign', `${about}: ${marker === null ? 'it carries no pool marker' : `it belongs to pool ${marker.pool_id}`}`, 'Is it the right device?');
      if (there.options.includes('ro') || there.superOptions.includes('ro')) return poolFault(filesystems, 'PoolReadOnly', `${about}: it is mounted read-only`, 'See dmesg: after an I/O error a filesystem may have turned read-only.');
      filesystems.push(await describeDevice(device, at, recorded.uuid));
    } catch (thrown) {
      const { message, detail } = asHoldfastError(thrown);
      return poolFault(filesystems, 'PoolNotMounted', `${about}: ${message}`, detail.hint ?? 'See dmesg.');
    }
  }
  return { filesystems, fault: null };
}

/** Makes the XFS at this position as large as its device is now. */
export async function growDeviceFilesystem(pool: PoolRef, position: number, layout: NodeLayout): Promise<PoolFilesystem> {
  const object = `pool ${pool.name}`;
  const recorded = pool.filesystems[position];
  const devicePath = recorded === undefined ? null : await findByUuid(recorded.uuid, recorded.device);
  if (recorded === undefined || devicePath === null) throw new HoldfastError('failed_precondition', `${object}: the device ${recorded?.device ?? position} is missing`, { object, field: 'devices', hint: 'Attach it again.' });
  const device = await inspectDevice(devicePath, object);
  const at = await mountPoolDevice(pool, position, device, layout);
  await growMounted('xfs', at, device.size_bytes);
  return describeDevice(device, at, recorded.uuid);
}

/** Removes the mount points of a closed pool, where they are empty. */
export async function removePoolMountPoints(pool: PoolRef, layout: NodeLayout): Promise<void> {
  for (const position of pool.spec.devices.keys()) await removeMountPoint(layout.poolMountOf(pool.id, position));
  await rmdir(path.dirname(layout.poolMountOf(pool.id, 0))).catch(() => undefined);
}
