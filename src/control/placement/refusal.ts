/** Why there is no place, in words: pool by pool when there are few, else by reason with counts. At most ten lines. */
import { formatBytes } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { Pool } from '../../model/pool.ts';
import { missingLabel, roomOf, type Judgement, type PlacementWish, type Refusal } from './judge.ts';

const MAX_LINES = 10;

/** Why a pool will or will not do, about this pool. */
export function reasonOf(wish: PlacementWish, { pool, node, refusal: why }: Judgement): string {
  const name = node?.name ?? pool.node;
  switch (why) {
    case null: return roomIn(wish, pool);
    case 'other-pool': return 'another pool was asked for';
    case 'other-node': return 'another node was asked for';
    case 'pool-state': return `it is ${pool.status.state}${pool.status.conditions[0] === undefined ? '' : ` (${pool.status.conditions[0].type})`}`;
    case 'node-unknown': return 'its node is not known';
    case 'node-role': return `its node ${name} has no storage role`;
    case 'node-state': return `its node ${name} is ${node?.status.state ?? 'unknown'}`;
    case 'node-cordoned': return `its node ${name} takes no new work`;
    case 'own-replica': return `its node ${name} holds a replica of the volume`;
    case 'zone': return `its zone is ${node?.spec.zone === '' || node === null ? 'not set' : node.spec.zone}, ${(wish.rules.zones ?? []).join(' or ')} is asked for`;
    case 'label': return `neither it nor its node ${name} carries the label ${missingLabel(wish.rules.labels ?? {}, pool, node) ?? ''}`;
    case 'class': return `its class is ${pool.spec.class}, ${wish.class} is asked for`;
    case 'anti-affinity': return `its node ${name} holds a volume with the same ${wish.rules.anti_affinity ?? ''}`;
    case 'no-filesystem': return 'it has no filesystem';
    case 'not-beside-snapshot': return 'the snapshot is in another pool';
    case 'space': return `${roomIn(wish, pool)}, ${formatBytes(wish.size_bytes)} is asked for`;
  }
}

/** The same about many pools. */
const ABOUT_MANY: Readonly<Record<Refusal, string>> = {
  'other-pool': 'another pool was asked for', 'other-node': 'another node was asked for', 'pool-state': 'the pool is not ready',
  'node-unknown': 'the node is not known', 'node-role': 'the node has no storage role', 'node-state': 'the node is not ready', 'node-cordoned': 'the node takes no new work',
  'own-replica': 'the node holds a replica of the volume', zone: 'another zone is asked for', label: 'a label is missing', class: 'another class is asked for',
  'anti-affinity': 'the node holds a volume of the same group', 'no-filesystem': 'the pool has no filesystem', 'not-beside-snapshot': 'the snapshot is in another pool', space: 'too little room',
};

const HINTS: Partial<Readonly<Record<Refusal, string>>> = {
  space: 'Ask for less, grow the pool (holdfast pool grow), empty the trash (holdfast trash list), or raise its overcommit.',
  'node-cordoned': 'Let the node take work again (holdfast node undrain), or add another.',
  'node-state': 'Look at the nodes: holdfast node list',
  'anti-affinity': 'Add a node, or relax the rule (placement.spread_by only prefers other nodes).',
  zone: 'Look at the zones: holdfast node list',
};

const FIELDS: Partial<Readonly<Record<Refusal, string>>> = {
  space: 'size', zone: 'placement.zones', label: 'placement.labels', 'anti-affinity': 'placement.anti_affinity', 'other-node': 'placement.node', 'other-pool': 'pool', 'own-replica': 'replicas',
};

function roomIn(wish: PlacementWish, pool: Pool): string {
  return `${formatBytes(roomOf(pool, wish.filesystem)?.free ?? 0)} can still be provisioned${pool.status.filesystems.length > 1 ? ' in one of its filesystems' : ''}`;
}

/**
 * @param judged all pools, for the first replica. @param taken ids of nodes that got a replica before none was left.
 * @returns resource_exhausted where room is what is missing; failed_precondition else.
 */
export function refusal(wish: PlacementWish, judged: readonly Judgement[], replicas: number, taken: readonly string[]): HoldfastError {
  const object = `volume ${wish.name}`;
  const what = replicas === 1 ? object : `replica ${taken.length + 1} of ${replicas} of ${object}`;
  if (judged.length === 0) {
    return new HoldfastError('failed_precondition', `no place for ${what}: there is no pool`, { object, hint: 'Make one: holdfast pool create NAME --path /an/existing/directory' });
  }
  const all = judged.map((one) => (one.refusal === null && taken.includes(one.pool.node) ? { ...one, refusal: 'own-replica' as const } : one));
  // What was not asked for says nothing, unless it is all there is.
  const asked = all.filter(({ refusal: why }) => why !== 'other-pool' && why !== 'other-node');
  const considered = asked.length > 0 ? asked : all;
  const counts = new Map<Refusal, number>();
  for (const { refusal: why } of considered) if (why !== null) counts.set(why, (counts.get(why) ?? 0) + 1);
  const commonest = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'other-pool';
  const main: Refusal = counts.has('space') ? 'space' : commonest;
  const field = FIELDS[main] ?? (wish.pool === null ? 'class' : 'pool');
  const lines = considered.length <= MAX_LINES ? considered.map((one) => `pool ${one.pool.name}: ${reasonOf(wish, one)}`) : byReason(wish, considered, counts);
  return new HoldfastError(main === 'space' ? 'resource_exhausted' : 'failed_precondition', `no place for ${what}:${lines.length <= 2 ? ` ${lines.join('; ')}` : lines.map((line) => `\n  ${line}`).join('')}`, {
    object, field, hint: HINTS[main] ?? 'List the pools: holdfast pool list',
  });
}

function byReason(wish: PlacementWish, considered: readonly Judgement[], counts: ReadonlyMap<Refusal, number>): readonly string[] {
  const groups = [...counts].sort((a, b) => b[1] - a[1]);
  const shown = groups.length > MAX_LINES ? groups.slice(0, MAX_LINES - 1) : groups;
  const lines = shown.map(([why, count]) => {
    const some = considered.filter((one) => one.refusal === why);
    const best = why === 'space' ? `, at most ${roomIn(wish, mostRoom(wish, some))} and ${formatBytes(wish.size_bytes)} is asked for` : '';
    return `${count} pool${count === 1 ? '' : 's'} (${some.slice(0, 3).map(({ pool }) => pool.name).join(', ')}${count > 3 ? ', …' : ''}): ${ABOUT_MANY[why]}${best}`;
  });
  if (groups.length > shown.length) lines.push(`${groups.slice(shown.length).reduce((sum, [, count]) => sum + count, 0)} pools: other reasons`);
  return lines;
}

function mostRoom(wish: PlacementWish, judged: readonly Judgement[]): Pool {
  const room = ({ pool }: Judgement): number => roomOf(pool, wish.filesystem)?.free ?? 0;
  return judged.reduce((best, next) => (room(next) > room(best) ? next : best)).pool;
}
