import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMirror } from '../../../src/control/cluster/mirror.ts';
import { groupKey, type Group, type GroupName } from '../../../src/control/groups.ts';
import { KEYS } from '../../../src/control/keys.ts';
import { createLocks } from '../../../src/control/locks.ts';
import { createPlacer, type Placer, type PlacementJob } from '../../../src/control/placement/placer.ts';
import type { Store } from '../../../src/control/ports/store.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import type { Node } from '../../../src/model/node.ts';
import type { Pool } from '../../../src/model/pool.ts';
import { manualClock } from '../../contract/manual-clock.ts';
import { createMemoryStore } from '../../contract/memory-store.ts';
import { GIB, node, nodesOf, pool, poolId, wish } from './placement-world.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const clock = manualClock();
let store: Store;
let txns: number;
let stop: AbortController;
/** Lets the event loop go round, as a network does. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  stop = new AbortController();
  txns = 0;
  const inner = createMemoryStore({ clock, history: 1_000_000 });
  store = Object.assign(Object.create(inner) as Store, {
    txn: async (...args: Parameters<Store['txn']>) => {
      txns += 1;
      await turn();
      return inner.txn(...args);
    },
  });
});
afterEach(() => stop.abort());

interface Placed { readonly name: string; readonly pool: string; readonly node: string }

/** One daemon's placer, with a memory of its own. */
function daemon(nodes: ReadonlyMap<string, Node>): Placer & { create(name: string, change?: { readonly size?: number; readonly groups?: readonly GroupName[]; readonly wish?: Partial<PlacementJob<unknown>['wish']> }): Promise<Placed> } {
  const mirror = createMirror<Pool>({ store, clock, log }, KEYS.pools, stop.signal);
  const placer = createPlacer({
    store, locks: createLocks(),
    async look() {
      await mirror.begin();
      return { pools: new Map([...mirror.entries.values()].map((entry) => [entry.value.id, { entry, seen: entry.value, fence: [] }])), nodes };
    },
    learn: (entry) => mirror.learn(entry),
    refresh: async ({ id }) => void (await mirror.refresh(KEYS.pool(id))),
    refreshAll: () => mirror.refreshAll(),
  });
  return {
    ...placer,
    async create(name, { size = 1, groups = [], wish: more = {} } = {}) {
      const rules = Object.fromEntries(groups.map(({ rule, label }) => [rule, label]));
      const { result } = await placer.place<Placed>({
        wish: wish({ name, size_bytes: size * GIB, rules, ...more }), replicas: 1, groups,
        draft: (places) => {
          const placed = { name, pool: places[0]?.pool.id ?? '', node: places[0]?.node.id ?? '' };
          return { compare: [{ key: `/names/${name}`, revision: 0 }], writes: [{ op: 'put', key: `/names/${name}`, value: placed }, { op: 'put', key: `/volumes/${name}`, value: placed }], result: placed };
        },
        lost: async () => ((await store.get(`/names/${name}`)) === null ? null : new HoldfastError('conflict', `${name} is taken`)),
      });
      return result;
    },
  };
}

const put = async (...pools: readonly Pool[]): Promise<void> => {
  for (const one of pools) await store.txn([], [{ op: 'put', key: KEYS.pool(one.id), value: one }]);
  txns = 0;
};
const volumes = async (): Promise<readonly Placed[]> => (await store.list<Placed>('/volumes/')).entries.map(({ value }) => value);
const record = async (n: number): Promise<Pool> => (await store.get<Pool>(KEYS.pool(poolId(n))))?.value as Pool;
const outcome = async (promise: Promise<unknown>): Promise<string> => promise.then(() => 'placed', (error: unknown) => (error instanceof HoldfastError ? error.code : String(error)));

describe('one daemon', () => {
  test('places a hundred volumes in one pool with few transactions, and promises exactly their bytes', async () => {
    await put(pool(1, 1, { capacity: 1000 * GIB }));
    const one = daemon(nodesOf(node(1)));
    await Promise.all(Array.from({ length: 100 }, (_, i) => one.create(`v${i}`)));
    expect((await record(1)).status.allocated_bytes).toBe(100 * GIB);
    expect(txns).toBeLessThan(20);
  });

  test('spreads volumes that are asked for at once over the pools, as one after another', async () => {
    const nodes = nodesOf(node(1), node(2), node(3));
    await put(pool(1, 1), pool(2, 2), pool(3, 3));
    const one = daemon(nodes);
    await Promise.all(Array.from({ length: 30 }, (_, i) => one.create(`v${i}`)));
    for (const n of [1, 2, 3]) expect((await record(n)).status.allocated_bytes).toBe(10 * GIB);
  });

  test('refuses the volume that does not fit and no other', async () => {
    await put(pool(1, 1, { capacity: 5 * GIB }));
    const one = daemon(nodesOf(node(1)));
    const outcomes = await Promise.all(Array.from({ length: 8 }, (_, i) => outcome(one.create(`v${i}`, { size: i === 2 ? 50 : 1 }))));
    expect(outcomes[2]).toBe('resource_exhausted');
    expect(outcomes.filter((one) => one === 'placed')).toHaveLength(5);
    expect(outcomes.filter((one) => one === 'resource_exhausted')).toHaveLength(3);
    expect((await record(1)).status.allocated_bytes).toBe(5 * GIB);
  });

  test('refuses the one whose name is taken, and places those beside it', async () => {
    await put(pool(1, 1));
    const one = daemon(nodesOf(node(1)));
    await one.create('b');
    expect(await Promise.all(['a', 'b', 'c'].map((name) => outcome(one.create(name))))).toEqual(['placed', 'conflict', 'placed']);
    expect((await record(1)).status.allocated_bytes).toBe(3 * GIB);
  });

  test('makes one of several of one name that are asked for at once', async () => {
    await put(pool(1, 1));
    const one = daemon(nodesOf(node(1)));
    await one.create('first');
    expect((await Promise.all(['a', 'b', 'a', 'a', 'b', 'c'].map((name) => outcome(one.create(name))))).sort()).toEqual(['conflict', 'conflict', 'conflict', 'placed', 'placed', 'placed']);
    expect((await record(1)).status.allocated_bytes).toBe(4 * GIB);
  });

  test('knows a pool that was made just now, before any news of it came', async () => {
    await put(pool(1, 1, { capacity: GIB }));
    const one = daemon(nodesOf(node(1)));
    await one.create('a');
    await store.txn([], [{ op: 'put', key: KEYS.pool(poolId(2)), value: pool(2, 1) }]);
    expect((await one.create('b')).pool).toBe(poolId(2));
  });

  test('tells all who wait when the store is away, and goes on when it is back', async () => {
    await put(pool(1, 1));
    const one = daemon(nodesOf(node(1)));
    await one.create('before');
    const txn = store.txn.bind(store);
    store.txn = () => Promise.reject(new HoldfastError('unavailable', 'the store is away'));
    expect(await Promise.all([outcome(one.create('a')), outcome(one.create('b'))])).toEqual(['unavailable', 'unavailable']);
    store.txn = txn;
    expect(await outcome(one.create('c'))).toBe('placed');
  });
});

describe('several daemons', () => {
  test('at once never promise more than there is, and use all of it', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 30 }), async (capacities, daemons, wanted) => {
      store = createMemoryStore({ clock, history: 1_000_000 });
      const nodes = nodesOf(...capacities.map((_, n) => node(n)));
      await put(...capacities.map((capacity, n) => pool(n, n, { capacity: capacity * GIB })));
      const all = Array.from({ length: daemons }, () => daemon(nodes));
      const outcomes = await Promise.all(Array.from({ length: wanted }, (_, i) => outcome((all[i % daemons] as ReturnType<typeof daemon>).create(`v${i}`))));
      const room = capacities.reduce((sum, one) => sum + one, 0);
      expect(outcomes.filter((one) => one === 'placed')).toHaveLength(Math.min(room, wanted));
      expect(outcomes.filter((one) => one === 'resource_exhausted')).toHaveLength(Math.max(0, wanted - room));
      for (const [n, capacity] of capacities.entries()) {
        const { status } = await record(n);
        expect(status.allocated_bytes).toBeLessThanOrEqual(capacity * GIB);
        expect(status.allocated_bytes).toBe((await volumes()).filter(({ pool: on }) => on === poolId(n)).length * GIB);
      }
    }), { numRuns: 60 });
  });

  test('at once never put two volumes of an anti-affinity group on one node, and use every node', async () => {
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }), fc.array(fc.constantFrom('shop', 'blog'), { minLength: 1, maxLength: 20 }), async (machines, daemons, apps) => {
      store = createMemoryStore({ clock, history: 1_000_000 });
      const nodes = nodesOf(...Array.from({ length: machines }, (_, n) => node(n)));
      // Two pools on each node: it is the node that may not be shared.
      await put(...Array.from({ length: machines * 2 }, (_, n) => pool(n, n % machines)));
      const all = Array.from({ length: daemons }, () => daemon(nodes));
      const outcomes = await Promise.all(apps.map((value, i) => outcome((all[i % daemons] as ReturnType<typeof daemon>).create(`v${i}-${value}`, { groups: [{ rule: 'anti_affinity', label: 'app', value }] }))));
      for (const value of ['shop', 'blog']) {
        const mine = (await volumes()).filter(({ name }) => name.endsWith(value));
        expect(mine).toHaveLength(Math.min(machines, apps.filter((one) => one === value).length));
        expect(new Set(mine.map((one) => one.node)).size).toBe(mine.length);
        const group = await store.get<Group>(groupKey({ rule: 'anti_affinity', label: 'app', value }));
        expect(group?.value.nodes ?? {}).toEqual(Object.fromEntries(mine.map((one) => [one.node, 1])));
      }
      expect(outcomes.filter((one) => one !== 'placed' && one !== 'failed_precondition')).toEqual([]);
    }), { numRuns: 60 });
  });

  test('at once spread a group evenly over zones and nodes', async () => {
    const nodes = nodesOf(node(0, { zone: 'a' }), node(1, { zone: 'a' }), node(2, { zone: 'b' }), node(3, { zone: 'b' }));
    await put(pool(0, 0, { capacity: 1000 * GIB }), pool(1, 1), pool(2, 2), pool(3, 3));
    const all = [daemon(nodes), daemon(nodes), daemon(nodes)];
    await Promise.all(Array.from({ length: 20 }, (_, i) => (all[i % 3] as ReturnType<typeof daemon>).create(`v${i}`, { groups: [{ rule: 'spread_by', label: 'app', value: 'shop' }] })));
    for (const n of nodes.keys()) expect((await volumes()).filter((one) => one.node === n)).toHaveLength(5);
  });
});
