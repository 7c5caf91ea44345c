/**
 * Choosing places for the replicas of a volume, pure: each on a node of its own, spread over zones as far as there are
 * any. Touches each pool a few times and makes nothing per pool, so that thousands of pools are chosen from in well
 * under a millisecond.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { Node } from '../../model/node.ts';
import type { Pool, PoolFilesystem } from '../../model/pool.ts';
import { freeShare, judgePools, NO_GROUPS, refusalOf, roomiest, takesReplicas, volumesByZone, type Nodes, type PlacementWish, type WishGroups } from './judge.ts';
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
  const storage = storageNodes(nodes);
  if (replicas > Math.max(1, storage)) throw tooManyReplicas(`volume ${wish.name}`, replicas, storage);
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

interface Rank {
  /** Its own replicas in the zone, then others of its group there, then on the node. */
  readonly own: number;
  readonly zone: number;
  readonly node: number;
  readonly share: number;
}

function best(wish: PlacementWish, pools: readonly Pool[], nodes: Nodes, groups: WishGroups, zones: ReadonlyMap<string, number>, chosen: readonly Place[]): Place | null {
  let [own, zone, onNode, share] = [0, 0, 0, 0];
  let winner: Place | null = null;
  for (const pool of pools) {
    const node = nodes.get(pool.node) ?? null;
    if (node === null || chosen.some((other) => other.node.id === node.id) || refusalOf(wish, pool, node, groups) !== null) continue;
    const filesystem = roomiest(pool, wish.filesystem);
    if (filesystem === null) continue;
    const rank: Rank = { own: ownIn(node.spec.zone, chosen), zone: zones.get(node.spec.zone) ?? 0, node: groups.spread?.nodes[node.id] ?? 0, share: freeShare(wish, pool, filesystem) };
    const order = winner === null ? -1 : rank.own - own || rank.zone - zone || rank.node - onNode || share - rank.share || (pool.id < winner.pool.id ? -1 : 1);
    if (order > 0) continue;
    winner = { pool, filesystem, node };
    ({ own, zone, node: onNode, share } = rank);
  }
  return winner;
}

function ownIn(zone: string, chosen: readonly Place[]): number {
  let count = 0;
  for (const { node } of chosen) if (node.spec.zone === zone) count += 1;
  return count;
}
