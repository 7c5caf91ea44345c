/** `holdfast volume resize`. */
import { formatBytes, parseSize } from '../../model/bytes.ts';
import { command } from '../command.ts';
import { argument, WAITING } from '../option.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume'), size: argument('SIZE', 'The new size with a binary unit, such as 20G. Volumes only grow.') },
  options: WAITING,
  details: 'The filesystem grows with it, also while containers use it.',
  examples: [['volume resize db 20G', 'Grow a volume to 20 GiB']],
  async run({ out, client, carryOut }, given) {
    const bytes = parseSize(given.size, 'size');
    const volume = await carryOut(given, (wait) => client.volumes.resize(given.volume, bytes, wait));
    if (volume !== null) await out.changed(volume, `volume ${volume.name} has ${formatBytes(volume.spec.size_bytes)}`);
  },
});
