/** Both stores of a single machine, by one contract. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Store } from '../../src/control/ports/store.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { manualClock } from './manual-clock.ts';
import { createMemoryStore } from './memory-store.ts';
import { storeContract } from './store.contract.ts';

/** Small enough to be outrun quickly, large enough for every test but those of compaction. */
const HISTORY = 2_000;

async function outrun(store: Store): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    await store.txn([], Array.from({ length: HISTORY }, (_, index) => ({ op: 'put' as const, key: `filler/${index}`, value: n })));
  }
}

storeContract('The memory store', async () => {
  const clock = manualClock();
  const store = createMemoryStore({ clock, history: HISTORY });
  return { store, advance: (ms) => clock.advance(ms), compact: () => outrun(store), dispose: () => store.close() };
});

storeContract('The SQLite store', async () => {
  const clock = manualClock();
  const dir = await mkdtemp(path.join(tmpdir(), 'holdfast-store-'));
  const store = await openSqliteStore({ path: path.join(dir, 'store', 'store.db'), clock, history: HISTORY });
  return {
    store,
    advance: (ms) => clock.advance(ms),
    compact: () => outrun(store),
    dispose: async () => {
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
});
