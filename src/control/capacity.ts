/** Capacity: what there is, what is promised, what is used, pool by pool and in all. */
import { availableBytes } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import type { Context } from './context.ts';
import type { Capacity, PoolCapacity } from './control.ts';
import { KEYS } from './keys.ts';

export async function capacityOf(ctx: Context): Promise<Capacity> {
  const pools = await ctx.observations.pools(2_000);
  const { entries: trash } = await ctx.store.list<Volume>(KEYS.trash);
  const perPool: readonly PoolCapacity[] = pools.map((pool) => ({
    pool: pool.id, name: pool.name, class: pool.spec.class,
    capacity_bytes: pool.status.capacity_bytes, allocated_bytes: pool.status.allocated_bytes, used_bytes: pool.status.used_bytes,
    available_bytes: pool.status.state === 'ready' ? availableBytes(pool) : 0,
    trash_bytes: trash.filter(({ value }) => value.replication.replicas.some((replica) => replica.pool === pool.id)).reduce((sum, { value }) => sum + value.spec.size_bytes, 0),
  }));
  const total = (field: Exclude<keyof PoolCapacity, 'pool' | 'name' | 'class'>): number => perPool.reduce((sum, pool) => sum + pool[field], 0);
  return { capacity_bytes: total('capacity_bytes'), allocated_bytes: total('allocated_bytes'), used_bytes: total('used_bytes'), available_bytes: total('available_bytes'), trash_bytes: total('trash_bytes'), pools: perPool };
}
