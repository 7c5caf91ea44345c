/** `holdfast pool grow`. */
import { command } from '../command.ts';
import { argument, flag, list, WAITING } from '../option.ts';
import { absolute } from '../path.ts';
import { poolInShort } from '../views/pool.ts';

export default command({
  arguments: { pool: argument('POOL', 'Name or id of the pool.', 'pool') },
  options: {
    devices: list('--device <device>', 'A block device to add; may be given more than once.', 'file'),
    force: flag('--force', 'Take a device with an old signature. Never one that is in use.'),
    ...WAITING,
  },
  details: 'Without --device it takes in what its devices have grown by.',
  examples: [['pool grow fast', 'Take in what the devices have grown by'], ['pool grow fast --device /dev/nvme3n1', 'Add a device']],
  async run({ host, out, client, carryOut }, given) {
    const pool = await carryOut(given, (wait) => client.pools.grow(given.pool, { devices: given.devices?.map((device) => absolute(host, device)), force: given.force || undefined }, wait));
    if (pool !== null) await out.changed(pool, poolInShort(pool));
  },
});
