/** `holdfast trash list`. */
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { text } from '../option.ts';
import { trashColumns } from '../tables.ts';

export default command({
  options: { name: text('--name <name>', 'Only volumes that had this name.') },
  examples: [['trash list', 'What can be had back, and for how long']],
  async run({ host, out, client }, { name }) {
    const [volumes, names] = await Promise.all([client.trash.list({ name }).all(), out.human ? readNames(client) : null]);
    await out.list(volumes, () => (names === null ? [] : trashColumns(names, host.now())), name === undefined ? 'The trash is empty.' : `There is no volume ${name} in the trash.`);
  },
});
