/** Allocation in a pool, pure: what a pool's record looks like after bytes were promised or given back. */
import type { Pool } from '../model/pool.ts';

/** @param bytes to add; negative to give back. Never falls below zero. */
export function allocate(pool: Pool, filesystem: string, bytes: number): Pool {
  const before = pool.status.allocated_by_filesystem[filesystem] ?? 0;
  const after = Math.max(0, before + bytes);
  const allocated = { ...pool.status.allocated_by_filesystem, [filesystem]: after };
  return { ...pool, status: { ...pool.status, allocated_by_filesystem: allocated, allocated_bytes: Object.values(allocated).reduce((sum, value) => sum + value, 0) } };
}
