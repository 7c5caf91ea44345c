/**
 * Judging pools, pure: whether a replica may be in a pool, why not, and how good a place it is. Same input, same answer.
 * First filters, then ranks: fewer of its group in the zone, fewer on the node, the larger free share, the older pool.
 */
import type { Bytes } from '../../model/bytes.ts';
import type { Node } from '../../model/node.ts';
import { availableIn, type Pool, type PoolFilesystem } from '../../model/pool.ts';
import type { PlacementRules } from '../../model/volume.ts';
import type { Group } from '../groups.ts';

export interface PlacementWish {
  readonly name: string;
  readonly size_bytes: Bytes;
  /** "any", or the class that the pool must have. */
  readonly class: string;
  /** Id of the only pool allowed, or null. */
  readonly pool: string | null;
  /** Only this filesystem will do (a clone stays beside its snapshot), or null. */
  readonly filesystem: string | null;
  readonly rules: PlacementRules;
}

/** The groups that the wish's rules go by, as they are; null without the rule. */
export interface WishGroups {
  readonly spread: Group | null;
  readonly antiAffinity: Group | null;
}
export const NO_GROUPS: WishGroups = { spread: null, antiAffinity: null };

/** Nodes by id. */
export type Nodes = ReadonlyMap<string, Node>;

/** Why a pool will not do; in the order in which it is asked. */
export type Refusal =
  | 'other-pool' | 'other-node' | 'pool-state' | 'node-unknown' | 'node-role' | 'node-state' | 'node-cordoned' | 'own-replica'
  | 'zone' | 'label' | 'class' | 'anti-affinity' | 'no-filesystem' | 'not-beside-snapshot' | 'space';

export interface ScoreParts {
  /** Volumes of the same `spread_by` group in the zone, and on the node. */
  readonly zone_volumes: number;
  readonly node_volumes: number;
  /** Share of the pool that stays free, 0 to 1. */
  readonly free_share: number;
}

export interface Judgement {
  readonly pool: Pool;
  readonly node: Node | null;
  /** Where in the pool; null when it does not fit. */
  readonly filesystem: PoolFilesystem | null;
  readonly refusal: Refusal | null;
  /** null when it does not fit. */
  readonly parts: ScoreParts | null;
}

export const takesReplicas = (node: Node): boolean => node.spec.roles.includes('storage');

/** Where in a pool a replica would lie, and what is left there. */
export interface Room {
  readonly filesystem: PoolFilesystem;
  /** Can still be provisioned; never negative. */
  readonly free: Bytes;
  /** What could be provisioned in an empty one; at least 1. */
  readonly whole: Bytes;
}

/** Records never change, so what is computed of one stays right as long as it lives. */
const rooms = new WeakMap<Pool, Room | 'none'>();

/** The filesystem with the most room, of those that will do; null: none will. */
export function roomOf(pool: Pool, only: string | null): Room | null {
  if (only !== null) return computeRoom(pool, only);
  let room = rooms.get(pool);
  if (room === undefined) rooms.set(pool, (room = computeRoom(pool, null) ?? 'none'));
  return room === 'none' ? null : room;
}

function computeRoom(pool: Pool, only: string | null): Room | null {
  let best: Room | null = null;
  for (const filesystem of pool.status.filesystems) {
    if (only !== null && filesystem.uuid !== only) continue;
    const free = availableIn(pool, filesystem);
    if (best === null || free > best.free) best = { filesystem, free, whole: Math.max(1, filesystem.capacity_bytes * pool.spec.overcommit) };
  }
  return best;
}

/** Where a replica would lie in the pool, or why it may not. */
export function judgePool(wish: PlacementWish, pool: Pool, node: Node | null, { antiAffinity }: WishGroups): Room | Refusal {
  const { rules } = wish;
  if (wish.pool !== null && wish.pool !== pool.id) return 'other-pool';
  if (rules.node !== undefined && pool.node !== rules.node && node?.name !== rules.node) return 'other-node';
  if (pool.status.state !== 'ready') return 'pool-state';
  if (node === null) return 'node-unknown';
  if (!takesReplicas(node)) return 'node-role';
  if (node.spec.cordoned) return 'node-cordoned';
  if (node.status.state !== 'ready') return 'node-state';
  if (rules.zones !== undefined && rules.zones.length > 0 && !rules.zones.includes(node.spec.zone)) return 'zone';
  if (rules.labels !== undefined && missingLabel(rules.labels, pool, node) !== null) return 'label';
  if (wish.class !== 'any' && wish.class !== pool.spec.class) return 'class';
  if (antiAffinity !== null && (antiAffinity.nodes[node.id] ?? 0) > 0) return 'anti-affinity';
  const room = roomOf(pool, wish.filesystem);
  if (room === null) return wish.filesystem === null ? 'no-filesystem' : 'not-beside-snapshot';
  return room.free < wish.size_bytes ? 'space' : room;
}

/** The first label, as `key=value`, that neither the pool nor its node carries. */
export function missingLabel(wanted: NonNullable<PlacementRules['labels']>, pool: Pool, node: Node | null): string | null {
  for (const key in wanted) if (pool.labels[key] !== wanted[key] && node?.labels[key] !== wanted[key]) return `${key}=${wanted[key] ?? ''}`;
  return null;
}

export const freeShare = (wish: PlacementWish, { free, whole }: Room): number => Math.round(((free - wish.size_bytes) / whole) * 1e6) / 1e6;

/** Volumes of a group in each zone. Nodes that are gone count nowhere. */
export function volumesByZone(group: Group | null, nodes: Nodes): ReadonlyMap<string, number> {
  const zones = new Map<string, number>();
  for (const [id, volumes] of Object.entries(group?.nodes ?? {})) {
    const zone = nodes.get(id)?.spec.zone;
    if (zone !== undefined) zones.set(zone, (zones.get(zone) ?? 0) + volumes);
  }
  return zones;
}

/** Every pool, best first; those that do not fit last, in the order of their ids. */
export function judgePools(wish: PlacementWish, pools: readonly Pool[], nodes: Nodes, groups: WishGroups): readonly Judgement[] {
  const zones = volumesByZone(groups.spread, nodes);
  const judged = pools.map((pool): Judgement => {
    const node = nodes.get(pool.node) ?? null;
    const room = judgePool(wish, pool, node, groups);
    if (typeof room === 'string' || node === null) return { pool, node, filesystem: null, refusal: typeof room === 'string' ? room : null, parts: null };
    return {
      pool, node, filesystem: room.filesystem, refusal: null,
      parts: { zone_volumes: zones.get(node.spec.zone) ?? 0, node_volumes: groups.spread?.nodes[node.id] ?? 0, free_share: freeShare(wish, room) },
    };
  });
  return judged.sort((a, b) => {
    if (a.parts !== null && b.parts !== null) {
      return a.parts.zone_volumes - b.parts.zone_volumes || a.parts.node_volumes - b.parts.node_volumes || b.parts.free_share - a.parts.free_share || byId(a.pool, b.pool);
    }
    return Number(a.parts === null) - Number(b.parts === null) || byId(a.pool, b.pool);
  });
}

const byId = (a: Pool, b: Pool): number => (a.id < b.id ? -1 : 1);
