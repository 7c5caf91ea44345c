/** The attributes of `holdfast_volume`, and what kind each is in a plan. */
import { parseSize } from '../../src/model/bytes.ts';
import { parseDuration } from '../../src/model/duration.ts';
import { checkName, isName } from '../../src/model/name.ts';
import { FILESYSTEMS } from '../../src/model/volume.ts';
import { between, oneOf, matching, t, timeouts, type DraftOf, type PlanOf, type StateOf } from '../framework/index.ts';
import { understood } from './check.ts';
import { IF_TRASHED } from './connection.ts';
import { labelAttributes } from './labels.ts';

export const CLASS = matching(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'be a class: 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit');

/** Where a replica of a volume is. */
export const copies = t.listOf({
  id: t.string().computed().describe('Id of the replica.'),
  node: t.string().computed().describe('Id of its node.'),
  pool: t.string().computed().describe('Id of its pool.'),
  state: t.string().computed().describe('`in-sync` holds every acknowledged write; otherwise `syncing`, `stale` or `lost`.'),
});

export const volumeAttributes = {
  name: t.string().required().requiresReplace().validate(understood((name: string) => checkName('volume', name)))
    .describe('What containers call it: 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit. Another name is another volume: the old one is destroyed, with what protects it.'),
  size: t.string().required().validate(understood((size: string) => parseSize(size)))
    .describe('At least this big: a whole number and a unit, such as `512M`, `10G` or `2TiB`. Units are binary (`G`, `GB` and `GiB` are all 2^30 bytes), from `8M` to `1P`, rounded up to 4096 bytes. Raising it grows the volume in place, mounted or not; a lower number than before is refused. A volume that was grown elsewhere shows no difference: `size_bytes` has its real size.'),
  pool: t.string().optionalComputed()
    .describe('Pool that it must be in: name or id. It cannot be changed. Default: a pool of its class that has room; then this is the name of that pool.'),
  class: t.string().optionalComputed().validate(CLASS)
    .describe('Class of pool to choose from; `any` is every pool. Counts when the volume is made, and is not changed later. Default `any`.'),
  fs: t.string().optionalComputed().validate(oneOf(...FILESYSTEMS))
    .describe('Filesystem: `xfs` or `ext4`. It cannot be changed. Default `xfs`, but `ext4` below 300 MiB, where XFS refuses; a clone has that of its snapshot.'),
  access: t.string().default('single').validate(oneOf('single', 'shared'))
    .describe('`single`: written on one node at a time, by any number of its containers. `shared` (on many nodes at once) is refused by daemons that do not offer it. It cannot be changed. Default `single`.'),
  replicas: t.int().default(1).validate(between(1, 3))
    .describe('Number of copies, 1 to 3, each on another node. A daemon with fewer storage nodes refuses it. Default 1.'),
  ...labelAttributes,
  deletion_protection: t.bool().optionalComputed()
    .describe('Whether destroying it is refused, while it is planned and by the daemon. To destroy it: set this to `false`, apply, then destroy. Default: the provider\'s `defaults.deletion_protection`, else `true`.'),
  trash_retention: t.string().default('7d').validate(understood((text: string) => parseDuration(text, 'trash_retention')))
    .describe('How long its data is kept in the trash after it was destroyed, such as `12h`, `7d` or `2w`; `0` keeps nothing: it is gone at once. At most 100 years. Default `7d`.'),
  if_trashed: t.string().optionalComputed().validate(oneOf(...IF_TRASHED))
    .describe('What to do when a volume of this name is in the trash: `refuse`, `restore` it with its data, or make a `new` one beside it. Counts when the volume is made. Default: the provider\'s `defaults.if_trashed`, else `refuse`.'),
  source_snapshot: t.string().optionalComputed().nullable()
    .describe('Snapshot that it begins with: id, or `volume@snapshot`. Counts when the volume is made; it is in the pool of the snapshot then. Default: it begins empty.'),
  placement: t.object({
    zones: t.list(t.string()).describe('Only in one of these zones. Default: any.'),
    labels: t.map(t.string()).describe('Only in pools that, themselves or by their node, carry all of these labels. Default: any.'),
    node: t.string().describe('Only on this node: name or id. Default: any.'),
    spread_by: t.string().describe('Key of a label of the volume: zones, then nodes, with fewer volumes of the same value are preferred. Default: none.'),
    anti_affinity: t.string().describe('Key of a label of the volume: never on a node that holds a volume with the same value. Default: none.'),
  }).describe('Where it may be. Counts when the volume is made, and cannot be changed. `holdfast volume explain` tells why it is where it is. Default: anywhere.'),
  id: t.string().computed().describe('Id: `vol_…`. Never changes.'),
  cluster_id: t.string().computed().describe('Id of the cluster that it is in. Answers of another cluster are refused.'),
  size_bytes: t.int().computed().describe('Its real size, in bytes; at least `size`.'),
  state: t.string().computed().describe('`ready`, `degraded`, `unavailable`, `creating`, or `incomplete`: begun, and finished by the next apply.'),
  generation: t.int().computed().describe('How often it was attached; 0 was never, so it holds no data.'),
  data_effects: t.string().computed().describe('What the last planned change does to data, as a sentence. Known in the plan.'),
  device: t.string().computed().nullable().describe('Its block device while it is attached, else null.'),
  mount_path: t.string().computed().nullable().describe('Where it is mounted on its node, else null.'),
  copies: copies.computed().describe('Where its replicas are.'),
  timeouts: timeouts({ create: '20m', read: '2m', update: '20m', delete: '20m' }),
};

export type VolumeState = StateOf<typeof volumeAttributes>;
export type VolumePlan = PlanOf<typeof volumeAttributes>;
export type VolumeDraft = DraftOf<typeof volumeAttributes>;

/** What the user decides, or the provider from what the user said. */
export const VOLUME_INPUTS = ['name', 'size', 'pool', 'class', 'fs', 'access', 'replicas', 'labels', 'labels_all', 'deletion_protection', 'trash_retention', 'if_trashed', 'source_snapshot', 'placement'] as const;
/** What follows; in updates it stays as it was, unless the plan says otherwise. */
export const VOLUME_FOLLOWS = ['id', 'cluster_id', 'size_bytes', 'state', 'generation', 'data_effects', 'device', 'mount_path', 'copies'] as const;

/** Whether a text refers to an object by its id or name. */
export const refersTo = (text: string, object: { readonly id: string; readonly name: string }): boolean => text === object.id || (isName(text) && text === object.name);
