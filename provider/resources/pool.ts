/** `holdfast_pool`: capacity that volumes live in. Plans are in `pool-plan.ts`, changes in `pool-apply.ts`. */
import { isUnknown } from '../protocol/value.ts';
import { holdfast } from './define.ts';
import { findForImport, identity } from './object.ts';
import { createPool, deletePool, readPool, updatePool } from './pool-apply.ts';
import { planPool, planPoolDestroy } from './pool-plan.ts';
import { poolAttributes, type PoolState } from './pool-schema.ts';

export const pool = holdfast.resource({
  name: 'pool',
  description: 'A pool: capacity on a node that volumes live in. Either an existing directory, or block devices that become one XFS each. Destroying it deletes no file, and is refused while volumes are in it.',
  example: `resource "holdfast_pool" "fast" {
  name    = "fast"
  devices = ["/dev/disk/by-id/nvme-disk1", "/dev/disk/by-id/nvme-disk2"]
  class   = "fast"
}

resource "holdfast_pool" "scratch" {
  name = "scratch"
  path = "/srv/holdfast"
}
`,
  attributes: poolAttributes,
  identity: identity<PoolState>('pool'),
  importHelp: 'Import by name or id:\n\n```terraform\nimport {\n  to = holdfast_pool.fast\n  id = "fast"\n}\n```',
  validate({ path, devices, kind }, { error }) {
    if (isUnknown(path) || isUnknown(devices) || isUnknown(kind)) return;
    if (path !== null && devices !== null) error('Too many places for a pool', 'A pool is either in a directory (path) or on block devices (devices): give one of the two.', ['devices']);
    if (path === null && devices === null) error('No place for a pool', 'A pool needs a directory (path) or block devices (devices).');
    if (kind === 'directory' && path === null && devices !== null) error('Kind does not fit', 'kind = "directory" has a path, not devices.', ['kind']);
    if (kind === 'device' && devices === null && path !== null) error('Kind does not fit', 'kind = "device" has devices, not a path.', ['kind']);
    if (devices !== null && new Set(devices).size !== devices.length) error('Device is named twice', 'Each device may be named once.', ['devices']);
  },
  modifyPlan: (change, context) => planPool(change, context),
  planDestroy: (prior, context) => planPoolDestroy(prior, context),
  create: (plan, context) => createPool(plan, context),
  read: (state, context) => readPool(state, context),
  update: (plan, prior, context) => updatePool(plan, prior, context),
  delete: (state, context) => deletePool(state, context),
  async import(target, context) {
    const { id } = await findForImport('pool', target, context, (ref) => context.client.client.pools.find(ref, { signal: context.signal }));
    return { id };
  },
});
