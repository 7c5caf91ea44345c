/** Whether a pool may take a medium that carries a marker already. Pure. */
import type { PoolRef } from '../control/ports/data-plane.ts';
import { HoldfastError } from '../model/errors.ts';
import type { PoolMarker } from './pool-marker.ts';

export interface Claim {
  readonly force: boolean;
  /** Ids of the pools that exist. */
  readonly taken: ReadonlySet<string>;
}

/**
 * Its own marker, a released one, and one of a pool of the same cluster that no longer exists may be taken; with
 * force also one of another cluster. Never that of a pool that exists.
 * @throws failed_precondition naming the pool that has it.
 */
export function checkClaim(pool: PoolRef, place: string, marker: PoolMarker | null, claim: Claim): void {
  if (marker === null || marker.pool_id === pool.id) return;
  const object = `pool ${pool.name}`;
  const field = pool.spec.kind === 'directory' ? 'path' : 'devices';
  if (claim.taken.has(marker.pool_id)) throw new HoldfastError('failed_precondition', `${object}: ${place} belongs to pool ${marker.pool_id}`, { object, field, hint: 'Choose another place.' });
  if (marker.released_at !== null || claim.force || marker.cluster_id === pool.cluster_id) return;
  throw new HoldfastError('failed_precondition', `${object}: ${place} belongs to pool ${marker.pool_id} of another cluster (${marker.cluster_id})`, { object, field, hint: 'Remove the pool there first, or take it over with force if that cluster is gone.' });
}
