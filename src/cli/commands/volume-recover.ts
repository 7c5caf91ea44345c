/** `holdfast volume recover`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  details: 'For condition StoreBehind: an older copy of the store was put in place, and the replica has been used since. The record takes over generation, history and size from the replica; no data is touched.',
  examples: [['volume recover db', 'Make a volume usable again after a copy of the store was restored']],
  async run({ out, client }, { volume: ref }) {
    const volume = await client.volumes.recover(ref);
    await out.changed(volume, `volume ${volume.name} is at generation ${volume.replication.generation}, history ${volume.replication.history}`);
  },
});
