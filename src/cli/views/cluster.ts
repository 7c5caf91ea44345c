/** How a cluster stands, on one screen. */
import type { Status, StoreMember } from '../../client/client.ts';
import type { Cluster, Node } from '../../model/node.ts';
import type { Volume } from '../../model/volume.ts';
import { count, formatMoment } from '../format.ts';
import { plain } from '../paint.ts';
import { createSheet } from '../sheet.ts';
import type { TableLayout } from '../table.ts';
import { memberColumns, nodeColumns } from '../tables.ts';

export interface ClusterView extends Cluster {
  readonly leader: string | null;
  readonly nodes: readonly Node[];
  readonly members: readonly StoreMember[];
  readonly problems: Status['problems'];
}

const SHOWN_PROBLEMS = 8;

export function clusterSheet(cluster: ClusterView, volumes: readonly Volume[], layout: TableLayout, now: number): string[] {
  const { nodes, members, leader } = cluster;
  const away = nodes.filter(({ status }) => status.state === 'unavailable');
  const failing = members.filter(({ healthy, learner }) => !healthy && !learner);
  const voters = members.filter(({ learner }) => !learner);
  const versions = [...new Set(nodes.map(({ status }) => status.daemon_version))].sort();
  const faults = cluster.problems.length + failing.length;
  const conditions = [
    ...failing.map(({ name }) => ({ type: `etcd member ${name}: not healthy`, message: 'it did not answer just now', hint: 'See holdfast-etcd and its log there.' })),
    ...cluster.problems.map(({ object, condition, message, hint }) => ({ type: `${object.kind} ${object.name}: ${condition}`, message, hint })),
  ];
  const sheet = createSheet(layout)
    .title('cluster', cluster.name, faults === 0 ? 'all is well' : count(faults, 'problem'), faults === 0 ? 'green' : 'yellow')
    .section(null, [
      ['leader', nodes.find(({ id }) => id === leader)?.name ?? (leader === null ? layout.paint('yellow', 'none at the moment') : plain(leader))],
      ['nodes', `${nodes.length}, ${nodes.length - away.length} of them to be reached`],
      ['control store', members.length === 0 ? 'embedded, or an etcd of its own keeping' : `${count(voters.length, 'voter')}, ${voters.filter(({ healthy }) => healthy).length} of them healthy; ${Math.floor(voters.length / 2) + 1} must be`],
      ['versions', versions.map(plain).join(', ')],
      ['id', plain(cluster.id)],
      ['made', formatMoment(cluster.created_at, now)],
    ])
    .table('nodes', nodeColumns(now, { leader, volumes }), nodes)
    .table('members of the control store', memberColumns(), members)
    .conditions(conditions.slice(0, SHOWN_PROBLEMS));
  return sheet.lines();
}
