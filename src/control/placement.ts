/** Placement, pure: which pool (and which of its filesystems) takes a new replica, and why. Same input, same answer. */
import { formatBytes, type Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { availableIn, type Pool, type PoolFilesystem } from '../model/pool.ts';
import type { PlacementExplanation } from './control.ts';

export interface PlacementWish {
  readonly name: string;
  readonly size_bytes: Bytes;
  /** "any", or the class that the pool must have. */
  readonly class: string;
  /** Id of the only pool allowed, or null. */
  readonly pool: string | null;
  /** Only this filesystem will do (a clone stays beside its snapshot), or null. */
  readonly filesystem: string | null;
}

export interface Judgement {
  readonly pool: Pool;
  readonly filesystem: PoolFilesystem | null;
  readonly reason: string;
  /** Share of the pool that stays free, 0 to 1; -1 where it does not fit. */
  readonly score: number;
}

const roomiest = (pool: Pool, only: string | null): PoolFilesystem | null =>
  pool.status.filesystems
    .filter(({ uuid }) => only === null || uuid === only)
    .reduce<PoolFilesystem | null>((best, next) => (best === null || availableIn(pool, next) > availableIn(pool, best) ? next : best), null);

function judge(wish: PlacementWish, pool: Pool): Judgement {
  const no = (reason: string): Judgement => ({ pool, filesystem: null, reason, score: -1 });
  if (wish.pool !== null && wish.pool !== pool.id) return no('another pool was asked for');
  if (pool.status.state !== 'ready') return no(`it is ${pool.status.state}${pool.status.conditions[0] === undefined ? '' : ` (${pool.status.conditions[0].type})`}`);
  if (wish.class !== 'any' && wish.class !== pool.spec.class) return no(`its class is ${pool.spec.class}, ${wish.class} is asked for`);
  const filesystem = roomiest(pool, wish.filesystem);
  if (filesystem === null) return no(wish.filesystem === null ? 'it has no filesystem' : 'the snapshot is in another pool');
  const free = availableIn(pool, filesystem);
  const several = pool.status.filesystems.length > 1 ? ' in one of its filesystems' : '';
  if (free < wish.size_bytes) return no(`${formatBytes(free)} can still be provisioned${several}, ${formatBytes(wish.size_bytes)} is asked for`);
  const whole = Math.max(1, filesystem.capacity_bytes * pool.spec.overcommit);
  return { pool, filesystem, reason: `${formatBytes(free)} can still be provisioned${several}`, score: Math.round(((free - wish.size_bytes) / whole) * 1e6) / 1e6 };
}

/** Best first; those that do not fit last. Ties go to the older pool. */
export function judgePools(wish: PlacementWish, pools: readonly Pool[]): readonly Judgement[] {
  return pools.map((pool) => judge(wish, pool)).sort((a, b) => b.score - a.score || (a.pool.id < b.pool.id ? -1 : 1));
}

/** @throws resource_exhausted or failed_precondition that tells, pool by pool, why not. */
export function choosePlace(wish: PlacementWish, pools: readonly Pool[]): { readonly pool: Pool; readonly filesystem: PoolFilesystem } {
  const judged = judgePools(wish, pools);
  const best = judged[0];
  if (best?.filesystem !== undefined && best.filesystem !== null) return { pool: best.pool, filesystem: best.filesystem };
  const object = `volume ${wish.name}`;
  if (pools.length === 0) {
    throw new HoldfastError('failed_precondition', `no place for ${object}: there is no pool`, { object, hint: 'Make one: holdfast pool create NAME --path /an/existing/directory' });
  }
  const considered = judged.filter(({ pool }) => wish.pool === null || pool.id === wish.pool);
  const why = considered.slice(0, 5).map(({ pool, reason }) => `pool ${pool.name}: ${reason}`).join('; ');
  const onlySpace = considered.some(({ reason }) => reason.includes('can still be provisioned'));
  throw new HoldfastError(onlySpace ? 'resource_exhausted' : 'failed_precondition', `no place for ${object}: ${why}`, {
    object,
    field: onlySpace ? 'size' : wish.pool === null ? 'class' : 'pool',
    hint: onlySpace ? 'Ask for less, grow the pool (holdfast pool grow), empty the trash (holdfast trash list), or raise its overcommit.' : 'List the pools: holdfast pool list',
  });
}

export function explain(wish: PlacementWish, pools: readonly Pool[], current: string | null): PlacementExplanation {
  const judged = judgePools(wish, pools);
  const best = judged[0]?.filesystem === null ? null : (judged[0]?.pool.id ?? null);
  return {
    chosen: current ?? best,
    candidates: judged.map(({ pool, filesystem, reason, score }) => ({ pool: pool.id, name: pool.name, fits: filesystem !== null, reason, score })),
  };
}
