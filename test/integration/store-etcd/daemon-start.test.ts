/** A daemon that opens its store on a real etcd: one for each state directory, and also when etcd is full. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Store } from '../../../src/control/ports/store.ts';
import type { Config } from '../../../src/daemon/config.ts';
import type { NodeIdentity } from '../../../src/daemon/identity-files.ts';
import { openStore, type OpenOptions, type OpenedStore } from '../../../src/daemon/open-store.ts';
import { systemClock } from '../../../src/daemon/system.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { silentLog } from '../../lab/silent-log.ts';
import { openOn } from './work.ts';

const QUOTA = 16 * 2 ** 20;

describeIf(etcd, 'a daemon that opens its store on etcd', () => {
  let lab: EtcdLab;
  let store: Store;
  let root: string;
  let config: Config;
  beforeAll(async () => {
    lab = await startEtcd({ members: 1, tls: true, flags: [`--quota-backend-bytes=${QUOTA}`] });
    store = await openOn(lab);
  });
  afterAll(async () => {
    await store?.close();
    await lab?.dispose();
    rmSync(root, { recursive: true, force: true });
  });
  beforeEach(() => {
    if (root !== undefined) rmSync(root, { recursive: true, force: true });
    root = mkdtempSync(path.join(os.tmpdir(), 'holdfast-start-'));
    mkdirSync(path.join(root, 'var/lib/holdfast'), { recursive: true });
    const file = (name: 'ca' | 'cert' | 'key'): string => {
      writeFileSync(path.join(root, name), lab.tls?.[name] ?? '', { mode: 0o600 });
      return path.join(root, name);
    };
    config = { root, import_embedded: false, cluster_name: null, store: { kind: 'etcd', endpoints: lab.endpoints, ca: file('ca'), cert: file('cert'), key: file('key'), own: true } } as unknown as Config;
  });

  const open = (options: Partial<OpenOptions> = {}): Promise<OpenedStore> => openStore(config, silentLog, { identity: null, signal: AbortSignal.timeout(120_000), onWaiting: () => undefined, ...options });
  /** Until etcd takes no more. */
  const fill = async (key: (n: number) => string): Promise<void> => {
    let full = false;
    for (let n = 0; n < 200 && !full; n += 1) await store.txn([], [{ op: 'put', key: key(n), value: 'x'.repeat(500_000) }]).catch((thrown: { readonly code: string }) => { full = thrown.code === 'resource_exhausted'; });
    expect(full).toBe(true);
  };

  test('is the only one of its state directory, and lets the next one in when it has ended', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/^The state in .* is in use by process \d+/) });
    await first.close();
    await (await open()).close();
  });

  test('takes an embedded store over under the names of the cluster; the former name of the node is free', async () => {
    const [cluster_id, node_id] = ['clu_01JD9Z3QK7W5T8X2M4N6P0R1SA', 'node_01JD9Z3QK7W5T8X2M4N6P0R1SA'];
    const embedded = await openSqliteStore({ path: path.join(root, 'var/lib/holdfast/store/store.db'), clock: systemClock, log: silentLog });
    await embedded.txn([], [
      { op: 'put', key: '/cluster', value: { id: cluster_id, name: 'holdfast' } }, { op: 'put', key: `/nodes/${node_id}`, value: { id: node_id, name: 'laptop', version: 1 } },
      { op: 'put', key: '/names/node/laptop', value: node_id },
    ]);
    await embedded.close();
    const { entries } = await store.list('');
    await store.txn([], entries.map(({ key }) => ({ op: 'delete', key })));
    config = { ...config, import_embedded: true, cluster_name: 'prod' };
    const opened = await open({ identity: { cluster_id, node_id, node_name: 'n1' } as NodeIdentity });
    expect((await opened.store.list('/')).entries.map(({ key, value }) => [key, value])).toEqual([
      ['/cluster', { id: cluster_id, name: 'prod' }], ['/names/node/n1', node_id], [`/nodes/${node_id}`, { id: node_id, name: 'n1', version: 2 }],
    ]);
    await opened.close();
  });

  test('makes room by itself where history fills etcd: otherwise nobody could be elected who does', async () => {
    await fill((n) => `/again/${n % 4}`);
    await expect(store.grantLease(5_000)).rejects.toMatchObject({ code: 'resource_exhausted' });
    const opened = await open();
    await opened.store.txn([], [{ op: 'put', key: '/room', value: 1 }]);
    await opened.close();
    for (let n = 0; n < 4; n += 1) await store.txn([], [{ op: 'delete', key: `/again/${n}` }]);
  });

  test('waits, and says for what, where data fills etcd; and goes on when some is deleted', async () => {
    await fill((n) => `/kept/${n}`);
    let told: (why: string) => void = () => undefined;
    const waits = new Promise<string>((resolve) => { told = resolve; });
    const opening = open({ onWaiting: (why) => told(why) });
    expect(await waits).toMatch(/no space left/);
    // At once: room that is made between two deletions would be used up by the next ones.
    const { entries } = await store.list('/kept/');
    await store.txn([], entries.map(({ key }) => ({ op: 'delete', key })));
    await (await opening).close();
    await store.txn([], [{ op: 'put', key: '/room', value: 2 }]);
  });
});
