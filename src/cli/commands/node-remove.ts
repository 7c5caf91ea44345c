/** `holdfast node remove`. */
import { HoldfastError } from '../../model/errors.ts';
import { count } from '../format.ts';
import { command } from '../command.ts';
import { argument, flag, WAITING, YES } from '../option.ts';
import { removalOf } from '../removal.ts';
import { holdingColumns } from '../tables.ts';

export default command({
  arguments: { node: argument('NODE', 'Name or id of the node.', 'node') },
  options: {
    abandon: flag('--abandon', 'Give up for lost what only this node holds: those volumes stay, and are unavailable. For a node that will not come back.'),
    yes: YES,
    ...WAITING,
  },
  details: 'Takes the node out of the cluster: its certificates are revoked, its member of the control store leaves. Refused while it holds a last copy (they are listed), while something is attached there, while it lives and is not drained, and when the control store would lose its majority. Its files stay where they are.',
  examples: [['node remove n3', 'A drained node leaves'], ['node remove n3 --abandon', 'A dead node that held last copies']],
  async run({ out, client, carryOut, confirm }, given) {
    const node = await client.nodes.get(given.node);
    const lost = (await client.nodes.holdings(node.id)).filter(({ last_copy: last }) => last);
    if (lost.length > 0 && out.human) await out.list(lost, holdingColumns, '');
    if (given.abandon && lost.length > 0) await confirm(given.yes, `Give up ${count(lost.length, 'volume')} of which only node ${node.name} has a copy?`);
    try {
      const removed = await carryOut(given, (wait) => client.nodes.remove(node.id, { ...wait, abandon: given.abandon || undefined }));
      if (removed !== null) await out.changed(removalOf(removed), `node ${removed.name} is removed from the cluster`);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'failed_precondition' && lost.length > 0 && out.human) out.note(`${count(lost.length, 'last copy').replace('copys', 'copies')} on ${node.name}: remove these volumes, or give them up with --abandon`);
      throw error;
    }
  },
});
