/**
 * A control plane over a store and a machine in memory, which can be crashed at the k-th effect (a transaction, or
 * either side of a call of the data plane) and started again on what it left.
 */
import { createControl, type ControlPlane } from '../../../src/control/create-control.ts';
import type { Operation } from '../../../src/model/operation.ts';
import type { Pool } from '../../../src/model/pool.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { Volume } from '../../../src/model/volume.ts';
import type { Accepted } from '../../../src/control/control.ts';
import type { Store } from '../../../src/control/ports/store.ts';
import { createMemoryDataPlane, type MemoryDataPlane } from '../../contract/memory-data-plane.ts';
import { MemoryMachine, type MemoryReplica } from '../../contract/memory-machine.ts';
import { createMemoryStore } from '../../contract/memory-store.ts';
import { manualClock, type ManualClock } from '../../contract/manual-clock.ts';

export const POOL_PATH = '/srv/pool';
export const GIB = 1024 ** 3;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export interface Bench {
  readonly control: ControlPlane;
  readonly plane: MemoryDataPlane;
  readonly machine: MemoryMachine;
  readonly store: Store;
  readonly clock: ManualClock;
  /** Ends this control as a kill would: nothing more is written; then a new one on the same store and machine. */
  restart(): Promise<Bench>;
  /** Waits until the operation is over; throws its error. */
  done<T>(accepted: Promise<Accepted<T>>): Promise<Operation | null>;
}

const mediaOf = (machines: readonly MemoryMachine[]) => machines.flatMap(({ media }) => [...media.values()]);
const replicasOn = (machines: readonly MemoryMachine[]): ReadonlyMap<string, MemoryReplica> => new Map(mediaOf(machines).flatMap(({ replicas }) => [...replicas]));

interface World { readonly store: Store; readonly machine: MemoryMachine; readonly clock: ManualClock; readonly seed: { value: number } }

/** @param limit the effect at which everything stops for good; Infinity: never. Also counts them. */
export async function startBench(world: World = newWorld(), limit = Number.POSITIVE_INFINITY): Promise<Bench & { effects(): number; died(): boolean; crashAfter(effects: number): void }> {
  let effects = 0;
  let dead = false;
  const effect = (): Promise<void> | undefined => {
    if (dead) return new Promise(() => undefined);
    effects += 1;
    if (effects <= limit) return undefined;
    dead = true;
    return new Promise(() => undefined);
  };
  const plane = createMemoryDataPlane({ machine: world.machine, crashAt: (method) => (method.startsWith('observe') || method === 'probe' || method === 'hasSnapshot' || method === 'findVolumes' ? undefined : effect()) });
  const { store } = world;
  const mortal: Store = Object.assign(Object.create(store) as Store, {
    get: (key: string) => store.get(key),
    list: (prefix: string, options?: object) => store.list(prefix, options),
    txn: async (...args: Parameters<Store['txn']>) => {
      await effect();
      const result = await store.txn(...args);
      await effect();
      return result;
    },
    check: () => store.check(),
  });
  const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => {
    world.seed.value = (Math.imul(world.seed.value, 1664525) + 1013904223) >>> 0;
    return world.seed.value >>> 24;
  });
  const control = await createControl({ store: mortal, dataPlane: plane, clock: world.clock, random, log: quiet }, { node_name: 'one', interval_ms: 1000, consumer_grace_ms: 60_000 });
  const bench: Bench & { effects(): number; died(): boolean; crashAfter(effects: number): void } = {
    control, plane, machine: world.machine, store, clock: world.clock,
    effects: () => effects,
    died: () => dead,
    crashAfter: (count) => void (limit = count),
    async restart() {
      dead = true;
      const next = await startBench(world);
      await next.control.start();
      return next;
    },
    async done(accepted) {
      const { operation } = await accepted;
      if (operation === null) return null;
      const over = await control.waitOperation(operation.id, 60_000);
      if (over.error !== null) throw Object.assign(new Error(over.error.message), over.error);
      return over;
    },
  };
  return bench;
}

export function newWorld(): World {
  const machine = new MemoryMachine();
  const clock = manualClock();
  machine.set(POOL_PATH, { capacity: 100 * GIB, reflink: true });
  return { machine, clock, store: createMemoryStore({ clock }), seed: { value: 1 } };
}

/** Faults of what is in the store and on the machine together; empty when sound and at rest. */
export async function unsound({ store, machine }: { readonly store: Store; readonly machine: MemoryMachine | readonly MemoryMachine[] }): Promise<readonly string[]> {
  const machines = machine instanceof MemoryMachine ? [machine] : machine;
  const faults: string[] = [];
  const all = async <T>(prefix: string): Promise<readonly T[]> => (await store.list<T>(prefix)).entries.map(({ value }) => value);
  const [pools, volumes, trash, snapshots, operations] = [await all<Pool>('/pools/'), await all<Volume>('/volumes/'), await all<Volume>('/trash/'), await all<Snapshot>('/snapshots/'), await all<Operation>('/operations/')];
  for (const operation of operations) if (operation.finished_at === null) faults.push(`operation ${operation.kind} still ${operation.state} at ${operation.step}`);
  for (const pool of pools) {
    if (pool.status.state !== 'ready') faults.push(`pool ${pool.name} is ${pool.status.state}`);
    const inIt = [...volumes, ...trash].filter(({ replication }) => replication.replicas.some((replica) => replica.pool === pool.id));
    const promised = inIt.reduce((sum, volume) => sum + volume.spec.size_bytes, 0) + snapshots.filter(({ spec }) => inIt.some(({ id }) => id === spec.volume)).reduce((sum, { status }) => sum + status.reserved_bytes, 0);
    if (pool.status.allocated_bytes !== promised) faults.push(`pool ${pool.name} counts ${pool.status.allocated_bytes} bytes, its volumes and snapshots have ${promised}`);
  }
  for (const volume of [...volumes, ...trash]) {
    // Given up with its node: nothing of it is anywhere.
    if (volume.replication.replicas[0]?.state === 'lost') continue;
    const replica = replicasOn(machines).get(volume.replication.replicas[0]?.id ?? '');
    if (!replica?.images.has(volume.replication.history)) faults.push(`volume ${volume.name} has no image of history ${volume.replication.history}`);
    if (volume.replication.attaching !== null) faults.push(`volume ${volume.name} is still attaching`);
    const kept = snapshots.filter(({ spec }) => spec.volume === volume.id);
    for (const snapshot of kept) if (!replica?.snapshots.has(snapshot.id)) faults.push(`snapshot ${snapshot.name} has no image`);
    for (const id of replica?.snapshots.keys() ?? []) if (!kept.some((snapshot) => snapshot.id === id)) faults.push(`image of snapshot ${id} belongs to nobody`);
    if ((replica?.images.size ?? 0) > 1) faults.push(`volume ${volume.name} has images of ${replica?.images.size} histories`);
    const device = machines.map(({ devices }) => devices.get(volume.replication.replicas[0]?.id ?? '')).find((one) => one !== undefined);
    if ((device !== undefined) !== (volume.replication.writer !== null)) faults.push(`volume ${volume.name}: writer ${JSON.stringify(volume.replication.writer)}, device ${device?.path ?? 'none'}`);
  }
  // Consumers of a mount that was cut off are shown: degraded, by a condition.
  for (const volume of volumes) if (volume.status.state === 'creating' || volume.status.state === 'incomplete') faults.push(`volume ${volume.name} is ${volume.status.state}`);
  for (const snapshot of snapshots) if (snapshot.status.state !== 'ready') faults.push(`snapshot ${snapshot.name} is ${snapshot.status.state}`);
  const names = (await store.list<string>('/names/')).entries;
  const nodes = await all<{ readonly id: string }>('/nodes/');
  for (const { key, value } of names) if (![...nodes, ...pools, ...volumes, ...snapshots, ...trash].some(({ id }) => id === value)) faults.push(`name ${key} points nowhere`);
  faults.push(...await wrongIndexes(store, pools, [...volumes, ...trash], trash));
  const owned = new Set([...volumes, ...trash].map(({ replication }) => replication.replicas[0]?.id));
  const inUse = new Set(pools.map(({ id }) => id));
  const claimed = mediaOf(machines).filter(({ marker }) => marker !== null && !marker.released && inUse.has(marker.pool_id));
  for (const id of claimed.flatMap(({ replicas }) => [...replicas.keys()])) if (!owned.has(id)) faults.push(`replica ${id} on the medium belongs to nobody`);
  return faults;
}

/** Index keys that are missing, or point nowhere. */
export async function wrongIndexes(store: Store, pools: readonly Pool[], volumes: readonly Volume[], trash: readonly Volume[]): Promise<readonly string[]> {
  const keys = async (prefix: string): Promise<readonly string[]> => (await store.list(prefix)).entries.map(({ key }) => key);
  const wanted = [
    ...volumes.flatMap(({ id, replication }) => replication.replicas.filter(({ state }) => state !== 'lost').map(({ node }) => `/placed/${node}/${id}`)),
    ...pools.map(({ id, node }) => `/hosted/${node}/${id}`),
    ...trash.map(({ id, status }) => `/names/trash/${status.trashed?.name ?? ''}/${id}`),
  ];
  const there = [...(await keys('/placed/')), ...(await keys('/hosted/')), ...(await keys('/names/trash/')), ...(await keys('/running/')), ...(await keys('/work/'))];
  return [...wanted.filter((key) => !there.includes(key)).map((key) => `index ${key} is missing`), ...there.filter((key) => !wanted.includes(key)).map((key) => `index ${key} is left over`)];
}
