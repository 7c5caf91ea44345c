/** Things done behind the daemon's back: they are noticed, told with a way out, and nothing is made or formatted over. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, truncateSync, writeFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { daemonProcess, type DaemonProcess } from './process.ts';

const MIB = 1024 ** 2;
const TOP = path.resolve(import.meta.dirname, '../../..');
let daemon: DaemonProcess;
let pool: string;

beforeEach(async () => {
  daemon = await daemonProcess();
  pool = daemon.directory('pool');
  await daemon.client.pools.create({ name: 'p', kind: 'directory', path: pool });
  await daemon.client.volumes.create({ name: 'v', size_bytes: 64 * MIB });
});
afterEach(async () => daemon.end());

const image = (): string => {
  const volume = path.join(pool, 'volumes', readdirSync(path.join(pool, 'volumes'))[0] ?? '');
  return path.join(volume, readdirSync(volume)[0] ?? '', 'data.1.img');
};
const target = (): string => path.join(daemon.root, 'mnt');
const mount = () => daemon.client.volumes.publish('v', { consumer: 'path:mnt', path: target() });
const conditions = async (): Promise<readonly string[]> => (await daemon.client.volumes.get('v')).status.conditions.map(({ type }) => type);
/** A look may be a moment old: what is done behind the daemon's back is seen within a second or so. */
async function eventually<T>(look: () => Promise<T>, is: (seen: T) => boolean): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const seen = await look();
    if (is(seen) || Date.now() > deadline) return seen;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const condition = async (type: string): Promise<void> => expect(await eventually(conditions, (seen) => seen.includes(type))).toContain(type);
const content = async (): Promise<void> => expect(await eventually(conditions, (seen) => seen.length === 0)).toEqual([]);
const refusal = async (promise: Promise<unknown>): Promise<{ code?: string; message: string }> => promise.then(() => ({ message: 'it was not refused' }), (error: { code?: string; message: string }) => error);

describe('the daemon notices', () => {
  it('an image that is missing, serves nothing in its place, and is content when it is back', async () => {
    const file = image();
    renameSync(file, `${file}.away`);
    await condition('ImageMissing');
    expect((await daemon.client.volumes.get('v')).status.state).toBe('unavailable');
    expect(await refusal(mount())).toMatchObject({ code: 'failed_precondition' });
    expect(existsSync(file)).toBe(false);
    renameSync(`${file}.away`, file);
    await content();
    await mount();
  });

  it('an image that was cut or lengthened', async () => {
    truncateSync(image(), 32 * MIB);
    await condition('ImageShort');
    expect(await refusal(mount())).toMatchObject({ code: 'failed_precondition' });
    truncateSync(image(), 128 * MIB);
    await condition('SizeDrift');
    await daemon.client.volumes.resize('v', 128 * MIB);
    await content();
  });

  it('a loop device that is gone', async () => {
    await daemon.client.volumes.attach('v');
    const { device } = (await daemon.client.volumes.get('v')).status;
    execFileSync('losetup', ['-d', device ?? '']);
    await condition('LoopGone');
    await daemon.client.volumes.detach('v');
    await mount();
    await content();
  });

  it('something else mounted where the volume belongs, and does not mount over it', async () => {
    const { id } = await daemon.client.volumes.get('v');
    const at = path.join(daemon.root, 'var/lib/holdfast/mounts', id);
    mkdirSync(at, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'none', at]);
    try {
      await condition('ForeignMount');
      expect(await refusal(mount())).toMatchObject({ code: 'conflict' });
    } finally {
      execFileSync('umount', [at]);
    }
    await mount();
  });

  it('a consumer\'s mount that was taken away', async () => {
    await mount();
    execFileSync('umount', [target()]);
    await condition('PublishGone');
    await daemon.client.volumes.unpublish('v', { path: target() });
    await content();
  });

  it('a pool that went away: nothing is made in its place', async () => {
    renameSync(pool, `${pool}.away`);
    mkdirSync(pool);
    expect((await daemon.client.pools.get('p')).status.state).toBe('unavailable');
    await condition('PoolUnavailable');
    expect(await refusal(daemon.client.volumes.create({ name: 'w' }))).toMatchObject({ code: 'failed_precondition' });
    expect(readdirSync(pool)).toEqual([]);
    rmSync(pool, { recursive: true });
    renameSync(`${pool}.away`, pool);
    await content();
  });
});

describe('a full medium', () => {
  it('gives the writer an error, hurts no other volume, loses no flushed data, and is told', async () => {
    const file = path.join(daemon.root, 'small.img');
    writeFileSync(file, '');
    truncateSync(file, 512 * MIB);
    const device = execFileSync('losetup', ['--show', '-f', file], { encoding: 'utf8' }).trim();
    await daemon.client.pools.create({ name: 'small', kind: 'device', devices: [device], overcommit: 4 });
    const at: Record<string, string> = {};
    for (const name of ['a', 'b']) {
      await daemon.client.volumes.create({ name, size_bytes: 600 * MIB, filesystem: 'ext4', pool: 'small' });
      at[name] = (await daemon.client.volumes.publish(name, { consumer: `path:${name}`, path: path.join(daemon.root, name) })).mount_path;
    }
    writeFileSync(path.join(at.b ?? '', 'kept'), 'flushed before the flood', { flush: true });
    const flood = spawnSync('dd', ['if=/dev/urandom', `of=${path.join(at.a ?? '', 'flood')}`, 'bs=1M', 'count=590', 'conv=fsync'], { encoding: 'utf8' });
    expect(flood.status).not.toBe(0);
    expect(readFileSync(path.join(at.b ?? '', 'kept'), 'utf8')).toBe('flushed before the flood');
    const types = (await daemon.client.volumes.get('a')).status.conditions.map(({ type }) => type);
    expect(types.some((type) => type === 'PoolFull' || type === 'PoolLow' || type === 'FilesystemFailed')).toBe(true);
    expect((await daemon.client.pools.get('small')).status.conditions.length).toBeGreaterThan(0);
  });

  it('that belongs to one volume alone is the container\'s ENOSPC and no condition', async () => {
    await mount();
    const dd = spawnSync('dd', ['if=/dev/zero', `of=${path.join(target(), 'x')}`, 'bs=1M', 'count=100'], { encoding: 'utf8' });
    expect(dd.stderr).toContain('No space left on device');
    await content();
  });
});

describe('a store that was set back', () => {
  it('is noticed by its volumes, which are recovered from their replicas with all that was written since', async () => {
    const store = path.join(daemon.root, 'var/lib/holdfast/store');
    await daemon.kill('SIGTERM');
    cpSync(store, `${store}.old`, { recursive: true });
    await daemon.start();
    await mount();
    writeFileSync(path.join(target(), 'since'), 'written after the copy');
    await daemon.client.volumes.resize('v', 96 * MIB).catch(() => undefined);
    await daemon.client.volumes.unpublish('v', { path: target() });
    await daemon.kill('SIGTERM');
    rmSync(store, { recursive: true });
    renameSync(`${store}.old`, store);
    await daemon.start();
    await condition('StoreBehind');
    expect(await refusal(mount())).toMatchObject({ code: 'failed_precondition', detail: { hint: expect.stringContaining('volume recover') } });
    await daemon.client.volumes.recover('v');
    await mount();
    expect(readFileSync(path.join(target(), 'since'), 'utf8')).toBe('written after the copy');
    await content();
  });
});

describe('a start', () => {
  const startAgain = () => spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(TOP, 'src/daemon/main.ts'), '--root', daemon.root], { encoding: 'utf8', timeout: 60_000 });

  it('is refused while another daemon has the state directory', () => {
    const second = startAgain();
    expect(second.status).toBe(4);
    expect(second.stderr).toContain(String(daemon.pid));
  });

  it('is refused with advice on a damaged store, and touches nothing', async () => {
    await daemon.kill('SIGTERM');
    const store = path.join(daemon.root, 'var/lib/holdfast/store');
    const file = path.join(store, 'store.db');
    const bytes = readFileSync(file);
    bytes.fill(0x55, 4096, 4096 * 3);
    writeFileSync(file, bytes);
    const before = createHash('sha256').update(readFileSync(file)).digest('hex');
    const refused = startAgain();
    expect(refused.status).toBe(4);
    expect(refused.stderr).toMatch(/damaged/);
    expect(refused.stderr).toMatch(/backups|copy/);
    expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(before);
  });

  it('is refused with the name of the setting when the configuration is wrong', async () => {
    await daemon.kill('SIGTERM');
    const config = path.join(daemon.root, 'etc/holdfast/holdfastd.json');
    writeFileSync(config, '{"node_nam": "x"}');
    const refused = startAgain();
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('node_nam');
    appendFileSync(config, 'nonsense');
    expect(startAgain().stderr).toContain('not JSON');
  });
});
