/** What an observation means, pure: observed facts against the record → state and conditions with the way out. */
import { formatBytes } from '../model/bytes.ts';
import type { PoolFilesystem, Pool } from '../model/pool.ts';
import type { Condition } from '../model/record.ts';
import type { Volume, VolumeState } from '../model/volume.ts';
import { isBehind } from './recover.ts';
import type { PoolObservation, VolumeObservation } from './ports/data-plane.ts';

export type Finding = Omit<Condition, 'since'>;

/** Less free than this on a pool's medium: writes of its volumes may soon fail. */
const LOW_BYTES = 64 * 1024 * 1024;

export function judgeVolume(volume: Volume, seen: VolumeObservation | null, pool: Pick<Pool, 'name' | 'status'> | null, bootId: string): { readonly state: VolumeState; readonly findings: readonly Finding[] } {
  const recorded = volume.status.state;
  if (seen === null || recorded === 'creating' || recorded === 'incomplete') return { state: recorded, findings: [] };
  const found: Finding[] = [];
  const poolDown = pool === null || pool.status.state === 'unavailable';
  if (poolDown) {
    found.push({ type: 'PoolUnavailable', message: `pool ${pool?.name ?? 'of this volume'} cannot be used`, hint: `holdfast pool inspect ${pool?.name ?? ''}` });
  } else if (seen.image === null) {
    found.push({ type: 'ImageMissing', message: `the image of volume ${volume.name} is not in pool ${pool.name}`, hint: 'Nothing is re-created by itself. Put the file back, restore a backup, or remove the volume.' });
  }
  if (!poolDown && seen.device === null && isBehind(volume, seen.meta)) {
    found.push({ type: 'StoreBehind', message: `the replica of volume ${volume.name} has been used since the store's record of it was written: an older copy of the store is in place`, hint: `Take over what the replica knows: holdfast volume recover ${volume.name}` });
  }
  found.push(...deviceFindings(volume, seen, bootId), ...sizeFindings(volume, seen));
  if (pool !== null && recorded !== 'trashed') found.push(...fullFindings(pool, pool.status.filesystems.filter(({ uuid }) => volume.replication.replicas.some(({ filesystem }) => filesystem === uuid))));
  if (recorded === 'trashed') return { state: 'trashed', findings: found.filter(({ type }) => type === 'ImageMissing' || type === 'PoolUnavailable') };
  const fatal = found.some(({ type }) => FATAL.has(type));
  return { state: fatal ? 'unavailable' : found.some(({ type }) => type !== 'PoolLow') ? 'degraded' : 'ready', findings: found };
}

const FATAL: ReadonlySet<string> = new Set(['StoreBehind', 'PoolUnavailable', 'ImageMissing', 'ImageShort', 'LoopGone', 'FilesystemFailed', ]);

function deviceFindings(volume: Volume, seen: VolumeObservation, bootId: string): Finding[] {
  const found: Finding[] = [];
  const { writer } = volume.replication;
  const published = volume.status.publications.filter(({ boot_id }) => boot_id === bootId);
  if (writer !== null && writer.lease === bootId && seen.device === null) {
    found.push({ type: 'LoopGone', message: `volume ${volume.name} is recorded as attached, but its loop device is gone`, hint: `Stop its consumers, then: holdfast volume detach ${volume.name}; the next mount attaches it again.` });
  }
  if (writer === null && volume.replication.attaching === null && seen.device !== null) {
    found.push({ type: 'ForeignAttach', message: `the image of volume ${volume.name} is attached as ${seen.device.path}, which Holdfast did not do`, hint: `Unmount it and detach it: losetup -d ${seen.device.path}` });
  }
  if (seen.foreign_mount !== null) {
    found.push({ type: 'ForeignMount', message: `${seen.foreign_mount} is mounted where volume ${volume.name} belongs`, hint: 'Unmount it; Holdfast never mounts over it.' });
  } else if (published.length > 0 && seen.device !== null && seen.mount_path === null) {
    found.push({ type: 'MountGone', message: `volume ${volume.name} is in use by ${published.length} consumer(s), but not mounted`, hint: 'Stop the consumers and start them again.' });
  }
  for (const { path } of published) {
    if (path !== null && seen.mount_path !== null && !seen.bind_paths.includes(path)) found.push({ type: 'PublishGone', message: `volume ${volume.name} was unmounted from ${path} behind Holdfast's back`, hint: `holdfast volume unmount ${volume.name} ${path}` });
  }
  if (seen.filesystem_failed) {
    found.push({ type: 'FilesystemFailed', message: `the filesystem of volume ${volume.name} shut down or turned read-only after an I/O error`, hint: 'Make room on its pool or mend the medium, stop its consumers, then unmount and mount it again. Flushed data is kept.' });
  }
  return found;
}

function sizeFindings(volume: Volume, seen: VolumeObservation): Finding[] {
  if (seen.image === null) return [];
  const want = volume.replication.size;
  const resize = `holdfast volume resize ${volume.name} SIZE`;
  if (seen.image.size_bytes < want) return [{ type: 'ImageShort', message: `the image of volume ${volume.name} has ${formatBytes(seen.image.size_bytes)}, ${formatBytes(want)} is recorded: it was cut`, hint: 'It is not served. Restore a snapshot or a backup.' }];
  if (seen.image.size_bytes > want) return [{ type: 'SizeDrift', message: `the image of volume ${volume.name} has ${formatBytes(seen.image.size_bytes)}, ${formatBytes(want)} is recorded`, hint: `Take the size in: ${resize}` }];
  if (seen.device !== null && seen.device.size_bytes !== want) return [{ type: 'SizeDrift', message: `device ${seen.device.path} of volume ${volume.name} shows ${formatBytes(seen.device.size_bytes)}, ${formatBytes(want)} is recorded`, hint: 'Unmount and mount the volume again.' }];
  return [];
}

function fullFindings(pool: Pick<Pool, 'name' | 'status'>, filesystems: readonly PoolFilesystem[]): Finding[] {
  const low = filesystems.filter((filesystem) => filesystem.capacity_bytes - filesystem.used_bytes < LOW_BYTES && filesystem.capacity_bytes > 0);
  if (low.length === 0) return [];
  const nothing = low.some((filesystem) => filesystem.capacity_bytes - filesystem.used_bytes <= 1024 * 1024);
  const hint = `Delete what others wrote on its medium, grow it (holdfast pool grow ${pool.name}), or empty the trash.`;
  return nothing
    ? [{ type: 'PoolFull', message: `the medium of pool ${pool.name} is full: writes to new blocks fail`, hint }]
    : [{ type: 'PoolLow', message: `the medium of pool ${pool.name} has less than ${formatBytes(LOW_BYTES)} left`, hint }];
}

export function judgePool(name: string, seen: PoolObservation): readonly Finding[] {
  if (seen.fault !== null) return [seen.fault];
  return fullFindings({ name, status: { filesystems: seen.filesystems } as Pool['status'] }, seen.filesystems);
}

/** Keeps `since` of conditions that were there before. */
export function dated(findings: readonly Finding[], before: readonly Condition[], now: string): readonly Condition[] {
  return findings.map((finding) => ({ ...finding, since: before.find(({ type }) => type === finding.type)?.since ?? now }));
}
