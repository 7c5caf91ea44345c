import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { openOn, optionsOf, persistently, Watcher } from './work.ts';

describeIf(etcd, 'an etcd that is not the one that it was', () => {
  let labs: EtcdLab[];
  const start = async (options: Parameters<typeof startEtcd>[0] = {}): Promise<EtcdLab> => {
    const lab = await startEtcd(options);
    labs.push(lab);
    return lab;
  };
  beforeEach(() => {
    labs = [];
  });
  afterEach(async () => {
    for (const lab of labs) await lab.dispose();
  });

  test('of endpoints of two clusters, only those of the first that answered are used', async () => {
    const [one, other] = [await start(), await start()];
    const store = await openOn(one, [one.endpoints[0] ?? '', other.endpoints[0] ?? '']);
    await store.txn([], [{ op: 'put', key: '/a', value: 'one' }]);
    await one.kill(0);
    await expect(store.get('/a')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('another etcd cluster') });
    await one.restart(0);
    expect((await persistently(() => store.get('/a')))?.value).toBe('one');
    await store.close();
  });

  test('one that was set back is not used: what was read before would be wrong', async () => {
    const lab = await start();
    const store = await openOn(lab);
    for (let n = 0; n < 10; n += 1) await store.txn([], [{ op: 'put', key: '/a', value: n }]);
    const watcher = new Watcher(store, '/', 1);
    await watcher.reached(10);
    await lab.wipe(0);
    await lab.restart(0);
    await expect(store.get('/a')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/set back from revision \d+ to 1/) });
    expect(watcher.changes).toHaveLength(10);
    await watcher.end();
    await store.close();
    const again = await openOn(lab);
    expect(await again.get('/a')).toBeNull();
    await again.close();
  });

  test('certificates that cannot be read are a reason like any other, and renewed ones are taken up', async () => {
    const lab = await start({ tls: true });
    let readable = false;
    const store = await openEtcdStore({
      ...optionsOf(lab),
      tls: () => {
        if (!readable || lab.tls === null) throw new Error('store.key is missing');
        return lab.tls;
      },
    });
    await expect(store.get('/a')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('store.key is missing') });
    readable = true;
    expect(await persistently(() => store.get('/a'))).toBeNull();
    await store.close();
  });

  test('members that came are used, and members that are gone are not asked any more', async () => {
    const lab = await start({ members: 2 });
    let learned: readonly string[] = [];
    const store = await openEtcdStore({ ...optionsOf(lab, [lab.endpoints[0] ?? '']), learned: () => learned });
    expect(await store.check()).toEqual([]);
    learned = [...lab.endpoints, 'http://127.0.0.1:1'];
    expect(await store.check()).toEqual([expect.stringContaining('http://127.0.0.1:1 does not answer')]);
    learned = lab.endpoints;
    expect(await store.check()).toEqual([]);
    await store.close();
  });
});
