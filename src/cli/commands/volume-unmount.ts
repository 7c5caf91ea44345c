/** `holdfast volume unmount`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume'), path: argument('PATH', 'Where it is mounted.', 'directory') },
  details: 'The last unmount detaches it. Unmounting what is not mounted is no error.',
  examples: [['volume unmount db /srv/db', 'Unmount a volume']],
  async run({ host, out, client }, { volume: ref, path }) {
    const target = absolute(host, path);
    const before = await client.volumes.get(ref);
    const volume = await client.volumes.unpublish(before.id, { path: target });
    const was = before.status.publications.some((one) => one.path === target);
    await out.changed(volume, was ? `volume ${volume.name} is unmounted from ${target}` : `volume ${volume.name} was not mounted at ${target}`);
  },
});
