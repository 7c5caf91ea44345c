/** `holdfast snapshot remove`. */
import { command } from '../command.ts';
import { argument, WAITING } from '../option.ts';
import { removalOf } from '../removal.ts';
import { shownAs } from '../views/snapshot.ts';

export default command({
  arguments: { snapshot: argument('VOLUME@SNAPSHOT', 'The snapshot, or its id.', 'snapshot') },
  options: WAITING,
  details: 'Snapshots have no trash: it is gone. Its volume, and clones made from it, stay as they are.',
  examples: [['snapshot remove db@before-upgrade', 'Delete a snapshot']],
  async run({ out, client, carryOut }, given) {
    const snapshot = await client.snapshots.get(given.snapshot);
    const removed = await carryOut(given, (wait) => client.snapshots.remove(snapshot.id, wait));
    if (removed !== null) await out.changed(removalOf(removed), `snapshot ${shownAs(snapshot)} is deleted`);
  },
});
