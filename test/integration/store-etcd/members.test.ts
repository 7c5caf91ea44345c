import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../../../src/control/ports/store.ts';
import { createEtcdMembers, type EtcdMembers } from '../../../src/store/etcd/members.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { openOn, optionsOf, persistently, Watcher, Writers } from './work.ts';

describeIf(etcd, 'the members of an etcd that grows from one to five and shrinks again', () => {
  let lab: EtcdLab;
  let store: Store;
  let members: EtcdMembers;
  let watcher: Watcher;
  let writers: Writers;
  beforeAll(async () => {
    lab = await startEtcd({ tls: true });
    store = await openOn(lab);
    members = createEtcdMembers(optionsOf(lab));
    watcher = new Watcher(store, '/k/', (await store.list('')).revision + 1);
    writers = new Writers(store, '/k/', { lines: 4, pauseMs: 20 });
    await writers.more(20);
  });
  afterAll(async () => {
    await writers?.end();
    await watcher?.end();
    await members?.close();
    await store?.close();
    await lab?.dispose();
  });

  const find = async (name: string) => {
    const found = (await persistently(() => members.list())).find((member) => member.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  };
  const settled = async (): Promise<void> => {
    for (const deadline = Date.now() + 180_000; !(await persistently(() => members.list())).every(({ healthy }) => healthy); await pause(200)) if (Date.now() > deadline) throw new Error('not all members are healthy');
  };
  const promoted = async (id: string): Promise<void> => {
    for (const deadline = Date.now() + 180_000; !(await persistently(() => members.promote(id))); await pause(100)) if (Date.now() > deadline) throw new Error('the learner does not catch up');
  };
  const uses = async (): Promise<void> => {
    await members.close();
    members = createEtcdMembers(optionsOf(lab));
  };

  test('one alone is listed with its name and addresses, and cannot leave', async () => {
    const [only, ...others] = await members.list();
    expect(others).toEqual([]);
    expect(only).toEqual({ id: expect.stringMatching(/^[0-9a-f]+$/), name: 'm0', peer_urls: [lab.members[0]?.peerUrl], client_urls: [lab.endpoints[0]], learner: false, healthy: true });
    await expect(members.remove(only?.id ?? '')).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('the only one') });
    expect(await members.promote(only?.id ?? '')).toBe(true);
  });

  test('a new one is added once, however often that is asked, and votes when it has caught up', async () => {
    for (const name of ['m1', 'm2']) {
      const i = await lab.prepare(name);
      const url = lab.members[i]?.peerUrl ?? '';
      const { initial_cluster } = await persistently(() => members.addLearner(name, url));
      expect(initial_cluster.split(',')).toEqual(expect.arrayContaining([`m0=${lab.members[0]?.peerUrl}`, `${name}=${url}`]));
      expect((await persistently(() => members.addLearner(name, url))).initial_cluster).toBe(initial_cluster);
      const added = (await members.list()).find((member) => member.peer_urls.includes(url));
      expect(added).toMatchObject({ name: '', learner: true, healthy: false });
      expect(await members.promote(added?.id ?? '')).toBe(false);
      await expect(members.addLearner('m9', 'https://127.0.0.1:9')).rejects.toMatchObject({ code: 'failed_precondition', retryable: true });
      await lab.join(i, initial_cluster, { wait: false });
      await promoted(added?.id ?? '');
      expect(await persistently(() => members.promote(added?.id ?? ''))).toBe(true);
      await settled();
      expect(await find(name)).toMatchObject({ learner: false, healthy: true, id: added?.id });
      await expect(members.addLearner(name, 'https://127.0.0.1:9')).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('already') });
    }
    await writers.more(20);
  });

  test('one that the majority needs may not leave', async () => {
    await uses();
    await lab.kill(2);
    const ill = await find('m2');
    expect(ill.healthy).toBe(false);
    await expect(members.remove((await find('m1')).id)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('m2 is not') });
    await lab.restart(2);
    await settled();
  });

  test('a dead one is removed and replaced by another; five hold', async () => {
    await lab.kill(2);
    const { id } = await find('m2');
    await persistently(() => members.remove(id));
    await persistently(() => members.remove(id));
    expect((await members.list()).map(({ name }) => name)).toEqual(['m0', 'm1']);
    for (const name of ['m3', 'm4', 'm5']) {
      const i = await lab.prepare(name);
      const url = lab.members[i]?.peerUrl ?? '';
      const { initial_cluster } = await persistently(() => members.addLearner(name, url));
      await lab.join(i, initial_cluster, { wait: false });
      await promoted((await members.list()).find((member) => member.peer_urls.includes(url))?.id ?? '');
      await settled();
    }
    expect(await members.list()).toHaveLength(5);
    await writers.more(20);
  });

  test('the leader leaves, having handed over', async () => {
    const leader = await lab.leader();
    const { id, name } = await find(lab.members[leader]?.name ?? '');
    await persistently(() => members.remove(id));
    await lab.kill(leader);
    await uses();
    expect((await members.list()).map((member) => member.name)).not.toContain(name);
    // Whoever knows the others goes on.
    const elsewhere = await openOn(lab, lab.endpoints.filter((_, i) => i !== leader));
    expect(await persistently(() => elsewhere.get('/x'))).toBeNull();
    await elsewhere.close();
  });

  test('ids that are none are not found', async () => {
    await expect(members.promote('zz')).rejects.toMatchObject({ code: 'not_found' });
    await expect(members.promote('1234')).rejects.toMatchObject({ code: 'not_found' });
    await members.remove('1234');
  });

  test('all that was written meanwhile is there, and was seen once', async () => {
    await writers.end();
    await store.close();
    store = await openOn(lab);
    const held = (await persistently(() => store.list('/k/'))).entries.map(({ key }) => key);
    expect(held).toEqual(expect.arrayContaining([...writers.acknowledged].sort()));
    const again = new Watcher(store, '/k/', 1);
    await again.reached(held.length);
    expect(again.changes.map(({ key }) => key).sort()).toEqual(held);
    expect(again.changes.slice(0, watcher.changes.length)).toEqual(watcher.changes);
    await again.end();
  });
});
