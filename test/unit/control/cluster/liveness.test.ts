/** Who lives, who leads, and what happens when a node is lost and comes back. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Node } from '../../../../src/model/node.ts';
import { GIB, POOL_PATH } from '../bench.ts';
import { refusal, rightAfter, rightBefore, testCluster, turns, type TestCluster, type TestNode } from './bench.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const leaderOf = async (node: TestNode): Promise<string | null> => (await node.control.status()).leader;
const state = async (seenBy: TestNode, name: string): Promise<string> => (await seenBy.control.getNode(name)).status.state;

describe('a node that is lost', () => {
  it('is shown everywhere with its volumes as unavailable, naming it and since when', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    await cluster.done(n1, n1.control.createVolume({ name: 'v', size_bytes: GIB, pool: 'p-n2' }));
    n2.kill();
    await cluster.pass(15_000);
    for (const node of [n1, cluster.node('n3')]) {
      expect(await state(node, 'n2')).toBe('unavailable');
      expect((await node.control.listVolumes()).items[0]).toMatchObject({ status: { state: 'unavailable', conditions: [{ type: 'NodeUnreachable', message: expect.stringMatching(/^node n2 has not been heard of since 2023-/), since: expect.stringMatching(/^2023-/) }] } });
      expect(await node.control.getPool('p-n2')).toMatchObject({ status: { state: 'unavailable', conditions: [{ type: 'NodeUnreachable' }] } });
    }
    expect((await n1.control.status()).nodes).toMatchObject({ ready: 2, unavailable: 1 });
    expect(await refusal(n1.control.publishVolume('v', { consumer: 'c' }))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('does not answer') });
    await cluster.restart('n2');
    await cluster.pass(3_000);
    expect(await state(n1, 'n2')).toBe('ready');
    expect(await n1.control.getVolume('v')).toMatchObject({ status: { state: 'ready', conditions: [] } });
  });

  it('is told of once, with counts, whoever leads then', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3', 'n4'], { pool: true });
    const leader = cluster.node('n1');
    const n4 = cluster.node('n4');
    expect(await leaderOf(n4)).toBe(leader.id);
    await cluster.done(leader, leader.control.createVolume({ name: 'v', size_bytes: GIB, pool: 'p-n4' }));
    await n4.control.publishVolume('v', { consumer: 'c' });
    n4.kill();
    leader.kill();
    await cluster.pass(40_000);
    const told = (await cluster.events()).filter((event) => event.startsWith('NodeLost'));
    expect(told).toHaveLength(2);
    expect(told.find((event) => event.includes('node n4'))).toMatch(/1 volume\(s\) are unavailable: v; 1 were attached there/);
  });

  it('is not marked as lost when it comes back in the moment in which that is written', async () => {
    cluster = await testCluster(['n1', 'n2']);
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    n2.cut();
    let back = false;
    rightBefore(cluster, new RegExp(`^/nodes/${n2.id}$`), async () => {
      n2.heal();
      back = (await cluster.store.txn([{ key: `/alive/${n2.id}`, revision: 0 }], [{ op: 'put', key: `/alive/${n2.id}`, value: { boot_id: '', machine_id: '', daemon_version: '', address: null, at: new Date(cluster.clock.now()).toISOString() } }])).committed;
    });
    await cluster.pass(15_000);
    expect(back).toBe(true);
    expect((await cluster.store.get<Node>(`/nodes/${n2.id}`))?.value.status).toMatchObject({ state: 'ready', conditions: [] });
    expect((await cluster.events()).filter((event) => event.startsWith('NodeLost'))).toEqual([]);
    expect(await state(n1, 'n2')).toBe('ready');
  });

  it('has volumes that hold nothing yet made elsewhere, where placement allows', async () => {
    cluster = await testCluster(['n1', 'n2'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    n2.plane.crashAt = (method) => (method === 'createReplica' ? new Promise(() => undefined) : undefined);
    const free = await n1.control.createVolume({ name: 'free', size_bytes: GIB, pool: undefined as never, placement: { node: 'n2' } });
    expect(free.operation?.node).toBe(n2.id);
    const made: string[] = [];
    for (let i = 0; i < 8; i += 1) made.push((await n1.control.createVolume({ name: `v${i}`, size_bytes: GIB })).operation?.id ?? '');
    await turns(20);
    n2.kill();
    await cluster.pass(20_000);
    for (const id of made) expect(await n1.control.getOperation(id)).toMatchObject({ state: 'succeeded', node: n1.id });
    expect(await n1.control.getOperation(free.operation?.id ?? '')).toMatchObject({ finished_at: null });
    expect((await cluster.events()).find((event) => event.startsWith('NodeLost'))).toMatch(/that held nothing yet are made elsewhere; 1 wait for a place: free/);
    // What nobody can carry out is ended when somebody says so.
    expect(await n1.control.cancelOperation(free.operation?.id ?? '')).toMatchObject({ state: 'cancelled', error: { code: 'unavailable', message: expect.stringContaining('does not answer') } });
    expect(await refusal(n1.control.getVolume('free'))).toMatchObject({ code: 'not_found' });
    expect(await cluster.faults()).toEqual([]);
  });

  it('leaves no rubbish when it comes back after its volumes were placed elsewhere', async () => {
    cluster = await testCluster(['n1', 'n2'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    n2.plane.crashAt = (method, when) => (method === 'createReplica' && when === 'after' ? new Promise(() => undefined) : undefined);
    for (let i = 0; i < 4; i += 1) await n1.control.createVolume({ name: `v${i}`, size_bytes: GIB });
    await turns(20);
    n2.kill();
    await cluster.pass(20_000);
    await cluster.restart('n2');
    await cluster.pass(3_000);
    expect(await cluster.faults()).toEqual([]);
    expect((await cluster.events()).some((event) => event.startsWith('RubbishCollected'))).toBe(true);
  });

  it('goes on with its own when it was only cut off for a while, and drops what others have taken', async () => {
    cluster = await testCluster(['n1', 'n2'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => { release = resolve; });
    n2.plane.crashAt = (method, when) => (method === 'createReplica' && when === 'after' ? gate : undefined);
    for (let i = 0; i < 4; i += 1) await n1.control.createVolume({ name: `v${i}`, size_bytes: GIB });
    const stays = await n1.control.createVolume({ name: 'stays', size_bytes: GIB, pool: 'p-n2' });
    await turns(20);
    n2.cut();
    await cluster.pass(20_000);
    expect(await state(n1, 'n2')).toBe('unavailable');
    release();
    await cluster.pass(3_000);
    n2.heal();
    await cluster.pass(20_000);
    expect(await n1.control.getOperation(stays.operation?.id ?? '')).toMatchObject({ state: 'succeeded', node: n2.id });
    expect(await state(n1, 'n2')).toBe('ready');
    expect((await n1.control.listVolumes()).items.map(({ status }) => status.state)).toEqual(Array.from({ length: 5 }, () => 'ready'));
    expect(await cluster.faults()).toEqual([]);
    expect((await cluster.events()).some((event) => event.startsWith('NodeBack'))).toBe(true);
  });

  it('stops what was given to another node, which has not finished it yet', async () => {
    cluster = await testCluster(['n1', 'n2'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    const open = [n1, n2].map((node) => {
      let release: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => { release = resolve; });
      node.plane.crashAt = (method, when) => (method === 'createReplica' && when === 'after' ? gate : undefined);
      return release;
    });
    const made: string[] = [];
    for (let i = 0; i < 4; i += 1) made.push((await n1.control.createVolume({ name: `v${i}`, size_bytes: GIB })).operation?.id ?? '');
    await turns(20);
    n2.cut();
    await cluster.pass(20_000);
    open[1]?.();
    n2.heal();
    await cluster.pass(20_000);
    for (const id of made) expect(await n1.control.getOperation(id)).toMatchObject({ state: 'running', node: n1.id });
    open[0]?.();
    for (const id of made) expect(await cluster.over(n1, id)).toMatchObject({ state: 'succeeded', node: n1.id });
    await cluster.pass(3_000);
    expect(await cluster.faults()).toEqual([]);
  });

  it('is re-planned by reading what was bound for it, not all that there is', async () => {
    cluster = await testCluster(['n1', 'n2'], { pool: true });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    n2.plane.crashAt = (method) => (method === 'createReplica' ? new Promise(() => undefined) : undefined);
    for (let i = 0; i < 5; i += 1) await cluster.done(n1, n1.control.createVolume({ name: `far${i}`, size_bytes: GIB / 2, pool: 'p-n1' }));
    for (let i = 0; i < 10; i += 1) await n1.control.createVolume({ name: `v${i}`, size_bytes: GIB });
    const bound = (await cluster.store.list(`/work/${n2.id}/`)).entries.length;
    expect(bound).toBeGreaterThan(3);
    const lists: string[] = [];
    const list = cluster.store.list.bind(cluster.store);
    cluster.store.list = (prefix, options) => {
      lists.push(prefix);
      return list(prefix, options);
    };
    n2.kill();
    await cluster.pass(16_000);
    expect((await cluster.store.list(`/work/${n2.id}/`)).entries).toEqual([]);
    expect(lists.filter((prefix) => prefix === '/volumes/' || prefix === '/trash/' || prefix === '/snapshots/')).toEqual([]);
  });
});

describe('the leader', () => {
  it('is one, has the role control, and is followed by another when it is lost', async () => {
    cluster = await testCluster(['n1']);
    await cluster.join('s1', { roles: ['storage'] });
    await cluster.join('n2');
    const [n1, s1, n2] = [cluster.node('n1'), cluster.node('s1'), cluster.node('n2')];
    expect([await leaderOf(n1), await leaderOf(s1), await leaderOf(n2)]).toEqual([n1.id, n1.id, n1.id]);
    n1.kill();
    await cluster.pass(15_000);
    expect([await leaderOf(s1), await leaderOf(n2)]).toEqual([n2.id, n2.id]);
    n2.kill();
    await cluster.pass(15_000);
    expect(await leaderOf(s1)).toBeNull();
  });

  it('steps down by itself before another can lead, when it cannot renew its lease', async () => {
    cluster = await testCluster(['n1', 'n2']);
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    const both: boolean[] = [];
    n1.cut();
    for (let i = 0; i < 60; i += 1) {
      await cluster.pass(500);
      both.push(n1.control.cluster_view.isLeader() && n2.control.cluster_view.isLeader());
    }
    expect(both).not.toContain(true);
    expect(n2.control.cluster_view.isLeader()).toBe(true);
    n1.heal();
    await cluster.pass(15_000);
    expect([n1.control.cluster_view.isLeader(), await leaderOf(n1)]).toEqual([false, n2.id]);
  });

  it('hands over at once when its daemon is stopped, and a restart within the lease is no loss', async () => {
    cluster = await testCluster(['n1', 'n2']);
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    await n1.control.stop();
    await turns(5);
    expect(await leaderOf(n2)).toBe(n2.id);
    await cluster.restart('n1');
    await cluster.pass(30_000);
    expect((await cluster.events()).filter((event) => event.startsWith('NodeLost'))).toEqual([]);
  });

  it('drops old events and finished operations', async () => {
    cluster = await testCluster(['n1', 'n2']);
    const n1 = cluster.node('n1');
    const pad = (n: number): string => String(n).padStart(26, '0');
    for (let i = 0; i < 5_200; i += 100) await cluster.store.txn([], Array.from({ length: 100 }, (_, k) => ({ op: 'put', key: `/events/evt_${pad(i + k)}`, value: { id: `evt_${pad(i + k)}`, object: { kind: 'node', id: '', name: '' } } }) as const));
    for (let i = 0; i < 1_100; i += 100) await cluster.store.txn([], Array.from({ length: 100 }, (_, k) => ({ op: 'put', key: `/operations/op_${pad(i + k)}`, value: { id: `op_${pad(i + k)}`, state: 'succeeded', finished_at: 'then' } }) as const));
    await cluster.pass(62_000);
    expect((await cluster.store.list('/events/')).entries.length).toBeLessThanOrEqual(5_000);
    expect((await cluster.store.list('/operations/')).entries).toHaveLength(1_000);
    expect(n1.control.cluster_view.isLeader()).toBe(true);
  });

  it('forgets a machine that redeemed its token and was never heard of, with its learner, when the token ended', async () => {
    const members = [
      { id: 'a', name: 'n1', peer_urls: ['https://n1.test:2380'], client_urls: [], learner: false, healthy: true }, { id: 'b', name: '', peer_urls: ['https://n9.test:2380'], client_urls: [], learner: true, healthy: false },
      // Its etcd came up and votes; its daemon never did.
      { id: 'c', name: 'n8', peer_urls: ['https://n8.test:2380'], client_urls: [], learner: false, healthy: true },
    ];
    const removed: string[] = [];
    const revoked: string[] = [];
    cluster = await testCluster(['n1'], { settings: {
      storeMembers: { list: async () => members, addLearner: async () => ({ initial_cluster: '' }), promote: async () => false, remove: async (id) => void removed.push(id) },
      revokeNode: async (id) => void revoked.push(id),
    } });
    const n9 = await cluster.join('n9', { started: false });
    // Its daemon never started: the record is as joining has made it.
    const record = (await cluster.store.get<Node>(`/nodes/${n9.id}`))?.value as Node;
    await cluster.store.txn([], [
      { op: 'put', key: `/nodes/${n9.id}`, value: { ...record, status: { ...record.status, state: 'joining' } } },
      { op: 'put', key: '/tokens/t', value: { record: { id: 't', expires_at: new Date(cluster.clock.now() + 600_000).toISOString() }, claim: { node: n9.id } } },
    ]);
    // Of n8 no good token is known: the leader's clock may be wrong, so that is not believed at once.
    const n8 = await cluster.join('n8', { started: false });
    await cluster.pass(240_000);
    for (const name of ['n8', 'n9']) expect(await state(cluster.node('n1'), name)).toBe('joining');
    await cluster.pass(180_000);
    expect(await state(cluster.node('n1'), 'n9')).toBe('joining');
    expect(removed).toEqual(['c']);
    await cluster.pass(240_000);
    for (const name of ['n8', 'n9']) expect(await refusal(cluster.node('n1').control.getNode(name))).toMatchObject({ code: 'not_found' });
    expect([removed.sort(), revoked.sort()]).toEqual([['b', 'c'], [n8.id, n9.id].sort()]);
    expect((await cluster.store.get('/names/node/n9'))).toBeNull();
  });
});

describe('a daemon that starts', () => {
  it('is refused when another machine lives under its node id', async () => {
    cluster = await testCluster(['n1', 'n2']);
    const before = cluster.node('n2');
    const starting = refusal((async () => {
      const other = await cluster.restart('n2', { machine_id: 'a-copy', started: false });
      cluster.nodes.set('n2', before);
      before.heal();
      await other.control.start();
    })());
    await cluster.pass(40_000);
    expect(await starting).toMatchObject({ code: 'conflict', message: expect.stringMatching(/n2 .* lives on another machine already \(machine id machine-of-n2/) });
  });

  it('waits for the lease of its own machine before it was booted again', async () => {
    cluster = await testCluster(['n1', 'n2']);
    const { machine } = cluster.node('n2');
    machine.reboot('boot-2');
    const starting = cluster.restart('n2', { machine });
    await cluster.pass(15_000);
    await starting;
    expect(await state(cluster.node('n1'), 'n2')).toBe('ready');
  });

  it('is refused when more than one minor version lies between it and one that lives', async () => {
    cluster = await testCluster(['n1'], { settings: { daemon_version: '1.4.0' } });
    expect(await refusal(cluster.join('n2', { settings: { daemon_version: '1.6.1' } }))).toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/1\.6\.1.*n1 has 1\.4\.0/) });
    await cluster.join('n3', { settings: { daemon_version: '1.5.0' } });
    expect((await cluster.node('n1').control.getNode('n3')).status.daemon_version).toBe('1.5.0');
  });

  it('is refused by a store that is newer than it, of another cluster, or that does not know its node any more', async () => {
    cluster = await testCluster(['n1']);
    const { id } = cluster.node('n1');
    await expect(cluster.restart('n1', { settings: { cluster: { id: 'clu_00000000000000000000000009', name: 'other' } } })).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('belongs to cluster test') });
    await cluster.store.txn([], [{ op: 'delete', key: `/nodes/${id}` }, { op: 'put', key: '/nodes/node_00000000000000000000000001', value: { id: 'node_00000000000000000000000001', name: 'x' } }]);
    await expect(cluster.restart('n1')).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('it was removed') });
    await cluster.store.txn([], [{ op: 'put', key: '/format', value: { version: 9 } }]);
    await expect(cluster.restart('n1')).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/format 9.*up to 2/) });
  });

  it('shows a clock that is off by more than five minutes', async () => {
    cluster = await testCluster(['n1', 'n2']);
    await cluster.join('n3', { skew_ms: 3_600_000 });
    await cluster.pass(2_000);
    const conditions = async (seenBy: string, name: string) => (await cluster.node(seenBy).control.getNode(name)).status.conditions;
    expect(await conditions('n1', 'n3')).toMatchObject([{ type: 'ClockSkew', message: expect.stringContaining('60 minutes ahead') }]);
    expect(await conditions('n1', 'n2')).toEqual([]);
    expect(await conditions('n3', 'n1')).toMatchObject([{ type: 'ClockSkew', message: expect.stringContaining('behind') }]);
  });
});

describe('a store whose history was compacted while nobody looked', () => {
  it('is listed again, and nothing is missed', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3'], { pool: true, history: 12 });
    const [n1, n2, n3] = [cluster.node('n1'), cluster.node('n2'), cluster.node('n3')];
    n3.cut();
    for (let i = 0; i < 6; i += 1) await cluster.done(n1, n1.control.createVolume({ name: `v${i}`, size_bytes: GIB, pool: 'p-n2' }));
    const waits = await n1.control.createVolume({ name: 'late', size_bytes: GIB, pool: 'p-n3' });
    for (let i = 6; i < 12; i += 1) await cluster.done(n1, n1.control.createVolume({ name: `v${i}`, size_bytes: GIB, pool: 'p-n1' }));
    n3.heal();
    await cluster.over(n2, waits.operation?.id ?? '');
    await cluster.pass(12_000);
    expect((await n3.control.listVolumes()).items.every(({ status }) => status.state === 'ready')).toBe(true);
    expect(await cluster.faults()).toEqual([]);
  });
});

describe('a history that is compacted before a watcher had its turn', () => {
  it('is listed again: nodes, calls to carry something out, and operations that are waited for', async () => {
    cluster = await testCluster(['n1', 'n2', 'n3'], { pool: true, history: 20 });
    const [n1, n2, n3] = [cluster.node('n1'), cluster.node('n2'), cluster.node('n3')];
    const burst = (): void => {
      for (let i = 0; i < 60; i += 1) void cluster.store.txn([], [{ op: 'put', key: '/other', value: i }]);
    };
    rightAfter(cluster, /^\/work\//, burst);
    const { operation } = await n1.control.createVolume({ name: 'v', size_bytes: GIB, pool: 'p-n3' });
    expect(await cluster.over(n2, operation?.id ?? '')).toMatchObject({ state: 'succeeded', node: n3.id });
    n3.plane.crashAt = async (method, when) => {
      if (method === 'grow' && when === 'before') await cluster.clock.sleep(3_000);
    };
    const grown = await n1.control.resizeVolume('v', 2 * GIB);
    let over = false;
    void n2.control.waitOperation(grown.operation?.id ?? '', 600_000).then(() => { over = true; });
    await turns(5);
    // Of its end, too, nobody hears in time.
    cluster.store.txn = ((txn) => async (compare, writes) => {
      const done = await txn(compare, writes);
      if (writes.some(({ key, op }) => op === 'delete' && key.startsWith('/running/'))) burst();
      return done;
    })(cluster.store.txn.bind(cluster.store));
    await cluster.pass(5_000);
    expect(over).toBe(true);
    rightAfter(cluster, /^\/nodes\//, burst);
    await n1.control.updateNode('n1', { zone: 'a' });
    await turns(5);
    expect(n3.control.cluster_view.members.node(n1.id)?.spec.zone).toBe('a');
  });
});

describe('a single machine whose store is of the first format', () => {
  it('is brought forward: index keys, names of nodes, and operations that were not finished', async () => {
    cluster = await testCluster(['n1'], { pool: true });
    const n1 = cluster.node('n1');
    await cluster.done(n1, n1.control.createVolume({ name: 'v', size_bytes: GIB }));
    await cluster.done(n1, n1.control.createVolume({ name: 'w', size_bytes: GIB }));
    await cluster.done(n1, n1.control.removeVolume('w'));
    n1.plane.crashAt = (method) => (method === 'grow' ? new Promise(() => undefined) : undefined);
    const { operation } = await n1.control.resizeVolume('v', 2 * GIB);
    await turns(10);
    n1.kill();
    for (const prefix of ['/placed/', '/hosted/', '/running/', '/work/', '/names/node/', '/names/trash/', '/format']) {
      const { entries } = await cluster.store.list(prefix);
      await cluster.store.txn([], entries.map(({ key }) => ({ op: 'delete', key })));
    }
    const record = (await cluster.store.get<Record<string, unknown>>(`/operations/${operation?.id ?? ''}`))?.value ?? {};
    const { node: _node, ...old } = record;
    await cluster.store.txn([], [{ op: 'put', key: `/operations/${operation?.id ?? ''}`, value: old }]);
    await cluster.restart('n1');
    await cluster.over(cluster.node('n1'), operation?.id ?? '');
    expect(await cluster.faults()).toEqual([]);
    expect((await cluster.store.get('/format'))?.value).toEqual({ version: 2 });
    expect((await cluster.node('n1').control.listTrash({ name: 'w' })).items).toHaveLength(1);
    expect(POOL_PATH).toBe((await cluster.node('n1').control.getPool('p-n1')).spec.path);
  });
});
