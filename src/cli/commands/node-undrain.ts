/** `holdfast node undrain`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { node: argument('NODE', 'Name or id of the node.', 'node') },
  details: 'Cancels a drain that runs.',
  examples: [['node undrain n1', 'After maintenance']],
  async run({ out, client }, { node: ref }) {
    const node = await client.nodes.undrain(ref);
    await out.changed(node, `node ${node.name} takes work again`);
  },
});
