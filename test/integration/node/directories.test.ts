/** Directory pools on this machine's filesystems: what is refused and why, and what is made of the rest. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PoolRef } from '../../../src/control/ports/data-plane.ts';
import { MIB } from '../../../src/model/bytes.ts';
import { metaOf, newPoolRef, newVolume, work } from '../../contract/data-plane.contract.ts';
import { openMachine, type TestMachine } from './machine.ts';

let on: TestMachine;
beforeAll(() => {
  on = openMachine('directory');
});
afterAll(() => on.close());

const directory = (place: string, cluster?: string): PoolRef => newPoolRef({ kind: 'directory', path: place, devices: [], overcommit: 1, class: 'any' }, cluster);
const check = (pool: PoolRef, force = false, others: readonly PoolRef[] = []): Promise<void> => on.plane().checkPool(pool, { force, others });
const make = async (pool: PoolRef, force = false): Promise<PoolRef> => ({ ...pool, filesystems: await on.plane().makePool(pool, { force }, work()) });
const mount = (...args: string[]): string => {
  const at = on.path('mount');
  mkdirSync(at);
  execFileSync('mount', [...args, at]);
  return at;
};

describe('what is refused as a directory pool', () => {
  test('a read-only filesystem, even by force', async () => {
    const at = mount('-t', 'tmpfs', '-o', 'ro', 'none');
    await expect(check(directory(at), true)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('read-only'), detail: { field: 'path' } });
  });

  test('a filesystem that is gone after a reboot, unless forced', async () => {
    const at = mount('-t', 'tmpfs', 'none');
    await expect(check(directory(at))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('do not outlive a reboot') });
    await check(directory(at), true);
  });

  test('a filesystem of the kernel', async () => {
    await expect(check(directory('/proc'), true)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('proc') });
  });

  test('a directory inside another pool under a second path (a bind mount, a symlink), and one around it', async () => {
    const outer = await on.emptyDirectory();
    const other = await make(directory(outer));
    mkdirSync(path.join(outer, 'inside'));
    const bound = mount('--bind', outer);
    const link = on.path('link');
    symlinkSync(outer, link);
    for (const place of [`${bound}/inside`, bound, link, `${link}/inside`, on.directory]) {
      await expect(check(directory(place), true, [other])).rejects.toMatchObject({ code: 'failed_precondition' });
    }
    await on.plane().closePool(other);
  });

  test('a directory inside a pool that nobody told of', async () => {
    const outer = await on.emptyDirectory();
    await make(directory(outer, 'clu_elsewhere'));
    mkdirSync(path.join(outer, 'inside'));
    await expect(check(directory(`${outer}/inside`))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('lies inside') });
  });

  test('a pool of another cluster, unless forced, and one with a marker that cannot be read', async () => {
    const place = await on.emptyDirectory();
    await make(directory(place, 'clu_elsewhere'));
    await on.restart();
    await expect(check(directory(place))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('another cluster') });
    await expect(make(directory(place))).rejects.toMatchObject({ code: 'failed_precondition' });
    await check(directory(place), true);
    const marker = path.join(place, 'holdfast-pool.json');
    writeFileSync(marker, '{"half":');
    await expect(check(directory(place), true)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('damaged') });
    expect(readFileSync(marker, 'utf8')).toBe('{"half":');
  });
});

describe('a directory pool', () => {
  test('may lie beside the mount points of device pools, but not in one, nor elsewhere among what is the daemon\'s', async () => {
    const pools = path.join(on.root, 'var/lib/holdfast/pools');
    const mountPoint = path.join(pools, 'pool_01ARZ3NDEKTSV4RRFFQ69G5FAV');
    for (const place of [`${pools}/local`, `${mountPoint}/0`, path.join(on.root, 'var/lib/holdfast/store')]) mkdirSync(place, { recursive: true });
    await check(directory(`${pools}/local`));
    for (const place of [pools, mountPoint, `${mountPoint}/0`, path.join(on.root, 'var/lib/holdfast/store'), path.join(on.root, 'var/lib/holdfast')]) {
      await expect(check(directory(place))).rejects.toMatchObject({ message: expect.stringContaining('belongs to holdfastd') });
    }
  });

  test('counts what it holds and what is free, and leaves other files alone', async () => {
    const place = await on.emptyDirectory();
    writeFileSync(path.join(place, 'theirs'), 'x');
    const pool = await make(directory(place));
    expect(pool.filesystems[0]).toMatchObject({ device: null, path: place, used_bytes: 0, sector_bytes: 512 });
    const volume = newVolume(pool, 'ext4', 32 * MIB);
    await on.plane().createReplica(volume.replica, 32 * MIB, { kind: 'empty', filesystem: 'ext4' }, volume.descriptor, work());
    const seen = await on.plane().observePool(pool);
    expect(seen.filesystems[0]?.used_bytes).toBeGreaterThan(0);
    expect(seen.filesystems[0]?.used_bytes).toBeLessThan(32 * MIB);
    await on.plane().closePool(pool);
    await on.plane().wipeMedium({ path: place }, [], work());
    expect(readdirSync(place)).toEqual(['theirs']);
  });

  test('below a missing mount is not mounted, and its volumes are not made anew there', async () => {
    const at = mount('-t', 'tmpfs', 'none');
    const pool = await make(directory(at), true);
    const volume = newVolume(pool, 'ext4', 16 * MIB);
    execFileSync('umount', [at]);
    expect((await on.plane().openPool(pool)).fault).toMatchObject({ type: 'PoolNotMounted' });
    await expect(on.plane().createReplica(volume.replica, 16 * MIB, { kind: 'empty', filesystem: 'ext4' }, volume.descriptor, work())).rejects.toMatchObject({ code: 'failed_precondition' });
    expect(readdirSync(at)).toEqual([]);
    rmSync(at, { recursive: true });
    expect((await on.plane().observePool(pool)).fault).toMatchObject({ type: 'PoolMissing' });
  });

  test('that turned read-only says so', async () => {
    const at = mount('-t', 'tmpfs', 'none');
    const pool = await make(directory(at), true);
    execFileSync('mount', ['-o', 'remount,ro', at]);
    expect((await on.plane().observePool(pool)).fault).toMatchObject({ type: 'PoolReadOnly' });
  });
});

describe('snapshots by copying', () => {
  const withVolume = async (size: number): Promise<{ volume: ReturnType<typeof newVolume>; at: string }> => {
    const pool = await make(directory(await on.emptyDirectory()));
    const volume = newVolume(pool, 'ext4', size);
    await on.plane().createReplica(volume.replica, size, { kind: 'empty', filesystem: 'ext4' }, volume.descriptor, work());
    await on.plane().fence(volume.replica, metaOf(volume, 1, size));
    await on.plane().attach({ replica: volume.replica, size_bytes: size });
    return { volume, at: (await on.plane().mount(volume.replica, 'ext4', false)).mount_path };
  };
  const id = 'snap_01ARZ3NDEKTSV4RRFFQ69G5FAV';

  test('tell their progress, keep holes, and are thawed and gone when they are cancelled', async () => {
    const { volume, at } = await withVolume(96 * MIB);
    writeFileSync(path.join(at, 'ballast'), Buffer.alloc(40 * MIB, 7));
    const cancel = new AbortController();
    const reason = new Error('cancelled');
    await expect(on.plane().takeSnapshot(volume.replica, id, { signal: cancel.signal, progress: () => cancel.abort(reason) })).rejects.toBe(reason);
    writeFileSync(path.join(at, 'thawed'), 'yes');
    expect(await on.plane().hasSnapshot(volume.replica, id)).toBe(false);
    const steps: [number, number][] = [];
    const taken = await on.plane().takeSnapshot(volume.replica, id, { signal: new AbortController().signal, progress: (done, total) => void steps.push([done, total]) });
    expect(taken).toMatchObject({ method: 'copy', consistency: 'filesystem' });
    expect(taken.used_bytes).toBeLessThan(60 * MIB);
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.every(([done, total], index) => done <= total && done >= (steps[index - 1]?.[0] ?? 0))).toBe(true);
  });

  test('of a filesystem that somebody else has frozen are as after a power loss, and it stays frozen', async () => {
    const { volume, at } = await withVolume(32 * MIB);
    execFileSync('fsfreeze', ['--freeze', at]);
    try {
      expect(await on.plane().takeSnapshot(volume.replica, id, work())).toMatchObject({ consistency: 'crash' });
      expect(await on.plane().takeSnapshot(volume.replica, id, work())).toMatchObject({ consistency: 'crash' });
    } finally {
      execFileSync('fsfreeze', ['--unfreeze', at]);
    }
  });
});

test('on a filesystem without direct I/O a volume is buffered, and says so', async () => {
  const pool = await make(directory(mount('-t', 'ramfs', 'none')), true);
  const volume = newVolume(pool, 'ext4', 16 * MIB);
  await on.plane().createReplica(volume.replica, 16 * MIB, { kind: 'empty', filesystem: 'ext4' }, volume.descriptor, work());
  await on.plane().attach({ replica: volume.replica, size_bytes: 16 * MIB });
  const { mount_path: at } = await on.plane().mount(volume.replica, 'ext4', false);
  await on.write(at, 'file', 'text');
  expect(await on.plane().observeVolume(volume.replica)).toMatchObject({ device: { direct_io: false }, mount_path: at });
  await on.plane().unmount(volume.replica);
  await on.plane().detach(volume.replica);
});
