/** Create, update and delete of `holdfast_volume`. */
import { formatBytes, parseSize } from '../../src/model/bytes.ts';
import { parseDuration } from '../../src/model/duration.ts';
import type { Operation } from '../../src/model/operation.ts';
import type { Volume } from '../../src/model/volume.ts';
import { ProviderError, type ApplyContext, type ResourceContext } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import { make } from './begun.ts';
import type { Connection } from './connection.ts';
import { declaredTwice, existsAlready } from './existing.ts';
import { isCode } from './failure.ts';
import { settled } from './plan-inputs.ts';
import { whenFree } from './retry.ts';
import { whyNotTaken } from './volume-adopt.ts';
import type { volumeAttributes, VolumePlan, VolumeState } from './volume-schema.ts';
import { createRequest, NO_EFFECT, poolOf, volumeState, type Before } from './volume-state.ts';
import { refersTo } from './volume-schema.ts';

type Applying = ApplyContext<typeof volumeAttributes, Connection>;

export async function createVolume(plan: VolumePlan, context: Applying): Promise<VolumeState> {
  const { client: connection, signal } = context;
  const clusterId = await connection.checkCluster(isUnknown(plan.cluster_id) ? null : plan.cluster_id, `Volume "${plan.name}"`, { signal, fresh: true });
  const request = createRequest(plan, connection);
  if (!connection.run.begin('volume', plan.name)) throw new ProviderError('Name is declared twice', declaredTwice('volume', plan.name), ['name']);
  connection.run.ledger.release(`volume ${plan.name}`);
  let volume: Volume;
  try {
    const made = await make<Volume>({
      signal,
      send: async (options) => {
        const { warnings, ...rest } = await connection.client.volumes.create(request, options);
        for (const text of warnings) context.warn('About the new volume', text);
        return rest;
      },
      find: async ({ target }) => {
        const left = await connection.client.volumes.find(target.id);
        return left?.status.state === 'trashed' ? null : left;
      },
      remove: async ({ id }) => { await connection.client.volumes.remove(id, { purge: true }); },
    });
    if (!('object' in made)) return incompleteState(plan, made, clusterId, context);
    volume = made.object;
  } catch (error) {
    if (!isCode(error, 'conflict') || error.retryable || error.detail.field === 'Idempotency-Key') throw error;
    volume = await takeExisting(plan, context, error);
  }
  connection.run.hold(volume.id);
  volume = await finishSettings(volume, plan, context);
  const state = volumeState(volume, await poolOf(volume, connection), beforeOf(plan), connection, clusterId);
  return settled(plan, { ...state, data_effects: isUnknown(plan.data_effects) ? `creates a volume of ${formatBytes(volume.spec.size_bytes)}` : plan.data_effects });
}

/** The name is taken: by an empty volume that an interrupted create of ours left, or it is refused. */
async function takeExisting(plan: VolumePlan, { client: connection, signal }: Applying, refusal: Error): Promise<Volume> {
  const existing = await connection.client.volumes.find(plan.name, { signal });
  if (existing === null) throw refusal; // the conflict was about something else, or it has just gone
  const request = createRequest(plan, connection);
  const pool = request.pool === undefined ? null : (await connection.pools()).find((one) => refersTo(request.pool ?? '', one))?.id ?? 'another';
  const because = whyNotTaken(existing, request, pool, connection);
  if (because !== null) throw new ProviderError('Volume exists already', existsAlready({ noun: 'volume', name: plan.name, id: existing.id, held: connection.run.isHeld(existing.id), because }), ['name']);
  connection.run.hold(existing.id);
  await finishRunning(existing.id, connection, signal);
  return connection.client.volumes.get(existing.id, { signal });
}

/** Waits for what still runs on it, such as the create that a former run began. */
async function finishRunning(id: string, connection: Connection, signal: AbortSignal): Promise<void> {
  for (const operation of await connection.client.operations.list({ target: id, running: true }, { signal }).all()) await connection.client.operations.wait(operation, { signal });
}

/**
 * Sets what a taken or restored volume may have in another way. Its data is there by now, so a failure is a warning and
 * drift that the next plan shows.
 */
async function finishSettings(volume: Volume, plan: VolumePlan, context: Applying): Promise<Volume> {
  const change = settingsOf(volume, plan, context.client.owner);
  if (Object.keys(change).length === 0) return volume;
  try {
    return await context.client.client.volumes.update(volume.id, change, { signal: context.signal });
  } catch (error) {
    context.warn('Volume is not as planned yet', `Volume "${volume.name}" exists, but ${Object.keys(change).join(', ')} could not be set: ${error instanceof Error ? error.message : String(error)}. The next apply does it.`);
    return volume;
  }
}

type Settings = Parameters<Connection['client']['volumes']['update']>[1];
/** What an update has to send; {} when nothing differs. */
function settingsOf(volume: Volume, plan: VolumePlan, owner?: string): Settings {
  const retention = parseDuration(plan.trash_retention, 'trash_retention');
  const labels = isUnknown(plan.labels_all) ? undefined : plan.labels_all;
  return {
    ...(labels === undefined || sameLabels(labels, volume.labels) ? {} : { labels }),
    ...(isUnknown(plan.deletion_protection) || plan.deletion_protection === volume.spec.deletion_protection ? {} : { deletion_protection: plan.deletion_protection }),
    ...(retention === volume.spec.trash_retention_ms ? {} : { trash_retention_ms: retention }),
    ...(owner === undefined || owner === volume.owner ? {} : { owner }),
  };
}
export const sameLabels = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([key, value]) => b[key] === value);

/** What the user wrote, where the state has to have it as written. */
const beforeOf = (plan: VolumePlan): Before => Object.fromEntries(Object.entries(plan).map(([name, value]) => [name, isUnknown(value) ? null : value])) as Before;

/** Kept in the state, since it exists or may: the next apply finishes it in place, or finds that it is gone. */
function incompleteState(plan: VolumePlan, { incomplete: { target, id }, because }: { readonly incomplete: Operation; readonly because: string }, clusterId: string, context: Applying): VolumeState {
  context.warn('Volume is incomplete', `Volume "${plan.name}" (${target.id}) was begun, and its end is not known: ${because} It is kept in the state as incomplete; the next apply finishes it in place, or makes it anew if the daemon took it back. Its operation: holdfast operation watch ${id}`);
  const before = beforeOf(plan);
  return {
    ...plan, pool: before.pool ?? '', class: before.class ?? 'any', fs: before.fs ?? '', labels_all: before.labels_all ?? {}, deletion_protection: before.deletion_protection ?? true, if_trashed: before.if_trashed ?? 'refuse',
    source_snapshot: before.source_snapshot, labels: before.labels, id: target.id, cluster_id: clusterId, size_bytes: before.size_bytes ?? parseSize(plan.size), state: 'incomplete', generation: 0,
    data_effects: before.data_effects ?? `creates a volume of ${plan.size}`, device: null, mount_path: null, copies: [],
  };
}

export async function updateVolume(plan: VolumePlan, prior: VolumeState, context: Applying): Promise<VolumeState> {
  const { client: connection, signal } = context;
  const object = `Volume "${prior.name}"`;
  const clusterId = await connection.checkCluster(prior.cluster_id, object, { signal, fresh: true });
  connection.run.hold(prior.id);
  connection.run.ledger.release(`volume ${prior.name}`);
  if (prior.state === 'incomplete' || prior.state === 'creating') await finishRunning(prior.id, connection, signal);
  let volume = await connection.client.volumes.get(prior.id, { signal });
  refuseUnusable(volume, object);
  const pool = await poolOf(volume, connection);
  if (!isUnknown(plan.pool) && !refersTo(plan.pool, pool) && prior.pool !== plan.pool && prior.pool !== '') {
    throw new ProviderError('Volume cannot be changed in this way', `${object} is in pool "${pool.name}" and cannot be moved to "${plan.pool}". Make a new volume there under another name and copy the files.`, ['pool']);
  }
  const wanted = parseSize(plan.size);
  const from = volume.spec.size_bytes;
  // Progress keeps the connection's answers short; a growth cannot be cancelled, so an interrupt waits for its end.
  if (wanted > from) volume = await whenFree(signal, () => connection.client.volumes.resize(prior.id, wanted, { signal, cancelOnAbort: true }));
  const change = settingsOf(volume, plan);
  if (Object.keys(change).length > 0) volume = await whenFree(signal, () => connection.client.volumes.update(prior.id, change, { signal }));
  const state = volumeState(volume, pool, beforeOf(plan), connection, clusterId);
  return settled(plan, { ...state, data_effects: wanted > from ? `grows from ${formatBytes(from)} to ${formatBytes(wanted)}` : NO_EFFECT });
}

function refuseUnusable({ id, name, status }: Volume, object: string): void {
  if (status.state === 'trashed') throw inTrash(object, id);
  if (status.state === 'creating' || status.state === 'incomplete') {
    throw new ProviderError('Volume could not be finished', `${object} is still ${status.state}, and nothing works on it any more. It was never usable: remove it (holdfast volume remove ${name} --purge) and apply again.`);
  }
}

export const inTrash = (object: string, id: string): ProviderError => new ProviderError('Volume is in the trash', `${object} (${id}) was put into the trash by somebody else. Take it back: holdfast trash restore ${id}. If it shall stay there, stop managing it with a "removed" block or "terraform state rm"; a new one of its name then needs if_trashed = "new".`);

export async function deleteVolume(state: VolumeState, context: ResourceContext<Connection>): Promise<void> {
  const { client: connection, signal } = context;
  const object = `Volume "${state.name}"`;
  await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
  connection.run.leave(state.id);
  try {
    const { warnings } = await whenFree(signal, () => connection.client.volumes.remove(state.id, { signal, cancelOnAbort: true }));
    for (const text of warnings) context.warn('About the removed volume', text);
  } catch (error) {
    // Gone, or in the trash already: what was asked for.
    if (isCode(error, 'not_found')) return void await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
    const left = isCode(error, 'failed_precondition') ? await connection.client.volumes.find(state.id, { signal }) : undefined;
    if (left === null || left?.status.state === 'trashed') return;
    throw error;
  }
}
