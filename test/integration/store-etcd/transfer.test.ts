import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Store } from '../../../src/control/ports/store.ts';
import { systemClock } from '../../../src/daemon/system.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { assertWhole, copyStore } from '../../../src/store/transfer.ts';
import { startEtcd, type EtcdLab } from '../../lab/etcd.ts';
import { describeIf, etcd } from '../../lab/needs.ts';
import { optionsOf, persistently } from './work.ts';

const KEYS = 3_000;

describeIf(etcd, 'the move of an embedded store into an etcd with its own default configuration', () => {
  let lab: EtcdLab;
  let dir: string;
  let from: Store;
  let to: Store;
  let round = 0;
  beforeAll(async () => {
    lab = await startEtcd({ members: 3, tls: true, flags: ['--max-txn-ops=128'] });
    dir = await mkdtemp(path.join(tmpdir(), 'holdfast-transfer-'));
    from = await openSqliteStore({ path: path.join(dir, 'store', 'store.db'), clock: systemClock });
    for (let n = 0; n < KEYS; n += 100) await from.txn([], Array.from({ length: 100 }, (_, i) => ({ op: 'put', key: `/volumes/${n + i}`, value: { n: n + i, text: '€'.repeat((n + i) % 700) } })));
    await from.txn([], [{ op: 'put', key: '/large', value: 'x'.repeat(1024 * 1024 - 2) }]);
  });
  afterAll(async () => {
    await from?.close();
    await lab?.dispose();
    await rm(dir, { recursive: true, force: true });
  });
  beforeEach(async () => {
    round += 1;
    to = await openEtcdStore({ ...optionsOf(lab), prefix: `/moved-${round}` });
  });
  afterEach(() => to.close());

  const content = async (store: Store) => (await store.list('/')).entries.map(({ key, value }) => ({ key, value }));

  test('every key and value comes over', async () => {
    expect(await copyStore(from, to, { source: 'here' })).toMatchObject({ entries: KEYS + 1, already: false });
    expect(await content(to)).toEqual(await content(from));
    await assertWhole(to);
  });

  test('it goes through while members are killed, or is whole at the next try', async () => {
    let step = 0;
    const disturbed = copyStore(from, to, {
      source: 'here',
      onProgress: () => {
        step += 1;
        if (step === 3) void lab.kill(0).then(() => lab.restart(0));
        if (step === 12) void lab.leader().then((leader) => lab.kill(leader).then(() => lab.restart(leader)));
      },
    });
    await disturbed.catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'unavailable' }));
    await persistently(() => copyStore(from, to, { source: 'here' }));
    expect(await content(to)).toEqual(await content(from));
    await lab.leader();
  });
});
