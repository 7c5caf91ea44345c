/** One volume on a page. */
import { formatBytes, type Bytes } from '../../model/bytes.ts';
import { formatDuration } from '../../model/duration.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Replica, Volume } from '../../model/volume.ts';
import { bar, formatAge, formatMoment, fullness, percent } from '../format.ts';
import { plain, type Paint } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { Column, TableLayout } from '../table.ts';
import { snapshotColumns, stateColour, type Names } from '../tables.ts';

export function volumeSheet(volume: Volume, snapshots: readonly Snapshot[], names: Names, layout: TableLayout, now: number): string[] {
  const { spec, status, replication } = volume;
  const { paint } = layout;
  const trashed = status.trashed;
  return createSheet(layout)
    .title('volume', trashed?.name ?? volume.name, status.state, stateColour(status.state))
    .conditions(status.conditions.map((one) => ({ ...one, note: `for ${formatAge(one.since, now)}` })))
    .section(null, [
      ['size', sizeRow(spec.size_bytes, status.used_bytes, paint)],
      ['filesystem', `${spec.filesystem}, ${spec.access === 'shared' ? 'shared by many nodes' : 'one node at a time'}`],
      ['in trash', trashed === null ? null : `since ${formatMoment(trashed.at, now)}`],
      ['kept until', trashed === null ? null : formatMoment(trashed.purge_at, now)],
      ['to restore', trashed === null ? null : `holdfast trash restore ${volume.id}`],
      ['id', volume.id],
      ['owner', plain(volume.owner)],
      ['labels', Object.entries(volume.labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => plain(`${key}=${value}`))],
      ['created', formatMoment(volume.created_at, now)],
      ['written', status.written_at === null ? null : formatMoment(status.written_at, now)],
      ['cloned from', spec.source_snapshot],
    ])
    .section('in use', [
      ['device', status.device ?? paint('dim', 'not attached')],
      ['mounted at', status.mount_path],
      ['consumers', status.publications.map(({ consumer, path, read_only: readOnly, since }) => plain(`${path ?? consumer}${path !== null && consumer !== `path:${path}` ? ` for ${consumer}` : ''}${readOnly ? ', read only' : ''}`) + paint('dim', `  for ${formatAge(since, now)}`))],
    ])
    .section('safety', [
      ['protected', spec.deletion_protection ? 'yes, it cannot be removed' : 'no'],
      ['when removed', spec.trash_retention_ms === 0 ? 'deleted at once' : `in the trash for ${formatDuration(spec.trash_retention_ms)}`],
      ['placed by', [spec.class === 'any' ? '' : `class ${spec.class}`, spec.pool === null ? '' : `pool ${names.pool(spec.pool)}`, ...rulesInShort(spec.placement, names)].filter((part) => part !== '').join(', ')],
      ['generation', `${replication.generation}${generationNote(volume)}`],
      ['in sync', `${replication.replicas.filter(({ state }) => state === 'in-sync').length} of ${replication.replicas.length}, at least ${spec.min_in_sync} for writes`],
      ['writer', replication.writer === null ? null : names.node(replication.writer.node)],
    ])
    .table('replicas', replicaColumns(names), replication.replicas)
    .table('snapshots', snapshotColumns(now), snapshots)
    .lines();
}

const replicaColumns = (names: Names): readonly Column<Replica>[] => [
  { header: 'NODE', value: ({ node }) => names.node(node) },
  { header: 'POOL', value: ({ pool }) => names.pool(pool) },
  { header: 'STATE', value: ({ state }) => state, colour: ({ state }) => stateColour(state) },
  { header: 'ID', value: ({ id }) => id },
  { header: 'PATH', value: ({ home }) => home?.path ?? '', flexible: 'cut', sparse: true },
];

const rulesInShort = ({ zones = [], node, labels = {}, spread_by: spread, anti_affinity: apart }: NonNullable<Volume['spec']['placement']> = {}, names: Names): readonly string[] => [
  zones.length === 0 ? '' : `zone ${plain(zones.join(' or '))}`,
  node === undefined ? '' : `node ${plain(names.node(node))}`,
  ...Object.entries(labels).map(([key, value]) => plain(`label ${key}=${value}`)),
  spread === undefined ? '' : `spread by ${plain(spread)}`,
  apart === undefined ? '' : `anti-affinity by ${plain(apart)}`,
];

function sizeRow(size: Bytes, used: Bytes | null, paint: Paint): string {
  if (used === null) return formatBytes(size);
  return `${formatBytes(size)}  ${bar([{ value: used, colour: fullness(used, size) }], size, 24, paint)} ${formatBytes(used)} used (${percent(used, size)})`;
}

function generationNote({ replication: { generation, writer, clean } }: Volume): string {
  if (generation === 0) return ', never attached';
  return writer === null && !clean ? ', not detached in order' : '';
}

/** `volume db is ready: 10 GiB xfs in pool fast`. */
export const volumeInShort = ({ name, spec, status, replication }: Volume, names: Names): string =>
  `volume ${name} is ${status.state}: ${formatBytes(spec.size_bytes)} ${spec.filesystem} in pool ${replication.replicas.map(({ pool }) => names.pool(pool)).join(', ')}`;

