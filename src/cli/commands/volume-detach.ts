/** `holdfast volume detach`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  details: 'Refused while it is mounted for somebody. The last unmount detaches by itself.',
  examples: [['volume detach db', 'Remove its block device']],
  async run({ out, client }, { volume: ref }) {
    const volume = await client.volumes.detach(ref);
    await out.changed(volume, `volume ${volume.name} is detached`);
  },
});
