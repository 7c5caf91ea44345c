/** Create, read, update and delete of `holdfast_snapshot`. */
import type { Snapshot } from '../../src/model/snapshot.ts';
import { ProviderError, type ApplyContext, type ResourceContext } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import { make } from './begun.ts';
import type { Connection } from './connection.ts';
import { isCode } from './failure.ts';
import { ownLabels } from './labels.ts';
import { warnOfConditions } from './object.ts';
import { settled } from './plan-inputs.ts';
import { whenFree } from './retry.ts';
import type { SnapshotAttributes, SnapshotPlan, SnapshotState } from './snapshot-schema.ts';
import { takenDetail } from './snapshot.ts';
import { sameLabels } from './volume-apply.ts';

type Applying = ApplyContext<SnapshotAttributes, Connection>;
type Before = { readonly [K in keyof SnapshotState]: SnapshotState[K] | null };
const beforeOf = (plan: SnapshotPlan): Before => Object.fromEntries(Object.entries(plan).map(([name, value]) => [name, isUnknown(value) ? null : value])) as Before;

function snapshotState(snapshot: Snapshot, before: Before, connection: Connection, clusterId: string): SnapshotState {
  const { spec, status } = snapshot;
  return {
    name: snapshot.name,
    volume: before.volume ?? spec.volume,
    labels: ownLabels(snapshot.labels, before, connection.defaults.labels),
    labels_all: { ...snapshot.labels },
    id: snapshot.id,
    cluster_id: clusterId,
    volume_id: spec.volume,
    size_bytes: spec.size_bytes,
    created_at: snapshot.created_at,
    consistency: status.consistency,
    method: status.method,
    state: status.state,
    timeouts: before.timeouts,
  };
}

export async function createSnapshot(plan: SnapshotPlan, context: Applying): Promise<SnapshotState> {
  const { client: connection, signal } = context;
  const clusterId = await connection.checkCluster(isUnknown(plan.cluster_id) ? null : plan.cluster_id, `Snapshot "${plan.name}"`, { signal, fresh: true });
  const labels = isUnknown(plan.labels_all) ? {} : plan.labels_all;
  const volume = await connection.client.volumes.get(plan.volume, { signal });
  connection.run.ledger.release(`snapshot ${volume.id}@${plan.name}`);
  const find = () => connection.client.snapshots.find(`${volume.id}@${plan.name}`);
  try {
    const made = await make<Snapshot>({
      signal,
      send: async (options) => {
        const { warnings, ...rest } = await connection.client.snapshots.create({ volume: volume.id, name: plan.name, labels, owner: connection.owner }, options);
        for (const text of warnings) context.warn('About the new snapshot', text);
        return rest;
      },
      find,
      remove: async ({ id }) => { await connection.client.snapshots.remove(id); },
    });
    if ('object' in made) {
      connection.run.hold(made.object.id);
      return settled(plan, snapshotState(made.object, beforeOf(plan), connection, clusterId));
    }
    const id = typeof made.incomplete.args['snapshot'] === 'string' ? made.incomplete.args['snapshot'] : '';
    if (id === '') throw new ProviderError('Snapshot may be incomplete', `Snapshot "${plan.name}" of volume "${volume.name}" was begun, and its end is not known: ${made.because} If it is there afterwards, import it or remove it (holdfast snapshot list).`);
    context.warn('Snapshot is incomplete', `Snapshot "${plan.name}" (${id}) of volume "${volume.name}" was begun, and its end is not known: ${made.because} It is kept in the state as incomplete; the next apply finishes it in place, or takes it anew if the daemon took it back.`);
    return { ...plan, labels_all: labels, id, cluster_id: clusterId, volume_id: volume.id, size_bytes: volume.spec.size_bytes, created_at: made.incomplete.created_at, consistency: 'crash', method: null, state: 'incomplete' };
  } catch (error) {
    if (!isCode(error, 'conflict') || error.retryable || error.detail.field !== 'name') throw error;
    const existing = await find();
    if (existing === null) throw error;
    throw new ProviderError('Snapshot exists already', takenDetail(existing, volume.name, connection), ['name']);
  }
}

export async function readSnapshot(state: SnapshotState, context: ResourceContext<Connection>): Promise<SnapshotState | null> {
  const { client: connection, signal } = context;
  const object = `Snapshot "${state.name ?? state.id}"`;
  const clusterId = await connection.checkCluster(state.cluster_id, object, { signal });
  connection.run.hold(state.id);
  const found = await connection.client.snapshots.find(state.id, { signal });
  if (found === null) {
    await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
    return null;
  }
  const volume = await connection.client.volumes.find(found.spec.volume, { signal });
  if (volume?.status.state === 'trashed') {
    throw new ProviderError('Volume of the snapshot is in the trash', `${object} (${found.id}) went into the trash with its volume ${volume.id}. Take the volume back: holdfast trash restore ${volume.id}. If it shall stay there, stop managing the snapshot with a "removed" block or "terraform state rm".`);
  }
  warnOfConditions('snapshot', found, context);
  return snapshotState(found, state, connection, clusterId);
}

export async function updateSnapshot(plan: SnapshotPlan, prior: SnapshotState, { client: connection, signal }: Applying): Promise<SnapshotState> {
  const object = `Snapshot "${prior.name}"`;
  const clusterId = await connection.checkCluster(prior.cluster_id, object, { signal, fresh: true });
  for (const operation of await connection.client.operations.list({ target: prior.volume_id, running: true }, { signal }).all()) {
    if (operation.args['snapshot'] === prior.id) await connection.client.operations.wait(operation, { signal });
  }
  let snapshot = await connection.client.snapshots.get(prior.id, { signal });
  if (snapshot.status.state === 'creating') throw new ProviderError('Snapshot could not be finished', `${object} is still being taken, and nothing works on it any more. Remove it (holdfast snapshot remove ${prior.id}) and apply again.`);
  const labels = isUnknown(plan.labels_all) ? undefined : plan.labels_all;
  if (labels !== undefined && !sameLabels(labels, snapshot.labels)) snapshot = await whenFree(signal, () => connection.client.snapshots.update(prior.id, { labels }, { signal }));
  return settled(plan, snapshotState(snapshot, beforeOf(plan), connection, clusterId));
}

export async function deleteSnapshot(state: SnapshotState, context: ResourceContext<Connection>): Promise<void> {
  const { client: connection, signal } = context;
  const object = `Snapshot "${state.name}"`;
  await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
  try {
    await whenFree(signal, () => connection.client.snapshots.remove(state.id, { signal, cancelOnAbort: true }));
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
    await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
  }
}
