/** `holdfast snapshot list`. */
import { command } from '../command.ts';
import { optionalArgument } from '../option.ts';
import { snapshotColumns } from '../tables.ts';

export default command({
  arguments: { volume: optionalArgument('VOLUME', 'Only those of this volume: its name or id. Default: all.', 'volume') },
  examples: [['snapshot list', 'All snapshots'], ['snapshot list db', 'Those of one volume']],
  async run({ host, out, client }, { volume }) {
    const snapshots = await client.snapshots.list({ volume }).all();
    await out.list(snapshots, () => snapshotColumns(host.now()), `There is no snapshot${volume === undefined ? '' : ` of ${volume}`} yet. Take one: holdfast snapshot create ${volume ?? 'VOLUME'}@NAME`);
  },
});
