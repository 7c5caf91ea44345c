/** `holdfast_capacity`: what there is, what is promised, what is used. */
import { t } from '../framework/index.ts';
import { holdfast } from '../resources/define.ts';

const amounts = {
  capacity_bytes: t.int().computed().describe('What the filesystems hold, in bytes.'),
  allocated_bytes: t.int().computed().describe('What is promised to volumes, snapshots and trash, in bytes.'),
  used_bytes: t.int().computed().describe('What is used on the medium, in bytes.'),
  available_bytes: t.int().computed().describe('What may still be promised, in bytes.'),
  trash_bytes: t.int().computed().describe('Part of `allocated_bytes` that is trash, in bytes.'),
};

export const capacity = holdfast.dataSource({
  name: 'capacity',
  description: 'Capacity over all pools, and pool by pool.',
  example: 'data "holdfast_capacity" "now" {}\n\noutput "left" {\n  value = provider::holdfast::format_bytes(data.holdfast_capacity.now.available_bytes)\n}\n',
  attributes: {
    ...amounts,
    pools: t.listOf({
      pool: t.string().computed().describe('Id of the pool.'),
      name: t.string().computed().describe('Name of the pool.'),
      class: t.string().computed().describe('Class of the pool.'),
      ...amounts,
    }).computed().describe('By pool.'),
  },
  async read(_config, { client: { client }, signal }) {
    const { capacity_bytes, allocated_bytes, used_bytes, available_bytes, trash_bytes, pools } = await client.capacity({ signal });
    return {
      capacity_bytes, allocated_bytes, used_bytes, available_bytes, trash_bytes,
      pools: pools.map((one) => ({
        pool: one.pool, name: one.name, class: one.class, capacity_bytes: one.capacity_bytes, allocated_bytes: one.allocated_bytes, used_bytes: one.used_bytes, available_bytes: one.available_bytes, trash_bytes: one.trash_bytes,
      })),
    };
  },
});
