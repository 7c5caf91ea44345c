/**
 * What placement sees: the pools and nodes of the cluster from memory, as the store tells of them; those of this node as
 * they are observed. Reads the store only when it is told to.
 */
import type { Context } from '../context.ts';
import { KEYS } from '../keys.ts';
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

  return {
    store,
    locks,
    async look() {
      await Promise.all([poolMirror.begin(), members.begin()]);
      const pools = new Map<string, SeenPool>();
      for (const entry of poolMirror.entries.values()) {
        const { value: pool } = entry;
        const node = members.entry(pool.node);
        const seen = pool.node === ctx.node.id ? await ctx.observations.pool(pool, MAX_AGE_MS) : pool;
        pools.set(pool.id, { entry, seen, fence: node === null ? [] : [{ key: node.key, revision: node.revision }] });
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
