import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Store, Write } from '../../../src/control/ports/store.ts';
import { createEtcdMembers } from '../../../src/store/etcd/members.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { compact, openOn, optionsOf, Watcher } from './work.ts';

const put = (key: string, value: unknown): Write => ({ op: 'put', key, value });
const MIB = 2 ** 20;

describeIf(etcd, 'the limits of an etcd with its own default configuration', () => {
  let lab: EtcdLab;
  let store: Store;
  beforeAll(async () => {
    lab = await startEtcd({ flags: ['--max-txn-ops=128'] });
  });
  afterAll(() => lab?.dispose());
  beforeEach(async () => {
    store = await openOn(lab);
  });
  afterEach(() => store.close());

  test('100,000 keys are listed in order, at one revision, while others write', async () => {
    const key = (n: number): string => `/many/${String(n).padStart(6, '0')}`;
    const write = async (line: number): Promise<void> => {
      for (let n = line * 100; n < 100_000; n += 2_000) await store.txn([], Array.from({ length: 100 }, (_, i) => put(key(n + i), { n: n + i, text: 'x'.repeat(200) })));
    };
    await Promise.all(Array.from({ length: 20 }, (_, line) => write(line)));
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 1) await store.txn([], [put(key(n % 50_000), 'changed'), put(key(99_999 - (n % 50_000)), 'changed')]);
    })();
    const { entries, revision } = await store.list('/many/');
    writing = false;
    await writer;
    expect(entries).toHaveLength(100_000);
    expect(entries.every((entry, n) => entry.key === key(n))).toBe(true);
    expect(entries.filter((entry) => entry.revision > revision)).toEqual([]);
    // Each transaction changed a key at either end: read at one revision, as many are changed here as there.
    const changed = entries.map(({ value }) => value === 'changed');
    expect(changed.slice(0, 50_000).filter(Boolean).length).toBe(changed.slice(50_000).filter(Boolean).length);
    const page = await store.list('/many/', { after: key(49_999), limit: 3 });
    expect(page.entries.map((entry) => entry.key)).toEqual([key(50_000), key(50_001), key(50_002)]);
  });

  test('values of 1 MiB are listed and watched, however many', async () => {
    const from = (await store.list('')).revision + 1;
    const value = 'x'.repeat(MIB - 2);
    const watcher = new Watcher(store, '/large/', from);
    for (let n = 0; n < 60; n += 1) await store.txn([], [put(`/large/${String(n).padStart(2, '0')}`, value)]);
    const late = new Watcher(store, '/large/', from);
    expect((await store.list<string>('/large/')).entries.map((entry) => entry.value.length)).toEqual(Array.from({ length: 60 }, () => value.length));
    await Promise.all([watcher.reached(60), late.reached(60)]);
    expect(late.changes.map((change) => change.key)).toEqual(watcher.changes.map((change) => change.key));
    await Promise.all([watcher.end(), late.end()]);
  });

  test('more operations than etcd takes are refused with the number and the setting, and nothing is written', async () => {
    await expect(store.txn([], Array.from({ length: 129 }, (_, n) => put(`/ops/${n}`, n)))).rejects.toMatchObject({ code: 'invalid_argument', retryable: false, message: expect.stringContaining('129 operations'), detail: { hint: expect.stringContaining('max-txn-ops') } });
    await expect(store.txn(Array.from({ length: 129 }, (_, n) => ({ key: `/ops/${n}`, revision: 0 })), [put('/ops/x', 1)])).rejects.toMatchObject({ code: 'invalid_argument' });
    expect((await store.list('/ops/')).entries).toEqual([]);
    expect(await store.txn([], Array.from({ length: 128 }, (_, n) => put(`/ops/${n}`, n)))).toMatchObject({ committed: true });
  });

  test('a transaction of more bytes than etcd takes is refused with the setting, and nothing is written', async () => {
    for (const count of [2, 4]) {
      await expect(store.txn([], Array.from({ length: count }, (_, n) => put(`/bytes/${n}`, 'x'.repeat(MIB - 2))))).rejects.toMatchObject({ code: 'invalid_argument', detail: { hint: expect.stringContaining('max-request-bytes') } });
    }
    expect((await store.list('/bytes/')).entries).toEqual([]);
  });

  test('a list that compaction overtakes begins anew', async () => {
    const listing = store.list('/many/');
    for (let n = 0; n < 5; n += 1) {
      const { revision } = await store.list('/none/');
      await store.txn([], [put('/other', n)]);
      await compact(lab, revision);
    }
    expect((await listing).entries).toHaveLength(100_000);
  });

  test('endpoints and prefixes that are none are refused when the store is opened', async () => {
    for (const endpoints of [[], ['127.0.0.1:2379'], ['https://127.0.0.1:2379'], ['http://127.0.0.1:2379/path'], ['http://user@127.0.0.1:2379']]) {
      await expect(openOn(lab, endpoints)).rejects.toMatchObject({ code: 'invalid_argument', detail: { field: 'endpoints' } });
    }
    await expect(openEtcdStore({ ...optionsOf(lab), prefix: '/ends/' })).rejects.toMatchObject({ code: 'invalid_argument', detail: { field: 'prefix' } });
  });
});

describeIf(etcd, 'an etcd that is full', () => {
  const QUOTA = 16 * MIB;
  let lab: EtcdLab;
  let store: Store;
  beforeAll(async () => {
    lab = await startEtcd({ members: 3, tls: true, flags: [`--quota-backend-bytes=${QUOTA}`] });
    store = await openEtcdStore({ ...optionsOf(lab), quotaBytes: QUOTA });
  });
  afterAll(async () => {
    await store?.close();
    await lab?.dispose();
  });

  test('refuses writes with what to do, can be read and deleted from, and goes on when there is room', async () => {
    await store.txn([], [put('/kept', 1)]);
    const from = (await store.list('')).revision + 1;
    const watcher = new Watcher(store, '/', from);
    let refused: unknown = null;
    let written = 0;
    for (let n = 0; n < 200 && refused === null; n += 1) {
      // The same few keys: it is history that fills it.
      await store.txn([], [put(`/fill/${n % 4}`, 'x'.repeat(500_000))]).then(() => (written += 1), (thrown: unknown) => (refused = thrown));
    }
    expect(refused).toMatchObject({ code: 'resource_exhausted', retryable: true, detail: { hint: expect.stringContaining('disarm') } });
    expect((await store.get('/kept'))?.value).toBe(1);
    await expect(store.grantLease(10_000)).rejects.toMatchObject({ code: 'resource_exhausted' });
    expect(await store.txn([], [{ op: 'delete', key: '/fill/0' }])).toMatchObject({ committed: true });
    const faults = await store.check();
    expect(faults).toEqual(expect.arrayContaining([expect.stringMatching(/alarm NOSPACE/), expect.stringMatching(/of 16\.0 MiB/)]));

    const members = createEtcdMembers({ ...optionsOf(lab), quotaBytes: QUOTA });
    expect(await members.makeRoom()).toBe(true);
    expect(await members.makeRoom()).toBe(true);
    await members.close();
    await store.txn([], [put('/after', 1)]);
    expect(await store.check()).toEqual([]);
    await watcher.reached(written + 2);
    expect(watcher.changes.slice(-2)).toMatchObject([{ type: 'delete', key: '/fill/0' }, { key: '/after' }]);
    expect(watcher.changes).toHaveLength(written + 2);
    await watcher.end();
  });

  test('stays full, and says so, when what it holds is what fills it', async () => {
    let refused: unknown = null;
    for (let n = 0; n < 5_000 && refused === null; n += 1) await store.txn([], [put(`/keep/${n}`, 'x'.repeat(10_000))]).catch((thrown: unknown) => (refused = thrown));
    const members = createEtcdMembers({ ...optionsOf(lab), quotaBytes: QUOTA });
    expect(await members.makeRoom()).toBe(false);
    await expect(store.txn([], [put('/more', 1)])).rejects.toMatchObject({ code: 'resource_exhausted' });
    const { entries } = await store.list('/keep/');
    for (const { key } of entries) await store.txn([], [{ op: 'delete', key }]);
    expect(await members.makeRoom()).toBe(true);
    await store.txn([], [put('/more', 1)]);
    await members.close();
  });
});
