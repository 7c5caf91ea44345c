/** `holdfast capacity`. */
import { command } from '../command.ts';
import { capacityColumns } from '../tables.ts';
import { renderTable } from '../table.ts';

export default command({
  details: 'PROMISED is the sum of the sizes of volumes (trash included) and of what snapshots reserve; FREE is what may still be promised.',
  examples: [['capacity', 'By pool, and in all'], ['capacity -o json', 'The same for a script']],
  async run({ out, client }) {
    const capacity = await client.capacity();
    await out.object(capacity, () => {
      if (capacity.pools.length === 0) {
        out.note('There is no pool yet. Make one: holdfast pool create NAME --path /an/existing/directory');
        return [];
      }
      const { pools, ...total } = capacity;
      return renderTable(capacityColumns(), pools.length > 1 ? [...pools, { pool: '', name: 'in all', class: '', ...total }] : pools, out.layout);
    });
  },
});
