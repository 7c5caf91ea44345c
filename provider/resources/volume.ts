/** `holdfast_volume`: what a container mounts. */
import { formatBytes, parseSize } from '../../src/model/bytes.ts';
import { HoldfastError } from '../../src/model/errors.ts';
import { isId } from '../../src/model/id.ts';
import { MIN_XFS_BYTES, type Volume } from '../../src/model/volume.ts';
import { checkShape } from '../../src/model/spec.ts';
import { ProviderError, type ResourceContext } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import type { Connection } from './connection.ts';
import { holdfast } from './define.ts';
import { wordsOf } from './failure.ts';
import { identity, findForImport, warnOfConditions } from './object.ts';
import { createVolume, deleteVolume, inTrash, updateVolume } from './volume-apply.ts';
import { planVolumeDestroy } from './volume-destroy.ts';
import { planVolume } from './volume-plan.ts';
import { volumeAttributes, type VolumeState } from './volume-schema.ts';
import { poolOf, volumeState } from './volume-state.ts';

const EXAMPLE = `resource "holdfast_pool" "fast" {
  name = "fast"
  path = "/srv/holdfast"
}

resource "holdfast_volume" "db" {
  name = "db"
  size = "10G"
  pool = holdfast_pool.fast.name

  labels = {
    app = "shop"
  }
}
`;

export const volume = holdfast.resource({
  name: 'volume',
  description: 'A volume: a filesystem of a declared size in a pool, which containers mount by its name. It is made with its filesystem, grows in place by raising `size`, and is destroyed only after `deletion_protection` was set to `false` and applied. What would lose data is refused while it is planned: replacing it (`-replace`, `taint`, `replace_triggered_by`), shrinking it, and taking over a volume that exists already.',
  example: EXAMPLE,
  version: 1,
  attributes: volumeAttributes,
  // What is where was called "placement" before that became the rule for it.
  upgrade: { 0: ({ placement, ...rest }) => ({ ...rest, copies: placement ?? [], placement: null }) },
  identity: identity<VolumeState>('volume'),
  importHelp: 'Import by name or id:\n\n```terraform\nimport {\n  to = holdfast_volume.db\n  id = "db"\n}\n```',
  validate(config, { error }) {
    if (isUnknown(config.size) || isUnknown(config.name)) return;
    try {
      // A clone takes the filesystem of its snapshot, whatever its size.
      checkShape({ name: config.name, size_bytes: parseSize(config.size), ...(config.fs === 'xfs' && config.source_snapshot === null ? { filesystem: 'xfs' } : {}) });
    } catch (thrown) {
      if (!(thrown instanceof HoldfastError)) throw thrown;
      if (thrown.detail.field === 'fs') return error('Value cannot be used', `XFS cannot be made on ${config.size}: it needs ${formatBytes(MIN_XFS_BYTES)}. Use fs = "ext4" (the default below that), or size = "300M" or more.`, ['fs']);
      error('Value cannot be used', wordsOf(thrown), ['size']);
    }
  },
  modifyPlan: (change, context) => planVolume(change, context),
  planDestroy: (prior, context) => planVolumeDestroy(prior, context),
  create: (plan, context) => createVolume(plan, context),
  read: readVolume,
  update: (plan, prior, context) => updateVolume(plan, prior, context),
  delete: (state, context) => deleteVolume(state, context),
  async import(target, context) {
    const found = await findForImport('volume', target, context, (ref) => context.client.client.volumes.find(ref, { signal: context.signal }));
    if (found.status.state === 'trashed') throw inTrash(`Volume "${found.status.trashed?.name ?? found.name}"`, found.id);
    context.private['size_declared'] = false;
    return { id: found.id };
  },
});

async function readVolume(state: VolumeState, context: ResourceContext<Connection>): Promise<VolumeState | null> {
  const { client: connection, signal } = context;
  const object = `Volume "${state.name ?? state.id}"`;
  const clusterId = await connection.checkCluster(state.cluster_id, object, { signal });
  connection.run.hold(state.id);
  if (!isId('volume', state.id)) throw new ProviderError('State is damaged', `${object} has the id "${state.id}", which is none of a volume.`);
  const found = await connection.client.volumes.find(state.id, { signal });
  if (found === null) {
    // Gone only if the cluster that says so is the one that had it.
    await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
    return null;
  }
  if (found.status.state === 'trashed') throw inTrash(object, state.id);
  warnOfState(found, state, context);
  return volumeState(found, await poolOf(found, connection), state, connection, clusterId);
}

/** What is not as it should be is told, and never mended by itself. */
function warnOfState(found: Volume, state: VolumeState, context: ResourceContext<Connection>): void {
  warnOfConditions('volume', found, context);
  if (found.status.state === 'incomplete' || found.status.state === 'creating') context.warn('Volume is incomplete', `Volume "${found.name}" (${found.id}) is ${found.status.state}: an earlier apply was interrupted. The next apply finishes it in place.`);
  const declared = state.size === null || context.private['size_declared'] === false ? undefined : parseSize(state.size);
  if (declared !== undefined && found.spec.size_bytes > declared) {
    context.warn('Volume is larger than declared', `Volume "${found.name}" has ${formatBytes(found.spec.size_bytes)}; ${state.size} is declared, which is a minimum. It was grown elsewhere; to make that the declaration, write the larger size.`);
  }
}
