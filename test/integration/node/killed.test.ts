/**
 * `kill -9` at any moment of a call, and the call again: it ends in a sound, mountable volume, with nothing half-made left
 * and nothing foreign touched. The moments are spread over the time that the call takes.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { DataPlane, PoolRef } from '../../../src/control/ports/data-plane.ts';
import { MIB } from '../../../src/model/bytes.ts';
import { newId } from '../../../src/model/id.ts';
import type { Filesystem } from '../../../src/model/volume.ts';
import { replicaPaths } from '../../../src/node/layout.ts';
import { metaOf, newPoolRef, newVolume, work, type Made } from '../../contract/data-plane.contract.ts';
import { listFiles, openMachine, type TestMachine } from './machine.ts';
import type { Order } from './worker.ts';

/** Delays after the call began, ms: dense where much happens, denser in `make test-full`. */
const MOMENTS = process.env['HOLDFAST_TEST_FULL'] === '1' ? [0, 1, 2, 3, 4, 6, 8, 11, 14, 18, 23, 28, 35, 45, 60, 80, 120, 250] : [0, 4, 9, 20, 45];

let on: TestMachine;
let pool: PoolRef;
let foreign: string;
let bystander: Made;
let before: string;

const plane = (): DataPlane => on.plane();
const snapshotId = (): string => newId('snapshot', Date.now(), (length) => randomBytes(length));
const hash = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const sizeFor = (filesystem: Filesystem): number => (filesystem === 'xfs' ? 320 * MIB : 48 * MIB);

beforeAll(async () => {
  on = openMachine('directory');
  const spec = await on.poolSpec();
  foreign = path.join(spec.path ?? '', 'not-ours.txt');
  writeFileSync(foreign, 'of somebody else');
  const ref = newPoolRef(spec);
  pool = { ...ref, filesystems: await plane().makePool(ref, { force: false }, work()) };
  bystander = newVolume(pool, 'ext4', 16 * MIB);
  await plane().createReplica(bystander.replica, 16 * MIB, { kind: 'empty', filesystem: 'ext4' }, bystander.descriptor, work());
  before = hash(replicaPaths(bystander.replica).image);
});
afterAll(() => on.close());

/** Runs the order in a process of its own and kills it so long after it began. */
async function killedAfter(ms: number, order: Omit<Order, 'root'>): Promise<void> {
  const child = spawn(process.execPath, ['--no-warnings', path.join(import.meta.dirname, 'worker.ts'), JSON.stringify({ root: on.root, ...order })], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await Promise.race([new Promise((resolve) => child.stdout.once('data', resolve)), ended]);
  await new Promise((resolve) => setTimeout(resolve, ms));
  child.kill('SIGKILL');
  const code = await ended;
  if (code !== null && code !== 0) throw new Error(said);
  await on.restart();
}

async function mounted(volume: Made, generation = 1): Promise<string> {
  const size = (await plane().observeVolume(volume.replica)).image?.size_bytes ?? 0;
  await plane().fence(volume.replica, metaOf(volume, generation, size));
  await plane().attach({ replica: volume.replica, size_bytes: size });
  return (await plane().mount(volume.replica, volume.filesystem, false)).mount_path;
}

async function released(volume: Made): Promise<void> {
  await plane().unmount(volume.replica);
  await plane().detach(volume.replica);
}

async function created(filesystem: Filesystem): Promise<Made> {
  const volume = newVolume(pool, filesystem, sizeFor(filesystem));
  await plane().createReplica(volume.replica, sizeFor(filesystem), { kind: 'empty', filesystem }, volume.descriptor, work());
  return volume;
}

/** No rubbish beside the replica, nothing of others changed, and then the replica goes. */
async function clean(volume: Made): Promise<void> {
  const { directory, volume: above } = replicaPaths(volume.replica);
  expect(listFiles(directory).filter((name) => name.includes('partial'))).toEqual([]);
  await plane().removeReplica(volume.replica);
  expect(existsSync(above)).toBe(false);
  expect(readFileSync(foreign, 'utf8')).toBe('of somebody else');
  expect(hash(replicaPaths(bystander.replica).image)).toBe(before);
}

test.each(['xfs', 'ext4'] as const)('creating %s', async (filesystem) => {
  for (const ms of MOMENTS) {
    const volume = newVolume(pool, filesystem, sizeFor(filesystem));
    const source = { kind: 'empty', filesystem } as const;
    await killedAfter(ms, { create: { replica: volume.replica, size: sizeFor(filesystem), source, descriptor: volume.descriptor } });
    await plane().createReplica(volume.replica, sizeFor(filesystem), source, volume.descriptor, work());
    expect((await plane().observeVolume(volume.replica)).image?.size_bytes).toBe(sizeFor(filesystem));
    await on.write(await mounted(volume), 'file', 'text');
    await released(volume);
    await clean(volume);
  }
});

test.each(['xfs', 'ext4'] as const)('cloning %s into a larger volume', async (filesystem) => {
  const origin = await created(filesystem);
  await on.write(await mounted(origin), 'file', 'of the origin');
  const snapshot = snapshotId();
  await plane().takeSnapshot(origin.replica, snapshot, work());
  await released(origin);
  for (const ms of MOMENTS) {
    const size = sizeFor(filesystem) + 64 * MIB;
    const clone = newVolume(pool, filesystem, size);
    const source = { kind: 'snapshot', from: origin.replica, snapshot_id: snapshot, filesystem } as const;
    await killedAfter(ms, { create: { replica: clone.replica, size, source, descriptor: clone.descriptor } });
    await plane().createReplica(clone.replica, size, source, clone.descriptor, work());
    expect(await on.read(await mounted(clone), 'file')).toBe('of the origin');
    await released(clone);
    await clean(clone);
  }
  await clean(origin);
});

test('bringing a volume up and taking it down', async () => {
  const volume = await created('xfs');
  const target = on.path('target');
  let generation = 1;
  for (const ms of MOMENTS) {
    generation += 1;
    const request = { replica: volume.replica, size_bytes: sizeFor('xfs') };
    const meta = metaOf(volume, generation, sizeFor('xfs'));
    await killedAfter(ms, { bring: { meta, request, filesystem: 'xfs', target } });
    if ((await plane().observeVolume(volume.replica)).device === null) await plane().fence(volume.replica, meta);
    await plane().attach(request);
    const { mount_path: at } = await plane().mount(volume.replica, 'xfs', false);
    await plane().publish(volume.replica, target, true);
    await on.write(at, 'file', `generation ${generation}`);
    expect(await on.read(target, 'file')).toBe(`generation ${generation}`);
    await killedAfter(ms, { takeDown: { replica: volume.replica, target } });
    await plane().unpublish(volume.replica, target);
    await released(volume);
    expect(existsSync(target)).toBe(false);
    expect(await plane().observeVolume(volume.replica)).toMatchObject({ device: null, mount_path: null, bind_paths: [], meta: { generation } });
  }
  await clean(volume);
});

test('snapshotting a volume that is written to: it is thawed again, and the snapshot whole', async () => {
  const volume = await created('ext4');
  const at = await mounted(volume);
  writeFileSync(path.join(at, 'ballast'), randomBytes(24 * MIB));
  for (const ms of MOMENTS) {
    await plane().observeVolume(volume.replica);
    await on.write(at, 'file', `at ${ms}`);
    const snapshot = snapshotId();
    await killedAfter(ms, { snapshot: { replica: volume.replica, id: snapshot } });
    const taken = await plane().takeSnapshot(volume.replica, snapshot, work());
    expect(taken).toMatchObject({ consistency: 'filesystem', method: 'copy' });
    await on.write(at, 'file', 'afterwards');
    const clone = newVolume(pool, 'ext4', sizeFor('ext4'));
    await plane().createReplica(clone.replica, sizeFor('ext4'), { kind: 'snapshot', from: volume.replica, snapshot_id: snapshot, filesystem: 'ext4' }, clone.descriptor, work());
    expect(await on.read(await mounted(clone), 'file')).toBe(`at ${ms}`);
    await released(clone);
    await clean(clone);
    await plane().removeSnapshot(volume.replica, snapshot);
  }
  await released(volume);
  await clean(volume);
});

test.each([['xfs', true], ['xfs', false], ['ext4', false]] as const)('growing %s, mounted: %s', async (filesystem, whileMounted) => {
  const volume = await created(filesystem);
  await on.write(await mounted(volume), 'file', 'kept');
  if (!whileMounted) await released(volume);
  let size = sizeFor(filesystem);
  for (const ms of MOMENTS) {
    size += 16 * MIB;
    await killedAfter(ms, { grow: { replica: volume.replica, size, filesystem } });
    await plane().grow(volume.replica, size, filesystem, work());
    const seen = await plane().observeVolume(volume.replica);
    expect(seen).toMatchObject({ image: { size_bytes: size }, meta: { size_bytes: size } });
    if (whileMounted) expect(seen).toMatchObject({ device: { size_bytes: size }, filesystem_failed: false });
  }
  expect(statSync(replicaPaths(volume.replica).image).size).toBe(size);
  if (whileMounted) await released(volume);
  expect(await on.read(await mounted(volume, 9), 'file')).toBe('kept');
  await released(volume);
  await clean(volume);
});

test('restoring in place', async () => {
  const volume = await created('ext4');
  const at = await mounted(volume);
  await on.write(at, 'file', 'then');
  const snapshot = snapshotId();
  await plane().takeSnapshot(volume.replica, snapshot, work());
  await on.write(at, 'file', 'now');
  await released(volume);
  let present = volume;
  for (const [index, ms] of MOMENTS.entries()) {
    const history = index + 2;
    await killedAfter(ms, { history: { replica: present.replica, snapshot, history, size: sizeFor('ext4') } });
    await plane().buildHistory(present.replica, snapshot, history, sizeFor('ext4'), work());
    present = { ...volume, replica: { ...volume.replica, history } };
    await plane().keepHistory(present.replica, history - 1, null);
    expect(await on.read(await mounted(present, history), 'file')).toBe('then');
    await released(present);
  }
  await clean(present);
});

test('removing', async () => {
  for (const ms of MOMENTS) {
    const volume = await created('ext4');
    await killedAfter(ms, { remove: { replica: volume.replica } });
    await plane().removeReplica(volume.replica);
    expect(existsSync(replicaPaths(volume.replica).volume)).toBe(false);
  }
  expect(hash(replicaPaths(bystander.replica).image)).toBe(before);
});
