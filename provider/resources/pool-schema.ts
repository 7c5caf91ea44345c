/** The attributes of `holdfast_pool`. */
import { checkName } from '../../src/model/name.ts';
import { POOL_KINDS } from '../../src/model/pool.ts';
import { between, matching, oneOf, sizeBetween, t, timeouts, type DraftOf, type PlanOf, type StateOf } from '../framework/index.ts';
import { understood } from './check.ts';
import { labelAttributes } from './labels.ts';
import { CLASS } from './volume-schema.ts';

const ABSOLUTE = matching(/^\/(?!.*(^|\/)\.{1,2}(\/|$))[^\0]*$/, 'be an absolute path without "." and ".." in it');

export const poolAttributes = {
  name: t.string().required().requiresReplace().validate(understood((name: string) => checkName('pool', name)))
    .describe('What volumes refer to it by: 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit. Another name is another pool.'),
  kind: t.string().optionalComputed().validate(oneOf(...POOL_KINDS))
    .describe('`directory`: an existing path. `device`: whole block devices, each made into an XFS of its own. It cannot be changed. Default: as `path` or `devices` are given.'),
  path: t.string().validate(ABSOLUTE)
    .describe('Kind `directory`: an existing directory, as an absolute path. Snapshots are instant where its filesystem can share blocks (XFS, btrfs). It cannot be changed. Give either this or `devices`.'),
  devices: t.list(t.string().validate(ABSOLUTE)).validate(sizeBetween(1, 64))
    .describe('Kind `device`: 1 to 64 block devices, as absolute paths; best by id (`/dev/disk/by-id/…`). One that holds anything or is mounted is refused. Devices added at the end of the list are added to the pool; none can be taken away. What a device itself has grown by is taken in by `holdfast pool grow NAME`.'),
  force: t.bool()
    .describe('Whether devices that hold something are taken and **overwritten**, when the pool is made and when devices are added. Never one that is mounted. Default `false`.'),
  overcommit: t.float().default(1).validate(between(0.1, 100))
    .describe('Sizes of volumes may add up to capacity × overcommit, 0.1 to 100. Above 1, a full pool can surprise a volume. Default 1.'),
  class: t.string().default('any').validate(CLASS)
    .describe('A word that volumes can ask for instead of the name, such as `fast`. Default `any`.'),
  ...labelAttributes,
  id: t.string().computed().describe('Id: `pool_…`. Never changes.'),
  cluster_id: t.string().computed().describe('Id of the cluster that it is in. Answers of another cluster are refused.'),
  node: t.string().optionalComputed().keepsPrior()
    .describe('Node that it is on: name or id. It cannot be changed. Default: the node that the provider\'s endpoint is; then this is its id.'),
  state: t.string().computed().describe('`ready`, `unavailable`, `creating`, `removing`, or `incomplete`: begun, and finished by the next apply.'),
  reflink: t.bool().computed().describe('Whether snapshots and clones are instant and share blocks here.'),
  capacity_bytes: t.int().computed().describe('What the filesystems below it can hold, in bytes. Changes of less than 1 % (a directory shares its filesystem with others) are left out, so that they are no difference.'),
  allocated_bytes: t.int().computed().describe('Sum of the sizes of its volumes (trash included) and of what snapshots reserve, in bytes.'),
  used_bytes: t.int().computed().describe('What replicas and snapshots really take, in bytes; as exact as `capacity_bytes`.'),
  available_bytes: t.int().computed().describe('What volumes can still be given, in bytes; as exact as `capacity_bytes`. One volume has to fit in one of its filesystems.'),
  timeouts: timeouts({ create: '10m', read: '2m', update: '10m', delete: '10m' }),
};
export type PoolAttributes = typeof poolAttributes;
export type PoolState = StateOf<PoolAttributes>;
export type PoolPlan = PlanOf<PoolAttributes>;
export type PoolDraft = DraftOf<PoolAttributes>;
