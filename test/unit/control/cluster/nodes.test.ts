/** Draining and removing nodes, living and dead, and whatever the moment the leader dies in the middle. */
import { afterEach, describe, expect, it } from '@jest/globals';
import type { StoreMember } from '../../../../src/control/ports/store-members.ts';
import type { Operation } from '../../../../src/model/operation.ts';
import { GIB } from '../bench.ts';
import { refusal, rightBefore, testCluster, turns, type TestCluster, type TestNode } from './bench.ts';

let cluster: TestCluster;
afterEach(() => cluster.stop());

const three = async (options: Parameters<typeof testCluster>[1] = {}): Promise<readonly [TestNode, TestNode, TestNode]> => {
  cluster = await testCluster(['n1', 'n2', 'n3'], { pool: true, ...options });
  return [cluster.node('n1'), cluster.node('n2'), cluster.node('n3')];
};
const state = async (seenBy: TestNode, name: string): Promise<string> => (await seenBy.control.getNode(name)).status.state;
const volume = (by: TestNode, name: string, pool: string) => cluster.done(by, by.control.createVolume({ name, size_bytes: GIB, pool }));

describe('changing a node', () => {
  it('sets labels, zone, address and owner, seen on every node, and refuses an old version', async () => {
    const [n1, n2, n3] = await three();
    const changed = await n1.control.updateNode('n2', { labels: { disk: 'ssd' }, zone: 'rack-1', address: '10.0.0.2:7480', owner: 'ops' });
    expect(changed).toMatchObject({ version: 2, labels: { disk: 'ssd' }, owner: 'ops', spec: { zone: 'rack-1', address: '10.0.0.2:7480' } });
    await turns(3);
    expect((await n3.control.listNodes({ name: 'n2' })).items[0]?.spec.zone).toBe('rack-1');
    expect((await n2.control.updateNode('n2', { zone: 'rack-1' })).version).toBe(2);
    expect(await refusal(n3.control.updateNode('n2', { zone: '' }, { expectedVersion: 1 }))).toMatchObject({ code: 'conflict' });
  });

  it.each([
    [{ zone: 'Rack 1' }, 'invalid_argument', 'zone'], [{ address: 'nowhere' }, 'invalid_argument', 'address'], [{ labels: { 'a b': '' } }, 'invalid_argument', 'labels'],
    [{ roles: [] }, 'invalid_argument', 'roles'], [{ roles: ['storage'] as const }, 'failed_precondition', 'roles'],
  ])('refuses %j', async (request, code, field) => {
    const [n1] = await three();
    expect(await refusal(n1.control.updateNode('n2', request))).toMatchObject({ code, detail: { field } });
  });

  it('takes the role storage away only where no replica is left', async () => {
    const [n1] = await three();
    await volume(n1, 'v', 'p-n2');
    expect(await refusal(n1.control.updateNode('n2', { roles: ['control'] }))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('v') });
    await cluster.done(n1, n1.control.removeVolume('v', { purge: true }));
    expect((await n1.control.updateNode('n2', { roles: ['control'] })).spec.roles).toEqual(['control']);
    expect(await refusal(n1.control.createVolume({ name: 'w', pool: 'p-n2' }))).toMatchObject({ code: 'failed_precondition' });
  });
});

describe('draining', () => {
  it('waits for consumers with progress, places nothing there, and ends when the last one has let go', async () => {
    const [n1, n2, n3] = await three();
    for (const name of ['a', 'b', 'c']) await volume(n1, name, 'p-n2');
    await n2.control.publishVolume('a', { consumer: 'x' });
    await n2.control.publishVolume('b', { consumer: 'y', path: '/mnt/b' });
    const { object, operation, warnings } = await n3.control.drainNode('n2');
    expect(object).toMatchObject({ spec: { cordoned: true }, status: { state: 'draining' } });
    expect(warnings.join()).toContain('a, b');
    expect((await n1.control.drainNode('n2')).operation?.id).toBe(operation?.id);
    await cluster.pass(3_000);
    expect(await n3.control.getOperation(operation?.id ?? '')).toMatchObject({ state: 'running', done: 0, total: 2 });
    expect(await refusal(n1.control.createVolume({ name: 'd', pool: 'p-n2' }))).toMatchObject({ code: 'failed_precondition' });
    expect(await n1.control.nodeHoldings('n2')).toMatchObject([{ name: 'a', last_copy: true, attached: true, consumers: ['x'] }, { name: 'b', attached: true, consumers: ['/mnt/b'] }, { name: 'c', attached: false }]);
    await n2.control.unpublishVolume('a', { consumer: 'x' });
    await cluster.pass(3_000);
    expect(await n3.control.getOperation(operation?.id ?? '')).toMatchObject({ done: 1, total: 2 });
    await n2.control.unpublishVolume('b', { consumer: 'y' });
    expect(await cluster.over(n3, operation?.id ?? '')).toMatchObject({ state: 'succeeded' });
    expect(await state(n1, 'n2')).toBe('drained');
    expect((await n1.control.drainNode('n2')).operation).toBeNull();
    // What is there can still be used.
    await n2.control.publishVolume('c', { consumer: 'z' });
    expect(await cluster.faults()).toEqual([]);
  });

  it('goes on with another leader, and survives a restart of the node', async () => {
    const [n1, n2, n3] = await three();
    await volume(n1, 'a', 'p-n2');
    await n2.control.publishVolume('a', { consumer: 'x' });
    const { operation } = await n3.control.drainNode('n2');
    await cluster.pass(2_000);
    n1.kill();
    const again = await cluster.restart('n2');
    await cluster.pass(20_000);
    expect(await n3.control.getOperation(operation?.id ?? '')).toMatchObject({ state: 'running' });
    expect([n2.id, n3.id]).toContain((await n3.control.getOperation(operation?.id ?? '')).node);
    await again.control.unpublishVolume('a', { consumer: 'x' });
    expect(await cluster.over(n3, operation?.id ?? '')).toMatchObject({ state: 'succeeded' });
    expect(await state(n3, 'n2')).toBe('drained');
  });

  it('is ended by undrain and by cancelling, after which the node takes work again', async () => {
    const [n1, n2, n3] = await three();
    await volume(n1, 'a', 'p-n2');
    await n2.control.publishVolume('a', { consumer: 'x' });
    const first = await n3.control.drainNode('n2');
    await cluster.pass(2_000);
    expect(await n2.control.undrainNode('n2')).toMatchObject({ spec: { cordoned: false }, status: { state: 'ready' } });
    expect((await cluster.over(n3, first.operation?.id ?? '')).state).toBe('cancelled');
    const second = await n3.control.drainNode('n2');
    await cluster.pass(2_000);
    await n2.control.cancelOperation(second.operation?.id ?? '');
    expect((await cluster.over(n3, second.operation?.id ?? '')).state).toBe('cancelled');
    expect(await n1.control.getNode('n2')).toMatchObject({ spec: { cordoned: false }, status: { state: 'ready' } });
    await volume(n1, 'b', 'p-n2');
    expect(await cluster.faults()).toEqual([]);
  });

  it('that is asked for while the former one is being undone begins anew', async () => {
    const [n1, n2, n3] = await three();
    await volume(n1, 'a', 'p-n2');
    await n2.control.publishVolume('a', { consumer: 'x' });
    const end: readonly ((id: string) => Promise<unknown>)[] = [() => n3.control.undrainNode('n2'), (id) => n3.control.cancelOperation(id)];
    for (const by of [n1, n3]) {
      for (const stop of end) {
        const former = (await by.control.drainNode('n2')).operation?.id ?? '';
        await cluster.pass(2_000);
        await stop(former);
        const again = by.control.drainNode('n2');
        await cluster.pass(2_000);
        const id = (await again).operation?.id ?? '';
        expect(id).not.toBe(former);
        expect((await by.control.getNode('n2')).spec.cordoned).toBe(true);
        expect(await by.control.getOperation(id)).toMatchObject({ finished_at: null, cancel_requested: false });
        expect((await cluster.over(by, former)).state).toBe('cancelled');
        await n3.control.undrainNode('n2');
        await cluster.over(by, id);
      }
    }
  });

  it('of a node that is gone ends at once, saying what was attached there', async () => {
    const [n1, n2] = await three();
    await volume(n1, 'a', 'p-n2');
    await n2.control.publishVolume('a', { consumer: 'x' });
    n2.kill();
    await cluster.pass(15_000);
    await cluster.done(n1, n1.control.drainNode('n2'));
    expect((await cluster.events()).some((event) => /^DrainedDead: .*1 volume\(s\) were attached.*: a$/.test(event))).toBe(true);
  });
});

describe('removing', () => {
  it('is refused while the node lives and is not drained, has something attached, or holds last copies, with the list', async () => {
    const [n1, n2] = await three();
    await volume(n1, 'a', 'p-n2');
    expect(await refusal(n1.control.removeNode('n2'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('is drained before'), detail: { hint: 'holdfast node drain n2' } });
    await n2.control.publishVolume('a', { consumer: 'x' });
    expect(await refusal(n1.control.removeNode('n2', { abandon: true }))).toMatchObject({ message: expect.stringMatching(/attached on node n2: a \(x\)/) });
    await n2.control.unpublishVolume('a', { consumer: 'x' });
    await cluster.done(n1, n1.control.drainNode('n2'));
    expect(await refusal(n1.control.removeNode('n2'))).toMatchObject({ message: expect.stringContaining('last copy of 1 volume(s): a'), detail: { field: 'abandon', hint: expect.stringContaining('--abandon') } });
    expect(await state(n1, 'n2')).toBe('drained');
  });

  it('takes an emptied node out: revoked, no member any more, forgotten; its daemon does not start again', async () => {
    const did: string[] = [];
    const members: StoreMember[] = ['n1', 'n2', 'n3'].map((name) => ({ id: `m-${name}`, name, peer_urls: [], client_urls: [], learner: false, healthy: true }));
    const [n1, n2, n3] = await three({ settings: {
      storeMembers: { list: async () => members, addLearner: async () => ({ initial_cluster: '' }), promote: async () => true, remove: async (id) => { did.push(`member ${id}`); members.splice(members.findIndex((one) => one.id === id), 1); } },
      revokeNode: async (id) => void did.push(`revoke ${id}`),
    } });
    await volume(n1, 'a', 'p-n2');
    await cluster.done(n1, n1.control.removeVolume('a'));
    await cluster.done(n1, n1.control.drainNode('n2'));
    await cluster.done(n3, n3.control.removeNode('n2'));
    expect(did).toEqual(['member m-n2', `revoke ${n2.id}`]);
    expect((await n3.control.listNodes()).items.map(({ name }) => name)).toEqual(['n1', 'n3']);
    expect((await n3.control.listPools()).items.map(({ name }) => name).sort()).toEqual(['p-n1', 'p-n3']);
    expect((await n3.control.listTrash()).items).toEqual([]);
    await expect(cluster.restart('n2')).rejects.toMatchObject({ message: expect.stringContaining('it was removed') });
    cluster.nodes.delete('n2');
    expect(await cluster.faults()).toEqual([]);
    // Its name is free for another machine.
    await cluster.join('n2', { pool: true });
  });

  it('gives the last copies of a dead node up only when told so; the volumes stay, unavailable, and can be removed', async () => {
    const [n1, n2] = await three();
    await volume(n1, 'a', 'p-n2');
    await n2.control.publishVolume('a', { consumer: 'x' });
    n2.kill();
    await cluster.pass(15_000);
    expect(await refusal(n1.control.removeNode('n2'))).toMatchObject({ message: expect.stringContaining('last copy') });
    await cluster.done(n1, n1.control.removeNode('n2', { abandon: true }));
    cluster.nodes.delete('n2');
    for (const by of [n1, cluster.node('n3')]) expect(await by.control.getVolume('a')).toMatchObject({ status: { state: 'unavailable', conditions: [{ type: 'ReplicaLost' }], publications: [] } });
    expect(await refusal(n1.control.publishVolume('a', { consumer: 'x' }))).toMatchObject({ code: 'failed_precondition' });
    expect(await cluster.faults()).toEqual([]);
    await cluster.done(n1, n1.control.removeVolume('a'));
    await cluster.done(cluster.node('n3'), cluster.node('n3').control.purgeTrash('a'));
    expect(await cluster.faults()).toEqual([]);
  });

  it('of itself is handed to another control node', async () => {
    const [n1, n2] = await three();
    expect(n1.control.cluster_view.isLeader()).toBe(true);
    await cluster.done(n1, n1.control.drainNode('n1'));
    const { operation } = await n1.control.removeNode('n1');
    const over = await cluster.over(n2, operation?.id ?? '');
    expect(over).toMatchObject({ state: 'succeeded' });
    expect(over.node).not.toBe(n1.id);
    expect((await n2.control.listNodes()).items.map(({ name }) => name)).toEqual(['n2', 'n3']);
  });

  it('ends what the node should have carried out', async () => {
    const [n1, n2] = await three();
    await volume(n1, 'a', 'p-n2');
    n2.kill();
    await turns(3);
    const grown = await n1.control.resizeVolume('a', 2 * GIB);
    await cluster.pass(15_000);
    await cluster.done(n1, n1.control.removeNode('n2', { abandon: true }));
    cluster.nodes.delete('n2');
    expect(await n1.control.getOperation(grown.operation?.id ?? '')).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('was removed from the cluster') } });
    expect(await cluster.faults()).toEqual([]);
  });

  it('is refused for the last control node, and where the control store would lose its majority', async () => {
    const members = (healthy: readonly string[]): StoreMember[] => ['n1', 'n2', 'n3'].map((name) => ({ id: name, name, peer_urls: [], client_urls: [], learner: false, healthy: healthy.includes(name) }));
    const [n1] = await three({ pool: false, settings: { storeMembers: { list: async () => members(['n1', 'n2']), addLearner: async () => ({ initial_cluster: '' }), promote: async () => true, remove: async () => undefined } } });
    await cluster.done(n1, n1.control.drainNode('n2'));
    expect(await refusal(n1.control.removeNode('n2'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('1 healthy member(s) of 2: no majority') });
    await cluster.stop();
    cluster = await testCluster(['n1']);
    const only = cluster.node('n1');
    await cluster.done(only, only.control.drainNode('n1'));
    expect(await refusal(only.control.removeNode('n1'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('only one with the role control') });
  });
});

describe('a removal that is not alone', () => {
  const member = (name: string, more: Partial<StoreMember> = {}): StoreMember => ({ id: `m-${name}`, name, peer_urls: [`https://${name}.test:2380`], client_urls: [], learner: false, healthy: true, ...more });

  it('of the two last control nodes at once takes out one of them', async () => {
    cluster = await testCluster(['n1', 'n2']);
    await cluster.join('n3', { roles: ['storage'] });
    const [n1, n2] = [cluster.node('n1'), cluster.node('n2')];
    for (const name of ['n1', 'n2']) await cluster.done(n1, n1.control.drainNode(name));
    const asked = await Promise.allSettled([n1.control.removeNode('n1'), n2.control.removeNode('n2')]);
    expect(asked.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(asked.find((one) => one.status === 'rejected')?.reason).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('no node with the role control would be left') });
    await cluster.pass(20_000);
    expect((await cluster.node('n3').control.listNodes()).items.filter(({ spec }) => spec.roles.includes('control'))).toHaveLength(1);
  });

  it('of the last control node that lives is refused, naming those that do not', async () => {
    const [n1, n2, n3] = await three({ pool: false });
    await cluster.done(n1, n1.control.drainNode('n1'));
    n2.kill();
    n3.kill();
    await cluster.pass(15_000);
    expect(await refusal(n1.control.removeNode('n1'))).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('n2, n3 cannot be reached') });
  });

  it('of a control node whose etcd never started takes its learner out, known by its address', async () => {
    const members = [member('n1'), member('n9', { name: '', learner: true, healthy: false })];
    cluster = await testCluster(['n1', 'n2'], { settings: { storeMembers: { list: async () => members, addLearner: async () => ({ initial_cluster: '' }), promote: async () => false, remove: async (id) => void members.splice(members.findIndex((one) => one.id === id), 1) } } });
    const n1 = cluster.node('n1');
    await cluster.join('n9', { started: false });
    await cluster.done(n1, n1.control.removeNode('n9'));
    expect(members.map(({ id }) => id)).toEqual(['m-n1']);
  });

  it('and whose last step is done again, after another machine took the name, leaves that machine alone', async () => {
    const removed: string[] = [];
    cluster = await testCluster(['n1', 'n3'], { settings: { storeMembers: { list: async () => ['n1', 'n2', 'n3'].map((name) => member(name)), addLearner: async () => ({ initial_cluster: '' }), promote: async () => true, remove: async (id) => void removed.push(id) } } });
    const [n1, n2] = [cluster.node('n1'), await cluster.join('n2')];
    await cluster.done(n1, n1.control.drainNode('n2'));
    const { operation } = await n1.control.removeNode('n2');
    await cluster.over(n1, operation?.id ?? '');
    const again = await cluster.join('n2');
    expect(again.id).not.toBe(n2.id);
    expect(removed).toEqual(['m-n2']);
    // As if the one who led had died before it could note the end.
    const over = (await cluster.store.get<Operation>(`/operations/${operation?.id ?? ''}`))?.value as Operation;
    for (const step of ['members', 'forget']) {
      await cluster.store.txn([], [
        { op: 'put', key: `/operations/${over.id}`, value: { ...over, state: 'running', step, finished_at: null } },
        { op: 'put', key: `/running/${n2.id}`, value: over.id }, { op: 'put', key: `/work/leader/${over.id}`, value: 'do' },
      ]);
      await turns(20);
      expect((await cluster.over(n1, over.id)).state).toBe('succeeded');
    }
    expect(removed).toEqual(['m-n2']);
    expect((await n1.control.getNode('n2')).id).toBe(again.id);
  });

  it('gives nothing up that was mounted again in between', async () => {
    const [n1, n2] = await three();
    await volume(n1, 'a', 'p-n2');
    await cluster.done(n1, n1.control.drainNode('n2'));
    rightBefore(cluster, /^\/work\/leader\//, () => n2.control.publishVolume('a', { consumer: 'x' }));
    const { operation } = await n1.control.removeNode('n2', { abandon: true });
    expect(await cluster.over(n1, operation?.id ?? '')).toMatchObject({ state: 'failed', error: { message: expect.stringContaining('attached on node n2 again: a') } });
    expect(await n1.control.getVolume('a')).toMatchObject({ status: { state: 'ready', publications: [{ consumer: 'x' }] } });
    // In the very moment in which it is given up: one of both is refused.
    await n2.control.unpublishVolume('a', { consumer: 'x' });
    rightBefore(cluster, /^\/volumes\//, () => n2.control.publishVolume('a', { consumer: 'y' }));
    const second = await n1.control.removeNode('n2', { abandon: true });
    expect((await cluster.over(n1, second.operation?.id ?? '')).state).toBe('failed');
    expect(await n1.control.getVolume('a')).toMatchObject({ status: { state: 'ready', publications: [{ consumer: 'y' }] } });
    await n2.control.unpublishVolume('a', { consumer: 'y' });
    const late = cluster.node('n2').control;
    let published: Promise<unknown> = Promise.resolve();
    rightBefore(cluster, /^\/volumes\//, async () => {
      const third = await n1.control.removeNode('n2', { abandon: true });
      await cluster.over(n1, third.operation?.id ?? '');
    });
    published = late.publishVolume('a', { consumer: 'z' });
    expect(await refusal(published)).toMatchObject({ code: 'failed_precondition' });
    expect(n2.machine.devices.size).toBe(0);
  });
});

describe('a crash at any effect', () => {
  /** The daemon asked is killed at its k-th effect; another leads then. The step is asked for again. */
  const series = async (prepare: () => Promise<void>, victim: string, step: (node: TestNode) => Promise<unknown>, finished: (node: TestNode) => Promise<boolean>): Promise<number> => {
    for (let k = 0; ; k += 1) {
      await three();
      await prepare();
      const dying = cluster.node(victim);
      dying.crashAfter(k);
      let ended = false;
      step(dying).then(() => { ended = true; }, () => { ended = true; });
      for (let i = 0; i < 12 && !dying.died(); i += 1) await cluster.pass(500);
      if (!dying.died()) {
        expect(ended).toBe(true);
        return k;
      }
      const other = cluster.node(victim === 'n1' ? 'n3' : 'n1');
      await cluster.pass(20_000);
      await step(other).catch(() => undefined);
      await cluster.pass(5_000);
      expect({ k, finished: await finished(other) }).toEqual({ k, finished: true });
      await cluster.restart(victim);
      await cluster.pass(5_000);
      expect({ k, faults: await cluster.faults() }).toEqual({ k, faults: [] });
      await cluster.stop();
      expect(k).toBeLessThan(120);
    }
  };

  it('of a drain, on the leader, is gone on with by the next leader', async () => {
    const effects = await series(async () => void (await volume(cluster.node('n1'), 'a', 'p-n2')), 'n1', async (node) => {
      const { operation } = await node.control.drainNode('n2');
      if (operation !== null) await node.control.waitOperation(operation.id, 60_000);
    }, async (node) => (await state(node, 'n2')) === 'drained');
    expect(effects).toBeGreaterThan(5);
  });

  it('of a removal, on the leader, is gone on with by the next leader', async () => {
    const effects = await series(async () => {
      const n1 = cluster.node('n1');
      await volume(n1, 'a', 'p-n2');
      await volume(n1, 'b', 'p-n2');
      await cluster.done(n1, n1.control.removeVolume('b'));
      cluster.node('n2').kill();
      await cluster.pass(15_000);
      cluster.nodes.delete('n2');
    }, 'n1', async (node) => {
      const { operation } = await node.control.removeNode('n2', { abandon: true });
      if (operation !== null) await node.control.waitOperation(operation.id, 60_000);
    }, async (node) => !(await node.control.listNodes()).items.some(({ name }) => name === 'n2'));
    expect(effects).toBeGreaterThan(10);
  });

  it('of a volume that is created from another node, on the asking node, leaves the whole volume or nothing', async () => {
    const effects = await series(async () => undefined, 'n3', async (node) => {
      const { operation } = await node.control.createVolume({ name: 'v', size_bytes: GIB, pool: 'p-n2' });
      if (operation !== null) await node.control.waitOperation(operation.id, 60_000);
    }, async (node) => (await node.control.getVolume('v')).status.state === 'ready');
    expect(effects).toBeGreaterThan(0);
  });

  it('of a volume that is created from another node, on the node that makes it, is finished when that is back', async () => {
    for (let k = 0; ; k += 1) {
      const [n1, n2] = await three();
      n2.crashAfter(k);
      const { operation } = await n1.control.createVolume({ name: 'v', size_bytes: GIB, pool: 'p-n2' });
      await cluster.pass(3_000);
      const died = n2.died();
      if (died) await cluster.restart('n2');
      expect({ k, over: (await cluster.over(n1, operation?.id ?? '')).state }).toEqual({ k, over: 'succeeded' });
      await cluster.pass(3_000);
      expect({ k, faults: await cluster.faults() }).toEqual({ k, faults: [] });
      await cluster.stop();
      if (!died) break;
      expect(k).toBeLessThan(100);
    }
  });
});
