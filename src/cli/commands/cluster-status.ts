/** `holdfast cluster status`. */
import { command } from '../command.ts';
import { clusterSheet } from '../views/cluster.ts';

export default command({
  details: 'Nodes, who leads, who holds the control store, versions, problems: one screen.',
  examples: [['cluster status', 'How the cluster stands'], ['cluster status -o json', 'The same for a script']],
  async run({ host, out, client }) {
    const [cluster, status, nodes, members] = await Promise.all([client.cluster(), client.status(), client.nodes.list().all(), client.members()]);
    const shown = { ...cluster, leader: status.leader, nodes, members, problems: status.problems };
    await out.object(shown, async () => clusterSheet(shown, await client.volumes.list().all(), out.layout, host.now()));
  },
});
