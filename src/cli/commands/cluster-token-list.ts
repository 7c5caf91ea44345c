/** `holdfast cluster token list`. */
import { command } from '../command.ts';
import { tokenColumns } from '../identity-tables.ts';

export default command({
  examples: [['cluster token list', 'All tokens; what they say is not kept']],
  async run({ host, out, client }) {
    await out.list(await client.tokens.list().all(), () => tokenColumns(host.now()), 'There is no token. Make one: holdfast cluster token create');
  },
});
