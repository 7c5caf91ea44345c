/** `holdfast cert list`. */
import { command } from '../command.ts';
import { certificateColumns } from '../identity-tables.ts';
import { flag, text } from '../option.ts';

export default command({
  options: {
    name: text('--name <name>', 'Only those of this client or node.'),
    all: flag('--all', 'Those too that have ended or were revoked.'),
  },
  examples: [['cert list', 'What is valid now'], ['cert list --name alice --all', 'All that alice ever had']],
  async run({ host, out, client }, { name, all }) {
    const found = await client.certificates.list({ name }).all();
    const shown = all || !out.human ? found : found.filter(({ revoked_at: revoked, not_after: end }) => revoked === null && Date.parse(end) > host.now());
    await out.list(shown, () => certificateColumns(host.now()), 'There is no certificate that is valid.');
  },
});
