/** `holdfast pool wipe`. */
import { HoldfastError } from '../../model/errors.ts';
import { command } from '../command.ts';
import { text, YES } from '../option.ts';
import { absolute } from '../path.ts';

export default command({
  options: {
    path: text('--path <directory>', 'The directory that the removed pool was in.', 'directory'),
    device: text('--device <device>', 'Or the block device that it was on.', 'file'),
    yes: YES,
  },
  details: 'Deletes every replica, snapshot and trashed volume there, for ever. A pool that still exists is never wiped: remove it first.',
  examples: [['pool wipe --path /srv/holdfast', 'Ask, then delete what the pool left there'], ['pool wipe --device /dev/nvme1n1 --yes', 'The same for a device, in a script']],
  async run({ host, out, client, confirm }, { path, device, yes }) {
    const given = path ?? device;
    if (given === undefined || (path !== undefined && device !== undefined)) throw new HoldfastError('invalid_argument', 'name one --path or one --device', { field: '--path', hint: 'For example: holdfast pool wipe --path /srv/holdfast' });
    const place = absolute(host, given);
    await confirm(yes, `Delete for good every volume and snapshot that a removed pool left on ${place}?`);
    await client.pools.wipe({ ...(path === undefined ? { device: place } : { path: place }), confirm: place });
    const wiped = { wiped: place };
    await out.object(wiped, () => [`${place} is wiped`]);
  },
});
