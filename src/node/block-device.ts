/**
 * A block device as the kernel shows it: size, sectors, who holds it, what is on it. No udev is asked, and nothing
 * is changed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { run } from './command.ts';
import { unlessMissing } from './durable-file.ts';
import { isFree } from './loop-device.ts';
import { readMounts } from './mountinfo.ts';
import { readXfsSuperblock } from './xfs-superblock.ts';

export interface BlockDevice {
  /** As it was called. */
  readonly path: string;
  /** `major:minor`. */
  readonly device: string;
  readonly size_bytes: Bytes;
  readonly read_only: boolean;
  readonly is_partition: boolean;
  /** Kernel names of its partitions. */
  readonly partitions: readonly string[];
  /** Kernel names of what is built on it (dm, md). */
  readonly holders: readonly string[];
  readonly sector_bytes: number;
}

/** @throws failed_precondition when there is no such block device. */
export async function inspectDevice(devicePath: string, object: string): Promise<BlockDevice> {
  const stats = await unlessMissing(stat(devicePath), null);
  if (stats === null) throw new HoldfastError('failed_precondition', `${object}: the device ${devicePath} does not exist`, { object, field: 'devices', hint: 'See which there are: lsblk' });
  if (!stats.isBlockDevice()) throw new HoldfastError('failed_precondition', `${object}: ${devicePath} is not a block device`, { object, field: 'devices', hint: 'For a directory make a pool of kind directory.' });
  const device = deviceNumber(stats.rdev);
  const sysfs = await realpath(`/sys/dev/block/${device}`);
  const attribute = (name: string): string => readFileSync(path.join(sysfs, name), 'utf8').trim();
  return {
    path: devicePath,
    device,
    size_bytes: Number(attribute('size')) * 512,
    read_only: attribute('ro') === '1',
    is_partition: existsSync(path.join(sysfs, 'partition')),
    partitions: readdirSync(sysfs).filter((name) => existsSync(path.join(sysfs, name, 'partition'))),
    holders: await unlessMissing(readdir(path.join(sysfs, 'holders')), []),
    sector_bytes: sectorBytesOf(device),
  };
}

/** `major:minor` of a device number as `stat` gives it. */
export function deviceNumber(rdev: number): string {
  const value = BigInt(rdev);
  const major = ((value >> 8n) & 0xfffn) | ((value >> 32n) & 0xfffff000n);
  const minor = (value & 0xffn) | ((value >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}

/** Logical sector size of a block device; 512 for a filesystem without one of its own (btrfs, tmpfs). */
export function sectorBytesOf(device: string): number {
  for (const queue of [`/sys/dev/block/${device}/queue`, `/sys/dev/block/${device}/../queue`]) {
    if (existsSync(queue)) return Number(readFileSync(`${queue}/logical_block_size`, 'utf8'));
  }
  return 512;
}

/** Who uses the device, for a person; null: nobody. Waits a moment for a tool that a killed daemon left running. */
export async function usersOfDevice(device: BlockDevice): Promise<string | null> {
  if (device.holders.length > 0) return `it is held by ${device.holders.join(', ')}`;
  for (let waited = 0; !isFree(device.path); waited += 50) {
    const mount = readMounts().find((entry) => entry.device === device.device);
    if (mount !== undefined) return `it is mounted at ${mount.mountPoint}`;
    if (waited >= 3_000) return 'it is in use (mounted elsewhere, swap, RAID, or opened by a program)';
    await sleep(50);
  }
  return null;
}

/** What signatures the device carries (`xfs`, `dos partition table`, …); null: none. */
export async function signatureOf(device: string): Promise<string | null> {
  const { code, stdout } = await run('blkid', ['-p', '-o', 'export', device], { accept: [0, 2, 8], timeoutMs: 60_000 });
  if (code === 2 && stdout.trim() === '') return null;
  if (code === 8) return 'several, contradicting';
  const values = new Map(stdout.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const));
  const type = values.get('TYPE');
  const label = values.get('LABEL');
  if (type !== undefined) return label === undefined ? type : `${type} (label ${label})`;
  const table = values.get('PTTYPE');
  return table === undefined ? 'unknown' : `${table} partition table`;
}

/** Path of the block device whose XFS has this UUID: the recorded one if it still is, else any other (letters move). */
export async function findByUuid(uuid: string, recorded: string | null): Promise<string | null> {
  const names = (await readdir('/sys/class/block')).filter((name) => Number(readFileSync(`/sys/class/block/${name}/size`, 'utf8')) > 0).map((name) => `/dev/${name}`);
  for (const candidate of recorded === null ? names : [recorded, ...names]) {
    try {
      if ((await readXfsSuperblock(candidate))?.uuid === uuid) return candidate;
    } catch {
      // Not readable, or gone: not the one.
    }
  }
  return null;
}
