/**
 * Where a new volume goes: the pools of the cluster as placement sees them, from memory. What was decided on it is
 * written only if pool and node are still as they were (compares), so being a little late does no harm.
 */
import type { Node } from '../model/node.ts';
import type { Pool } from '../model/pool.ts';
import type { Context } from './context.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import type { Compare, Entry } from './ports/store.ts';

export interface Places {
  /** With live or published use; what this process is just writing is taken off already, or not (`as recorded`). */
  pools(what?: 'as recorded'): Promise<readonly Pool[]>;
  nodes(): ReadonlyMap<string, Node>;
  /** The record that a decision for this pool is compared with; null: gone. */
  record(poolId: string): Entry<Pool> | null;
  /** Pool and its node as they were seen. */
  compare(pool: Entry<Pool>): readonly Compare[];
  learn(entry: Entry<Pool>): void;
  /** Reads pool and node anew. */
  refresh(poolId: string): Promise<void>;
  refreshAll(): Promise<void>;
  /** Others of this process leave these bytes alone while the work goes on. */
  holding<T>(poolId: string, filesystem: string, bytes: number, work: () => Promise<T>): Promise<T>;
}

const MAX_AGE_MS = 2_000;

export function createPlaces(ctx: Context): Places {
  const held = new Set<{ readonly pool: string; readonly filesystem: string; readonly bytes: number }>();

  const record = (poolId: string): Entry<Pool> | null => ctx.poolMirror.entries.get(KEYS.pool(poolId)) ?? null;

  return {
    async pools(what) {
      await ctx.poolMirror.begin();
      const pools = await Promise.all([...ctx.poolMirror.entries.values()].map(({ value }) => ctx.observations.pool(value, MAX_AGE_MS)));
      if (what === 'as recorded' || held.size === 0) return pools;
      return pools.map((pool) => [...held].filter((one) => one.pool === pool.id).reduce((rest, { filesystem, bytes }) => allocate(rest, filesystem, bytes), pool));
    },
    nodes: () => new Map(ctx.members.nodes().map((node) => [node.id, node])),
    record,
    compare(pool) {
      const node = ctx.members.entry(pool.value.node);
      return [{ key: pool.key, revision: pool.revision }, ...(node === null ? [] : [{ key: node.key, revision: node.revision }])];
    },
    learn: (entry) => ctx.poolMirror.learn(entry),
    async refresh(poolId) {
      const entry = await ctx.poolMirror.refresh(KEYS.pool(poolId));
      await ctx.members.refresh(entry?.value.node ?? ctx.node.id);
    },
    refreshAll: () => ctx.poolMirror.refreshAll(),
    async holding(pool, filesystem, bytes, work) {
      const one = { pool, filesystem, bytes };
      held.add(one);
      try {
        return await work();
      } finally {
        held.delete(one);
      }
    },
  };
}
