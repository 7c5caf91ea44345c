/** `holdfast trash purge`. */
import type { Volume } from '../../model/volume.ts';
import { formatBytes } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import { count } from '../format.ts';
import { command } from '../command.ts';
import { flag, optionalArgument, WAITING, YES } from '../option.ts';
import { removalOf, type Removal } from '../removal.ts';

export default command({
  arguments: { volume: optionalArgument('VOLUME', 'Id of the volume, or the name it had (the newest of that name).', 'trash') },
  options: { all: flag('--all', 'Everything that is in the trash.'), yes: YES, ...WAITING },
  examples: [['trash purge db', 'Ask, then delete one volume for good'], ['trash purge --all --yes', 'Empty the trash without being asked']],
  async run({ out, client, confirm, carryOut }, given) {
    const { volume: ref, all } = given;
    if (all === (ref !== undefined)) throw new HoldfastError('invalid_argument', 'name a volume, or give --all', { field: 'VOLUME', hint: 'What is there: holdfast trash list' });
    const trash = await client.trash.list().all();
    const doomed = all ? trash : [chosen(trash, ref ?? '')];
    if (doomed.length === 0) return out.object({ items: [] }, () => ['the trash is empty']);
    const names = doomed.slice(0, 5).map(nameOf).join(', ') + (doomed.length > 5 ? ', …' : '');
    await confirm(given.yes, `Delete ${count(doomed.length, 'volume')} of ${formatBytes(doomed.reduce((sum, { spec }) => sum + spec.size_bytes, 0))} for good (${names})?`);
    const purged: Removal[] = [];
    for (const volume of doomed) {
      const removed = await carryOut(given, (wait) => client.trash.purge(volume.id, wait));
      if (removed !== null) purged.push({ ...removalOf(removed), name: nameOf(volume) });
    }
    if (!given.wait && purged.length === 0) return;
    await out.object(all ? { items: purged } : purged[0], () => purged.map(({ name }) => `volume ${name} is deleted for good`));
  },
});

const nameOf = (volume: Volume): string => volume.status.trashed?.name ?? volume.name;

/** By id, or the newest of that name, as the daemon takes it. */
function chosen(trash: readonly Volume[], ref: string): Volume {
  const named = trash.filter((volume) => volume.id === ref || nameOf(volume) === ref).sort((a, b) => ((a.status.trashed?.at ?? '') < (b.status.trashed?.at ?? '') ? 1 : -1));
  if (named[0] !== undefined) return named[0];
  throw new HoldfastError('not_found', `there is no volume "${ref.slice(0, 80)}" in the trash`, { object: `volume ${ref.slice(0, 80)}`, hint: 'What is there: holdfast trash list' });
}
