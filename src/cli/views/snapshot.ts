/** One snapshot on a page. */
import { formatBytes } from '../../model/bytes.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import { formatAge, formatMoment } from '../format.ts';
import { plain } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { TableLayout } from '../table.ts';
import { stateColour } from '../tables.ts';

const METHOD = { reflink: 'shares blocks with its volume (reflink)', copy: 'a sparse copy' } as const;

export function snapshotSheet(snapshot: Snapshot, layout: TableLayout, now: number): string[] {
  const { spec, status } = snapshot;
  return createSheet(layout)
    .title('snapshot', shownAs(snapshot), status.state, stateColour(status.state))
    .conditions(status.conditions.map((one) => ({ ...one, note: `for ${formatAge(one.since, now)}` })))
    .section(null, [
      ['size', `${formatBytes(spec.size_bytes)} ${spec.filesystem}`],
      ['reserves', `${formatBytes(status.reserved_bytes)} of its pool`],
      ['consistent', status.consistency === 'filesystem' ? 'yes: taken of a frozen or unmounted filesystem' : 'as after a power loss: the filesystem could not be frozen'],
      ['method', status.method === null ? null : METHOD[status.method]],
      ['id', snapshot.id],
      ['volume', `${snapshot.volume_name} (${spec.volume})`],
      ['owner', plain(snapshot.owner)],
      ['labels', Object.entries(snapshot.labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => plain(`${key}=${value}`))],
      ['created', formatMoment(snapshot.created_at, now)],
    ])
    .lines();
}

/** `volume@snapshot`. */
export const shownAs = ({ name, volume_name: volume }: Snapshot): string => `${volume}@${name}`;
