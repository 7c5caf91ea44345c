/** `holdfast node update`. */
import { changeLabels, needsChange } from '../labels.ts';
import { command } from '../command.ts';
import { argument, labels, list, text } from '../option.ts';

export default command({
  arguments: { node: argument('NODE', 'Name or id of the node.', 'node') },
  options: {
    zone: text('--zone <zone>', 'Failure domain, such as its rack; "" for none.'),
    address: text('--address <address>', 'Address at which others reach its REST API, host:port.'),
    labels: labels('--label <key=value>', 'Set a label; may be given more than once.'),
    removeLabels: list('--remove-label <key>', 'Remove a label; may be given more than once.'),
  },
  details: 'Where a node.json describes the machine, change it there: the next converge would undo this.',
  examples: [['node update n1 --zone rack-2', 'It was moved to another rack'], ['node update n1 --label disk=ssd --remove-label old', 'Change labels']],
  async run({ out, client }, { node: ref, zone, address, labels: set, removeLabels }) {
    needsChange(`node ${ref}`, [zone, address, set, removeLabels]);
    const node = await changeLabels(() => client.nodes.get(ref), { set, remove: removeLabels }, (now, next) =>
      client.nodes.update(now.id, { zone, address, labels: next }, { expectedVersion: now.version }));
    await out.changed(node, `node ${node.name} is changed: ${node.spec.zone === '' ? 'no zone' : `zone ${node.spec.zone}`}${node.spec.address === null ? '' : `, at ${node.spec.address}`}`);
  },
});
