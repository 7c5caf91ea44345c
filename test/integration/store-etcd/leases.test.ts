import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Store } from '../../../src/control/ports/store.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { startTcpProxy, type TcpProxy } from '../../lab/tcp-proxy.ts';
import { openOn, Watcher } from './work.ts';

const TTL_MS = 3_000;

describeIf(etcd, 'a lease of etcd', () => {
  let lab: EtcdLab;
  let store: Store;
  let proxy: TcpProxy;
  let child: ChildProcess | null;
  beforeAll(async () => {
    lab = await startEtcd();
  });
  afterAll(() => lab?.dispose());
  beforeEach(async () => {
    child = null;
    proxy = await startTcpProxy(() => Number(new URL(lab.endpoints[0] ?? '').port));
    store = await openOn(lab);
  });
  afterEach(async () => {
    if (child !== null && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await store.close();
    await proxy.dispose();
  });

  async function holder(key: string): Promise<{ readonly process: ChildProcess; readonly said: () => string }> {
    const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'holder.ts'), lab.endpoints[0] ?? '', key, String(TTL_MS)], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' } });
    child = started;
    let said = '';
    started.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
    while (!said.includes('holding')) {
      if (started.exitCode !== null) throw new Error(`the holder ended: ${said}`);
      await pause(20);
    }
    return { process: started, said: () => said };
  }

  const absent = async (key: string): Promise<void> => {
    for (const deadline = Date.now() + 120_000; (await store.get(key)) !== null; await pause(50)) if (Date.now() > deadline) throw new Error(`${key} is still there`);
  };

  test('ends when its process is killed, and its key goes, which watchers see', async () => {
    const held = await holder('/l/killed');
    const watcher = new Watcher(store, '/l/killed', ((await store.get('/l/killed'))?.revision ?? 0) + 1);
    held.process.kill('SIGKILL');
    await watcher.reached(1);
    expect(watcher.changes).toMatchObject([{ type: 'delete', key: '/l/killed' }]);
    await watcher.end();
  });

  test('ends when its process is stopped; come to itself, the process learns that it is over and revives nothing', async () => {
    const held = await holder('/l/stopped');
    held.process.kill('SIGSTOP');
    await absent('/l/stopped');
    await store.txn([{ key: '/l/stopped', revision: 0 }], [{ op: 'put', key: '/l/stopped', value: 'another' }]);
    held.process.kill('SIGCONT');
    if (held.process.exitCode === null) await once(held.process, 'exit');
    expect(held.said()).toMatch(/not_found\n$/);
    expect((await store.get('/l/stopped'))?.value).toBe('another');
  });

  test('is kept while its process lives', async () => {
    const held = await holder('/l/kept');
    await pause(TTL_MS * 2);
    expect(held.said()).toBe('holding\n');
    expect(await store.get('/l/kept')).not.toBeNull();
  });

  test('is over for its holder at its time to the millisecond, also where etcd would give it longer', async () => {
    const lease = await store.grantLease(1_500);
    await store.txn([], [{ op: 'put', key: '/l/short', value: 1, lease: lease.id }]);
    await pause(1_520);
    await expect(store.keepAlive(lease)).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.txn([], [{ op: 'put', key: '/l/short', value: 2, lease: lease.id }])).rejects.toMatchObject({ code: 'not_found' });
    await absent('/l/short');
  });

  test('cannot be renewed by an answer that comes too late', async () => {
    const far = await openOn(lab, [`http://127.0.0.1:${proxy.port}`]);
    const lease = await far.grantLease(4_000);
    await far.txn([], [{ op: 'put', key: '/l/late', value: 1, lease: lease.id }]);
    await pause(3_000);
    proxy.cut('silence');
    await expect(far.keepAlive(lease)).rejects.toMatchObject({ code: expect.stringMatching(/unavailable|not_found/) });
    proxy.heal();
    await expect(far.keepAlive(lease)).rejects.toMatchObject({ code: 'not_found' });
    await absent('/l/late');
    await far.close();
  });

  test('that another process granted can be kept and revoked; one that never was is not found', async () => {
    const granter = await openOn(lab);
    const lease = await granter.grantLease(5_000);
    await granter.txn([], [{ op: 'put', key: '/l/given', value: 1, lease: lease.id }]);
    await granter.close();
    await store.keepAlive(lease);
    await store.revokeLease(lease);
    expect(await store.get('/l/given')).toBeNull();
    for (const id of ['0', '7fffffffffffffff', 'no lease', '']) {
      await expect(store.keepAlive({ id, ttl_ms: 1_000 })).rejects.toMatchObject({ code: 'not_found' });
      await expect(store.txn([], [{ op: 'put', key: '/l/x', value: 1, lease: id }])).rejects.toMatchObject({ code: 'not_found' });
    }
    expect(await store.get('/l/x')).toBeNull();
  });

  test('outlives a restart of etcd', async () => {
    const lease = await store.grantLease(10_000);
    await store.txn([], [{ op: 'put', key: '/l/restart', value: 1, lease: lease.id }]);
    await lab.kill(0);
    await lab.restart(0);
    await store.keepAlive(lease);
    expect(await store.get('/l/restart')).not.toBeNull();
    await store.revokeLease(lease);
    expect(await store.get('/l/restart')).toBeNull();
  });
});
