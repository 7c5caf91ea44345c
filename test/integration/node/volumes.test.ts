/** Real volumes when things are not as expected: tampering, foreign mounts, other namespaces, full and failed filesystems. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { PoolRef } from '../../../src/control/ports/data-plane.ts';
import { MIB } from '../../../src/model/bytes.ts';
import type { Filesystem } from '../../../src/model/volume.ts';
import { replicaPaths } from '../../../src/node/layout.ts';
import { ioctl } from '../../../src/node/syscalls.ts';
import { metaOf, newPoolRef, newVolume, work, type Made } from '../../contract/data-plane.contract.ts';
import { openMachine, type TestMachine } from './machine.ts';

const SIZE = 64 * MIB;
let on: TestMachine;
let pool: PoolRef;
let made: Made;
const sh = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

async function create(filesystem: Filesystem = 'ext4', size = SIZE): Promise<Made> {
  const volume = newVolume(pool, filesystem, size);
  await on.plane().createReplica(volume.replica, size, { kind: 'empty', filesystem }, volume.descriptor, work());
  return volume;
}
async function mounted(volume: Made): Promise<string> {
  const size = volume.descriptor.size_bytes;
  await on.plane().fence(volume.replica, metaOf(volume, 1, size));
  await on.plane().attach({ replica: volume.replica, size_bytes: size });
  return (await on.plane().mount(volume.replica, volume.filesystem, false)).mount_path;
}
const see = (volume: Made = made): ReturnType<ReturnType<TestMachine['plane']>['observeVolume']> => on.plane().observeVolume(volume.replica);

beforeAll(async () => {
  on = openMachine('device');
  const ref = newPoolRef(await on.poolSpec());
  pool = { ...ref, filesystems: await on.plane().makePool(ref, { force: false }, work()) };
});
afterAll(() => on.close());
beforeEach(async () => {
  made = await create();
});

test('files are private to root, and the image takes only what is written', async () => {
  const paths = replicaPaths(made.replica);
  for (const file of [paths.image, paths.meta, paths.descriptor]) expect(statSync(file).mode & 0o777).toBe(0o600);
  for (const directory of [paths.volume, paths.directory, paths.snapshots]) expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect((await see()).image?.used_bytes).toBeLessThan(SIZE / 2);
  expect(readdirSync(paths.directory).sort()).toEqual(['data.1.img', 'descriptor.json', 'meta', 'snapshots']);
});

test.each(['ext4', 'xfs'] as const)('a new %s is empty, and so are its clone and what it grows to', async (filesystem) => {
  const size = filesystem === 'xfs' ? 320 * MIB : SIZE;
  const volume = await create(filesystem, size);
  const contents = async (each: Made): Promise<readonly string[]> => {
    const found = readdirSync(await mounted(each));
    await on.plane().unmount(each.replica);
    await on.plane().detach(each.replica);
    return found;
  };
  expect(await contents(volume)).toEqual([]);
  const snapshot = 'snap_01ARZ3NDEKTSV4RRFFQ69G5FAV';
  await on.plane().takeSnapshot(volume.replica, snapshot, work());
  const clone = newVolume(pool, filesystem, size + 32 * MIB);
  await on.plane().createReplica(clone.replica, size + 32 * MIB, { kind: 'snapshot', from: volume.replica, snapshot_id: snapshot, filesystem }, clone.descriptor, work());
  await on.plane().grow(volume.replica, 2 * size, filesystem, work());
  expect([await contents(clone), await contents({ ...volume, descriptor: { ...volume.descriptor, size_bytes: 2 * size } })]).toEqual([[], []]);
});

test('space that is freed in the volume goes back to the pool', async () => {
  const at = await mounted(made);
  const fd = openSync(path.join(at, 'large'), 'w');
  writeSync(fd, Buffer.alloc(32 * MIB, 1));
  fsyncSync(fd);
  closeSync(fd);
  sh('sync', '-f', at);
  const full = (await see()).image?.used_bytes ?? 0;
  rmSync(path.join(at, 'large'));
  sh('sync', '-f', at);
  sh('fstrim', at);
  expect((await see()).image?.used_bytes).toBeLessThan(full - 30 * MIB);
});

describe('what was changed behind its back', () => {
  test('an image deleted while attached shows as missing, with its device', async () => {
    const at = await mounted(made);
    rmSync(replicaPaths(made.replica).image);
    await on.restart();
    expect(await see()).toMatchObject({ image: null, device: { path: expect.stringMatching(/^\/dev\/loop/) }, mount_path: at });
    await expect(on.plane().attach({ replica: made.replica, size_bytes: SIZE })).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('missing') });
    await on.plane().unmount(made.replica);
    await on.plane().detach(made.replica);
    expect(await see()).toMatchObject({ image: null, device: null });
  });

  test('a shortened image is not attached', async () => {
    truncateSync(replicaPaths(made.replica).image, SIZE / 2);
    await expect(on.plane().attach({ replica: made.replica, size_bytes: SIZE })).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test('a longer image is shown to the recorded size only', async () => {
    truncateSync(replicaPaths(made.replica).image, 2 * SIZE);
    await on.plane().attach({ replica: made.replica, size_bytes: SIZE });
    expect(await see()).toMatchObject({ image: { size_bytes: 2 * SIZE }, device: { size_bytes: SIZE } });
    await on.plane().grow(made.replica, 2 * SIZE, 'ext4', work());
    expect((await see()).device).toMatchObject({ size_bytes: 2 * SIZE });
    await on.plane().detach(made.replica);
  });

  test('an image under another name is still known to be attached', async () => {
    const { image, directory } = replicaPaths(made.replica);
    await on.plane().attach({ replica: made.replica, size_bytes: SIZE });
    sh('mv', image, path.join(directory, 'data.7.img'));
    await expect(on.plane().removeReplica(made.replica)).rejects.toMatchObject({ code: 'conflict' });
    sh('mv', path.join(directory, 'data.7.img'), image);
    expect((await see()).device).not.toBeNull();
    await on.plane().detach(made.replica);
  });

  test('a device that somebody freed lazily is kept when it is attached again', async () => {
    await mounted(made);
    const device = (await see()).device?.path ?? '';
    sh('losetup', '--detach', device);
    await on.plane().attach({ replica: made.replica, size_bytes: SIZE });
    await on.plane().unmount(made.replica);
    await on.restart();
    expect((await see()).device).toMatchObject({ path: device });
    await on.plane().detach(made.replica);
  });

  test('an image that another process holds is not attached, nor fenced', async () => {
    const holder = spawn('flock', ['--no-fork', replicaPaths(made.replica).image, 'sleep', '60'], { stdio: 'ignore' });
    try {
      await untilRuns(holder, 'sleep');
      await expect(on.plane().fence(made.replica, metaOf(made, 1, SIZE))).rejects.toMatchObject({ code: 'conflict' });
      await expect(on.plane().attach({ replica: made.replica, size_bytes: SIZE })).rejects.toMatchObject({ code: 'conflict' });
    } finally {
      holder.kill('SIGKILL');
    }
  });

  test('damaged metadata refuses the fence and shows as none', async () => {
    writeFileSync(replicaPaths(made.replica).meta, Buffer.alloc(8192, 3));
    expect((await see()).meta).toBeNull();
    await expect(on.plane().fence(made.replica, metaOf(made, 1, SIZE))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('damaged') });
  });

  test('without the pool\'s marker nothing is created, removed or attached', async () => {
    const marker = path.join(made.replica.filesystem.path, 'holdfast-pool.json');
    sh('mv', marker, `${marker}.away`);
    try {
      const other = newVolume(pool, 'ext4', SIZE);
      await expect(on.plane().createReplica(other.replica, SIZE, { kind: 'empty', filesystem: 'ext4' }, other.descriptor, work())).rejects.toMatchObject({ code: 'failed_precondition', retryable: true });
      expect(existsSync(replicaPaths(other.replica).volume)).toBe(false);
      await expect(on.plane().removeReplica(made.replica)).rejects.toMatchObject({ code: 'failed_precondition' });
      await expect(on.plane().attach({ replica: made.replica, size_bytes: SIZE })).rejects.toMatchObject({ code: 'failed_precondition' });
    } finally {
      sh('mv', `${marker}.away`, marker);
    }
  });
});

describe('mounts', () => {
  test('a foreign mount at the mount point is named, not touched, and seen', async () => {
    const at = path.join(on.root, 'var/lib/holdfast/mounts', made.replica.volume_id);
    await on.plane().attach({ replica: made.replica, size_bytes: SIZE });
    mkdirSync(at, { recursive: true });
    sh('mount', '-t', 'tmpfs', 'stranger', at);
    try {
      await expect(on.plane().mount(made.replica, 'ext4', false)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('tmpfs from stranger') });
      await expect(on.plane().unmount(made.replica)).rejects.toMatchObject({ code: 'conflict' });
      expect(await see()).toMatchObject({ foreign_mount: 'tmpfs from stranger', mount_path: null });
    } finally {
      sh('umount', at);
    }
    await on.plane().mount(made.replica, 'ext4', false);
  });

  test('files below the mount point are not hidden', async () => {
    const at = path.join(on.root, 'var/lib/holdfast/mounts', made.replica.volume_id);
    await on.plane().attach({ replica: made.replica, size_bytes: SIZE });
    mkdirSync(at, { recursive: true });
    writeFileSync(path.join(at, 'written'), 'while it was not mounted');
    await expect(on.plane().mount(made.replica, 'ext4', false)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('files') });
    rmSync(path.join(at, 'written'));
  });

  test('a mount in use is not taken away, and its user is named', async () => {
    const at = await mounted(made);
    const user = spawn('sleep', ['60'], { cwd: at, stdio: 'ignore' });
    try {
      await untilRuns(user, 'sleep');
      await expect(on.plane().unmount(made.replica)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`sleep (pid ${user.pid})`), retryable: true });
      expect((await see()).mount_path).toBe(at);
    } finally {
      await ended(user);
    }
    await on.plane().unmount(made.replica);
  });

  test('a volume that another mount namespace has mounted is seen there and not detached', async () => {
    await mounted(made);
    const container = spawn('unshare', ['--mount', '--propagation', 'private', 'sleep', '60'], { stdio: 'ignore' });
    try {
      await untilRuns(container, 'sleep');
      await on.plane().unmount(made.replica);
      expect(await see()).toMatchObject({ mount_path: null, mounted_elsewhere: true, device: { size_bytes: SIZE } });
      await expect(on.plane().detach(made.replica)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`sleep (pid ${container.pid})`) });
      await on.plane().mount(made.replica, 'ext4', false);
      await on.plane().unmount(made.replica);
    } finally {
      await ended(container);
    }
    await on.plane().detach(made.replica);
    expect(await see()).toMatchObject({ device: null, mounted_elsewhere: false });
  });

  test('read-only is read-only, and the other way is a conflict', async () => {
    await on.plane().attach({ replica: made.replica, size_bytes: SIZE });
    const { mount_path: at } = await on.plane().mount(made.replica, 'ext4', true);
    expect(() => writeFileSync(path.join(at, 'x'), '')).toThrow(/EROFS/);
    await expect(on.plane().mount(made.replica, 'ext4', false)).rejects.toMatchObject({ code: 'conflict' });
    await expect(on.plane().publish(made.replica, await on.freePath(), false)).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test('a published path is read-only from the start, and the directory that was made for it goes again', async () => {
    await mounted(made);
    const target = await on.freePath();
    await on.plane().publish(made.replica, target, true);
    expect(() => writeFileSync(path.join(target, 'x'), '')).toThrow(/EROFS/);
    await on.restart();
    await on.plane().unpublish(made.replica, target);
    expect(existsSync(target)).toBe(false);
    const kept = await on.emptyDirectory();
    await on.plane().publish(made.replica, kept, false);
    await on.plane().unpublish(made.replica, kept);
    expect(readdirSync(kept)).toEqual([]);
  });

  test('a symlink is no target, and a symlinked parent is called as the caller called it', async () => {
    await mounted(made);
    const real = await on.emptyDirectory();
    const link = await on.freePath();
    symlinkSync(real, link);
    await expect(on.plane().publish(made.replica, link, false)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('symlink') });
    await on.plane().publish(made.replica, `${link}/data`, false);
    expect((await see()).bind_paths).toEqual([`${link}/data`]);
    await on.restart();
    await on.plane().publish(made.replica, `${link}/data`, false);
    expect((await see()).bind_paths).toEqual([`${link}/data`]);
    await on.plane().unpublish(made.replica, `${link}/data`);
    expect(readdirSync(real)).toEqual([]);
    symlinkSync(path.join(on.root, 'var/lib/holdfast'), `${link}/inside`);
    await expect(on.plane().publish(made.replica, `${link}/inside/x`, false)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('a filesystem that shut itself down is told', async () => {
    const volume = await create('xfs', 320 * MIB);
    const at = await mounted(volume);
    const fd = openSync(at, constants.O_RDONLY);
    const XFS_IOC_GOINGDOWN = 0x8004587d;
    ioctl(fd, 'XFS_IOC_GOINGDOWN', XFS_IOC_GOINGDOWN, Buffer.from([2, 0, 0, 0]));
    closeSync(fd);
    await on.restart();
    expect(await see(volume)).toMatchObject({ filesystem_failed: true, mount_path: at });
    await on.plane().unmount(volume.replica);
    await on.plane().mount(volume.replica, 'xfs', false);
    expect(await see(volume)).toMatchObject({ filesystem_failed: false });
  });
});

describe('a full pool', () => {
  test('refuses new volumes with resource_exhausted, leaves nothing of them, and harms no other', async () => {
    const small = newPoolRef({ kind: 'device', path: null, devices: [on.blockDevice(400 * MIB)], overcommit: 1, class: 'any' });
    const full = { ...small, filesystems: await on.plane().makePool(small, { force: false }, work()) };
    const at = full.filesystems[0]?.path ?? '';
    const existing = newVolume(full, 'ext4', 32 * MIB);
    await on.plane().createReplica(existing.replica, 32 * MIB, { kind: 'empty', filesystem: 'ext4' }, existing.descriptor, work());
    expect(() => execFileSync('dd', ['if=/dev/zero', `of=${at}/filler`, 'bs=1M'], { stdio: 'ignore' })).toThrow();
    const volume = newVolume(full, 'xfs', 320 * MIB);
    await expect(on.plane().createReplica(volume.replica, 320 * MIB, { kind: 'empty', filesystem: 'xfs' }, volume.descriptor, work())).rejects.toMatchObject({ code: 'resource_exhausted' });
    expect(existsSync(replicaPaths(volume.replica).volume)).toBe(false);
    await on.plane().fence(existing.replica, metaOf(existing, 3, 32 * MIB));
    expect((await see(existing)).meta).toMatchObject({ generation: 3 });
    rmSync(`${at}/filler`);
    await on.plane().createReplica(volume.replica, 320 * MIB, { kind: 'empty', filesystem: 'xfs' }, volume.descriptor, work());
    await on.plane().removeReplica(volume.replica);
    await on.plane().removeReplica(existing.replica);
    await on.plane().closePool(full);
  });
});

async function untilRuns(child: ChildProcess, command: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    try {
      if (readFileSync(`/proc/${child.pid}/comm`, 'utf8').trim() === command) return;
    } catch {
      // Not there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${command} did not start`);
}

async function ended(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

test('a symlink that somebody laid into a published volume leads no mount out of the places that are given', async () => {
  const outer = await mounted(made);
  const places = on.path('places');
  mkdirSync(places);
  await on.plane().publish(made.replica, `${places}/outer`, false, [places]);
  const elsewhere = await on.emptyDirectory();
  symlinkSync(elsewhere, path.join(outer, 'way-out'));
  mkdirSync(path.join(outer, 'inside'));
  const inner = await create();
  await mounted(inner);
  await expect(on.plane().publish(inner.replica, `${places}/outer/way-out/ssh`, false, [places])).rejects.toMatchObject({ code: 'permission_denied', detail: { field: 'path' } });
  expect(readdirSync(elsewhere)).toEqual([]);
  await on.plane().publish(inner.replica, `${places}/outer/inside/data`, false, [places]);
  expect((await see(inner)).bind_paths).toContain(`${places}/outer/inside/data`);
  await on.plane().unpublish(inner.replica, `${places}/outer/inside/data`);
  expect(existsSync(path.join(outer, 'inside/data'))).toBe(false);
  await on.plane().unpublish(made.replica, `${places}/outer`);
});
