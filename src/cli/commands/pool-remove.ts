/** `holdfast pool remove`. */
import { command } from '../command.ts';
import { argument, WAITING } from '../option.ts';
import { removalOf } from '../removal.ts';

export default command({
  arguments: { pool: argument('POOL', 'Name or id of the pool.', 'pool') },
  options: WAITING,
  details: 'Refused while live volumes are in it. It deletes no file: what is in the trash stays on the medium and is found again when a pool is made there.',
  examples: [['pool remove main', 'Let go of a pool']],
  async run({ out, client, carryOut }, given) {
    const pool = await client.pools.get(given.pool);
    const removed = await carryOut(given, (wait) => client.pools.remove(pool.id, wait));
    if (removed === null) return;
    const wipe = pool.spec.path === null ? pool.spec.devices.map((device) => `holdfast pool wipe --device ${device}`).join('; ') : `holdfast pool wipe --path ${pool.spec.path}`;
    await out.changed(removalOf(removed), `pool ${removed.name} is removed; its files are left. To delete them for good: ${wipe}`);
  },
});
