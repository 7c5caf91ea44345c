/** `holdfast pool update`. */
import { changeLabels, needsChange } from '../labels.ts';
import { command } from '../command.ts';
import { argument, decimal, labels, list, text } from '../option.ts';

export default command({
  arguments: { pool: argument('POOL', 'Name or id of the pool.', 'pool') },
  options: {
    class: text('--class <class>', 'Class from now on. Volumes that are there stay.'),
    overcommit: decimal('--overcommit <factor>', 'Sizes of volumes may add up to capacity times this, 0.1 to 100.'),
    labels: labels('--label <key=value>', 'Set a label; may be given more than once.'),
    removeLabels: list('--remove-label <key>', 'Remove a label; may be given more than once.'),
  },
  examples: [['pool update main --overcommit 1.5', 'Promise half as much again as there is'], ['pool update main --label rack=7 --remove-label old', 'Change labels']],
  async run({ out, client }, { pool: ref, class: wanted, overcommit, labels: set, removeLabels }) {
    needsChange(`pool ${ref}`, [wanted, overcommit, set, removeLabels]);
    const pool = await changeLabels(() => client.pools.get(ref), { set, remove: removeLabels }, (now, next) =>
      client.pools.update(now.id, { class: wanted, overcommit, labels: next }, { expectedVersion: now.version }));
    await out.changed(pool, `pool ${pool.name} is changed: class ${pool.spec.class}, overcommit ${pool.spec.overcommit}`);
  },
});
