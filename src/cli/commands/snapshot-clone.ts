/** `holdfast snapshot clone`. */
import { checkName } from '../../model/name.ts';
import { command } from '../command.ts';
import { readNames } from '../names.ts';
import { argument, duration, labels, size, toggle, WAITING } from '../option.ts';
import { volumeInShort } from '../views/volume.ts';

export default command({
  arguments: { snapshot: argument('VOLUME@SNAPSHOT', 'The snapshot, or its id.', 'snapshot'), name: argument('NEW', 'Name of the new volume.') },
  options: {
    size: size('--size <size>', 'Size with a binary unit, such as 20G; at least that of the snapshot, which is the default.'),
    labels: labels('--label <key=value>', 'A label; may be given more than once.'),
    protect: toggle('--protect', 'Refuse to remove it until this is lifted.', 'Let it be removed. The default.'),
    retention: duration('--trash-retention <duration>', 'How long it is kept in the trash when removed; 0 deletes at once. Default: 7d.'),
    ...WAITING,
  },
  details: 'The new volume is writable, independent of the old one, and in the same pool.',
  examples: [['snapshot clone db@before-upgrade db-test', 'A copy to try things on']],
  async run({ out, client, carryOut }, given) {
    const name = checkName('volume', given.name);
    const volume = await carryOut(given, (wait) => client.volumes.create({
      name, source_snapshot: given.snapshot, size_bytes: given.size, labels: given.labels, deletion_protection: given.protect, trash_retention_ms: given.retention,
    }, wait));
    if (volume !== null) await out.changed(volume, out.human ? `${volumeInShort(volume, await readNames(client))}, cloned from ${given.snapshot}` : '');
  },
});
