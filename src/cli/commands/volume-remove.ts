/** `holdfast volume remove`. */
import { formatBytesOr, formatMoment } from '../format.ts';
import { command } from '../command.ts';
import { argument, flag, WAITING, YES } from '../option.ts';
import { removalOf } from '../removal.ts';

export default command({
  arguments: { volume: argument('VOLUME', 'Name or id of the volume.', 'volume') },
  options: { purge: flag('--purge', 'Delete it for good instead of keeping it in the trash.'), yes: YES, ...WAITING },
  details: 'It is kept in the trash as long as its retention says (7 days when nobody said otherwise) and its name is free at once. Refused while it is protected or in use.',
  examples: [['volume remove db', 'Into the trash'], ['volume remove db --purge --yes', 'Gone for good, without being asked']],
  async run({ host, out, client, confirm, carryOut }, given) {
    const volume = await client.volumes.get(given.volume);
    const forGood = given.purge || volume.spec.trash_retention_ms === 0;
    if (forGood) {
      const written = volume.status.used_bytes === null ? '' : ` and the ${formatBytesOr(volume.status.used_bytes)} in it`;
      await confirm(given.yes, `Delete volume ${volume.name}${written} for good${given.purge ? '' : ' (its trash retention is 0)'}?`);
    }
    const removed = await carryOut(given, (wait) => client.volumes.remove(volume.id, { ...wait, purge: given.purge || undefined }));
    if (removed === null) return;
    const { name, id, purgeAt } = removed;
    if (purgeAt === null) await out.changed(removalOf(removed), `volume ${name} is deleted for good`);
    else await out.changed(removalOf(removed), `volume ${name} is in the trash until ${formatMoment(purgeAt, host.now())}`, `To have it back: holdfast trash restore ${id}`);
  },
});
