/**
 * Placer: finds places for volumes and takes them, for all who ask at the same time. Those who wait are decided together,
 * in the order they came, and written in few transactions: each compares the pools and groups that it takes from, so
 * that it writes all of its volumes or none. A batch that lost a race is decided anew on what is there now. Batches that
 * touch the same pool or group follow each other; others run side by side.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Pool } from '../../model/pool.ts';
import { allocationLock } from '../allocation.ts';
import { counted, groupCompare, groupKey, groupWrite, readGroup, type Group, type GroupEntry, type GroupName } from '../groups.ts';
import { allocate } from '../ledger.ts';
import type { Locks } from '../locks.ts';
import type { Compare, Entry, Store, Write } from '../ports/store.ts';
import { choosePlaces, type Place } from './choose.ts';
import type { Nodes, PlacementWish, WishGroups } from './judge.ts';

export interface PlacementJob<T> {
  readonly wish: PlacementWish;
  readonly replicas: number;
  /** Groups that the volume will be counted in. */
  readonly groups: readonly GroupName[];
  /** What else goes into the transaction. Asked again, with other places, after a lost race. */
  draft(places: readonly Place[]): { readonly compare: readonly Compare[]; readonly writes: readonly Write[]; readonly result: T };
  /** Something that `draft` compares was not so: the error to tell, or null to try again. */
  lost(): Promise<HoldfastError | null>;
}

export interface PlacementView {
  readonly store: Store;
  readonly locks: Locks;
  /** Every pool by its id and every node, from memory. A little late: what is written compares revisions. */
  look(): Promise<{ readonly pools: ReadonlyMap<string, SeenPool>; readonly nodes: Nodes }>;
  /** Only the nodes. */
  nodes(): Promise<Nodes>;
  learn(entry: Entry<Pool>): void;
  /** Reads a pool and its node anew. */
  refresh(pool: Pool): Promise<void>;
  refreshAll(): Promise<void>;
}

export interface SeenPool {
  readonly entry: Entry<Pool>;
  /** As it is now: on this node as observed, with what its record promises. */
  readonly seen: Pool;
  /** Its node's record as it was judged: drained in between, nothing is placed there. */
  readonly fence: readonly Compare[];
}

export interface Placer {
  /** @throws what `choosePlaces` throws, decided on the store as it is; what `lost` tells; unavailable. */
  place<T>(job: PlacementJob<T>): Promise<{ readonly result: T; readonly revision: number }>;
  /** Where it would be placed now; takes nothing. */
  preview(wish: PlacementWish, replicas: number, groups: readonly GroupName[]): Promise<readonly Place[]>;
}

/** etcd takes 128 writes in one transaction. */
const MAX_WRITES = 100;
const MAX_BATCHES = 8;
/** Groups that are remembered; what is old is found out by the compare. */
const MAX_GROUPS = 4_096;
/** So many that wait for a busy pool or group are passed over before a batch is closed. */
const MAX_PASSED = 64;
const MAX_TRIES = 50;

interface Waiting {
  readonly job: PlacementJob<unknown>;
  readonly resolve: (placed: { readonly result: unknown; readonly revision: number }) => void;
  readonly reject: (error: unknown) => void;
  tries: number;
  /** Its refusal was checked against the store itself. */
  checked: boolean;
}

interface Taking {
  readonly from: SeenPool;
  record: Pool;
}

interface Batch {
  readonly members: { readonly waiting: Waiting; readonly compare: readonly Compare[]; readonly result: unknown }[];
  readonly pools: Map<string, Taking>;
  readonly groups: Map<string, { readonly entry: GroupEntry; group: Group }>;
  readonly writes: Write[];
}

export function createPlacer(view: Omit<PlacementView, 'nodes'>): Placer {
  const queue: Waiting[] = [];
  /** Pools and groups of batches on their way, as they will be. */
  const pendingPools = new Map<string, Pool>();
  const pendingGroups = new Set<string>();
  /** As this placer last read or wrote them. */
  const knownGroups = new Map<string, GroupEntry>();
  let batches = 0;
  let pumping = false;
  /** Something has changed since the queue was last looked at. */
  let asked = false;

  const groupsFor = (names: readonly GroupName[], find: (key: string) => Group | undefined): WishGroups => {
    const of = (rule: GroupName['rule']): Group | null => {
      const name = names.find((one) => one.rule === rule);
      return name === undefined ? null : (find(groupKey(name)) ?? null);
    };
    return { spread: of('spread_by'), antiAffinity: of('anti_affinity') };
  };

  const readGroups = async (all: readonly GroupName[]): Promise<ReadonlyMap<string, GroupEntry>> => {
    const names = new Map(all.map((name) => [groupKey(name), name]));
    const entries = await Promise.all([...names].map(async ([key, name]) => knownGroups.get(key) ?? readGroup(view.store, name)));
    if (knownGroups.size > MAX_GROUPS) knownGroups.clear();
    for (const entry of entries) knownGroups.set(entry.key, entry);
    return new Map(entries.map((entry) => [entry.key, entry]));
  };

  /** The next batch; what it takes leaves the queue. `news`: somebody was answered, or is to be looked at again. */
  const assemble = async (): Promise<Batch & { readonly news: boolean }> => {
    const candidates = queue.slice(0, MAX_WRITES);
    const free = candidates.filter(({ job }) => !job.groups.some((name) => pendingGroups.has(groupKey(name))));
    const groups = await readGroups(free.flatMap(({ job }) => job.groups));
    const { pools, nodes } = await view.look();
    const all = [...pools.values()].map(({ seen }) => seen);
    const sight = createSight(all.map((pool) => pendingPools.get(pool.id) ?? pool));
    const batch: Batch = { members: [], pools: new Map(), groups: new Map(), writes: [] };
    const refused: Waiting[] = [];
    let passed = candidates.length - free.length;
    let room = MAX_WRITES;
    const written = new Set<string>();
    const before = queue.length;

    for (const waiting of free) {
      if (passed > MAX_PASSED || room <= 0) break;
      const { job } = waiting;
      let places: readonly Place[];
      try {
        places = choosePlaces(job.wish, job.replicas, sight.pools, nodes, groupsFor(job.groups, (key) => batch.groups.get(key)?.group ?? groups.get(key)?.group));
      } catch (error) {
        if (!fits(job, all, nodes, groupsFor(job.groups, (key) => groups.get(key)?.group))) {
          if (waiting.checked) give(waiting, () => waiting.reject(error));
          else refused.push(waiting);
        } else passed += 1; // Others are about to take what it needs, and may yet fail to.
        continue;
      }
      if (places.some(({ pool }) => pendingPools.has(pool.id) && !batch.pools.has(pool.id))) {
        passed += 1;
        continue;
      }
      const drafted = attempt(waiting, places);
      if (drafted === null) continue;
      // Two that write the same, such as one name: the first one is decided first.
      if (drafted.writes.some(({ key }) => written.has(key))) {
        passed += 1;
        continue;
      }
      const size = drafted.writes.length + places.length + job.groups.length;
      if (batch.members.length > 0 && size > room) break;
      room -= size;
      for (const { key } of drafted.writes) written.add(key);
      take(batch, waiting, drafted, places, pools, sight, groups);
    }
    if (refused.length > 0) {
      await view.refreshAll();
      for (const waiting of refused) {
        waiting.checked = true;
        for (const name of waiting.job.groups) knownGroups.delete(groupKey(name));
      }
    }
    return { ...batch, news: refused.length > 0 || queue.length < before };
  };

  /** A request that cannot be drafted fails alone. */
  const attempt = (waiting: Waiting, places: readonly Place[]): ReturnType<PlacementJob<unknown>['draft']> | null => {
    try {
      return waiting.job.draft(places);
    } catch (error) {
      give(waiting, () => waiting.reject(error));
      return null;
    }
  };

  const give = (waiting: Waiting, answer: () => void): void => {
    const at = queue.indexOf(waiting);
    if (at >= 0) queue.splice(at, 1);
    answer();
  };

  const take = (batch: Batch, waiting: Waiting, drafted: ReturnType<PlacementJob<unknown>['draft']>, places: readonly Place[], pools: ReadonlyMap<string, SeenPool>, sight: Sight, groups: ReadonlyMap<string, GroupEntry>): void => {
    const { job } = waiting;
    for (const { pool, filesystem } of places) {
      const from = pools.get(pool.id) as SeenPool;
      const taking = batch.pools.get(pool.id) ?? { from, record: from.entry.value };
      taking.record = allocate(taking.record, filesystem.uuid, job.wish.size_bytes);
      batch.pools.set(pool.id, taking);
      const less = allocate(pool, filesystem.uuid, job.wish.size_bytes);
      sight.replace(less);
      pendingPools.set(pool.id, less);
    }
    for (const key of job.groups.map(groupKey)) {
      const entry = groups.get(key) as GroupEntry;
      const group = counted(batch.groups.get(key)?.group ?? entry.group, places.map(({ node }) => node.id), 1);
      batch.groups.set(key, { entry, group });
    }
    batch.members.push({ waiting, compare: drafted.compare, result: drafted.result });
    batch.writes.push(...drafted.writes);
    queue.splice(queue.indexOf(waiting), 1);
  };

  const pump = async (): Promise<void> => {
    asked = true;
    if (pumping) return;
    pumping = true;
    try {
      while (queue.length > 0 && batches < MAX_BATCHES && asked) {
        asked = false;
        const batch = await assembled();
        // A batch that landed while this was decided has asked again.
        if (batch === null) continue;
        asked = true;
        batches += 1;
        void commit(batch).finally(() => {
          batches -= 1;
          for (const id of batch.pools.keys()) pendingPools.delete(id);
          for (const key of batch.groups.keys()) pendingGroups.delete(key);
          void pump();
        });
      }
    } finally {
      pumping = false;
    }
  };

  /** null: nothing can be done until a batch has landed. The store's failure is told to all who wait. */
  const assembled = async (): Promise<Batch | null> => {
    while (queue.length > 0) {
      try {
        const batch = await assemble();
        for (const key of batch.groups.keys()) pendingGroups.add(key);
        if (batch.members.length > 0) return batch;
        if (!batch.news) return null;
      } catch (error) {
        for (const waiting of queue.splice(0)) waiting.reject(error);
      }
    }
    return null;
  };

  const commit = async (batch: Batch): Promise<void> => {
    const { members, pools, groups } = batch;
    try {
      const done = await holding(view.locks, [...pools.keys()].sort().map(allocationLock), () => view.store.txn(
        distinct([...[...pools.values()].flatMap(({ from: { entry: { key, revision }, fence } }) => [{ key, revision }, ...fence]), ...[...groups.values()].map(({ entry }) => groupCompare(entry)), ...members.flatMap(({ compare }) => compare)]),
        [...batch.writes, ...[...pools.values()].map(({ from, record }): Write => ({ op: 'put', key: from.entry.key, value: record })), ...[...groups].map(([key, { group }]) => groupWrite(key, group))],
      ));
      if (!done.committed) return await again(batch);
      for (const { from, record } of pools.values()) view.learn({ key: from.entry.key, value: record, revision: done.revision });
      for (const [key, { entry, group }] of groups) knownGroups.set(key, { ...entry, revision: done.revision, group });
      for (const { waiting, result } of members) waiting.resolve({ result, revision: done.revision });
    } catch (error) {
      for (const { waiting } of members) waiting.reject(error);
    }
  };

  /** Somebody else wrote in between: who can never succeed is told, the others are decided again, first of all. */
  const again = async ({ members, pools, groups }: Batch): Promise<void> => {
    for (const key of groups.keys()) knownGroups.delete(key);
    const [own] = await Promise.all([
      Promise.all(members.map(async ({ compare }) => (await Promise.all(compare.map(async ({ key, revision }) => ((await view.store.get(key))?.revision ?? 0) === revision))).every(Boolean))),
      Promise.all([...pools.values()].map(({ from }) => view.refresh(from.entry.value))),
    ]);
    const back: Waiting[] = [];
    for (const [i, { waiting }] of members.entries()) {
      const error = own[i] === true ? null : await waiting.job.lost();
      waiting.tries += 1;
      waiting.checked = false;
      if (error !== null) waiting.reject(error);
      else if (waiting.tries >= MAX_TRIES) waiting.reject(new HoldfastError('unavailable', `volume ${waiting.job.wish.name} or its pools are changed by others all the time`, { object: `volume ${waiting.job.wish.name}`, hint: 'Try again.' }));
      else back.push(waiting);
    }
    queue.unshift(...back);
  };

  return {
    place: <T>(job: PlacementJob<T>) => new Promise<{ readonly result: T; readonly revision: number }>((resolve, reject) => {
      queue.push({ job, resolve: resolve as Waiting['resolve'], reject, tries: 0, checked: false });
      void pump();
    }),

    async preview(wish, replicas, names) {
      const read = new Map((await Promise.all(names.map((name) => readGroup(view.store, name)))).map((entry) => [entry.key, entry.group]));
      const groups = groupsFor(names, (key) => read.get(key));
      const choose = async (): Promise<readonly Place[]> => {
        const { pools, nodes } = await view.look();
        return choosePlaces(wish, replicas, [...pools.values()].map(({ seen }) => seen), nodes, groups);
      };
      try {
        return await choose();
      } catch {
        await view.refreshAll();
        return choose();
      }
    },
  };
}

/** Pools in a fixed order, of which some are replaced by what they will be. */
interface Sight {
  readonly pools: readonly Pool[];
  replace(pool: Pool): void;
}

function createSight(pools: Pool[]): Sight {
  const at = new Map(pools.map(({ id }, i) => [id, i]));
  return { pools, replace: (pool) => void (pools[at.get(pool.id) ?? pools.length] = pool) };
}

/** Two pools of one node share its fence. */
const distinct = (compares: readonly Compare[]): readonly Compare[] => [...new Map(compares.map((one) => [one.key, one])).values()];

function fits(job: PlacementJob<unknown>, pools: readonly Pool[], nodes: Nodes, groups: WishGroups): boolean {
  try {
    return choosePlaces(job.wish, job.replicas, pools, nodes, groups).length > 0;
  } catch {
    return false;
  }
}

/** Holds several locks at once; taken in one order by all, so that nobody waits in a circle. */
function holding<T>(locks: Locks, names: readonly string[], work: () => Promise<T>): Promise<T> {
  const [first, ...rest] = names;
  return first === undefined ? work() : locks.hold(first, () => holding(locks, rest, work));
}
