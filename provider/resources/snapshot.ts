/** `holdfast_snapshot`: a point-in-time copy of a volume. Its definition and plans; changes are in `snapshot-apply.ts`. */
import { formatBytes } from '../../src/model/bytes.ts';
import { isId } from '../../src/model/id.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Volume } from '../../src/model/volume.ts';
import type { PlanChange, PlanContext } from '../framework/index.ts';
import { isUnknown, UNKNOWN } from '../protocol/value.ts';
import type { Connection } from './connection.ts';
import { holdfast } from './define.ts';
import { existsAlready } from './existing.ts';
import { isCode } from './failure.ts';
import { mergedLabels } from './labels.ts';
import { findForImport, identity } from './object.ts';
import { differs, keepPrior } from './plan-inputs.ts';
import { createSnapshot, deleteSnapshot, readSnapshot, updateSnapshot } from './snapshot-apply.ts';
import { snapshotAttributes, type SnapshotAttributes, type SnapshotDraft, type SnapshotState } from './snapshot-schema.ts';
import { UNCHECKED } from './volume-plan-new.ts';

type Context = PlanContext<Connection>;
const INPUTS = ['name', 'volume', 'labels', 'labels_all'];
const FOLLOWS = ['id', 'cluster_id', 'volume_id', 'size_bytes', 'created_at', 'consistency', 'method', 'state'];

export const snapshot = holdfast.resource({
  name: 'snapshot',
  description: 'A snapshot: what a volume holds at the moment when it is first applied, kept in the pool of the volume. Instant where the pool can share blocks, else a sparse copy; a mounted filesystem is frozen for the moment. It is never taken anew by itself: another `name` is another snapshot. Restoring is done with `holdfast snapshot restore`; a volume that begins with it has it as `source_snapshot`.',
  example: `resource "holdfast_snapshot" "before_upgrade" {
  name   = "before-upgrade"
  volume = holdfast_volume.db.id
}
`,
  attributes: snapshotAttributes,
  identity: identity<SnapshotState>('snapshot'),
  importHelp: 'Import by id or `volume@snapshot`:\n\n```terraform\nimport {\n  to = holdfast_snapshot.before_upgrade\n  id = "db@before-upgrade"\n}\n```',
  modifyPlan: (change, context) => planSnapshot(change, context),
  planDestroy: (prior, context) => planSnapshotDestroy(prior, context),
  create: (plan, context) => createSnapshot(plan, context),
  read: (state, context) => readSnapshot(state, context),
  update: (plan, prior, context) => updateSnapshot(plan, prior, context),
  delete: (state, context) => deleteSnapshot(state, context),
  async import(target, context) {
    const { id } = await findForImport('snapshot', target, context, (ref) => context.client.client.snapshots.find(ref, { signal: context.signal }));
    return { id };
  },
});

async function planSnapshot({ prior, config, plan, requireReplace, replaces }: PlanChange<SnapshotAttributes>, context: Context): Promise<void> {
  const defaults = context.client?.defaults;
  if (config.labels === null || defaults !== undefined) plan.labels_all = defaults === undefined ? prior?.labels_all ?? UNKNOWN : mergedLabels(config.labels, defaults.labels);
  if (prior === null) return planNewSnapshot(plan, context);
  context.client?.run.hold(prior.id);
  if (await isOfOtherVolume(prior, plan, context)) requireReplace(['volume']);
  else if (!replaces) return planUpdate(prior, plan, context);
  context.warn('Snapshot will be taken anew', `Snapshot "${prior.name}" (${prior.id}) of ${prior.created_at} is deleted, and what it holds with it; the new one holds what its volume has then. To keep the old one, leave its name and volume as they are and declare another.`);
}

/** The volume may be written as a name or an id; both may mean the one that it is of. */
async function isOfOtherVolume(prior: SnapshotState, plan: SnapshotDraft, context: Context): Promise<boolean> {
  if (isUnknown(plan.volume)) return true;
  if (plan.volume === prior.volume || plan.volume === prior.volume_id) {
    plan.volume = prior.volume;
    return false;
  }
  if (isId('volume', plan.volume) || context.client === undefined) return true;
  const named = await context.client.client.volumes.find(plan.volume, { signal: context.signal });
  if (named?.id !== prior.volume_id) return true;
  plan.volume = prior.volume;
  return false;
}

function planUpdate(prior: SnapshotState, plan: SnapshotDraft, context: Context): void {
  const unfinished = prior.state === 'incomplete' || prior.state === 'creating';
  keepPrior(FOLLOWS, plan, prior);
  if (!unfinished) return;
  for (const name of ['size_bytes', 'created_at', 'consistency', 'method', 'state']) (plan as Record<string, unknown>)[name] = UNKNOWN;
  if (!differs(snapshotAttributes, INPUTS, plan, prior)) context.warn('Snapshot is incomplete', `An apply was interrupted while snapshot "${prior.name}" (${prior.id}) was taken; this one finishes it in place.`);
}

async function planNewSnapshot(plan: SnapshotDraft, context: Context): Promise<void> {
  const connection = context.client;
  if (connection === undefined) return context.warn('Checks left out', UNCHECKED);
  plan.cluster_id = await connection.clusterId({ signal: context.signal });
  if (isUnknown(plan.name) || isUnknown(plan.volume)) return;
  const { name, volume: ref } = plan;
  connection.run.plan('snapshot', `${ref}@${name}`);
  const volume = await connection.client.volumes.find(ref, { signal: context.signal });
  if (volume === null) {
    if (!connection.run.isPlanned('volume', ref)) context.warn('Volume does not exist yet', `There is no volume "${ref}" now. If this configuration makes it, refer to it (volume = holdfast_volume.NAME.id), so that it is made first.`, ['volume']);
    return;
  }
  plan.volume_id = volume.id;
  const existing = await connection.client.snapshots.find(`${volume.id}@${name}`, { signal: context.signal });
  if (existing !== null) return context.error('Snapshot exists already', takenDetail(existing, volume.name, connection), ['name']);
  await checkRoom(volume, name, connection, context);
}

/** A snapshot holds data from the moment it is taken: it is never taken over. */
export const takenDetail = (existing: Snapshot, volumeName: string, { run }: Connection): string =>
  existsAlready({ noun: 'snapshot', name: `${volumeName}@${existing.name}`, id: existing.id, held: run.isHeld(existing.id), because: `it holds what its volume had at ${existing.created_at}` });

/** It may come to take what its volume takes now. */
async function checkRoom(volume: Volume, name: string, connection: Connection, context: Context): Promise<void> {
  const [replica] = volume.replication.replicas;
  const bytes = Math.min(volume.status.used_bytes ?? 0, volume.spec.size_bytes);
  if (replica === undefined) return;
  const verdict = connection.run.ledger.enter({ object: `snapshot ${volume.id}@${name}`, bytes, pool: replica.pool, class: 'any', filesystem: replica.filesystem }, await connection.pools());
  if (verdict.fits || verdict.pools.length === 0) return;
  context.error('Pool is full', `Snapshot "${volume.name}@${name}" may come to take ${formatBytes(bytes)}, and pool "${verdict.pools[0] ?? ''}" has room for ${formatBytes(verdict.left)}${verdict.others.length > 0 ? ` beside ${verdict.others.slice(0, 5).join(', ')} of this plan` : ''}. Remove old snapshots, add capacity, or empty the trash (holdfast trash list).`, ['volume']);
}

async function planSnapshotDestroy(prior: SnapshotState, context: Context): Promise<void> {
  const connection = context.client;
  if (connection === undefined) return;
  connection.run.leave(prior.id);
  await connection.checkCluster(prior.cluster_id, `Snapshot "${prior.name}"`, { signal: context.signal });
  const found = await connection.client.snapshots.find(prior.id, { signal: context.signal }).catch((error: unknown) => {
    if (isCode(error, 'not_found')) return null;
    throw error;
  });
  if (found !== null) context.warn('Data of a snapshot will be deleted', `Snapshot "${found.volume_name}@${found.name}" (${found.id}) of ${found.created_at} is deleted for good: snapshots have no trash.`);
}
