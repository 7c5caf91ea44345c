/** Volumes, as they are sent and as they are asked for. */
import { Type } from 'typebox';
import { DEFAULT_TRASH_RETENTION_MS, DEFAULT_VOLUME_BYTES, FILESYSTEMS, MAX_VOLUME_BYTES, MIN_VOLUME_BYTES, MIN_XFS_BYTES } from '../../../model/volume.ts';
import { absolutePath, answer, bytes, choice, className, count, flag, millis, named, nameText, orNull, owner, ref, reference, request, text, time } from './building.ts';
import { Labels, changed, observed, pageOf, record } from './record.ts';

const MAX_RETENTION_MS = 36_525 * 86_400_000;
const filesystem = (more: object = {}) => choice(FILESYSTEMS, `Filesystem inside the volume. Default xfs, or ext4 below ${MIN_XFS_BYTES} bytes (300 MiB), where XFS refuses.`, more);
const access = (more: object = {}) => choice(['single', 'shared'], '`single`: written on one node at a time. `shared`: on many at once.', more);
const size = (what: string, more: object = {}) =>
  bytes(`${what} Rounded up to a multiple of 4096; from ${MIN_VOLUME_BYTES} (8 MiB) to ${MAX_VOLUME_BYTES} (1 PiB).`, { minimum: MIN_VOLUME_BYTES, maximum: MAX_VOLUME_BYTES, examples: [10_737_418_240], ...more });
const replicas = (more: object = {}) => Type.Integer({ minimum: 1, maximum: 3, description: 'Number of copies, 1 to 3.', ...more });
const protection = (more: object = {}) => flag('Refuse to delete it while this is true.', more);
const retention = (more: object = {}) =>
  millis('How long its trash is kept after deletion; 0 purges at once. At most 100 years.', { maximum: MAX_RETENTION_MS, examples: [DEFAULT_TRASH_RETENTION_MS], ...more });

const Placement = named('PlacementRules', request({
  zones: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 63 }), { maxItems: 64, description: 'Only in one of these zones. Default: any.' })),
  labels: Type.Optional(ref(Labels, { description: 'Only in pools that, themselves or by their node, carry every one of these labels. Default: any.' })),
  node: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Only on this node: id or name. Default: any.' })),
  spread_by: Type.Optional(Type.String({ minLength: 1, maxLength: 63, description: 'Key of a label of the volume: zones, then nodes, with fewer volumes of the same value and rule are preferred.' })),
  anti_affinity: Type.Optional(Type.String({ minLength: 1, maxLength: 63, description: 'Key of a label of the volume: never on a node that holds a volume with the same value and rule.' })),
}, { description: 'Where a volume may be.', examples: [{ zones: ['rack-1'], anti_affinity: 'app' }] }));

export const VolumeSpec = named('VolumeSpec', answer({
  size_bytes: bytes('Size of the block device.'),
  filesystem: filesystem(),
  access: access(),
  replicas: replicas(),
  class: className(),
  pool: orNull(Type.String(), 'Id of the pool it must be placed in; null for any that suits.'),
  deletion_protection: protection(),
  trash_retention_ms: retention(),
  source_snapshot: orNull(Type.String(), 'Id of the snapshot it was cloned from; null when it was not.'),
  placement: Type.Optional(ref(Placement, { description: 'Where it may be; absent: anywhere.' })),
  min_in_sync: count('Writes are acknowledged while at least so many replicas hold them.'),
  movable: flag('Whether the writer may move to another node by itself.'),
}, { description: 'What the volume should be.' }));

export const Publication = named('Publication', answer({
  consumer: text('Who: `docker:<mount id>` or `path:<target path>`.'),
  path: orNull(Type.String(), 'Bind mount made for the consumer; null where it uses the mount point of the volume itself.'),
  read_only: flag('Whether the consumer may only read.'),
  since: time('When it was mounted.'),
  boot_id: text('Boot of the machine that the mount belongs to.'),
}, { description: 'A mount made for one consumer.' }));

const Trashed = named('Trashed', answer({
  at: time('When it was deleted.'),
  purge_at: time('When it will be purged.'),
  name: text('The name it had.'),
}, { description: 'When the volume was put into the trash, and until when it can be restored.' }));

export const VolumeStatus = named('VolumeStatus', answer({
  state: choice(['creating', 'ready', 'degraded', 'unavailable', 'incomplete', 'trashed'], 'State of the volume as a whole; the conditions say why.'),
  ...observed,
  used_bytes: orNull(Type.Integer({ minimum: 0 }), 'Bytes that its image takes on the medium; null before it was seen.'),
  written_at: orNull(Type.String(), 'Last modification of its image, ISO 8601, UTC; null before it was seen.'),
  device: orNull(Type.String(), 'Block device on the node that writes; null when detached.'),
  mount_path: orNull(Type.String(), 'Where it is mounted on the node that writes; null when it is not.'),
  publications: Type.Array(ref(Publication), { description: 'The consumers that have it mounted.' }),
  trashed: orNull(ref(Trashed), 'Set in the state `trashed` only.'),
}, { description: 'What was last observed.' }));

const NodeLease = named('NodeLease', answer({
  node: text('Id of the node.'),
  lease: text('Lease that the node holds; on the embedded store the boot id of its machine.'),
}, { description: 'A node, and what proves that it is still the same.' }));

const ReplicaHome = named('ReplicaHome', answer({
  node: text('Id of the node.'),
  epoch: count('Raised by every move.'),
  path: text('Where its files are.'),
}, { description: 'Where the files of a replica are.' }));

export const Replica = named('Replica', answer({
  id: text('Id of the replica.'),
  node: text('Id of its node.'),
  pool: text('Id of its pool.'),
  filesystem: text('UUID of the filesystem of the pool that it lives in.'),
  state: choice(['in-sync', 'syncing', 'stale', 'lost'], '`in-sync` holds every acknowledged write.'),
  home: orNull(ref(ReplicaHome), 'Where its files are; null before they were made.'),
}, { description: 'One copy of a volume.' }));

const HeldSnapshot = named('HeldSnapshot', answer({
  id: text('Id of the snapshot.'),
  replicas: Type.Array(Type.String(), { description: 'Ids of the replicas that hold it.' }),
}, { description: 'Which replicas hold a snapshot.' }));

export const ReplicationRecord = named('ReplicationRecord', answer({
  history: count('Which line of content: raised by a restore.'),
  generation: count('Raised at every attach and take-over: the fencing token. 0 was never attached.'),
  set_version: count('Raised by every change of the set of replicas.'),
  size: bytes('Size that the replicas have.'),
  writer: orNull(ref(NodeLease), 'The node that may write; null when detached.'),
  clean: flag('Whether the last writer ended in order.'),
  attaching: orNull(ref(NodeLease), 'The node that is attaching it; null otherwise.'),
  replicas: Type.Array(ref(Replica), { description: 'All copies.' }),
  snapshots: Type.Array(ref(HeldSnapshot), { description: 'The snapshots and who holds them.' }),
}, { description: 'Where the data are and who may write them.' }));

export const Volume = named('Volume', answer(record('volume', 'vol_01JD9Z3QK7W5T8X2M4N6P0R1SA', VolumeSpec, VolumeStatus, {
  replication: ref(ReplicationRecord),
}), { description: 'What a container mounts.' }));
export const VolumePage = pageOf('VolumePage', Volume, 'volumes');
export const ChangedVolume = changed('ChangedVolume', Volume, 'volume');

const wanted = {
  size_bytes: Type.Optional(size('Size.', { default: DEFAULT_VOLUME_BYTES })),
  filesystem: Type.Optional(filesystem()),
  access: Type.Optional(access({ default: 'single' })),
  replicas: Type.Optional(replicas({ default: 1 })),
  class: Type.Optional(className()),
  pool: Type.Optional(reference('pool that it must be in', { description: 'Id or name of the pool that it must be in. Default: any pool of its class that has room.' })),
  placement: Type.Optional(ref(Placement, { description: 'Where it may be. Default: anywhere.' })),
  labels: Type.Optional(ref(Labels)),
  owner: Type.Optional(owner()),
  deletion_protection: Type.Optional(protection({ default: false })),
  trash_retention_ms: Type.Optional(retention({ default: DEFAULT_TRASH_RETENTION_MS })),
  source_snapshot: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'Snapshot to clone: its id, or `volume@snapshot`. Default: an empty volume.', examples: ['db@before-upgrade'] })),
  if_trashed: Type.Optional(choice(['refuse', 'restore', 'new'], 'What to do when a volume of that name is in the trash: refuse, restore it, or make a new one with a warning.', { default: 'new' })),
  dry_run: Type.Optional(flag('Check everything that would be refused, and make nothing: the answer is 200 and the volume as it would be.', { default: false })),
};

export const CreateVolume = named('CreateVolume', request({ name: nameText('volume', { examples: ['db'] }), ...wanted }, {
  description: 'The volume to make.',
  examples: [{ name: 'db', size_bytes: 10_737_418_240, labels: { app: 'shop' } }],
}));
export const EnsureVolume = named('EnsureVolume', request(wanted, {
  description: 'What the volume of this name must be at least. Size and replicas are minimums; what is not named is not compared.',
  examples: [{ size_bytes: 10_737_418_240 }],
}));
export const UpdateVolume = named('UpdateVolume', request({
  labels: Type.Optional(ref(Labels, { description: 'All labels from now on.' })),
  owner: Type.Optional(Type.String({ maxLength: 255, description: 'Who manages it from now on.' })),
  deletion_protection: Type.Optional(protection()),
  trash_retention_ms: Type.Optional(retention()),
}, { description: 'The fields to change; what is not named stays.', examples: [{ deletion_protection: true }] }));
export const ResizeVolume = named('ResizeVolume', request({
  size_bytes: size('The new size: the present one or larger (shrinking is refused).'),
}, { description: 'The size to grow to, while it is in use or not.', examples: [{ size_bytes: 21_474_836_480 }] }));
export const PublishVolume = named('PublishVolume', request({
  consumer: Type.String({ minLength: 1, maxLength: 512, description: 'Who mounts it: the same consumer again is the same mount.', examples: ['path:/srv/db'] }),
  path: Type.Optional(absolutePath('Where to mount it for the consumer. Default: the mount point of the volume itself.', { examples: ['/srv/db'] })),
  read_only: Type.Optional(flag('Mount it for reading only.', { default: false })),
}, { description: 'Who wants it mounted, and where.', examples: [{ consumer: 'path:/srv/db', path: '/srv/db' }] }));
export const PublishedVolume = named('PublishedVolume', answer({
  volume: ref(Volume),
  mount_path: text('Where the consumer finds the files.'),
}, { description: 'The volume, and where it is mounted for the consumer.' }));
export const UnpublishVolume = named('UnpublishVolume', request({
  consumer: Type.Optional(Type.String({ minLength: 1, maxLength: 512, description: 'The consumer that needs it no longer.' })),
  path: Type.Optional(absolutePath('Or the path where it was mounted.')),
}, { description: 'Which mount to remove: by consumer, by path or by both. One of them must be named.', examples: [{ path: '/srv/db' }] }));
export const RestoreTrash = named('RestoreTrash', request({
  name: Type.Optional(nameText('restored volume')),
}, { description: 'Under which name to restore it; default: the one it had.', examples: [{ name: 'db-again' }] }));

const ScoreParts = named('PlacementScore', answer({
  zone_volumes: count('Volumes of the same `spread_by` group in the zone; fewer come first.'),
  node_volumes: count('Volumes of that group on the node; of equal zones, fewer come first.'),
  free_share: Type.Number({ description: 'Share of the pool that would stay free, 0 to 1; of equal nodes, the larger comes first.' }),
}, { description: 'What the order of the candidates is made of.' }));
const Candidate = named('PlacementCandidate', answer({
  pool: text('Id of the pool.'),
  name: text('Name of the pool.'),
  node: text('Id of its node.'),
  node_name: text('Name of its node; "" when the node is not known.'),
  zone: text('Failure domain of its node; "" for none.'),
  fits: flag('Whether the volume can be there.'),
  reason: text('Why, or why not.'),
  score: Type.Number({ description: 'Share of the pool that would stay free, 0 to 1; -1 where it does not fit.' }),
  parts: orNull(ref(ScoreParts), 'What its rank is made of; null where it does not fit.'),
}, { description: 'One pool that was looked at.' }));
export const PlacementExplanation = named('PlacementExplanation', answer({
  chosen: Type.Array(Type.String(), { description: 'Ids of the pools that it is in.' }),
  chosen_now: Type.Array(Type.String(), { description: 'Ids of the pools that would be chosen if it were made now; empty when there is no place.' }),
  refusal: orNull(Type.String(), 'Why there would be no place now; null when there is one.'),
  candidates: Type.Array(ref(Candidate), { description: 'All pools, best first; those that do not fit last.' }),
}, { description: 'Why a volume is where it is.' }));
