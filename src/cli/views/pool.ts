/** One pool on a page. */
import { formatBytes } from '../../model/bytes.ts';
import { availableBytes, availableIn, type Pool, type PoolFilesystem } from '../../model/pool.ts';
import type { Volume } from '../../model/volume.ts';
import { bar, formatAge, formatMoment, fullness, percent } from '../format.ts';
import { plain } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { Column, TableLayout } from '../table.ts';
import { stateColour, volumeColumns, type Names } from '../tables.ts';

export function poolSheet(pool: Pool, volumes: readonly Volume[], names: Names, layout: TableLayout, now: number): string[] {
  const { spec, status } = pool;
  const { paint } = layout;
  const provisionable = status.capacity_bytes * spec.overcommit;
  return createSheet(layout)
    .title('pool', pool.name, status.state, stateColour(status.state))
    .conditions(status.conditions.map((one) => ({ ...one, note: `for ${formatAge(one.since, now)}` })))
    .section(null, [
      ['promised', `${bar([{ value: status.allocated_bytes, colour: fullness(status.allocated_bytes, provisionable) }], provisionable, 24, paint)} ${formatBytes(status.allocated_bytes)} of ${formatBytes(Math.floor(provisionable))} (${percent(status.allocated_bytes, provisionable)})`],
      ['used', `${bar([{ value: status.used_bytes, colour: fullness(status.used_bytes, status.capacity_bytes) }], status.capacity_bytes, 24, paint)} ${formatBytes(status.used_bytes)} of ${formatBytes(status.capacity_bytes)} (${percent(status.used_bytes, status.capacity_bytes)})`],
      ['free', `${formatBytes(status.state === 'ready' ? availableBytes(pool) : 0)} can still be promised to volumes`],
      ['kind', spec.kind === 'directory' ? `directory ${plain(spec.path ?? '')}` : ['device', ...spec.devices.map(plain)].join(' ')],
      ['class', spec.class],
      ['overcommit', String(spec.overcommit)],
      ['snapshots', status.reflink ? 'share blocks with their volume (reflink)' : 'are copies: its filesystem cannot share blocks'],
      ['node', names.node(pool.node)],
      ['id', pool.id],
      ['owner', plain(pool.owner)],
      ['labels', Object.entries(pool.labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => plain(`${key}=${value}`))],
      ['created', formatMoment(pool.created_at, now)],
    ])
    .table('filesystems', filesystemColumns(pool), status.filesystems)
    .table('volumes', volumeColumns(names, now).filter(({ header }) => header !== 'POOL'), volumes)
    .lines();
}

const filesystemColumns = (pool: Pool): readonly Column<PoolFilesystem>[] => [
  { header: 'PATH', value: ({ path }) => path, flexible: 'cut' },
  { header: 'DEVICE', value: ({ device }) => device ?? '', sparse: true },
  { header: 'TYPE', value: ({ type }) => type },
  { header: 'CAPACITY', value: ({ capacity_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'USED', value: ({ used_bytes: bytes }) => formatBytes(bytes), align: 'right' },
  { header: 'FREE', value: (filesystem) => formatBytes(availableIn(pool, filesystem)), align: 'right' },
  { header: 'UUID', value: ({ uuid }) => uuid, minor: 1 },
];

/** `pool fast is ready: 100 GiB in /srv/holdfast`. */
export const poolInShort = ({ name, spec, status }: Pool): string =>
  `pool ${name} is ${status.state}: ${formatBytes(status.capacity_bytes)} on ${spec.path ?? spec.devices.join(', ')}`;
