/** `holdfast node list`. */
import { command } from '../command.ts';
import { nodeColumns } from '../tables.ts';

export default command({
  examples: [['node list', 'All nodes; the one with * leads'], ['node list -o wide', 'With labels, kernel and what each cannot']],
  async run({ host, out, client }) {
    const [nodes, volumes] = await Promise.all([client.nodes.list().all(), out.human ? client.volumes.list().all() : []]);
    const leader = out.human ? (await client.status()).leader : null;
    await out.list(nodes, () => nodeColumns(host.now(), { leader, volumes }), 'There is no node.');
  },
});
