/** One node on a page, and what its kernel and tools offer. */
import type { Node } from '../../model/node.ts';
import { formatAge, formatMoment } from '../format.ts';
import { plain } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { Column, TableLayout } from '../table.ts';
import { stateColour } from '../tables.ts';

interface Feature { readonly name: string; readonly available: boolean; readonly reason: string }

export function nodeSheet(node: Node, layout: TableLayout, now: number): string[] {
  const { capabilities, conditions, state, daemon_version: version } = node.status;
  const features = Object.entries(capabilities.features).map(([name, feature]): Feature => ({ name, ...feature }));
  return createSheet(layout)
    .title('node', node.name, state, stateColour(state))
    .conditions(conditions.map((one) => ({ ...one, note: `for ${formatAge(one.since, now)}` })))
    .section(null, [
      ['roles', node.spec.roles.join(', ')],
      ['zone', plain(node.spec.zone)],
      ['address', node.spec.address],
      ['daemon', version],
      ['kernel', plain(capabilities.kernel)],
      ['boot', plain(capabilities.boot_id)],
      ['machine', plain(capabilities.machine_id)],
      ['id', node.id],
      ['labels', Object.entries(node.labels).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => plain(`${key}=${value}`))],
      ['known', `since ${formatMoment(node.created_at, now)}`],
    ])
    .table('features', featureColumns, features)
    .lines();
}

const featureColumns: readonly Column<Feature>[] = [
  { header: 'FEATURE', value: ({ name }) => name },
  { header: 'USABLE', value: ({ available }) => (available ? 'yes' : 'no'), colour: ({ available }) => (available ? 'green' : 'yellow') },
  { header: 'WHY', value: ({ reason }) => reason, flexible: 'wrap' },
];
