/** `holdfast volume explain`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { renderTable } from '../table.ts';
import { candidateColumns } from '../tables.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  details: 'Every pool with its score, or the reason why the volume cannot be there. The score is the share of the pool that would stay free.',
  examples: [['volume explain db', 'Why it is in its pool']],
  async run({ out, client }, { volume }) {
    const explanation = await client.volumes.explain(volume);
    await out.object(explanation, () => renderTable(candidateColumns(explanation.chosen), explanation.candidates, out.layout));
  },
});
