/** The explanation of a placement, pure: what `holdfast volume explain` shows. */
import { HoldfastError } from '../../model/errors.ts';
import type { Pool } from '../../model/pool.ts';
import type { PlacementExplanation } from '../control.ts';
import { choosePlaces } from './choose.ts';
import { judgePools, type Nodes, type PlacementWish, type WishGroups } from './judge.ts';
import { reasonOf } from './refusal.ts';

/**
 * @param pools and @param groups without the volume itself, so that it does not stand in its own way.
 * @param current ids of the pools that it is in.
 */
export function explain(wish: PlacementWish, replicas: number, pools: readonly Pool[], nodes: Nodes, groups: WishGroups, current: readonly string[]): PlacementExplanation {
  let now: readonly string[] = [];
  let refusal: string | null = null;
  try {
    now = choosePlaces(wish, replicas, pools, nodes, groups).map(({ pool }) => pool.id);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    refusal = error.message;
  }
  return {
    chosen: current,
    chosen_now: now,
    refusal,
    candidates: judgePools(wish, pools, nodes, groups).map((judged) => ({
      pool: judged.pool.id, name: judged.pool.name, node: judged.pool.node, node_name: judged.node?.name ?? '', zone: judged.node?.spec.zone ?? '',
      fits: judged.parts !== null, reason: reasonOf(wish, judged), score: judged.parts?.free_share ?? -1, parts: judged.parts,
    })),
  };
}
