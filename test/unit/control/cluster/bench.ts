/**
 * A small cluster in one process: several control planes, each over a machine of its own in memory, that share one store
 * and one clock. A daemon can be killed (its calls never return), cut off from the store, or crash at its k-th effect.
 */
import { createControl, type ControlPlane, type ControlSettings } from '../../../../src/control/create-control.ts';
import type { Accepted } from '../../../../src/control/control.ts';
import type { Change, Store } from '../../../../src/control/ports/store.ts';
import type { Clock } from '../../../../src/control/ports/system.ts';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { newId } from '../../../../src/model/id.ts';
import { NODE_FEATURES, type Node, type NodeRole } from '../../../../src/model/node.ts';
import type { Operation } from '../../../../src/model/operation.ts';
import { createMemoryDataPlane, type MemoryDataPlane } from '../../../contract/memory-data-plane.ts';
import { MemoryMachine } from '../../../contract/memory-machine.ts';
import { createMemoryStore } from '../../../contract/memory-store.ts';
import { manualClock, type ManualClock } from '../../../contract/manual-clock.ts';
import { GIB, POOL_PATH, unsound } from '../bench.ts';

export const TTL_MS = 10_000;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const CLUSTER = { id: newId('cluster', 1, (n) => new Uint8Array(n)), name: 'test' };

export interface TestNode {
  readonly id: string;
  readonly name: string;
  readonly machine: MemoryMachine;
  readonly plane: MemoryDataPlane;
  readonly control: ControlPlane;
  /** Calls of the store by this daemon. */
  readonly reads: { get: number; list: number; txn: number };
  /** Nothing of this daemon happens any more; its lease runs out. */
  kill(): void;
  cut(): void;
  heal(): void;
  /** Dies at the k-th effect from now on: a transaction, or either side of a call of the data plane. */
  crashAfter(effects: number): void;
  died(): boolean;
  effects(): number;
}

export interface TestCluster {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly nodes: Map<string, TestNode>;
  /** Its record as joining makes it, and its daemon, started. */
  join(name: string, options?: NodeOptions): Promise<TestNode>;
  /** The daemon of a node again, on the machine that it had. */
  restart(name: string, options?: NodeOptions): Promise<TestNode>;
  node(name: string): TestNode;
  /** Lets time pass in small steps, so that daemons act in between. */
  pass(ms: number): Promise<void>;
  /** Waits until the operation is over, letting time pass; throws its error. */
  done<T>(node: TestNode, accepted: Promise<Accepted<T>>): Promise<Operation | null>;
  over(node: TestNode, id: string): Promise<Operation>;
  faults(): Promise<readonly string[]>;
  events(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface NodeOptions {
  readonly roles?: readonly NodeRole[];
  readonly zone?: string;
  readonly settings?: Partial<ControlSettings>;
  /** Wall clock of the node less the true one. */
  readonly skew_ms?: number;
  readonly machine?: MemoryMachine;
  readonly machine_id?: string;
  readonly pool?: boolean;
  /** Its daemon is not started. */
  readonly started?: boolean;
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const turns = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await turn();
};

export async function testCluster(names: readonly string[] = ['n1', 'n2', 'n3'], options: NodeOptions & { readonly history?: number } = {}): Promise<TestCluster> {
  const clock = manualClock();
  const store = createMemoryStore({ clock, ...(options.history === undefined ? {} : { history: options.history }) });
  const nodes = new Map<string, TestNode>();
  let seed = 1;
  const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed >>> 24;
  });

  const launch = async (id: string, name: string, { settings = {}, skew_ms = 0, machine = new MemoryMachine(), machine_id = `machine-of-${name}`, started = true }: NodeOptions): Promise<TestNode> => {
    let state: 'lives' | 'cut' | 'dead' = 'lives';
    let effects = 0;
    let limit = Number.POSITIVE_INFINITY;
    const reads = { get: 0, list: 0, txn: 0 };
    const never = (): Promise<never> => new Promise(() => undefined);
    const reachable = async (): Promise<void> => {
      if (state === 'dead') return never();
      if (state === 'cut') throw new HoldfastError('unavailable', 'the store does not answer');
    };
    const effect = async (): Promise<void> => {
      if (state === 'dead') return never();
      effects += 1;
      if (effects > limit) {
        state = 'dead';
        return never();
      }
    };
    const mine: Store = {
      get: async (key) => { reads.get += 1; await reachable(); return store.get(key); },
      list: async (prefix, query) => { reads.list += 1; await reachable(); return store.list(prefix, query); },
      async txn(compare, writes) {
        reads.txn += 1;
        await reachable();
        await effect();
        const done = await store.txn(compare, writes);
        await effect();
        return done;
      },
      async *watch(prefix, from, signal): AsyncIterable<Change> {
        await reachable();
        for await (const change of store.watch(prefix, from, signal)) {
          await reachable();
          yield change;
        }
      },
      grantLease: async (ttl) => { await reachable(); return store.grantLease(ttl); },
      keepAlive: async (lease) => { await reachable(); return store.keepAlive(lease); },
      revokeLease: async (lease) => { await reachable(); return store.revokeLease(lease); },
      check: () => store.check(),
      close: async () => undefined,
    };
    const own: Clock = { now: () => clock.now() + skew_ms, monotonic: () => clock.monotonic(), sleep: (ms, signal) => (state === 'dead' ? never() : clock.sleep(ms, signal)) };
    machine.set(POOL_PATH, { capacity: 100 * GIB, reflink: true });
    const plane = createMemoryDataPlane({ machine, crashAt: (method) => (method.startsWith('observe') || method === 'probe' || method === 'hasSnapshot' || method === 'findVolumes' ? undefined : effect()) });
    const probe = plane.probe.bind(plane);
    plane.probe = async () => ({ ...(await probe()), machine_id });
    const control = await createControl({ store: mine, dataPlane: plane, clock: own, random, log: quiet }, {
      node_name: name, node_id: id, cluster: CLUSTER, address: `${name}.test:7480`, interval_ms: 1_000, consumer_grace_ms: 60_000, lease_ttl_ms: TTL_MS, ...settings,
    });
    const node: TestNode = {
      id, name, machine, plane, control, reads,
      kill: () => { state = 'dead'; },
      cut: () => { state = 'cut'; },
      heal: () => { state = 'lives'; },
      crashAfter: (count) => { limit = effects + count; },
      died: () => state === 'dead',
      effects: () => effects,
    };
    nodes.set(name, node);
    if (started) await control.start();
    return node;
  };

  const cluster: TestCluster = {
    store, clock, nodes,
    async join(name, how = {}) {
      const id = newId('node', clock.now() + nodes.size, random);
      const record: Node = {
        id, name, version: 1, owner: '', labels: {}, created_at: new Date(clock.now()).toISOString(),
        spec: { roles: how.roles ?? ['control', 'storage'], zone: how.zone ?? '', address: `${name}.test:7480`, cordoned: false },
        status: { state: 'joining', conditions: [], observed_at: null, daemon_version: '', capabilities: { kernel: '', boot_id: '', machine_id: '', features: Object.fromEntries(NODE_FEATURES.map((feature) => [feature, { available: false, reason: '' }])) as Node['status']['capabilities']['features'] } },
      };
      await store.txn([], [{ op: 'put', key: `/nodes/${id}`, value: record }, { op: 'put', key: `/names/node/${name}`, value: id }]);
      const node = await launch(id, name, how);
      await turns(3);
      if (how.pool === true) await cluster.done(node, node.control.createPool({ name: `p-${name}`, kind: 'directory', path: POOL_PATH }));
      return node;
    },
    async restart(name, how = {}) {
      const before = cluster.node(name);
      before.kill();
      return launch(before.id, name, { machine: before.machine, ...how });
    },
    node(name) {
      const node = nodes.get(name);
      if (node === undefined) throw new Error(`no node ${name}`);
      return node;
    },
    async pass(ms) {
      for (let left = ms; left > 0; left -= 500) {
        await clock.advance(Math.min(500, left));
        await turns(3);
      }
    },
    async over(node, id) {
      for (let i = 0; i < 200; i += 1) {
        const operation = await node.control.getOperation(id);
        if (operation.finished_at !== null) return operation;
        await turns(2);
        if (i > 20) await cluster.pass(500);
      }
      throw new Error(`operation ${JSON.stringify(await node.control.getOperation(id))} does not end`);
    },
    async done(node, accepted) {
      const { operation } = await accepted;
      if (operation === null) return null;
      const over = await cluster.over(node, operation.id);
      if (over.error !== null) throw Object.assign(new Error(over.error.message), over.error);
      return over;
    },
    faults: () => unsound({ store, machine: [...nodes.values()].map(({ machine }) => machine) }),
    events: async () => (await store.list<{ reason: string; message: string }>('/events/')).entries.map(({ value }) => `${value.reason}: ${value.message}`),
    async stop() {
      for (const node of nodes.values()) {
        node.crashAfter(Number.POSITIVE_INFINITY);
        if (!node.died()) await node.control.stop();
        node.kill();
      }
    },
  };
  for (const name of names) await cluster.join(name, options);
  return cluster;
}

/** After the first transaction that writes such a key, and before anybody else has a turn. */
export function rightAfter(cluster: TestCluster, key: RegExp, act: () => void): void {
  const { store } = cluster;
  const txn = store.txn.bind(store);
  store.txn = async (compare, writes) => {
    const done = txn(compare, writes);
    if (writes.some((write) => write.op === 'put' && key.test(write.key))) {
      store.txn = txn;
      act();
    }
    return done;
  };
}

/** Before the first transaction that writes such a key. */
export function rightBefore(cluster: TestCluster, key: RegExp, act: () => Promise<unknown>): void {
  const { store } = cluster;
  const txn = store.txn.bind(store);
  store.txn = async (compare, writes) => {
    if (writes.some((write) => write.op === 'put' && key.test(write.key))) {
      store.txn = txn;
      await act();
    }
    return txn(compare, writes);
  };
}

export const refusal = async (promise: Promise<unknown>): Promise<{ code: string; message: string; detail: { field?: string; hint?: string; fields?: readonly string[] } }> => {
  try {
    await promise;
  } catch (error) {
    return error as never;
  }
  throw new Error('it was not refused');
};
