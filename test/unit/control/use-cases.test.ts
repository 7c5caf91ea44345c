import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Control } from '../../../src/control/control.ts';
import { GIB, newWorld, POOL_PATH, startBench, unsound, type Bench } from './bench.ts';

let bench: Bench;
let control: Control;

beforeEach(async () => {
  bench = await startBench(newWorld());
  await bench.control.start();
  control = bench.control;
  await bench.done(control.createPool({ name: 'p', kind: 'directory', path: POOL_PATH }));
});

const make = (name: string, extra: object = {}) => bench.done(control.createVolume({ name, size_bytes: GIB, ...extra }));
const refusal = async (promise: Promise<unknown>): Promise<{ code: string; message: string; detail: { field?: string; hint?: string; fields?: readonly string[] } }> => {
  try {
    await promise;
  } catch (error) {
    return error as never;
  }
  throw new Error('it was not refused');
};

describe('capacity', () => {
  it('never promises more than the pool holds, however many ask at once', async () => {
    const results = await Promise.allSettled(Array.from({ length: 30 }, (_, i) => make(`v${i}`, { size_bytes: 7 * GIB })));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(14);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'resource_exhausted' });
    expect((await control.capacity()).available_bytes).toBe(2 * GIB);
    expect(await unsound(bench)).toEqual([]);
  });

  it('refuses a growth that the pool cannot hold, naming what it can', async () => {
    await make('v', { size_bytes: 60 * GIB });
    await make('w', { size_bytes: 30 * GIB });
    const refused = await refusal(control.resizeVolume('v', 71 * GIB));
    expect(refused).toMatchObject({ code: 'resource_exhausted', detail: { field: 'size', hint: expect.stringContaining('70G') } });
    await bench.done(control.resizeVolume('v', 70 * GIB));
    expect((await control.getVolume('v')).spec.size_bytes).toBe(70 * GIB);
  });

  it('gives the bytes back when a growth fails, and keeps the old size', async () => {
    await make('v');
    bench.plane.failNext('grow', new Error('no'));
    await expect(bench.done(control.resizeVolume('v', 2 * GIB))).rejects.toThrow('no');
    expect((await control.getVolume('v')).spec.size_bytes).toBe(GIB);
    expect(await unsound(bench)).toEqual([]);
  });

  it('counts trash until it is purged', async () => {
    await make('v', { size_bytes: 80 * GIB });
    await bench.done(control.removeVolume('v'));
    expect(await refusal(control.createVolume({ name: 'w', size_bytes: 30 * GIB }))).toMatchObject({ code: 'resource_exhausted', detail: { hint: expect.stringContaining('trash') } });
    await bench.done(control.purgeTrash('v'));
    await make('w', { size_bytes: 30 * GIB });
  });

  it('promises more than there is only with overcommit', async () => {
    await control.updatePool('p', { overcommit: 2 });
    await make('v', { size_bytes: 150 * GIB });
    expect((await control.explainVolume('v')).candidates[0]).toMatchObject({ name: 'p' });
  });
});

describe('creating', () => {
  it('gives the same volume for the same idempotency key, and refuses the key for another request', async () => {
    const first = await control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k1' });
    const again = await control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k1' });
    expect(again.object.id).toBe(first.object.id);
    expect(await refusal(control.createVolume({ name: 'v', size_bytes: 2 * GIB }, { idempotencyKey: 'k1' }))).toMatchObject({ code: 'conflict' });
  });

  it('gives nobody the answer of another caller\'s idempotency key, nor is one in another\'s way', async () => {
    const { control } = bench;
    await bench.done(control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k1', actor: 'alice (operator)' }));
    expect(await refusal(control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k1', actor: 'eve (plugin)' }))).toMatchObject({ code: 'conflict', message: expect.stringMatching(/"?v"?/) });
    expect((await control.createVolume({ name: 'w', size_bytes: GIB }, { idempotencyKey: 'k1', actor: 'eve (plugin)' })).object.name).toBe('w');
  });

  it('names the fields that differ when the name is taken', async () => {
    await make('v');
    expect(await refusal(control.createVolume({ name: 'v', size_bytes: 2 * GIB, filesystem: 'ext4' }))).toMatchObject({ code: 'conflict', detail: { fields: expect.arrayContaining(['size', 'fs']) } });
  });

  it('lets one of many creators of a name win', async () => {
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => make('v')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await unsound(bench)).toEqual([]);
  });

  it('makes one volume when many ensure it at once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => control.ensureVolume({ name: 'v', size_bytes: GIB })));
    expect(new Set(all.map(({ object }) => object.id)).size).toBe(1);
    expect(all.filter(({ created }) => created)).toHaveLength(1);
  });

  it('takes back everything when the image cannot be made, and can be repeated with the same key', async () => {
    bench.plane.failNext('createReplica', new Error('disk on fire'));
    await expect(bench.done(control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k' }))).rejects.toThrow('disk on fire');
    expect(await unsound(bench)).toEqual([]);
    expect(await refusal(control.getVolume('v'))).toMatchObject({ code: 'not_found' });
    await bench.done(control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k' }));
    expect((await control.getVolume('v')).status.state).toBe('ready');
  });

  it('makes nothing on a dry run, and refuses what create would refuse', async () => {
    const { object, operation } = await control.createVolume({ name: 'v', size_bytes: GIB, dry_run: true });
    expect(operation).toBeNull();
    expect(object.spec.filesystem).toBe('xfs');
    expect(await refusal(control.getVolume('v'))).toMatchObject({ code: 'not_found' });
    expect(await refusal(control.createVolume({ name: 'v', size_bytes: 200 * GIB, dry_run: true }))).toMatchObject({ code: 'resource_exhausted' });
  });

  it('can be cancelled while it runs: everything is taken back, and the operation says so', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => { release = resolve; });
    bench.plane.crashAt = (method, when) => (method === 'createReplica' && when === 'before' ? gate : undefined);
    const { operation } = await control.createVolume({ name: 'v', size_bytes: GIB });
    const id = operation?.id ?? '';
    expect(await control.cancelOperation(id)).toMatchObject({ cancel_requested: true });
    release();
    expect(await control.waitOperation(id, 60_000)).toMatchObject({ state: 'cancelled', error: { code: 'failed_precondition' } });
    expect(await unsound(bench)).toEqual([]);
    expect(await refusal(control.cancelOperation(id))).toMatchObject({ code: 'failed_precondition' });
  });

  it.each([
    ['a name with a slash', { name: 'a/b' }, 'name'],
    ['a name of 300 characters', { name: 'a'.repeat(300) }, 'name'],
    ['a name with a look-alike', { name: 'dаta' }, 'name'],
    ['a name with NUL', { name: 'a\u0000' }, 'name'],
    ['a name that climbs', { name: '..' }, 'name'],
    ['an absurd size', { name: 'v', size_bytes: 2 ** 52 }, 'size'],
    ['a zero size', { name: 'v', size_bytes: 0 }, 'size'],
    ['XFS that is too small', { name: 'v', size_bytes: 100 * 1024 ** 2, filesystem: 'xfs' as const }, 'filesystem'],
    ['four replicas', { name: 'v', replicas: 4 }, 'replicas'],
    ['a label that is none', { name: 'v', labels: { 'a b': 'c' } }, 'labels'],
  ])('refuses %s, naming the field', async (_what, request, field) => {
    expect(await refusal(control.createVolume(request))).toMatchObject({ code: 'invalid_argument', detail: { field } });
    expect((await control.listVolumes()).items).toEqual([]);
  });

  it('refuses more replicas than storage nodes, naming both numbers', async () => {
    const refused = await refusal(control.createVolume({ name: 'v', replicas: 2 }));
    expect(refused.message).toMatch(/2 .*1 storage node/);
  });
});

describe('removing', () => {
  it('refuses a protected volume and says the way out', async () => {
    await make('v', { deletion_protection: true });
    expect(await refusal(control.removeVolume('v'))).toMatchObject({ code: 'failed_precondition', detail: { field: 'deletion_protection', hint: expect.stringContaining('--no-protect') } });
    await control.updateVolume('v', { deletion_protection: false });
    await bench.done(control.removeVolume('v'));
  });

  it('frees the name, keeps the data, and gives it back under another name', async () => {
    await make('v');
    const { mount_path } = await control.publishVolume('v', { consumer: 'docker:a' });
    bench.plane.write(mount_path, 'f', 'kept');
    await control.unpublishVolume('v', { consumer: 'docker:a' });
    const { id } = await control.getVolume('v');
    await bench.done(control.removeVolume('v'));
    await make('v');
    expect(await refusal(control.restoreTrash(id))).toMatchObject({ code: 'conflict' });
    await control.restoreTrash(id, { name: 'old' });
    const again = await control.publishVolume('old', { consumer: 'docker:b' });
    expect(bench.plane.read(again.mount_path, 'f')).toBe('kept');
  });

  it('purges trash when its term is over', async () => {
    await make('v', { trash_retention_ms: 5_000 });
    await bench.done(control.removeVolume('v'));
    await bench.clock.advance(3_000);
    expect((await control.listTrash()).items).toHaveLength(1);
    for (let i = 0; i < 20; i += 1) await bench.clock.advance(1_000);
    expect((await control.listTrash()).items).toHaveLength(0);
    expect((await control.capacity()).allocated_bytes).toBe(0);
  });

  it('refuses, restores or makes new when the name is in the trash, as asked', async () => {
    await make('v');
    await bench.done(control.removeVolume('v'));
    expect(await refusal(control.createVolume({ name: 'v', size_bytes: GIB, if_trashed: 'refuse' }))).toMatchObject({ code: 'failed_precondition', detail: { field: 'if_trashed' } });
    const restored = await control.createVolume({ name: 'v', size_bytes: GIB, if_trashed: 'restore' });
    expect(restored.operation).toBeNull();
    await bench.done(control.removeVolume('v'));
    const fresh = await control.createVolume({ name: 'v', size_bytes: GIB });
    expect(fresh.warnings.join()).toContain('in the trash');
  });

  it('refuses a volume in use, a pool with volumes, and a second change while one runs', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'path:/mnt/x', path: '/mnt/x' });
    expect(await refusal(control.removeVolume('v'))).toMatchObject({ code: 'failed_precondition', detail: { hint: expect.stringContaining('unmount') } });
    expect(await refusal(control.removePool('p'))).toMatchObject({ code: 'failed_precondition' });
    const growing = await control.resizeVolume('v', 2 * GIB);
    expect(await refusal(control.resizeVolume('v', 3 * GIB))).toMatchObject({ code: 'conflict', retryable: true });
    expect((await control.resizeVolume('v', 2 * GIB)).operation?.id).toBe(growing.operation?.id);
  });
});

describe('attaching', () => {
  it('raises the generation with every attach and releases with the last consumer', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'docker:a' });
    await control.publishVolume('v', { consumer: 'docker:b' });
    await control.publishVolume('v', { consumer: 'docker:a' });
    expect((await control.getVolume('v')).status.publications).toHaveLength(2);
    await control.unpublishVolume('v', { consumer: 'docker:a' });
    expect((await control.getVolume('v')).replication).toMatchObject({ generation: 1, writer: { lease: 'boot-1' }, clean: false });
    await control.unpublishVolume('v', { consumer: 'docker:b' });
    expect((await control.getVolume('v')).replication).toMatchObject({ generation: 1, writer: null, clean: true });
    await control.publishVolume('v', { consumer: 'docker:c' });
    expect((await control.getVolume('v')).replication.generation).toBe(2);
  });

  it('forgets consumers and writer of another boot, and attaches again', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'docker:a' });
    await bench.control.stop();
    bench.machine.reboot('boot-2');
    const after = await bench.restart();
    expect(await after.control.getVolume('v')).toMatchObject({ status: { publications: [] }, replication: { writer: null } });
    await after.control.publishVolume('v', { consumer: 'docker:a' });
    expect((await after.control.getVolume('v')).replication.generation).toBe(2);
  });

  it('collects Docker consumers whose device no container has mounted, after the grace', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'docker:a' });
    const { id } = await control.getVolume('v');
    bench.machine.elsewhere.add(id);
    await bench.clock.advance(100_000);
    expect((await control.getVolume('v')).status.publications).toHaveLength(1);
    bench.machine.elsewhere.delete(id);
    await bench.clock.advance(5_000);
    expect((await control.getVolume('v')).status.publications).toHaveLength(0);
    await bench.done(control.removeVolume('v'));
  });

  it('lets a consumer go when the pool has failed meanwhile', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'c' });
    bench.machine.poolFaults.set((await control.getPool('p')).id, 'DeviceMissing');
    expect((await control.getPool('p')).status.state).toBe('unavailable');
    expect((await control.unpublishVolume('v', { consumer: 'c' })).status.publications).toEqual([]);
  });

  it('does not take another target path for the same consumer', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'c', path: '/mnt/a' });
    expect(await refusal(control.publishVolume('v', { consumer: 'c', path: '/mnt/b' }))).toMatchObject({ code: 'conflict' });
  });
});

describe('what is not as recorded', () => {
  it('shows a missing image, serves nothing in its place, and recovers when it is back', async () => {
    await make('v');
    const volume = await control.getVolume('v');
    const [replica] = volume.replication.replicas;
    const medium = bench.machine.mediumOf(replica?.filesystem ?? '');
    const images = medium?.replicas.get(replica?.id ?? '');
    medium?.replicas.delete(replica?.id ?? '');
    expect(await control.getVolume('v')).toMatchObject({ status: { state: 'unavailable', conditions: [{ type: 'ImageMissing' }] } });
    expect(await refusal(control.publishVolume('v', { consumer: 'c' }))).toMatchObject({ code: 'failed_precondition' });
    expect((await control.status()).problems[0]).toMatchObject({ condition: 'ImageMissing' });
    if (images !== undefined) medium?.replicas.set(replica?.id ?? '', images);
    expect((await control.getVolume('v')).status.state).toBe('ready');
    expect((await control.listEvents({ object: 'v' })).items.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['Created', 'ImageMissing', 'ImageMissingCleared']));
  });

  it('shows a pool that is away on the pool and on its volumes', async () => {
    await make('v');
    const pool = await control.getPool('p');
    bench.machine.poolFaults.set(pool.id, 'PoolNotMounted');
    expect((await control.getPool('p')).status).toMatchObject({ state: 'unavailable', conditions: [{ type: 'PoolNotMounted' }] });
    expect((await control.getVolume('v')).status.state).toBe('unavailable');
    expect(await refusal(control.createVolume({ name: 'w' }))).toMatchObject({ code: 'failed_precondition' });
  });

  it('shows that the store was set back, refuses to mount, and recovers from the replica', async () => {
    await make('v');
    const volume = await control.getVolume('v');
    const replica = bench.machine.mediumOf(volume.replication.replicas[0]?.filesystem ?? '')?.replicas.get(volume.replication.replicas[0]?.id ?? '');
    if (replica !== undefined) replica.meta = { ...replica.meta, generation: 7 };
    expect(await control.getVolume('v')).toMatchObject({ status: { state: 'unavailable', conditions: [{ type: 'StoreBehind' }] } });
    expect(await refusal(control.publishVolume('v', { consumer: 'c' }))).toMatchObject({ code: 'failed_precondition' });
    expect((await control.recoverVolume('v')).replication.generation).toBeGreaterThanOrEqual(7);
    await control.publishVolume('v', { consumer: 'c' });
    expect((await control.getVolume('v')).status).toMatchObject({ state: 'ready', conditions: [] });
  });

  it('shows a device that is gone, and one that somebody else made', async () => {
    await make('v');
    await control.publishVolume('v', { consumer: 'c' });
    bench.machine.devices.clear();
    expect((await control.getVolume('v')).status.conditions.map(({ type }) => type)).toContain('LoopGone');
  });
});

describe('snapshots', () => {
  it('restores in place, keeps what was there, and brings a smaller snapshot to the present size', async () => {
    await make('v');
    const first = await control.publishVolume('v', { consumer: 'c' });
    bench.plane.write(first.mount_path, 'f', 'old');
    await bench.done(control.createSnapshot({ volume: 'v', name: 's' }));
    bench.plane.write(first.mount_path, 'f', 'new');
    expect(await refusal(control.restoreSnapshot('v@s'))).toMatchObject({ code: 'failed_precondition' });
    await control.unpublishVolume('v', { consumer: 'c' });
    await bench.done(control.resizeVolume('v', 2 * GIB));
    await bench.done(control.restoreSnapshot('v@s'));
    const again = await control.publishVolume('v', { consumer: 'c' });
    expect(bench.plane.read(again.mount_path, 'f')).toBe('old');
    const { items } = await control.listSnapshots({ volume: 'v' });
    expect(items.map(({ name }) => name)).toEqual(['s', expect.stringMatching(/^before-restore-/)]);
    await bench.done(control.createVolume({ name: 'c', source_snapshot: `v@${items[1]?.name ?? ''}` }));
    const clone = await control.publishVolume('c', { consumer: 'c' });
    expect(bench.plane.read(clone.mount_path, 'f')).toBe('new');
    expect((await control.getVolume('v')).spec.size_bytes).toBe(2 * GIB);
  });

  it('refuses a clone smaller than its snapshot, with another filesystem, or in another pool', async () => {
    await make('v');
    await bench.done(control.createSnapshot({ volume: 'v', name: 's' }));
    await bench.done(control.createPool({ name: 'q', kind: 'directory', path: '/srv/q' }));
    expect(await refusal(control.createVolume({ name: 'c', source_snapshot: 'v@s', size_bytes: GIB / 2 }))).toMatchObject({ detail: { field: 'size' } });
    expect(await refusal(control.createVolume({ name: 'c', source_snapshot: 'v@s', filesystem: 'ext4' }))).toMatchObject({ detail: { field: 'filesystem' } });
    expect(await refusal(control.createVolume({ name: 'c', source_snapshot: 'v@s', pool: 'q' }))).toMatchObject({ detail: { field: 'pool' } });
  });
});

describe('lists', () => {
  it('page through everything once, in order, with any page size', async () => {
    for (let i = 0; i < 7; i += 1) await make(`v${i}`, { labels: { odd: String(i % 2) } });
    for (const limit of [1, 2, 3, 7, 8]) {
      const names: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await control.listVolumes({ limit, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        names.push(...page.items.map(({ name }) => name));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      expect(names).toEqual(['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6']);
    }
    expect((await control.listVolumes({ labels: { odd: '1' } })).items).toHaveLength(3);
    expect(await refusal(control.listVolumes({ cursor: 'nonsense' }))).toMatchObject({ code: 'invalid_argument' });
  });
});
