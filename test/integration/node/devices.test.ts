/** Device pools on real block devices (loop devices): what is refused, what is resumed, growth, moved devices, wiping. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PoolRef } from '../../../src/control/ports/data-plane.ts';
import { GIB, MIB } from '../../../src/model/bytes.ts';
import { readMounts } from '../../../src/node/mountinfo.ts';
import { filesystemUuid } from '../../../src/node/pool-marker.ts';
import { newPoolRef, newVolume, work } from '../../contract/data-plane.contract.ts';
import { openMachine, type TestMachine } from './machine.ts';

let on: TestMachine;
beforeEach(() => {
  on = openMachine('device');
});
afterEach(() => on.close());

const poolOf = (...devices: string[]): PoolRef => newPoolRef({ kind: 'device', path: null, devices, overcommit: 1, class: 'any' });
const make = async (pool: PoolRef, force = false): Promise<PoolRef> => ({ ...pool, filesystems: await on.plane().makePool(pool, { force }, work()) });
const check = (pool: PoolRef, force = false, others: readonly PoolRef[] = []): Promise<void> => on.plane().checkPool(pool, { force, others });
const sh = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const backing = (device: string): string => readFileSync(`/sys/block/${path.basename(device)}/loop/backing_file`, 'utf8').trim();

describe('what is refused as a device pool', () => {
  test('a device with any signature, unless forced', async () => {
    const device = on.blockDevice();
    sh('mkfs.ext4', '-q', device);
    await expect(check(poolOf(device))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('ext4'), detail: { field: 'devices', hint: expect.stringContaining('force') } });
    await expect(make(poolOf(device))).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(sh('blkid', '-p', '-s', 'TYPE', '-o', 'value', device).trim()).toBe('ext4');
    expect((await make(poolOf(device), true)).filesystems[0]).toMatchObject({ type: 'xfs', reflink: true, device });
  });

  test('a device with a partition table', async () => {
    const device = on.blockDevice();
    execFileSync('dd', ['if=/dev/zero', `of=${device}`, 'bs=512', 'count=1'], { stdio: 'ignore' });
    const table = Buffer.alloc(512);
    table.set([0x83], 446 + 4);
    table.writeUInt32LE(2048, 446 + 8);
    table.writeUInt32LE(100_000, 446 + 12);
    table.set([0x55, 0xaa], 510);
    writeFileSync(device, table);
    await expect(check(poolOf(device))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('partition table') });
  });

  test('a mounted device, even by force, and its data stays', async () => {
    const device = on.blockDevice();
    sh('mkfs.ext4', '-q', device);
    const at = path.join(on.directory, 'mounted');
    mkdirSync(at);
    sh('mount', device, at);
    writeFileSync(path.join(at, 'precious'), 'data');
    for (const force of [false, true]) await expect(check(poolOf(device), force)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining(`mounted at ${at}`) });
    await expect(make(poolOf(device), true)).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(readFileSync(path.join(at, 'precious'), 'utf8')).toBe('data');
  });

  test.each([
    ['a directory', (m: TestMachine) => m.directory, 'failed_precondition'],
    ['a missing device', () => '/dev/holdfast-missing', 'failed_precondition'],
    ['a relative path', () => 'sda', 'invalid_argument'],
    ['a character device', () => '/dev/null', 'failed_precondition'],
    ['a device too small for XFS', (m: TestMachine) => m.blockDevice(100 * MIB), 'failed_precondition'],
  ])('%s', async (_title, device, code) => {
    await expect(check(poolOf(device(on)))).rejects.toMatchObject({ code, detail: { field: 'devices' } });
  });

  test('one device twice, none, and the device of another pool', async () => {
    const device = on.blockDevice();
    await expect(check(poolOf(device, device))).rejects.toMatchObject({ code: 'invalid_argument', message: expect.stringContaining('same device') });
    await expect(check(poolOf())).rejects.toMatchObject({ code: 'invalid_argument' });
    const made = await make(poolOf(device));
    await expect(check(poolOf(device), true, [made])).rejects.toMatchObject({ message: expect.stringContaining(made.name) });
    await expect(make(poolOf(device), true)).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test('nothing is formatted when the second of two devices is refused', async () => {
    const [blank, used] = [on.blockDevice(), on.blockDevice()];
    sh('mkfs.ext4', '-q', used);
    await expect(make(poolOf(blank, used))).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(() => sh('blkid', '-p', blank)).toThrow();
  });
});

describe('a device pool', () => {
  test('that was half made is recognised and finished', async () => {
    const device = on.blockDevice();
    const pool = poolOf(device);
    sh('mkfs.xfs', '-q', '-m', `reflink=1,uuid=${filesystemUuid(pool.id, 0)}`, '-L', 'holdfast', device);
    expect((await make(pool)).filesystems[0]?.uuid).toBe(filesystemUuid(pool.id, 0));
    const half = on.blockDevice();
    const other = poolOf(half);
    sh('mkfs.xfs', '-q', '-m', `reflink=1,uuid=${filesystemUuid(other.id, 0)}`, half);
    const first = execFileSync('dd', [`if=${half}`, 'bs=512', 'count=1'], { stdio: ['ignore', 'pipe', 'ignore'] });
    first[126] = 1;
    execFileSync('dd', [`of=${half}`, 'bs=512', 'count=1', 'conv=notrunc'], { input: first, stdio: ['pipe', 'ignore', 'ignore'] });
    expect((await on.plane().openPool(await make(other))).fault).toBeNull();
  });

  test('whose making is cancelled is let go, and can be made again', async () => {
    const devices = [on.blockDevice(), on.blockDevice()];
    const pool = poolOf(...devices);
    const cancel = new AbortController();
    const reason = new Error('cancelled');
    await expect(on.plane().makePool(pool, { force: false }, { signal: cancel.signal, progress: () => cancel.abort(reason) })).rejects.toBe(reason);
    expect(readMounts().some((mount) => mount.mountPoint.includes(pool.id))).toBe(false);
    const next = await make(poolOf(...devices));
    expect((await on.plane().openPool(next)).fault).toBeNull();
    expect(new Set(next.filesystems.map((filesystem) => filesystem.uuid)).size).toBe(2);
  });

  test('whose making was interrupted by the end of the daemon is closed without a record of it', async () => {
    const device = on.blockDevice();
    const pool = poolOf(device);
    await make(pool);
    await on.restart();
    await on.plane().closePool(pool);
    expect(readMounts().some((mount) => mount.mountPoint.includes(pool.id))).toBe(false);
    await check(poolOf(device));
  });

  test('is mounted again after a restart of the machine, wherever its device is by then', async () => {
    const pool = await make(poolOf(on.blockDevice()));
    const [filesystem] = pool.filesystems;
    const device = filesystem?.device ?? '';
    const file = backing(device);
    sh('umount', filesystem?.path ?? '');
    expect((await on.plane().observePool(pool)).fault).toMatchObject({ type: 'PoolNotMounted' });
    expect((await on.plane().openPool(pool)).fault).toBeNull();
    sh('umount', filesystem?.path ?? '');
    on.freeDevice(device);
    expect((await on.plane().openPool(pool)).fault).toMatchObject({ type: 'DeviceMissing' });
    const stranger = on.blockDevice();
    const moved = on.attachFile(file);
    expect(moved).not.toBe(stranger);
    expect(await on.plane().openPool(pool)).toMatchObject({ fault: null, filesystems: [{ uuid: filesystem?.uuid, device: moved }] });
  });

  test('grows with its device and by another device, and spreads over both', async () => {
    const device = on.blockDevice(512 * MIB);
    const pool = await make(poolOf(device));
    truncateSync(backing(device), GIB);
    sh('losetup', '--set-capacity', device);
    const second = on.blockDevice(512 * MIB);
    const wider = { ...pool, spec: { ...pool.spec, devices: [device, second] } };
    const grown = await on.plane().growPool(wider, { force: false }, work());
    expect(grown).toHaveLength(2);
    expect(grown[0]?.uuid).toBe(pool.filesystems[0]?.uuid);
    expect(grown[0]?.capacity_bytes).toBeGreaterThan((pool.filesystems[0]?.capacity_bytes ?? 0) + 400 * MIB);
    expect(await on.plane().growPool({ ...wider, filesystems: grown }, { force: false }, work())).toMatchObject(grown.map(({ uuid }) => ({ uuid })));
    expect((await on.plane().observePool({ ...wider, filesystems: grown })).fault).toBeNull();
  });

  test('whose filesystem is recorded is never formatted anew', async () => {
    const pool = await make(poolOf(on.blockDevice()));
    sh('umount', pool.filesystems[0]?.path ?? '');
    const other = { ...pool, spec: { ...pool.spec, devices: [on.blockDevice()] } };
    sh('wipefs', '-a', '-q', pool.filesystems[0]?.device ?? '');
    await expect(on.plane().makePool(other, { force: true }, work())).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('does not carry') });
    expect((await on.plane().openPool(pool)).fault).toMatchObject({ type: 'DeviceMissing' });
  });

  test('that was closed keeps its volumes for the next pool there, until it is wiped', async () => {
    const device = on.blockDevice();
    const pool = await make(poolOf(device));
    const volume = newVolume(pool, 'ext4');
    await on.plane().createReplica(volume.replica, 32 * MIB, { kind: 'empty', filesystem: 'ext4' }, volume.descriptor, work());
    await on.plane().attach({ replica: volume.replica, size_bytes: 32 * MIB });
    await expect(on.plane().closePool(pool)).rejects.toMatchObject({ code: 'conflict' });
    await on.plane().detach(volume.replica);
    await on.plane().closePool(pool);
    await on.plane().closePool(pool);
    const next = poolOf(device);
    await check(next);
    const again = await make(next);
    expect(again.filesystems[0]?.uuid).toBe(pool.filesystems[0]?.uuid);
    expect((await on.plane().findVolumes(again)).map((found) => found.descriptor)).toEqual([volume.descriptor]);
    await expect(on.plane().wipeMedium({ device }, [again], work())).rejects.toMatchObject({ code: 'failed_precondition' });
    await on.plane().closePool(again);
    await on.plane().wipeMedium({ device }, [], work());
    expect(() => sh('blkid', '-p', device)).toThrow();
    await expect(on.plane().wipeMedium({ device }, [], work())).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test('of another cluster is not taken without force', async () => {
    const device = on.blockDevice();
    const theirs = await make({ ...poolOf(device), cluster_id: 'clu_theirs' });
    sh('umount', theirs.filesystems[0]?.path ?? '');
    await on.restart();
    await expect(check(poolOf(device))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('another cluster') });
  });

  test('on sectors of 4096 bytes holds volumes that mount, with direct I/O', async () => {
    const file = on.path('sectors.img');
    writeFileSync(file, '');
    truncateSync(file, 2 * GIB);
    const device = sh('losetup', '--find', '--show', '--sector-size', '4096', file).trim();
    const pool = await make(poolOf(device));
    expect(pool.filesystems[0]?.sector_bytes).toBe(4096);
    for (const [filesystem, size] of [['xfs', 320 * MIB], ['ext4', 32 * MIB]] as const) {
      const volume = newVolume(pool, filesystem, size);
      await on.plane().createReplica(volume.replica, size, { kind: 'empty', filesystem }, volume.descriptor, work());
      await on.plane().attach({ replica: volume.replica, size_bytes: size });
      const { mount_path } = await on.plane().mount(volume.replica, filesystem, false);
      await on.write(mount_path, 'file', 'text');
      expect((await on.plane().observeVolume(volume.replica)).device).toMatchObject({ direct_io: true });
      await on.plane().unmount(volume.replica);
      await on.plane().detach(volume.replica);
    }
  });
});
