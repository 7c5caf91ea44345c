/** Pools, as they are sent and as they are asked for. */
import { Type } from 'typebox';
import { POOL_KINDS } from '../../../model/pool.ts';
import { absolutePath, answer, bytes, choice, className, count, flag, named, nameText, orNull, owner, ref, request, text } from './building.ts';
import { Labels, changed, observed, pageOf, record } from './record.ts';

const kind = () => choice(POOL_KINDS, '`directory`: an existing path. `device`: whole block devices, each made into a filesystem of its own.');
const overcommit = (more: object = {}) =>
  Type.Number({ minimum: 0.1, maximum: 100, description: 'Sizes of volumes may add up to capacity × overcommit. 0.1 to 100.', ...more });
const devices = (description: string) =>
  Type.Array(absolutePath('Path of a block device.', { examples: ['/dev/disk/by-id/nvme-disk1'] }), { maxItems: 64, description });
const force = () => flag('Take a device that carries an old signature, or a path with a foreign marker. Never one that is mounted or in use.', { default: false });

export const PoolSpec = named('PoolSpec', answer({
  kind: kind(),
  path: orNull(Type.String(), 'Kind directory: the path. Otherwise null.'),
  devices: Type.Array(Type.String(), { description: 'Kind device: the paths of the block devices, in order. Otherwise [].' }),
  overcommit: overcommit(),
  class: className(),
}, { description: 'What the pool should be.' }));

export const PoolFilesystem = named('PoolFilesystem', answer({
  uuid: text('UUID of the filesystem.'),
  device: orNull(Type.String(), 'The block device it was made on; null for a directory.'),
  path: text('Where replica files are.'),
  type: text('Type of the filesystem, as the kernel names it.', { examples: ['xfs'] }),
  reflink: flag('Whether files can be cloned without copying.'),
  sector_bytes: count('Logical sector size of what it lies on, in bytes.'),
  capacity_bytes: bytes('What replicas may fill: the whole filesystem of a device; in a directory what is free now and what replicas take.'),
  used_bytes: bytes('What replicas and snapshots take now.'),
}, { description: 'One filesystem of a pool. A replica lives in exactly one.' }));

export const PoolStatus = named('PoolStatus', answer({
  state: choice(['creating', 'ready', 'unavailable', 'removing'], 'State of the pool; the conditions say why it is unavailable.'),
  ...observed,
  filesystems: Type.Array(ref(PoolFilesystem), { description: 'What it is made of.' }),
  capacity_bytes: bytes('Sum over its filesystems, as the kernel says.'),
  used_bytes: bytes('What is used of them.'),
  allocated_bytes: bytes('Sum of the sizes of its volumes (trash included) and of what snapshots reserve.'),
  allocated_by_filesystem: Type.Unsafe<Record<string, number>>({ type: 'object', additionalProperties: { type: 'integer', minimum: 0 }, description: 'The same for each filesystem, by UUID. In bytes.' }),
  reflink: flag('Whether all its filesystems can clone files without copying.'),
}, { description: 'What was last observed.' }));

export const Pool = named('Pool', answer(record('pool', 'pool_01JD9Z3QK7W5T8X2M4N6P0R1SA', PoolSpec, PoolStatus, {
  node: text('Id of the node that it is on.'),
}), { description: 'Backing capacity on a node.' }));
export const PoolPage = pageOf('PoolPage', Pool, 'pools');
export const ChangedPool = changed('ChangedPool', Pool, 'pool');

export const CreatePool = named('CreatePool', request({
  name: nameText('pool', { examples: ['fast'] }),
  node: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Node that it is on: id or name. Default: the node that is asked.' })),
  kind: kind(),
  path: Type.Optional(absolutePath('Kind directory: an existing directory.', { examples: ['/srv/holdfast'] })),
  devices: Type.Optional(devices('Kind device: 1 to 64 block devices.')),
  overcommit: Type.Optional(overcommit({ default: 1 })),
  class: Type.Optional(className()),
  labels: Type.Optional(ref(Labels)),
  owner: Type.Optional(owner()),
  force: Type.Optional(force()),
}, { description: 'The pool to make.', examples: [{ name: 'fast', kind: 'directory', path: '/srv/holdfast' }] }));
export const UpdatePool = named('UpdatePool', request({
  labels: Type.Optional(ref(Labels, { description: 'All labels from now on.' })),
  overcommit: Type.Optional(overcommit()),
  class: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$', description: 'Class from now on, as a name.' })),
  owner: Type.Optional(Type.String({ maxLength: 255, description: 'Who manages it from now on.' })),
}, { description: 'The fields to change; what is not named stays.', examples: [{ overcommit: 1.5 }] }));
export const GrowPool = named('GrowPool', request({
  devices: Type.Optional(devices('Block devices to add. Default: none, only what its devices have grown by is taken in.')),
  force: Type.Optional(force()),
}, { description: 'How to grow.', examples: [{ devices: ['/dev/disk/by-id/nvme-disk2'] }] }));
export const WipePool = named('WipePool', request({
  path: Type.Optional(absolutePath('The directory that the removed pool was in.')),
  device: Type.Optional(absolutePath('Or the block device that it was on.')),
  confirm: Type.String({ maxLength: 4096, description: 'The same path or device once more: what is on it is deleted for good.' }),
}, { description: 'What a removed pool left behind and where. Either `path` or `device`.', examples: [{ path: '/srv/holdfast', confirm: '/srv/holdfast' }] }));
