/** `holdfast node list`. */
import { command } from '../command.ts';
import { nodeColumns } from '../tables.ts';

export default command({
  examples: [['node list', 'All nodes']],
  async run({ host, out, client }) {
    await out.list(await client.nodes.list().all(), () => nodeColumns(host.now()), 'There is no node.');
  },
});
