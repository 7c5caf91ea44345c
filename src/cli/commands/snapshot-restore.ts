/** `holdfast snapshot restore`. */
import { command } from '../command.ts';
import { argument, WAITING } from '../option.ts';
import { shownAs } from '../views/snapshot.ts';

export default command({
  arguments: { snapshot: argument('VOLUME@SNAPSHOT', 'The snapshot, or its id.', 'snapshot') },
  options: WAITING,
  details: 'In place: the volume must not be in use. What is in it now is kept as a snapshot, so that nothing is lost.',
  examples: [['snapshot restore db@before-upgrade', 'Put volume db back to the snapshot']],
  async run({ out, client, carryOut }, given) {
    const snapshot = await client.snapshots.get(given.snapshot);
    const volume = await carryOut(given, (wait) => client.snapshots.restore(snapshot.id, wait));
    if (volume === null) return;
    await out.changed({ ...volume, warnings: out.human ? [] : volume.warnings }, `volume ${volume.name} is back at ${shownAs(snapshot)}`, ...volume.warnings.map(sentence));
  },
});

/** What the daemon tells here is no warning, but where the old content is. */
function sentence(warning: string): string {
  const kept = / is kept as (\S+)$/.exec(warning)?.[1];
  return kept === undefined ? warning : `What was in it is kept. To undo: holdfast snapshot restore ${kept}`;
}
