import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../../../src/control/ports/store.ts';
import { makeCertificates } from '../../lab/certificates.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/tcp-proxy.ts';
import { openOn, persistently, Watcher, Writers } from './work.ts';

const FULL = process.env['HOLDFAST_TEST_FULL'] === '1';

describeIf(etcd, 'the store on an etcd of three members over mutual TLS', () => {
  let lab: EtcdLab;
  let store: Store;
  let round = 0;
  let prefix: string;
  const proxies: TcpProxy[] = [];
  beforeAll(async () => {
    lab = await startEtcd({ members: 3, tls: true });
  });
  afterAll(() => lab?.dispose());
  beforeEach(async () => {
    await lab.leader();
    round += 1;
    prefix = `/r${round}/`;
    store = await openOn(lab);
  });
  afterEach(async () => {
    await store.close();
    for (const proxy of proxies.splice(0)) await proxy.dispose();
  });

  const from = async (): Promise<number> => (await store.list(prefix)).revision + 1;

  /** What was acknowledged is there and was seen once; what was not may be there, and was then seen once too. */
  async function nothingLost(writers: Writers, watcher: Watcher): Promise<void> {
    const { entries } = await persistently(() => store.list(prefix));
    const held = entries.map(({ key }) => key);
    await watcher.reached(held.length);
    expect(watcher.failure).toBeNull();
    expect(watcher.changes.map(({ key }) => key).sort()).toEqual(held);
    const revisions = watcher.changes.map(({ revision }) => revision);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(held).toEqual(expect.arrayContaining([...writers.acknowledged].sort()));
    expect([...writers.acknowledged, ...writers.unclear]).toEqual(expect.arrayContaining(held));
  }

  const underFault = async (fault: (writers: Writers) => Promise<void>): Promise<void> => {
    const watcher = new Watcher(store, prefix, await from());
    const writers = new Writers(store, prefix);
    try {
      await writers.more(100);
      await fault(writers);
      await writers.more(100);
    } finally {
      await writers.end();
    }
    await nothingLost(writers, watcher);
    await watcher.end();
  };

  test('a member that is in use and is killed is replaced by another; nothing is lost or doubled', async () => {
    await underFault(async (writers) => {
      await lab.kill(0);
      await writers.more(100);
      await lab.restart(0);
    });
  });

  test('the leader may be killed, again and again', async () => {
    await underFault(async (writers) => {
      for (let n = 0; n < 3; n += 1) {
        const leader = await lab.leader();
        await lab.kill(leader);
        await writers.more(50);
        await lab.restart(leader);
      }
    });
  });

  test('a member that is frozen, and accepts without answering, is left', async () => {
    await underFault(async (writers) => {
      lab.pause(0);
      try {
        await writers.more(50);
      } finally {
        lab.resume(0);
      }
    });
  });

  test('the leader may freeze, and come to itself after another was elected', async () => {
    await underFault(async (writers) => {
      const leader = await lab.leader();
      lab.pause(leader);
      try {
        await writers.more(50);
      } finally {
        lab.resume(leader);
      }
    });
  });

  test('a member that is cut off from the others, and still talks to us, is left; its watchers miss nothing', async () => {
    await underFault(async (writers) => {
      lab.cut(0);
      try {
        await writers.more(100);
      } finally {
        lab.heal(0);
      }
    });
  });

  test('the leader that is cut off is left', async () => {
    await underFault(async (writers) => {
      const leader = await lab.leader();
      lab.cut(leader);
      try {
        await writers.more(100);
      } finally {
        lab.heal(leader);
      }
    });
  });

  test('without a majority every call fails as unavailable and says why; with it, all goes on by itself', async () => {
    await underFault(async (writers) => {
      await lab.kill(0);
      await lab.kill(1);
      await expect(store.get(`${prefix}x`)).rejects.toMatchObject({ code: 'unavailable', retryable: true, message: expect.stringContaining(lab.endpoints[1] ?? '?') });
      await expect(store.txn([], [{ op: 'put', key: '/elsewhere', value: 1 }])).rejects.toMatchObject({ code: 'unavailable' });
      await expect(store.grantLease(10_000)).rejects.toMatchObject({ code: 'unavailable' });
      await Promise.all([lab.restart(0), lab.restart(1)]);
      await writers.more(50);
      expect(await faultsInTheEnd()).toEqual([]);
    });
  });

  test('all members may be killed at once and started again', async () => {
    await underFault(async (writers) => {
      await Promise.all([0, 1, 2].map((i) => lab.kill(i)));
      await pause(500);
      await Promise.all([0, 1, 2].map((i) => lab.restart(i)));
      await writers.more(50);
    });
  });

  test('a network that breaks, and one that swallows everything, are both left behind', async () => {
    await store.close();
    for (const endpoint of lab.endpoints) {
      const port = Number(new URL(endpoint).port);
      proxies.push(await startTcpProxy(() => port));
    }
    store = await openOn(lab, proxies.map(({ port }) => `https://127.0.0.1:${port}`));
    await underFault(async (writers) => {
      for (const kind of FULL ? ['reset', 'silence', 'reset', 'silence'] as const : ['reset', 'silence'] as const) {
        for (const proxy of proxies) {
          proxy.cut(kind);
          await writers.more(20);
          proxy.heal();
        }
      }
      for (const proxy of proxies) proxy.cut('silence');
      await pause(3_000);
      for (const proxy of proxies) proxy.heal();
    });
  });

  /** What check finds when it is given time: a connection that failed is tried anew after a second at most. */
  async function faultsInTheEnd(): Promise<readonly string[]> {
    let found = await store.check();
    for (let tries = 0; tries < 60 && found.length > 0; tries += 1) {
      await pause(500);
      found = await store.check();
    }
    return found;
  }

  test('check names members that do not answer, and finds nothing where all is well', async () => {
    expect(await store.check()).toEqual([]);
    await lab.kill(2);
    expect(await store.check()).toEqual([expect.stringMatching(`The member at ${lab.endpoints[2]} does not answer: `)]);
    await lab.restart(2);
    expect(await faultsInTheEnd()).toEqual([]);
  });

  test('one who shows a certificate of another authority gets nowhere, and is told why', async () => {
    const dir = await mkdtemp(path.join(tmpdir(), 'holdfast-certificates-'));
    try {
      const { cert, key } = makeCertificates(dir);
      const stranger = await openOn({ ...lab, tls: { ca: lab.tls?.ca ?? '', cert, key } });
      await expect(stranger.get('/x')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(lab.endpoints[0] ?? '?') });
      await stranger.close();
      const trusting = await openOn({ ...lab, tls: makeCertificates(dir) });
      await expect(trusting.get('/x')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/certificate/i) });
      await trusting.close();
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
