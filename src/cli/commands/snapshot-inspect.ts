/** `holdfast snapshot inspect`. */
import { command } from '../command.ts';
import { argument } from '../option.ts';
import { snapshotSheet } from '../views/snapshot.ts';

export default command({
  arguments: { snapshot: argument('VOLUME@SNAPSHOT', 'The snapshot, or its id.', 'snapshot') },
  examples: [['snapshot inspect db@before-upgrade', 'One snapshot in full']],
  async run({ host, out, client }, { snapshot: ref }) {
    const snapshot = await client.snapshots.get(ref);
    await out.object(snapshot, () => snapshotSheet(snapshot, out.layout, host.now()));
  },
});
