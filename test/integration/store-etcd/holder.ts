/** A process that holds a lease with a key under it and keeps it alive, for tests that stop it. Tells what happens. */
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../../src/daemon/system.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { silentLog } from '../../lab/silent-log.ts';

const [endpoint = '', key = '', ttl = ''] = process.argv.slice(2);
const store = await openEtcdStore({ endpoints: [endpoint], tls: null, log: silentLog, clock: systemClock });
const lease = await store.grantLease(Number(ttl));
await store.txn([], [{ op: 'put', key, value: process.pid, lease: lease.id }]);
process.stdout.write('holding\n');
for (;;) {
  await pause(Number(ttl) / 4);
  try {
    await store.keepAlive(lease);
  } catch (thrown) {
    process.stdout.write(`${(thrown as { code?: string }).code}\n`);
    if ((thrown as { code?: string }).code === 'not_found') break;
  }
}
process.exit(0);
