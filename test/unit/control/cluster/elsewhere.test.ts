/** Whatever node is asked: decided there, carried out where the replica or pool is. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GIB, POOL_PATH } from '../bench.ts';
import { refusal, rightBefore, testCluster, turns, type TestCluster, type TestNode } from './bench.ts';

let cluster: TestCluster;
let [n1, n2, n3] = [] as unknown as [TestNode, TestNode, TestNode];

beforeEach(async () => {
  cluster = await testCluster();
  [n1, n2, n3] = [cluster.node('n1'), cluster.node('n2'), cluster.node('n3')];
});
afterEach(() => cluster.stop());

const pools = async (...nodes: readonly TestNode[]): Promise<void> => {
  for (const node of nodes) await cluster.done(n1, n1.control.createPool({ name: `p-${node.name}`, node: node.name, kind: 'directory', path: POOL_PATH }));
};

describe('a pool that is made from another node', () => {
  it('is made by its own node, after that node has looked at the medium', async () => {
    const { object, operation } = await n1.control.createPool({ name: 'p', node: 'n2', kind: 'directory', path: POOL_PATH });
    expect(object.node).toBe(n2.id);
    expect(operation?.node).toBe(n2.id);
    await cluster.over(n3, operation?.id ?? '');
    expect(n2.plane.calls).toEqual(expect.arrayContaining(['checkPool', 'makePool']));
    expect(n1.plane.calls).not.toContain('makePool');
    expect(await n3.control.getPool('p')).toMatchObject({ status: { state: 'ready' } });
    expect(await cluster.faults()).toEqual([]);
  });

  it('is refused by its node without touching the medium, and the name is free again', async () => {
    n2.machine.set(POOL_PATH, { kind: 'read-only' });
    await expect(cluster.done(n1, n1.control.createPool({ name: 'p', node: 'n2', kind: 'directory', path: POOL_PATH }))).rejects.toThrow('read-only');
    expect(n2.plane.calls).not.toContain('wipeMedium');
    expect(await refusal(n3.control.getPool('p'))).toMatchObject({ code: 'not_found' });
    expect(await cluster.faults()).toEqual([]);
  });

  it('may lie at the same path on every node', async () => {
    await pools(n1, n2, n3);
    expect((await n2.control.listPools()).items.map(({ status }) => status.state)).toEqual(['ready', 'ready', 'ready']);
  });

  it('is refused for a node that does not answer or takes no new work', async () => {
    n3.kill();
    await cluster.pass(15_000);
    expect(await refusal(n1.control.createPool({ name: 'p', node: 'n3', kind: 'directory', path: POOL_PATH }))).toMatchObject({ code: 'failed_precondition', detail: { field: 'node' } });
    await n1.control.drainNode('n2');
    expect(await refusal(n1.control.createPool({ name: 'p', node: 'n2', kind: 'directory', path: POOL_PATH }))).toMatchObject({ code: 'failed_precondition', detail: { hint: expect.stringContaining('undrain') } });
    expect(await refusal(n1.control.createPool({ name: 'p', node: 'n9', kind: 'directory', path: POOL_PATH }))).toMatchObject({ code: 'not_found' });
  });
});

describe('a volume on another node', () => {
  beforeEach(async () => {
    await pools(n2);
    await cluster.done(n1, n1.control.createVolume({ name: 'v', size_bytes: GIB }));
  });

  it('is made, grown, snapshotted, restored, trashed, taken back and purged from anywhere', async () => {
    await cluster.done(n3, n3.control.resizeVolume('v', 2 * GIB));
    await cluster.done(n1, n1.control.createSnapshot({ volume: 'v', name: 's' }));
    await cluster.done(n3, n3.control.restoreSnapshot('v@s'));
    await cluster.done(n1, n1.control.createVolume({ name: 'c', source_snapshot: 'v@s', size_bytes: 2 * GIB }));
    await cluster.done(n3, n3.control.removeSnapshot('v@s'));
    await cluster.done(n1, n1.control.removeVolume('v'));
    await n3.control.restoreTrash('v', { name: 'w' });
    expect(await n1.control.getVolume('w')).toMatchObject({ spec: { size_bytes: 2 * GIB }, status: { state: 'ready' } });
    await cluster.done(n3, n3.control.removeVolume('w', { purge: true }));
    expect(n1.plane.calls).not.toContain('createReplica');
    expect(await cluster.faults()).toEqual([]);
  });

  it('is mounted only there; asked elsewhere, the error says where it is and how to get there', async () => {
    for (const attempt of [n1.control.attachVolume('v'), n1.control.publishVolume('v', { consumer: 'c' }), n1.control.detachVolume('v'), n1.control.unpublishVolume('v', { consumer: 'c' }), n1.control.recoverVolume('v')]) {
      expect(await refusal(attempt)).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('node n2 (n2.test:7480)'), detail: { hint: expect.stringContaining('holdfast --endpoint https://n2.test:7480 volume') } });
    }
    await n2.control.publishVolume('v', { consumer: 'c' });
    await turns(5);
    expect(await n1.control.getVolume('v')).toMatchObject({ status: { device: '/dev/loop0', publications: [{ consumer: 'c' }] } });
    expect(await refusal(n1.control.removeVolume('v'))).toMatchObject({ code: 'failed_precondition' });
  });

  it('shows elsewhere what its node has seen of it', async () => {
    n2.machine.poolFaults.set((await n2.control.getPool('p-n2')).id, 'PoolNotMounted');
    await cluster.pass(3_000);
    expect(await n1.control.getPool('p-n2')).toMatchObject({ status: { state: 'unavailable', conditions: [{ type: 'PoolNotMounted' }] } });
    expect(await n3.control.getVolume('v')).toMatchObject({ version: 1, status: { state: 'unavailable', conditions: [{ type: 'PoolUnavailable' }] } });
    n2.machine.poolFaults.clear();
    await cluster.pass(3_000);
    expect(await n3.control.getVolume('v')).toMatchObject({ status: { state: 'ready', conditions: [] } });
  });

  it('has its descriptor renewed by its node when another one changed the labels', async () => {
    await n1.control.updateVolume('v', { labels: { app: 'shop' } });
    await cluster.pass(3_000);
    const [replica] = [...n2.machine.media.values()].flatMap(({ replicas }) => [...replicas.values()]);
    expect(replica?.descriptor.labels).toEqual({ app: 'shop' });
    expect((await cluster.store.list('/undescribed/')).entries).toEqual([]);
  });

  it('takes one operation at a time, wherever they are asked for', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => { release = resolve; });
    n2.plane.crashAt = (method, when) => (method === 'grow' && when === 'before' ? gate : undefined);
    const growing = await n1.control.resizeVolume('v', 2 * GIB);
    await turns(5);
    expect(await refusal(n3.control.createSnapshot({ volume: 'v', name: 's' }))).toMatchObject({ code: 'conflict', retryable: true });
    expect(await refusal(n2.control.removeVolume('v'))).toMatchObject({ code: 'conflict' });
    expect((await n3.control.resizeVolume('v', 2 * GIB)).operation?.id).toBe(growing.operation?.id);
    release();
    await cluster.over(n3, growing.operation?.id ?? '');
    expect(await cluster.faults()).toEqual([]);
  });

  it('has its operation waited for, seen with its progress, and cancelled from anywhere', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => { release = resolve; });
    n2.plane.crashAt = async (method, when, args) => {
      if (method !== 'createReplica' || when !== 'before') return;
      await cluster.clock.sleep(2_000);
      (args[4] as { progress(done: number, total: number): void }).progress(40, 100);
      await gate;
    };
    const { operation } = await n1.control.createVolume({ name: 'w', size_bytes: GIB });
    const id = operation?.id ?? '';
    const waited = n3.control.waitOperation(id, 600_000);
    await cluster.pass(4_000);
    expect(await n3.control.getOperation(id)).toMatchObject({ state: 'running', done: 40, total: 100 });
    expect(await n3.control.cancelOperation(id)).toMatchObject({ cancel_requested: true });
    await turns(5);
    release();
    expect(await waited).toMatchObject({ state: 'cancelled' });
    expect(await cluster.faults()).toEqual([]);
  });
});

describe('two nodes at once', () => {
  beforeEach(() => pools(n1, n2));

  it('cannot both make the same name', async () => {
    const results = await Promise.allSettled([n1, n2, n3, n1, n2, n3].map((node) => cluster.done(node, node.control.createVolume({ name: 'v', size_bytes: GIB }))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict' });
    expect(await cluster.faults()).toEqual([]);
  });

  it('never promise more than the pools hold', async () => {
    const results = await Promise.allSettled(Array.from({ length: 40 }, (_, i) => [n1, n2, n3][i % 3] as TestNode).map((node, i) => cluster.done(node, node.control.createVolume({ name: `v${i}`, size_bytes: 7 * GIB }))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(28);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'resource_exhausted' });
    expect(await cluster.faults()).toEqual([]);
  });

  it('make one volume of the same request under the same idempotency key', async () => {
    const all = await Promise.all([n1, n2, n3].map((node) => node.control.createVolume({ name: 'v', size_bytes: GIB }, { idempotencyKey: 'k' })));
    expect(new Set(all.map(({ object }) => object.id)).size).toBe(1);
  });

  it('begin one removal when the other asks between the look and the write', async () => {
    await cluster.done(n1, n1.control.createVolume({ name: 'v', size_bytes: GIB }));
    let other: string | undefined;
    rightBefore(cluster, /^\/operations\//, async () => { other = (await n2.control.removeVolume('v')).operation?.id; });
    const { operation } = await n1.control.removeVolume('v');
    expect(operation?.id).toBe(other);
    await cluster.over(n3, operation?.id ?? '');
    expect(await cluster.faults()).toEqual([]);
  });

  it('begin one removal when both are asked for it', async () => {
    await cluster.done(n1, n1.control.createVolume({ name: 'v', size_bytes: GIB }));
    const both = await Promise.all([n1.control.removeVolume('v'), n2.control.removeVolume('v')]);
    expect(new Set(both.map(({ operation }) => operation?.id)).size).toBe(1);
    await cluster.over(n3, both[0].operation?.id ?? '');
    expect(await cluster.faults()).toEqual([]);
  });
});

describe('lists', () => {
  it('need one range read for a page, however many volumes are on it and wherever they are', async () => {
    await pools(n2);
    for (let i = 0; i < 30; i += 1) await cluster.done(n2, n2.control.createVolume({ name: `v${i}`, size_bytes: GIB }));
    await cluster.pass(2_000);
    const before = { ...n1.reads };
    expect((await n1.control.listVolumes()).items).toHaveLength(30);
    expect({ get: n1.reads.get - before.get, list: n1.reads.list - before.list }).toEqual({ get: 0, list: 1 });
  });

  it('go on where they were when what the cursor names is removed, and others come and go, between two pages', async () => {
    await pools(n2);
    for (let i = 0; i < 9; i += 1) await cluster.done(n2, n2.control.createVolume({ name: `v${i}`, size_bytes: GIB }));
    const seen: string[] = [];
    let cursor: string | undefined;
    let round = 0;
    do {
      const page = await n1.control.listVolumes({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.next ?? undefined;
      round += 1;
      // The last one shown goes, on another node, and one that was shown already.
      for (const gone of page.items) await cluster.done(n3, n3.control.removeVolume(gone.name, { purge: true }));
      if (round === 2) await cluster.done(n2, n2.control.createVolume({ name: 'late', size_bytes: GIB }));
    } while (cursor !== undefined);
    expect(seen).toEqual([...Array.from({ length: 9 }, (_, i) => `v${i}`), 'late']);
  });

  it('show the events of all nodes to a follower on any', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const following = (async () => {
      for await (const event of n3.control.watchEvents(stop.signal)) seen.push(event.reason);
    })();
    await turns(2);
    await pools(n2);
    await cluster.done(n1, n1.control.createVolume({ name: 'v', size_bytes: GIB }));
    await turns(5);
    stop.abort();
    await following;
    expect(seen).toEqual(['Created', 'Created']);
  });
});
