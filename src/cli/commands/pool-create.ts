/** `holdfast pool create`. */
import { HoldfastError } from '../../model/errors.ts';
import { command } from '../command.ts';
import { argument, decimal, flag, labels, list, text, WAITING } from '../option.ts';
import { absolute } from '../path.ts';
import { poolInShort } from '../views/pool.ts';

export default command({
  arguments: { name: argument('NAME', 'Name of the pool: 1 to 63 of a-z, 0-9, ".", "_" and "-".') },
  options: {
    path: text('--path <directory>', 'An existing directory that the pool shall use.', 'directory'),
    devices: list('--device <device>', 'A block device, on which an XFS is made; may be given more than once.', 'file'),
    export: text('--export <server:/path>', 'An NFS export. Not served by this version.'),
    class: text('--class <class>', 'What volumes ask for, such as ssd. Default: any.'),
    overcommit: decimal('--overcommit <factor>', 'Sizes of volumes may add up to capacity times this, 0.1 to 100. Default: 1.0.'),
    labels: labels('--label <key=value>', 'A label; may be given more than once.'),
    force: flag('--force', 'Take a device with an old signature, or a directory with a foreign marker. Never one that is in use.'),
    ...WAITING,
  },
  details: 'Give either --path or --device. A device that carries any signature is refused unless --force is given: making the pool deletes what is on it.',
  examples: [
    ['pool create main --path /srv/holdfast', 'A pool of a directory'],
    ['pool create fast --device /dev/nvme1n1 --device /dev/nvme2n1 --class ssd', 'A pool of two devices, for volumes that ask for class ssd'],
  ],
  async run({ host, out, client, carryOut }, given) {
    const { name, path, devices, overcommit, labels: wanted, force } = given;
    if (given.export !== undefined) {
      throw new HoldfastError('unsupported', `pools of NFS exports are not served by this version: ${given.export} cannot be one`, { object: `pool ${name}`, field: '--export', hint: 'Use a directory or devices of this machine.' });
    }
    if ((path === undefined) === (devices === undefined)) {
      throw new HoldfastError('invalid_argument', path === undefined ? 'say what the pool is made of: --path or --device' : 'a pool is made of a directory or of devices, not of both', { object: `pool ${name}`, field: '--path', hint: 'For example: --path /srv/holdfast, or --device /dev/sdb.' });
    }
    const pool = await carryOut(given, (wait) => client.pools.create({
      name, kind: path === undefined ? 'device' : 'directory', path: path === undefined ? undefined : absolute(host, path), devices: devices?.map((device) => absolute(host, device)),
      class: given.class, overcommit, labels: wanted, force: force || undefined,
    }, wait));
    if (pool !== null) await out.changed(pool, poolInShort(pool));
  },
});
