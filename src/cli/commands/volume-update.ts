/** `holdfast volume update`. */
import { formatDuration } from '../../model/duration.ts';
import { changeLabels, needsChange } from '../labels.ts';
import { command } from '../command.ts';
import { argument, duration, labels, list, toggle } from '../option.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  options: {
    labels: labels('--label <key=value>', 'Set a label; may be given more than once.'),
    removeLabels: list('--remove-label <key>', 'Remove a label; may be given more than once.'),
    protect: toggle('--protect', 'Refuse to remove it until this is lifted.', 'Let it be removed.'),
    retention: duration('--trash-retention <duration>', 'How long it is kept in the trash when removed, such as 12h or 30d; 0 deletes at once.'),
  },
  examples: [['volume update db --protect', 'Refuse to remove it'], ['volume update db --label tier=gold --remove-label old', 'Change labels'], ['volume update db --trash-retention 30d', 'Keep it a month when it is removed']],
  async run({ out, client }, { volume: ref, labels: set, removeLabels, protect, retention }) {
    needsChange(`volume ${ref}`, [set, removeLabels, protect, retention]);
    const volume = await changeLabels(() => client.volumes.get(ref), { set, remove: removeLabels }, (now, next) =>
      client.volumes.update(now.id, { labels: next, deletion_protection: protect, trash_retention_ms: retention }, { expectedVersion: now.version }));
    const { deletion_protection: isProtected, trash_retention_ms: kept } = volume.spec;
    await out.changed(volume, `volume ${volume.name} is changed: ${isProtected ? 'protected' : 'not protected'}, ${kept === 0 ? 'deleted at once when removed' : `kept ${formatDuration(kept)} when removed`}`);
  },
});
