/** `holdfast volume list`. */
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { labels, text } from '../option.ts';
import { volumeColumns } from '../tables.ts';

export default command({
  options: {
    pool: text('--pool <pool>', 'Only those in this pool: its name or id.', 'pool'),
    labels: labels('--label <key=value>', 'Only those with this label; may be given more than once.'),
    owner: text('--owner <owner>', 'Only those that this owner manages.'),
  },
  examples: [['volume list', 'All volumes'], ['volume list --label app=shop', 'Those of one application'], ["volume list -o json | jq -r '.items[].name'", 'Names for a script']],
  async run({ host, out, client }, { pool, labels: wanted, owner }) {
    const filtered = pool !== undefined || wanted !== undefined || owner !== undefined;
    const [volumes, names] = await Promise.all([client.volumes.list({ pool, labels: wanted, owner }).all(), out.human ? readNames(client) : null]);
    await out.list(volumes, () => (names === null ? [] : volumeColumns(names, host.now())), filtered ? 'No volume is like that. All there are: holdfast volume list' : 'There is no volume yet. Make one: holdfast volume create NAME --size 10G');
  },
});
