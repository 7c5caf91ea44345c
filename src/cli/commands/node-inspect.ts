/** `holdfast node inspect`. */
import { command } from '../command.ts';
import { optionalArgument } from '../option.ts';
import { nodeSheet } from '../views/node.ts';

export default command({
  arguments: { node: optionalArgument('NODE', 'Name or id of the node. Default: the one that answers.', 'node') },
  examples: [['node inspect', 'The node that answers: what its kernel and tools offer']],
  async run({ host, out, client }, { node: ref }) {
    const node = ref === undefined ? (await client.status()).node : await client.nodes.get(ref);
    await out.object(node, () => nodeSheet(node, out.layout, host.now()));
  },
});
