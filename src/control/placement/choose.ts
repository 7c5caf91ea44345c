/**
 * Choosing places for the replicas of a volume, pure: each on a node of its own, spread over zones as far as there are
 * any. Touches each pool a few times and makes nothing per pool, so that thousands of pools are chosen from in well
 * under a millisecond.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Node } from '../../model/node.ts';
import type { Pool, PoolFilesystem } from '../../model/pool.ts';
import { freeShare, judgePool, judgePools, NO_GROUPS, takesReplicas, volumesByZone, type Nodes, type PlacementWish, type WishGroups } from './judge.ts';
import { refusal } from './refusal.ts';

export interface Place {
  readonly pool: Pool;
  readonly filesystem: PoolFilesystem;
  readonly node: Node;
}

/**
 * @param replicas how many; each gets another node.
 * @throws failed_precondition or resource_exhausted that tells, pool by pool or by reason, why not.
 */
export function choosePlaces(wish: PlacementWish, replicas: number, pools: readonly Pool[], nodes: Nodes, groups: WishGroups = NO_GROUPS): readonly Place[] {
  if (replicas > 1 && replicas > storageNodes(nodes)) throw tooManyReplicas(`volume ${wish.name}`, replicas, storageNodes(nodes));
  const zones = volumesByZone(groups.spread, nodes);
  const chosen: Place[] = [];
  while (chosen.length < replicas) {
    const next = best(wish, pools, nodes, groups, zones, chosen);
    if (next === null) throw refusal(wish, judgePools(wish, pools, nodes, groups), replicas, chosen.map(({ node }) => node.id));
    chosen.push(next);
  }
  return chosen;
}

/** Nodes that hold replicas, whatever state they are in. */
export function storageNodes(nodes: Nodes): number {
  let count = 0;
  for (const node of nodes.values()) if (takesReplicas(node)) count += 1;
  return count;
}

/** Names both numbers. */
export function tooManyReplicas(object: string, replicas: number, storage: number): HoldfastError {
  return new HoldfastError('failed_precondition', `replicas: ${replicas} are asked for, and there ${storage === 1 ? 'is 1 storage node' : `are ${storage} storage nodes`}`, {
    object, field: 'replicas', hint: storage === 0 ? 'Add a node with the role storage: holdfast cluster join' : `Ask for at most ${storage}; each replica lives on a node of its own.`,
  });
}

/** Fewer of its own replicas in the zone, then fewer of its group there, then on the node; the larger share; the older pool. */
function best(wish: PlacementWish, pools: readonly Pool[], nodes: Nodes, groups: WishGroups, zones: ReadonlyMap<string, number>, chosen: readonly Place[]): Place | null {
  const { spread } = groups;
  let winner: { readonly pool: Pool; readonly node: Node; readonly filesystem: PoolFilesystem } | null = null;
  let [own, zone, onNode, share] = [0, 0, 0, 0];
  for (const pool of pools) {
    const node = nodes.get(pool.node) ?? null;
    const room = judgePool(wish, pool, node, groups);
    if (typeof room === 'string' || node === null || (chosen.length > 0 && chosen.some((other) => other.node.id === node.id))) continue;
    const nextOwn = chosen.length === 0 ? 0 : ownIn(node.spec.zone, chosen);
    const nextZone = spread === null ? 0 : (zones.get(node.spec.zone) ?? 0);
    const nextOnNode = spread === null ? 0 : (spread.nodes[node.id] ?? 0);
    const nextShare = freeShare(wish, room);
    if (winner !== null && (nextOwn - own || nextZone - zone || nextOnNode - onNode || share - nextShare || (pool.id < winner.pool.id ? -1 : 1)) > 0) continue;
    winner = { pool, node, filesystem: room.filesystem };
    [own, zone, onNode, share] = [nextOwn, nextZone, nextOnNode, nextShare];
  }
  return winner;
}

function ownIn(zone: string, chosen: readonly Place[]): number {
  let count = 0;
  for (const { node } of chosen) if (node.spec.zone === zone) count += 1;
  return count;
}
