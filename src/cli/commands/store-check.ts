/** `holdfast store check`. */
import { HoldfastError } from '../../model/errors.ts';
import { count } from '../format.ts';
import { command } from '../command.ts';
import { plain } from '../paint.ts';

export default command({
  details: 'Reads the whole control store and changes nothing. Exits with 1 when a fault is found.',
  examples: [['store check', 'Look for faults']],
  async run({ out, client }) {
    const check = await client.checkStore();
    await out.object(check, () => (check.sound ? ['the store is sound'] : check.faults.map((fault) => `- ${plain(fault)}`)));
    if (!check.sound) throw new HoldfastError('internal', `the control store has ${count(check.faults.length, 'fault')}`, { object: 'store', hint: 'Keep a copy of the state directory before anything else, and take a support bundle: holdfast support-bundle' });
  },
});
