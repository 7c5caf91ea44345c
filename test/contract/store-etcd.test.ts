/** The store on a real etcd, by the contract. Time passes by itself here; history goes by etcd's own compaction. */
import { afterAll } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../src/daemon/system.ts';
import { EtcdConnection } from '../../src/store/etcd/connection.ts';
import { CompactionRequest, KVService } from '../../src/store/etcd/generated/rpc.ts';
import { openEtcdStore } from '../../src/store/etcd/open.ts';
import { startEtcd, type EtcdLab } from '../lab/etcd.ts';
import { describeIf, etcd } from '../lab/needs.ts';
import { silentLog } from '../lab/silent-log.ts';
import { storeContract } from './store.contract.ts';

describeIf(etcd, 'With etcd,', () => {
  let lab: Promise<EtcdLab> | undefined;
  let stores = 0;
  afterAll(async () => (await lab)?.dispose());

  storeContract('the etcd store', async () => {
    lab ??= startEtcd();
    const { endpoints } = await lab;
    stores += 1;
    const options = { endpoints, tls: null, log: silentLog, clock: systemClock };
    const store = await openEtcdStore({ ...options, prefix: `/test-${stores}` });
    return {
      store,
      advance: (ms) => pause(ms),
      async compact() {
        const { revision } = await store.list('none/');
        const connection = new EtcdConnection(options);
        await connection.call(KVService.compact, CompactionRequest.fromPartial({ revision: BigInt(revision), physical: true }), { what: 'compaction', repeatable: true });
        connection.close();
      },
      dispose: () => store.close(),
    };
  });
});
