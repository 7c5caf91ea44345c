/** The columns of every noun's table, in one place, so that the same thing looks the same everywhere. */
import type { Capacity, NodeHolding, PlacementExplanation, StoreMember } from '../client/client.ts';
import { formatBytes } from '../model/bytes.ts';
import type { HoldfastEvent, Node } from '../model/node.ts';
import type { Operation } from '../model/operation.ts';
import { availableBytes, type Pool } from '../model/pool.ts';
import type { Condition, Labels } from '../model/record.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Volume } from '../model/volume.ts';
import { formatAge, formatBytesOr, formatLeft, formatSpan, formatTime, percent } from './format.ts';
import type { Colour } from './paint.ts';
import type { Column } from './table.ts';

/** Names behind ids. What is not known (any more) is shown by its id. */
export interface Names {
  pool(id: string): string;
  node(id: string): string;
}

const STATE_COLOURS: Readonly<Record<string, Colour>> = {
  ready: 'green', joining: 'cyan', draining: 'yellow', drained: 'yellow', succeeded: 'green', 'in-sync': 'green',
  creating: 'cyan', pending: 'cyan', running: 'cyan', syncing: 'cyan', removing: 'cyan',
  degraded: 'yellow', incomplete: 'yellow', cancelled: 'yellow', stale: 'yellow',
  unavailable: 'red', failed: 'red', lost: 'red', trashed: 'dim',
};
export const stateColour = (state: string): Colour | undefined => STATE_COLOURS[state];

/** `ImageMissing`, `LoopGone +1`; "" when all is well. */
export const conditionsInShort = (conditions: readonly Condition[]): string =>
  conditions[0] === undefined ? '' : `${conditions[0].type}${conditions.length > 1 ? ` +${conditions.length - 1}` : ''}`;

export const labelsInShort = (labels: Labels): string => Object.entries(labels).map(([key, value]) => `${key}=${value}`).sort().join(' ');

interface AnyRecord { readonly id: string; readonly name: string; readonly labels: Labels; readonly created_at: string; readonly status: { readonly state: string; readonly conditions: readonly Condition[] } }
const state = <T extends AnyRecord>(): Column<T> => ({ header: 'STATE', value: ({ status }) => status.state, colour: ({ status }) => stateColour(status.state) });
const conditions = <T extends AnyRecord>(): Column<T> => ({ header: 'CONDITIONS', value: ({ status }) => conditionsInShort(status.conditions), colour: () => 'yellow', sparse: true });
const labels = <T extends AnyRecord>(): Column<T> => ({ header: 'LABELS', value: (item) => labelsInShort(item.labels), wide: true, sparse: true });
const age = <T extends AnyRecord>(now: number): Column<T> => ({ header: 'AGE', value: ({ created_at: at }) => formatAge(at, now), align: 'right', minor: 2 });
const id = <T extends { readonly id: string }>(): Column<T> => ({ header: 'ID', value: (item) => item.id, wide: true });

/** Who has the volume, in short: a path, `docker`, `2 containers`. */
export function usersInShort({ publications }: Volume['status']): string {
  const containers = publications.filter(({ consumer }) => consumer.startsWith('docker:')).length;
  const others = publications.filter(({ consumer }) => !consumer.startsWith('docker:')).map(({ path, consumer }) => path ?? consumer);
  const first = containers === 0 ? [] : [containers === 1 ? '1 container' : `${containers} containers`];
  const rest = others.length > 2 ? [`${others.length} mounts`] : others;
  return [...first, ...rest].join(', ');
}

const inUse = (volume: Volume): string => usersInShort(volume.status) || (volume.status.device !== null ? '(attached)' : '');

export const volumeColumns = (names: Names, now: number): readonly Column<Volume>[] => [
  { header: 'NAME', value: ({ name }) => name, colour: () => 'bold' },
  state(),
  { header: 'SIZE', value: ({ spec }) => formatBytes(spec.size_bytes), align: 'right' },
  { header: 'USED', value: ({ status }) => formatBytesOr(status.used_bytes, '-'), align: 'right' },
  { header: 'USE%', value: ({ spec, status }) => (status.used_bytes === null ? '-' : percent(status.used_bytes, spec.size_bytes)), align: 'right', minor: 4 },
  { header: 'FS', value: ({ spec }) => spec.filesystem, minor: 3 },
  { header: 'POOL', value: ({ replication }) => replication.replicas.map(({ pool }) => names.pool(pool)).join(','), minor: 1 },
  { header: 'IN USE BY', value: inUse, flexible: 'cut' },
  { header: 'PROTECTED', value: ({ spec }) => (spec.deletion_protection ? 'yes' : ''), sparse: true, minor: 5 },
  conditions(),
  age(now),
  { header: 'DEVICE', value: ({ status }) => status.device ?? '', wide: true, sparse: true },
  labels(),
  id(),
];

export const trashColumns = (names: Names, now: number): readonly Column<Volume>[] => [
  { header: 'NAME', value: ({ name, status }) => status.trashed?.name ?? name, colour: () => 'bold' },
  { header: 'SIZE', value: ({ spec }) => formatBytes(spec.size_bytes), align: 'right' },
  { header: 'USED', value: ({ status }) => formatBytesOr(status.used_bytes, '-'), align: 'right' },
  { header: 'POOL', value: ({ replication }) => replication.replicas.map(({ pool }) => names.pool(pool)).join(',') },
  { header: 'REMOVED', value: ({ status }) => (status.trashed === null ? '' : `${formatAge(status.trashed.at, now)} ago`), align: 'right' },
  { header: 'KEPT FOR', value: ({ status }) => (status.trashed === null ? '' : formatLeft(status.trashed.purge_at, now)), align: 'right' },
  conditions(),
  { header: 'ID', value: (item) => item.id },
];

const where = ({ spec }: Pool): string => spec.path ?? spec.devices.join(',');

export const poolColumns = (now: number): readonly Column<Pool>[] => [
  { header: 'NAME', value: ({ name }) => name, colour: () => 'bold' },
  state(),
  { header: 'KIND', value: ({ spec }) => spec.kind, minor: 3 },
  { header: 'CLASS', value: ({ spec }) => spec.class, minor: 4 },
  { header: 'CAPACITY', value: ({ status }) => formatBytes(status.capacity_bytes), align: 'right' },
  { header: 'PROMISED', value: ({ status }) => formatBytes(status.allocated_bytes), align: 'right' },
  { header: 'USED', value: ({ status }) => formatBytes(status.used_bytes), align: 'right', minor: 5 },
  { header: 'FREE', value: (pool) => formatBytes(pool.status.state === 'ready' ? availableBytes(pool) : 0), align: 'right' },
  { header: 'ON', value: where, flexible: 'cut' },
  conditions(),
  age(now),
  { header: 'REFLINK', value: ({ status }) => (status.reflink ? 'yes' : 'no'), wide: true },
  { header: 'OVERCOMMIT', value: ({ spec }) => String(spec.overcommit), align: 'right', wide: true },
  labels(),
  id(),
];

export const snapshotColumns = (now: number): readonly Column<Snapshot>[] => [
  { header: 'SNAPSHOT', value: ({ name, volume_name: volume }) => `${volume}@${name}`, colour: () => 'bold' },
  state(),
  { header: 'SIZE', value: ({ spec }) => formatBytes(spec.size_bytes), align: 'right' },
  { header: 'RESERVES', value: ({ status }) => formatBytes(status.reserved_bytes), align: 'right', minor: 3 },
  { header: 'METHOD', value: ({ status }) => status.method ?? '', minor: 4 },
  { header: 'CONSISTENT', value: ({ status }) => (status.consistency === 'filesystem' ? 'filesystem' : 'as after a crash'), colour: ({ status }) => (status.consistency === 'filesystem' ? undefined : 'yellow'), minor: 5 },
  conditions(),
  age(now),
  labels(),
  id(),
];

/** What is known of the nodes beside their records. */
export interface AboutNodes {
  /** Id of the node that leads. */
  readonly leader: string | null;
  readonly volumes: readonly Volume[];
}

export const nodeColumns = (now: number, { leader, volumes }: AboutNodes = { leader: null, volumes: [] }): readonly Column<Node>[] => [
  { header: 'NAME', value: (node) => `${node.name}${node.id === leader ? ' *' : ''}`, colour: () => 'bold' },
  state(),
  { header: 'ROLES', value: ({ spec }) => spec.roles.join(',') },
  { header: 'ZONE', value: ({ spec }) => spec.zone, sparse: true },
  { header: 'ADDRESS', value: ({ spec }) => spec.address ?? '', sparse: true },
  { header: 'VOLUMES', value: ({ id: node }) => String(volumes.filter(({ replication }) => replication.replicas.some((replica) => replica.node === node)).length), align: 'right', minor: 4 },
  { header: 'DAEMON', value: ({ status }) => status.daemon_version },
  { header: 'KERNEL', value: ({ status }) => status.capabilities.kernel, minor: 2, wide: true },
  { header: 'CANNOT', value: ({ status }) => Object.entries(status.capabilities.features).filter(([, { available }]) => !available).map(([name]) => name).join(', '), flexible: 'cut', sparse: true, minor: 5 },
  conditions(),
  age(now),
  labels(),
  id(),
];

export const holdingColumns = (): readonly Column<NodeHolding>[] => [
  { header: 'VOLUME', value: ({ name }) => name, colour: () => 'bold' },
  { header: 'SIZE', value: ({ size_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'LAST COPY', value: ({ last_copy: last }) => (last ? 'yes' : ''), colour: () => 'red', sparse: true },
  { header: 'ATTACHED', value: ({ attached }) => (attached ? 'yes' : ''), sparse: true },
  { header: 'IN USE BY', value: ({ consumers }) => consumers.join(', '), flexible: 'cut', sparse: true },
];

export const memberColumns = (): readonly Column<StoreMember>[] => [
  { header: 'NODE', value: ({ name }) => (name === '' ? '(not started)' : name), colour: () => 'bold' },
  { header: 'STATE', value: ({ healthy }) => (healthy ? 'healthy' : 'no answer'), colour: ({ healthy }) => (healthy ? 'green' : 'red') },
  { header: 'VOTE', value: ({ learner }) => (learner ? 'learner' : 'voter'), colour: ({ learner }) => (learner ? 'cyan' : undefined) },
  { header: 'ADDRESS', value: ({ client_urls: urls }) => urls.join(', '), flexible: 'cut' },
  id(),
];

/** How far, or how it ended. */
const outcome = ({ state: now, done, total, unit, step, error }: Operation): string => {
  if (error !== null) return error.message;
  if (now !== 'running' && now !== 'pending') return '';
  return total > 0 ? `${step} ${unit === 'bytes' ? percent(done, total) : `${done}/${total}`}` : step;
};

export const operationColumns = (now: number): readonly Column<Operation>[] => [
  { header: 'ID', value: (item) => item.id },
  { header: 'KIND', value: ({ kind }) => kind },
  { header: 'OF', value: ({ target }) => target.name, colour: () => 'bold' },
  { header: 'STATE', value: (item) => item.state, colour: (item) => stateColour(item.state) },
  { header: 'AGE', value: ({ created_at: at }) => formatAge(at, now), align: 'right' },
  { header: 'TOOK', value: ({ created_at: from, finished_at: to }) => (to === null ? '' : tookOf(Date.parse(to) - Date.parse(from))), align: 'right', minor: 1 },
  { header: 'PROGRESS', value: outcome, flexible: 'wrap', sparse: true, colour: ({ error }) => (error === null ? undefined : 'red') },
];

export const tookOf = (ms: number): string => (ms < 1000 ? `${ms}ms` : ms < 120_000 ? `${(ms / 1000).toFixed(1)}s` : formatSpan(ms));

export const eventColumns = (): readonly Column<HoldfastEvent>[] => [
  { header: 'TIME (UTC)', value: ({ at }) => formatTime(at), colour: () => 'dim' },
  { header: 'OBJECT', value: ({ object }) => `${object.kind} ${object.name}` },
  { header: 'REASON', value: ({ reason }) => reason, colour: ({ severity }) => (severity === 'warning' ? 'yellow' : 'cyan') },
  { header: 'MESSAGE', value: ({ message }) => message, flexible: 'wrap' },
  id(),
];

type PoolShare = Capacity['pools'][number];
export const capacityColumns = (): readonly Column<PoolShare>[] => [
  { header: 'POOL', value: ({ name }) => name, colour: ({ pool }) => (pool === '' ? 'dim' : 'bold') },
  { header: 'CLASS', value: (item) => item.class, minor: 2 },
  { header: 'CAPACITY', value: ({ capacity_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'PROMISED', value: ({ allocated_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'TRASH', value: ({ trash_bytes: bytes }) => formatBytes(bytes), align: 'right', minor: 1 },
  { header: 'USED', value: ({ used_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'FREE', value: ({ available_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'PROMISED%', value: (item) => percent(item.allocated_bytes, item.capacity_bytes), align: 'right', minor: 3 },
];

export const candidateColumns = ({ chosen, chosen_now: now }: Pick<PlacementExplanation, 'chosen' | 'chosen_now'>): readonly Column<PlacementExplanation['candidates'][number]>[] => [
  { header: 'POOL', value: ({ name }) => name, colour: () => 'bold' },
  { header: 'NODE', value: ({ node_name: name, node }) => (name === '' ? node : name) },
  { header: 'ZONE', value: ({ zone }) => zone, minor: 2 },
  { header: 'FITS', value: ({ fits }) => (fits ? 'yes' : 'no'), colour: ({ fits }) => (fits ? 'green' : 'red') },
  { header: 'IS HERE', value: ({ pool }) => (chosen.includes(pool) ? 'yes' : '') },
  { header: 'WOULD BE', value: ({ pool }) => (now.includes(pool) ? 'yes' : '') },
  { header: 'IN ZONE', value: ({ parts }) => (parts === null ? '' : String(parts.zone_volumes)), align: 'right', minor: 3 },
  { header: 'ON NODE', value: ({ parts }) => (parts === null ? '' : String(parts.node_volumes)), align: 'right', minor: 3 },
  { header: 'FREE', value: ({ parts }) => (parts === null ? '' : parts.free_share.toFixed(3)), align: 'right' },
  { header: 'WHY', value: ({ reason }) => reason, flexible: 'wrap' },
];
