/** `holdfast volume mount`. */
import { command } from '../command.ts';
import { argument, flag } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume'), path: argument('PATH', 'Where to mount it.', 'directory') },
  options: { readOnly: flag('--read-only', 'Mount it for reading only.') },
  details: 'Attaches it when needed. Mounting at the same path again is the same mount.',
  examples: [['volume mount db /srv/db', 'Mount a volume'], ['volume mount db /mnt/look --read-only', 'Look at it without changing it']],
  async run({ host, out, client }, { volume: ref, path, readOnly }) {
    const target = absolute(host, path);
    const published = await client.volumes.publish(ref, { consumer: `path:${target}`, path: target, read_only: readOnly || undefined });
    await out.object(published, () => [`volume ${published.volume.name} is mounted at ${published.mount_path}${readOnly ? ', read only' : ''}`]);
  },
});
