/**
 * What placement sees: the pools and nodes of the cluster from memory, as the store tells of them; those of this node as
 * they are observed. Reads the store only when it is told to.
 */
import type { Pool } from '../../model/pool.ts';
import type { Context } from '../context.ts';
import { KEYS } from '../keys.ts';
import type { Compare, Entry } from '../ports/store.ts';
import type { Nodes } from './judge.ts';
import type { PlacementView, SeenPool } from './placer.ts';

const MAX_AGE_MS = 2_000;

export function createPlacementView(ctx: Pick<Context, 'store' | 'locks' | 'node' | 'members' | 'observations' | 'poolMirror'>): PlacementView {
  const { store, locks, members, poolMirror } = ctx;

  const refreshUnknown = async (): Promise<void> => {
    const owners = new Set([...poolMirror.entries.values()].map(({ value }) => value.node));
    await Promise.all([...owners].filter((id) => members.entry(id) === null).map((id) => members.refresh(id)));
  };

  /** Made again when a node's record or its life changes: most looks find all as it was. */
  let known: { readonly revision: number; readonly nodes: Nodes } | null = null;
  const nodes = (): Nodes => {
    const revision = members.changes();
    if (known?.revision !== revision) known = { revision, nodes: new Map(members.nodes().map((node) => [node.id, node])) };
    return known.nodes;
  };

  const fenceOf = (pool: Pool): readonly Compare[] => {
    const node = members.entry(pool.node);
    return node === null ? [] : [{ key: node.key, revision: node.revision }];
  };
  /** By the pool's record: what was made of it at a count of the members' changes. */
  const remembered = new WeakMap<Entry<Pool>, { readonly at: number; readonly pool: SeenPool }>();

  return {
    store,
    locks,
    async look() {
      await Promise.all([poolMirror.begin(), members.begin()]);
      const pools = new Map<string, SeenPool>();
      const at = members.changes();
      for (const entry of poolMirror.entries.values()) {
        const { value: pool } = entry;
        let seen = remembered.get(entry);
        if (seen?.at !== at) remembered.set(entry, (seen = { at, pool: { entry, seen: pool, fence: fenceOf(pool) } }));
        pools.set(pool.id, pool.node === ctx.node.id ? { ...seen.pool, seen: await ctx.observations.pool(pool, MAX_AGE_MS) } : seen.pool);
      }
      return { pools, nodes: nodes() };
    },
    async nodes() {
      await members.begin();
      return nodes();
    },
    learn: (entry) => poolMirror.learn(entry),
    async refresh(pool) {
      await Promise.all([poolMirror.refresh(KEYS.pool(pool.id)), members.refresh(pool.node)]);
    },
    async refreshAll() {
      await poolMirror.refreshAll();
      await refreshUnknown();
    },
  };
}
