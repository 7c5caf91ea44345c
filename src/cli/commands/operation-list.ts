/** `holdfast operation list`. */
import { command } from '../command.ts';
import { newest } from '../newest.ts';
import { flag, integer, text } from '../option.ts';
import { operationColumns } from '../tables.ts';

const SHOWN = 30;

export default command({
  options: {
    running: flag('--running', 'Only those that are not over.'),
    target: text('--target <object>', 'Only those that change this object: its id or name.', 'object'),
    limit: integer('--limit <count>', `At most so many. Default: ${SHOWN} in a table, all in JSON and YAML.`, 1, 100_000),
  },
  examples: [['operation list', 'The newest'], ['operation list --running', 'What is under way'], ['operation list --target db', 'What happened to a volume']],
  async run({ host, out, client }, { running, target, limit = out.human ? SHOWN : Infinity }) {
    const { items, more } = await newest(client.operations.list({ running: running || undefined, target }), limit);
    await out.list(items, () => operationColumns(host.now()), running ? 'Nothing is under way.' : 'There was no operation yet.');
    if (more) out.note(`There are more: --limit shows them.`);
  },
});
