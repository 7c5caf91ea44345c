/**
 * Child process: opens the store at argv[2] and writes transactions until it is killed. Each sets three keys to the
 * same number, of a size that makes the log turn over; a number is printed once its transaction was acknowledged.
 */
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { realClock } from './store-dir.ts';

const [, , file = '', padding = '0'] = process.argv;
const store = await openSqliteStore({ path: file, clock: realClock, holder: 'writer of the test' });
const seen = await store.get<{ n: number }>('w/0');
process.stdout.write('ready\n');
for (let n = (seen?.value.n ?? 0) + 1; ; n += 1) {
  const value = { n, padding: 'x'.repeat(Number(padding)) };
  const result = await store.txn([{ key: 'w/0', revision: (await store.get('w/0'))?.revision ?? 0 }], ['w/0', 'w/1', 'w/2'].map((key) => ({ op: 'put', key, value })));
  if (!result.committed) throw new Error('nobody else writes');
  process.stdout.write(`${n}\n`);
  if (n % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
}
