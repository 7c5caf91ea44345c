/** `holdfast node drain`. */
import { count } from '../format.ts';
import { command } from '../command.ts';
import { argument, WAITING } from '../option.ts';
import { holdingColumns } from '../tables.ts';

export default command({
  arguments: { node: argument('NODE', 'Name or id of the node.', 'node') },
  options: WAITING,
  details: 'From now on no new work is placed there. It waits until nothing is attached there any more: end the containers, or unmount; what waits is listed. Ctrl-C ends the waiting, not the drain; holdfast node undrain takes it back.',
  examples: [['node drain n1', 'Before maintenance: wait until nothing is attached there'], ['node drain n1 --no-wait', 'Only begin it']],
  async run({ out, client, carryOut }, given) {
    const holdings = out.human ? (await client.nodes.holdings(given.node)).filter(({ attached }) => attached) : [];
    if (holdings.length > 0) await out.list(holdings, holdingColumns, '');
    if (holdings.length > 0) out.note(`${count(holdings.length, 'volume')} to be let go of`);
    const node = await carryOut(given, (wait) => client.nodes.drain(given.node, wait));
    if (node !== null) await out.changed(node, `node ${node.name} is drained: nothing is attached there. To let it take work again: holdfast node undrain ${node.name}`);
  },
});
