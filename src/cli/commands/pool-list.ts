/** `holdfast pool list`. */
import { command } from '../command.ts';
import { poolColumns } from '../tables.ts';

export default command({
  examples: [['pool list', 'All pools'], ['pool list -o wide', 'With reflink, overcommit, labels and ids']],
  async run({ host, out, client }) {
    await out.list(await client.pools.list().all(), () => poolColumns(host.now()), 'There is no pool yet. Make one: holdfast pool create NAME --path /an/existing/directory');
  },
});
