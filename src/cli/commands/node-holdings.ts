/** `holdfast node holdings`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { holdingColumns } from '../tables.ts';

export default command({
  arguments: { node: argument('NODE', 'Name or id of the node.', 'node') },
  examples: [['node holdings n1', 'What a drain of n1 waits for, and what its removal would lose']],
  async run({ out, client }, { node }) {
    await out.list(await client.nodes.holdings(node), holdingColumns, 'Nothing is on it.');
  },
});
