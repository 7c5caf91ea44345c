/** `holdfast volume explain`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { renderTable } from '../table.ts';
import { candidateColumns } from '../tables.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  details: 'Every pool, best first, or the reason why the volume cannot be there; WOULD BE: where it would be put if it were made now. Pools come in the order of the volumes of its spread_by group in their zone, then on their node, then of the share that would stay free.',
  examples: [['volume explain db', 'Why it is in its pool']],
  async run({ out, client }, { volume }) {
    const explanation = await client.volumes.explain(volume);
    await out.object(explanation, () => renderTable(candidateColumns(explanation), explanation.candidates, out.layout));
  },
});
