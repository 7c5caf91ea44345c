/** `holdfast cluster token remove`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { token: argument('TOKEN', 'Id of the token, as cluster token list shows it.') },
  examples: [['cluster token remove tok_01JD9Z3QK7W5T8X2M4N6P0R1SA', 'It cannot be used any more']],
  async run({ out, client }, { token }) {
    await client.tokens.remove(token);
    await out.changed({ id: token }, `token ${token} is withdrawn`);
  },
});
