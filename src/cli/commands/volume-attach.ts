/** `holdfast volume attach`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  details: 'Mounting attaches by itself; this is for using the block device as such.',
  examples: [['volume attach db', 'Make its block device exist, and print its path']],
  async run({ out, client }, { volume: ref }) {
    const volume = await client.volumes.attach(ref);
    await out.changed(volume, `volume ${volume.name} is attached as ${volume.status.device ?? 'a device'}`);
  },
});
