/** `holdfast audit`. */
import { command } from '../command.ts';
import { auditColumns } from '../identity-tables.ts';
import { newest } from '../newest.ts';
import { integer, text } from '../option.ts';

const SHOWN = 50;

export default command({
  options: {
    object: text('--object <object>', 'Only what was done to this object: its id or name.', 'object'),
    actor: text('--actor <actor>', 'Only what was done by this one: alice, or "root on n1".'),
    limit: integer('--limit <count>', `At most so many. Default: ${SHOWN} in a table, all in JSON and YAML.`, 1, 100_000),
  },
  details: 'Every change leaves an entry before it is made, and its outcome after. "begun" is one that runs, or whose daemon died in between. JSON has the request, and the object before and after.',
  examples: [['audit', 'The newest changes'], ['audit --object db', 'Who changed a volume'], ['audit --actor alice -o json', 'All that alice did, in full']],
  async run({ out, client }, { object, actor, limit }) {
    const { items, more } = await newest(client.audit.list({ object, actor }), limit ?? (out.human ? SHOWN : Infinity));
    if (more) out.note('There are older ones: --limit shows them.');
    await out.list(items, auditColumns, 'Nothing was changed yet.');
  },
});
