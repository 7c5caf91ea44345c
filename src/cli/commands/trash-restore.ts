/** `holdfast trash restore`. */
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { argument, text } from '../option.ts';
import { volumeInShort } from '../views/volume.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Id of the volume, or the name it had (the newest of that name).', 'trash') },
  options: { name: text('--name <name>', 'Take it back under another name. Default: the one it had.') },
  examples: [['trash restore db', 'Take the volume back'], ['trash restore db --name db-old', 'Under another name, because a new one has taken its own']],
  async run({ out, client }, { volume: ref, name }) {
    const volume = await client.trash.restore(ref, { name });
    await out.changed(volume, out.human ? volumeInShort(volume, await readNames(client)) : '');
  },
});
