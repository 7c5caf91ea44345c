/** A daemon that is killed in the middle of real work: the next start finishes or undoes it, and what is mounted goes on. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { daemonProcess, type DaemonProcess } from './process.ts';

const MIB = 1024 ** 2;
const FULL = process.env.HOLDFAST_TEST_FULL === '1';
const ROUNDS = FULL ? 120 : 8;
let daemon: DaemonProcess;
let pool: string;

beforeEach(async () => {
  daemon = await daemonProcess();
  pool = daemon.directory('pool');
  await daemon.client.pools.create({ name: 'p', kind: 'directory', path: pool });
});
afterEach(async () => daemon.end());

const settled = async (): Promise<void> => {
  const deadline = Date.now() + 60_000;
  for (;;) {
    let running = 0;
    for await (const operation of daemon.client.operations.list({ running: true })) running += operation.finished_at === null ? 1 : 0;
    if (running === 0) return;
    if (Date.now() > deadline) throw new Error('operations do not end');
    await pause(50);
  }
};
const mount = async (name: string): Promise<string> => (await daemon.client.volumes.publish(name, { consumer: `path:${daemon.root}/mnt-${name}`, path: path.join(daemon.root, `mnt-${name}`) })).mount_path;
const unmount = (name: string) => daemon.client.volumes.unpublish(name, { path: path.join(daemon.root, `mnt-${name}`) });
const digest = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const allocated = async (): Promise<number> => (await daemon.client.capacity()).allocated_bytes;

/** Bytes promised are exactly those of what exists, and no replica lies about that belongs to nobody. */
async function expectSound(): Promise<void> {
  let promised = 0;
  const ids = new Set<string>();
  for await (const volume of daemon.client.volumes.list()) {
    expect({ name: volume.name, state: volume.status.state, conditions: volume.status.conditions }).toEqual({ name: volume.name, state: 'ready', conditions: [] });
    promised += volume.spec.size_bytes;
    ids.add(volume.id);
  }
  for await (const volume of daemon.client.trash.list()) {
    promised += volume.spec.size_bytes;
    ids.add(volume.id);
  }
  for await (const snapshot of daemon.client.snapshots.list()) {
    expect(snapshot.status.state).toBe('ready');
    promised += snapshot.status.reserved_bytes;
  }
  expect(await allocated()).toBe(promised);
  const onMedium = readdirSync(path.join(pool, 'volumes')).filter((id) => readdirSync(path.join(pool, 'volumes', id)).length > 0);
  expect(onMedium.filter((id) => !ids.has(id))).toEqual([]);
}

describe('a daemon killed at a random moment', () => {
  it('finishes or undoes creates, growths, snapshots, clones, restores and removals, over and over', async () => {
    await daemon.client.volumes.create({ name: 'data', size_bytes: 512 * MIB });
    const file = path.join(await mount('data'), 'blob');
    writeFileSync(file, randomBytes(96 * MIB), { flush: true });
    const before = digest(file);
    await daemon.client.snapshots.create({ volume: 'data', name: 'first' });
    let size = 512 * MIB;
    const step = FULL ? 8 : 64;
    for (let round = 0; round < ROUNDS; round += 1) {
      const names = [`n${round}a`, `n${round}b`];
      size += step * MIB;
      // Nobody waits for the answers: the daemon dies with them.
      const asked = [
        daemon.client.volumes.create({ name: names[0] ?? '', size_bytes: 320 * MIB }),
        daemon.client.volumes.create({ name: names[1] ?? '', source_snapshot: 'data@first', size_bytes: 600 * MIB }),
        round % 2 === 0 ? daemon.client.snapshots.create({ volume: 'data', name: `s${round}` }) : daemon.client.volumes.resize('data', size),
        daemon.client.volumes.remove(`n${round - 1}a`, { purge: round % 3 === 0 }),
      ];
      const answers = Promise.allSettled(asked);
      await pause(Math.floor(Math.random() * 250));
      await daemon.kill();
      expect(digest(file)).toBe(before);
      await daemon.start();
      await answers;
      await settled();
      await expectSound();
    }
    await unmount('data');
    for await (const volume of daemon.client.volumes.list()) {
      const at = await mount(volume.name);
      expect(statSync(at).isDirectory()).toBe(true);
      if (existsSync(path.join(at, 'blob'))) expect(digest(path.join(at, 'blob'))).toBe(before);
      else expect(volume.spec.source_snapshot).toBeNull();
      await unmount(volume.name);
    }
  }, 1_800_000);

  it('restores in place completely or not at all', async () => {
    await daemon.client.volumes.create({ name: 'data', size_bytes: 400 * MIB, filesystem: 'ext4' });
    const at = await mount('data');
    writeFileSync(path.join(at, 'state'), 'snapshot', { flush: true });
    writeFileSync(path.join(at, 'filler'), randomBytes(64 * MIB), { flush: true });
    await daemon.client.snapshots.create({ volume: 'data', name: 's' });
    for (let round = 0; round < (FULL ? 20 : 5); round += 1) {
      const now = await mount('data');
      writeFileSync(path.join(now, 'state'), `round ${round}`, { flush: true });
      await unmount('data');
      const asked = daemon.client.snapshots.restore('data@s').then(() => true, () => false);
      await pause(Math.floor(Math.random() * 200));
      await daemon.kill();
      await daemon.start();
      await asked;
      await settled();
      const found = readFileSync(path.join(await mount('data'), 'state'), 'utf8');
      expect(['snapshot', `round ${round}`]).toContain(found);
      await unmount('data');
      await expectSound();
    }
  }, 600_000);

  it('leaves mounted volumes working while it is down, and takes them up again', async () => {
    await daemon.client.volumes.create({ name: 'data', size_bytes: 400 * MIB });
    const at = await mount('data');
    writeFileSync(path.join(at, 'a'), 'before');
    const { device } = (await daemon.client.volumes.get('data')).status;
    await daemon.kill();
    writeFileSync(path.join(at, 'b'), 'while it is down', { flush: true });
    expect(readFileSync(path.join(at, 'a'), 'utf8')).toBe('before');
    await daemon.start();
    const volume = await daemon.client.volumes.get('data');
    expect(volume.status).toMatchObject({ device, state: 'ready', conditions: [] });
    expect(volume.replication.generation).toBe(1);
    expect(await mount('data')).toBe(at);
    expect(readFileSync(path.join(at, 'b'), 'utf8')).toBe('while it is down');
  });
});
