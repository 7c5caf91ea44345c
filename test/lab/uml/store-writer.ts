// Runs inside a User-Mode Linux node: `store-writer.ts write FILE` puts one transaction after another into an embedded
// control store and says so once each is acknowledged; `… check FILE` says what is there after the power came back.
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { systemClock } from '../../../src/daemon/system.ts';

const [word, file = ''] = process.argv.slice(2);
const store = await openSqliteStore({ path: file, clock: systemClock });
if (word === 'write') {
  for (let n = 1; ; n += 1) {
    // Two keys in one transaction: both are there afterwards, or neither.
    const answer = await store.txn([], [{ op: 'put', key: `/left/${n}`, value: { n, text: 'x'.repeat(n % 997) } }, { op: 'put', key: `/right/${n}`, value: n }]);
    if (!answer.committed) throw new Error(`transaction ${n} was refused`);
    process.stdout.write(`${n}\n`);
  }
}
const numbers = async (prefix: string) => (await store.list(prefix)).entries.map((entry) => Number(entry.key.slice(prefix.length))).sort((a, b) => a - b);
console.log(JSON.stringify({ left: await numbers('/left/'), right: await numbers('/right/'), faults: await store.check() }));
await store.close();
