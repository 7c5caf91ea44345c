/** `holdfast pool inspect`. */
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { argument } from '../option.ts';
import { poolSheet } from '../views/pool.ts';

export default command({
  arguments: { pool: argument('POOL', 'Name or id of the pool.', 'pool') },
  examples: [['pool inspect main', 'State, capacity, filesystems and volumes'], ['pool inspect main -o yaml', 'The whole record']],
  async run({ host, out, client }, { pool: ref }) {
    const pool = await client.pools.get(ref);
    await out.object(pool, async () => {
      const [names, volumes] = await Promise.all([readNames(client), client.volumes.list({ pool: pool.id }).all()]);
      return poolSheet(pool, volumes, names, out.layout, host.now());
    });
  },
});
