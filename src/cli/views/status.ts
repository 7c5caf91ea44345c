/** How it is going, on one screen. */
import type { Capacity, Status } from '../../client/client.ts';
import { formatBytes } from '../../model/bytes.ts';
import type { Pool } from '../../model/pool.ts';
import { bar, count, fullness, percent } from '../format.ts';
import { plain, type Paint } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { TableLayout } from '../table.ts';
import { poolColumns, stateColour } from '../tables.ts';

/** Problems beyond these are only counted: one screen. */
const SHOWN_PROBLEMS = 8;

export function statusSheet(status: Status, pools: readonly Pool[], layout: TableLayout, now: number): string[] {
  const { cluster, node, counts, capacity, problems, daemon_version: version } = status;
  const { paint } = layout;
  const well = problems.length === 0;
  const sheet = createSheet(layout)
    .title('cluster', cluster.name, well ? 'all is well' : count(problems.length, 'problem'), well ? 'green' : 'yellow')
    .section(null, [
      ['node', `${plain(node.name)}, ${paint(stateColour(node.status.state), node.status.state)}, holdfastd ${version}`],
      ['volumes', `${counts.volumes}${statesOf(status.volumes_by_state, paint)}`],
      ['snapshots', String(counts.snapshots)],
      ['trash', counts.trash === 0 ? 'empty' : `${count(counts.trash, 'volume')}, ${formatBytes(capacity.trash_bytes)}`],
      ['running', counts.operations_running === 0 ? null : `${count(counts.operations_running, 'operation')}: holdfast operation list --running`],
      ['capacity', counts.pools === 0 ? paint('dim', 'none yet') : capacityRows(capacity, paint, layout.width)],
    ])
    .table('pools', poolColumns(now), pools)
    .conditions(problems.slice(0, SHOWN_PROBLEMS).map(({ object, condition, message, hint }) => ({ type: `${object.kind} ${object.name}: ${condition}`, message, hint })));
  const more = problems.length - SHOWN_PROBLEMS;
  if (more > 0) sheet.section(null, [['', `and ${count(more, 'more problem')}: holdfast volume list, holdfast pool list`]]);
  if (counts.pools === 0) sheet.section('to begin', [['make a pool', 'holdfast pool create NAME --path /an/existing/directory'], ['and a volume', 'holdfast volume create NAME --size 10G']]);
  return sheet.lines();
}

const statesOf = (states: Readonly<Record<string, number>>, paint: Paint): string => {
  const parts = Object.entries(states).filter(([, number]) => number > 0).map(([state, number]) => `${number} ${paint(stateColour(state), state)}`);
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
};

/** The bar: written in full blocks, promised but not written shaded. */
function capacityRows({ capacity_bytes: whole, allocated_bytes: promised, used_bytes: used, available_bytes: free }: Capacity, paint: Paint, width: number): string[] {
  const cells = Math.min(50, Math.max(20, (width === Infinity ? 80 : width) - 30));
  const colour = fullness(promised, promised + free);
  return [
    `${bar([{ value: used, colour }, { value: Math.max(0, promised - used), colour }], Math.max(whole, promised), cells, paint)} ${percent(promised, promised + free)} promised`,
    `${formatBytes(whole)}: ${formatBytes(promised)} promised, ${formatBytes(used)} of it written, ${formatBytes(free)} free to promise`,
  ];
}
