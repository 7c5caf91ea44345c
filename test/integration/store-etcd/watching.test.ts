import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store, Write } from '../../../src/control/ports/store.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/tcp-proxy.ts';
import { compact, openOn, optionsOf, Watcher, Writers } from './work.ts';

describeIf(etcd, 'a watch of etcd', () => {
  let lab: EtcdLab;
  /** Writes and reads without hindrance; `watching` goes through a proxy. */
  let store: Store;
  let watching: Store;
  let proxy: TcpProxy;
  let round = 0;
  let prefix: string;
  beforeAll(async () => {
    lab = await startEtcd({ tls: true });
  });
  afterAll(() => lab?.dispose());
  beforeEach(async () => {
    round += 1;
    prefix = `/w${round}/`;
    store = await openOn(lab);
    proxy = await startTcpProxy(() => Number(new URL(lab.endpoints[0] ?? '').port));
    watching = await openOn(lab, [`https://127.0.0.1:${proxy.port}`]);
  });
  afterEach(async () => {
    await Promise.all([store.close(), watching.close()]);
    await proxy.dispose();
  });

  const from = async (): Promise<number> => (await store.list(prefix)).revision + 1;
  const put = (key: string, value: unknown): Write => ({ op: 'put', key: `${prefix}${key}`, value });
  const commit = async (...writes: readonly Write[]): Promise<number> => {
    const result = await store.txn([], writes);
    if (!result.committed) throw new Error('not committed');
    return result.revision;
  };

  test('of 20,000 changes through connections that break all the time, none is lost and none doubled', async () => {
    const watcher = new Watcher(watching, prefix, await from());
    const writers = new Writers(store, prefix, { lines: 32, total: 20_000 });
    let breaking = true;
    const breaker = (async () => {
      while (breaking) {
        await pause(150);
        proxy.breakConnections();
      }
    })();
    await writers.finished();
    breaking = false;
    await breaker;
    await watcher.reached(20_000);
    expect(watcher.changes).toHaveLength(20_000);
    expect(watcher.changes.map(({ key }) => key).sort()).toEqual([...writers.acknowledged].sort());
    const revisions = watcher.changes.map(({ revision }) => revision);
    expect(revisions).toEqual(revisions.map((_, n) => (revisions[0] ?? 0) + n));
    await watcher.end();
  });

  test('a revision of many changes that comes in pieces is given whole and once, wherever the connection breaks', async () => {
    // Every transaction is about as large as etcd takes: its events come in several answers, mixed with others'.
    const value = 'x'.repeat(4_000);
    const start = await from();
    const expected: string[] = [];
    for (let n = 0; n < 40; n += 1) {
      const keys = Array.from({ length: 300 }, (_, i) => `${n}/${i}`);
      await commit(...keys.map((key) => put(key, value)));
      expected.push(...keys.map((key) => `${prefix}${key}`));
    }
    const watcher = new Watcher(watching, prefix, start);
    for (const deadline = Date.now() + 60_000; watcher.changes.length < expected.length && Date.now() < deadline; await pause(400)) proxy.breakConnections();
    await watcher.reached(expected.length);
    expect(watcher.changes.map(({ key }) => key)).toEqual(expected);
    await watcher.end();
  });

  test('one that was away while history was compacted says so; one that lists again goes on', async () => {
    const watcher = new Watcher(watching, prefix, await from());
    await commit(put('a', 1));
    await watcher.reached(1);
    proxy.cut('reset');
    for (let n = 0; n < 50; n += 1) await commit(put('a', n));
    await compact(lab, await from() - 1);
    proxy.heal();
    for (const deadline = Date.now() + 30_000; watcher.failure === null && Date.now() < deadline; await pause(20));
    expect(watcher.failure).toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('compacted') });
    expect(watcher.changes).toHaveLength(1);
    const listed = await watching.list(prefix);
    const again = new Watcher(watching, prefix, listed.revision + 1);
    await commit(put('b', 1));
    await again.reached(1);
    expect(again.changes).toMatchObject([{ key: `${prefix}b`, revision: listed.revision + 1 }]);
    await again.end();
  });

  test('a deletion in the very revision that history was compacted to is not passed over', async () => {
    await commit(put('a', 1), put('b', 1));
    const gone = await commit({ op: 'delete', key: `${prefix}a` }, put('b', 2));
    await compact(lab, gone);
    const watcher = new Watcher(watching, prefix, gone);
    await commit(put('c', 1));
    for (const deadline = Date.now() + 30_000; watcher.failure === null && watcher.changes.length === 0 && Date.now() < deadline; await pause(20));
    // Either it tells the deletion, or that it cannot.
    if (watcher.failure === null) expect(watcher.changes[0]).toEqual({ type: 'delete', key: `${prefix}a`, revision: gone });
    else expect(watcher.failure).toMatchObject({ code: 'failed_precondition' });
    await watcher.end();
  });

  test('one that is far behind, and others that are not, each get all', async () => {
    const start = await from();
    const writers = new Writers(store, prefix, { lines: 32, total: 5_000 });
    const early = new Watcher(watching, prefix, start);
    await writers.finished();
    const late = new Watcher(watching, prefix, start);
    const middle = new Watcher(watching, prefix, start + 2_500);
    await Promise.all([early.reached(5_000), late.reached(5_000), middle.reached(2_500)]);
    expect(late.changes).toEqual(early.changes);
    expect(middle.changes).toEqual(early.changes.slice(2_500));
    await Promise.all([early.end(), late.end(), middle.end()]);
  });

  test('one that waits while etcd is away ends at once when it is told to', async () => {
    proxy.cut('silence');
    const watcher = new Watcher(watching, prefix, 1);
    await pause(200);
    await watcher.end();
    expect(watcher.failure).toBeNull();
  });

  test('what others write into the same etcd is not seen', async () => {
    const watcher = new Watcher(watching, '', await from());
    for (const other of ['/holdfast2', '/holdfas', '/other']) {
      const neighbour = await openEtcdStore({ ...optionsOf(lab), prefix: other });
      await neighbour.txn([], [{ op: 'put', key: 'theirs', value: 1 }]);
      expect((await neighbour.list('')).entries).toHaveLength(1);
      await neighbour.close();
    }
    await commit(put('ours', 1));
    await watcher.reached(1);
    expect(watcher.changes.map(({ key }) => key)).toEqual([`${prefix}ours`]);
    await watcher.end();
  });
});
