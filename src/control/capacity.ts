/** Capacity: what there is, what is promised, what is used, pool by pool and in all. */
import { availableBytes, type Pool } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import type { Context } from './context.ts';
import type { Capacity, PoolCapacity } from './control.ts';
import { KEYS } from './keys.ts';
import { scan } from './repository.ts';

export async function capacityOf(ctx: Context): Promise<Capacity> {
  const bytes = new Map<string, number>();
  await scan<Volume>(ctx.store, KEYS.trash, (page) => countTrash(bytes, page));
  return capacityFrom(await ctx.observations.pools(2_000), bytes);
}

/** @param trashBytes by the pool's id. */
export function capacityFrom(pools: readonly Pool[], trashBytes: ReadonlyMap<string, number>): Capacity {
  const perPool: readonly PoolCapacity[] = pools.map((pool) => ({
    pool: pool.id, name: pool.name, class: pool.spec.class,
    capacity_bytes: pool.status.capacity_bytes, allocated_bytes: pool.status.allocated_bytes, used_bytes: pool.status.used_bytes,
    available_bytes: pool.status.state === 'ready' ? availableBytes(pool) : 0,
    trash_bytes: trashBytes.get(pool.id) ?? 0,
  }));
  const total = (field: Exclude<keyof PoolCapacity, 'pool' | 'name' | 'class'>): number => perPool.reduce((sum, pool) => sum + pool[field], 0);
  return { capacity_bytes: total('capacity_bytes'), allocated_bytes: total('allocated_bytes'), used_bytes: total('used_bytes'), available_bytes: total('available_bytes'), trash_bytes: total('trash_bytes'), pools: perPool };
}

/** Adds what the trash takes in each pool. */
export function countTrash(bytes: Map<string, number>, trash: readonly Volume[]): void {
  for (const { spec, replication } of trash) {
    for (const pool of new Set(replication.replicas.map((replica) => replica.pool))) bytes.set(pool, (bytes.get(pool) ?? 0) + spec.size_bytes);
  }
}
