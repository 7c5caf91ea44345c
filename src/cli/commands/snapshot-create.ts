/** `holdfast snapshot create`. */
import { formatBytes } from '../../model/bytes.ts';
import { HoldfastError } from '../../model/errors.ts';
import { command } from '../command.ts';
import { argument, labels, WAITING } from '../option.ts';
import { shownAs } from '../views/snapshot.ts';

export default command({
  arguments: { snapshot: argument('VOLUME[@NAME]', 'The volume, and the name of the snapshot; without it the time is the name.', 'volume') },
  options: { labels: labels('--label <key=value>', 'A label; may be given more than once.'), ...WAITING },
  details: 'A mounted filesystem is frozen for the moment that it takes. On a pool with reflink it takes no time and no space.',
  examples: [['snapshot create db@before-upgrade', 'With a name'], ['snapshot create db', 'With the time as its name']],
  async run({ host, out, client, carryOut }, given) {
    const at = given.snapshot.indexOf('@');
    const [volume, name] = at === -1 ? [given.snapshot, timeAsName(host.now())] : [given.snapshot.slice(0, at), given.snapshot.slice(at + 1)];
    if (volume === '' || name === '') throw new HoldfastError('invalid_argument', `"${given.snapshot}" names no ${volume === '' ? 'volume' : 'snapshot'}`, { object: 'snapshot', hint: 'Write VOLUME@NAME, such as db@before-upgrade.' });
    const snapshot = await carryOut(given, (wait) => client.snapshots.create({ volume, name, labels: given.labels }, wait));
    if (snapshot !== null) await out.changed(snapshot, `snapshot ${shownAs(snapshot)} is taken: ${formatBytes(snapshot.spec.size_bytes)}${snapshot.status.method === 'reflink' ? ', sharing blocks' : ''}${snapshot.status.consistency === 'crash' ? ', as after a power loss' : ''}`);
  },
});

/** `2026-11-22-201103`, in UTC. */
const timeAsName = (now: number): string => new Date(now).toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '');
