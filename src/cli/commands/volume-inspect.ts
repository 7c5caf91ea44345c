/** `holdfast volume inspect`. */
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { argument } from '../option.ts';
import { volumeSheet } from '../views/volume.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume; of one in the trash the id.', 'volume') },
  examples: [['volume inspect db', 'State, conditions and what to do, size, users, replicas, snapshots'], ['volume inspect db -o yaml', 'The whole record']],
  async run({ host, out, client }, { volume: ref }) {
    const volume = await client.volumes.get(ref);
    await out.object(volume, async () => {
      const [names, snapshots] = await Promise.all([readNames(client), client.snapshots.list({ volume: volume.id }).all()]);
      return volumeSheet(volume, snapshots, names, out.layout, host.now());
    });
  },
});
