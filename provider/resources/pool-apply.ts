/** Create, read, update and delete of `holdfast_pool`. */
import { availableBytes, type Pool, type PoolKind } from '../../src/model/pool.ts';
import { ProviderError, type ApplyContext, type ResourceContext } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import { make } from './begun.ts';
import type { Connection } from './connection.ts';
import { declaredTwice, existsAlready } from './existing.ts';
import { isCode } from './failure.ts';
import { ownLabels } from './labels.ts';
import { warnOfConditions } from './object.ts';
import { settled } from './plan-inputs.ts';
import { whyPoolNotTaken } from './pool-plan.ts';
import type { PoolAttributes, PoolPlan, PoolState } from './pool-schema.ts';
import { whenFree } from './retry.ts';
import { sameLabels } from './volume-apply.ts';

type Applying = ApplyContext<PoolAttributes, Connection>;
type Before = { readonly [K in keyof PoolState]: PoolState[K] | null };

const beforeOf = (plan: PoolPlan): Before => Object.fromEntries(Object.entries(plan).map(([name, value]) => [name, isUnknown(value) ? null : value])) as Before;

async function poolState(pool: Pool, before: Before, connection: Connection, clusterId: string): Promise<PoolState> {
  const { spec, status } = pool;
  return {
    name: pool.name,
    kind: spec.kind,
    path: before.path !== null && spec.path !== null && before.path.replace(/\/+/g, '/').replace(/(.)\/$/, '$1') === spec.path ? before.path : spec.path,
    devices: spec.kind === 'device' ? [...spec.devices] : before.devices === null ? null : [],
    force: before.force,
    overcommit: spec.overcommit,
    class: spec.class,
    labels: ownLabels(pool.labels, before, connection.defaults.labels),
    labels_all: { ...pool.labels },
    id: pool.id,
    cluster_id: clusterId,
    node: before.node !== null && await connection.isNode(before.node, pool.node) ? before.node : pool.node,
    state: status.state,
    reflink: status.reflink,
    allocated_bytes: status.allocated_bytes,
    ...sizesOf(pool, before),
    timeouts: before.timeouts,
  };
}

/** The filesystem below a directory is used by others too; what changes a little all the time must not be a difference. */
function sizesOf(pool: Pool, before: Before): Pick<PoolState, 'capacity_bytes' | 'used_bytes' | 'available_bytes'> {
  const { capacity_bytes: capacity, used_bytes: used } = pool.status;
  const now = { capacity_bytes: capacity, used_bytes: used, available_bytes: availableBytes(pool) };
  const { capacity_bytes, used_bytes, available_bytes } = before;
  if (capacity_bytes === null || used_bytes === null || available_bytes === null) return now;
  const close = (a: number, b: number): boolean => Math.abs(a - b) <= capacity_bytes / 100;
  const alike = before.allocated_bytes === pool.status.allocated_bytes && before.overcommit === pool.spec.overcommit && close(capacity, capacity_bytes) && close(used, used_bytes);
  return alike ? { capacity_bytes, used_bytes, available_bytes } : now;
}

export async function createPool(plan: PoolPlan, context: Applying): Promise<PoolState> {
  const { client: connection, signal } = context;
  const clusterId = await connection.checkCluster(isUnknown(plan.cluster_id) ? null : plan.cluster_id, `Pool "${plan.name}"`, { signal, fresh: true });
  if (isUnknown(plan.kind) || isUnknown(plan.labels_all)) throw new ProviderError('Value is not known', 'kind and labels are still not known, although everything before them was applied.');
  if (!connection.run.begin('pool', plan.name)) throw new ProviderError('Name is declared twice', declaredTwice('pool', plan.name), ['name']);
  const request = {
    name: plan.name, kind: plan.kind as PoolKind, overcommit: plan.overcommit, class: plan.class, labels: plan.labels_all, owner: connection.owner, force: plan.force ?? false, ...(isUnknown(plan.node) ? {} : { node: plan.node }),
    ...(plan.path === null ? {} : { path: plan.path }), ...(plan.devices === null ? {} : { devices: plan.devices }),
  };
  let pool: Pool;
  try {
    const made = await make<Pool>({
      signal,
      send: async (options) => {
        const { warnings, ...rest } = await connection.client.pools.create(request, options);
        for (const text of warnings) context.warn('About the new pool', text);
        return rest;
      },
      find: ({ target }) => connection.client.pools.find(target.id),
      remove: async ({ id }) => { await connection.client.pools.remove(id); },
    });
    if (!('object' in made)) {
      const { target } = made.incomplete;
      context.warn('Pool is incomplete', `Pool "${plan.name}" (${target.id}) was begun, and its end is not known: ${made.because} It is kept in the state as incomplete; the next apply finishes it in place, or makes it anew if the daemon took it back.`);
      return { ...plan, kind: plan.kind, labels_all: request.labels, id: target.id, cluster_id: clusterId, node: isUnknown(plan.node) ? '' : plan.node, state: 'incomplete', reflink: false, capacity_bytes: 0, allocated_bytes: 0, used_bytes: 0, available_bytes: 0 };
    }
    pool = made.object;
  } catch (error) {
    if (!isCode(error, 'conflict') || error.retryable || error.detail.field !== 'name') throw error;
    pool = await takeExisting(plan, context, error);
  }
  connection.run.hold(pool.id);
  return settled(plan, await poolState(pool, beforeOf(plan), connection, clusterId));
}

async function takeExisting(plan: PoolPlan, { client: connection, signal }: Applying, refusal: Error): Promise<Pool> {
  const existing = await connection.client.pools.find(plan.name, { signal });
  if (existing === null) throw refusal;
  const because = whyPoolNotTaken(existing, plan, connection);
  if (because !== null) throw new ProviderError('Pool exists already', existsAlready({ noun: 'pool', name: plan.name, id: existing.id, held: connection.run.isHeld(existing.id), because }), ['name']);
  connection.run.hold(existing.id);
  await finishRunning(existing.id, connection, signal);
  return setSettings(await connection.client.pools.get(existing.id, { signal }), plan, connection, signal);
}

async function finishRunning(id: string, { client }: Connection, signal: AbortSignal): Promise<void> {
  for (const operation of await client.operations.list({ target: id, running: true }, { signal }).all()) await client.operations.wait(operation, { signal });
}

async function setSettings(pool: Pool, plan: PoolPlan, { client }: Connection, signal: AbortSignal): Promise<Pool> {
  const labels = isUnknown(plan.labels_all) ? undefined : plan.labels_all;
  const change = {
    ...(plan.overcommit === pool.spec.overcommit ? {} : { overcommit: plan.overcommit }),
    ...(plan.class === pool.spec.class ? {} : { class: plan.class }),
    ...(labels === undefined || sameLabels(labels, pool.labels) ? {} : { labels }),
  };
  return Object.keys(change).length === 0 ? pool : whenFree(signal, () => client.pools.update(pool.id, change, { signal }));
}

export async function readPool(state: PoolState, context: ResourceContext<Connection>): Promise<PoolState | null> {
  const { client: connection, signal } = context;
  const object = `Pool "${state.name ?? state.id}"`;
  const clusterId = await connection.checkCluster(state.cluster_id, object, { signal });
  connection.run.hold(state.id);
  const found = await connection.client.pools.find(state.id, { signal });
  if (found === null) {
    await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
    return null;
  }
  warnOfConditions('pool', found, context);
  return poolState(found, state, connection, clusterId);
}

export async function updatePool(plan: PoolPlan, prior: PoolState, context: Applying): Promise<PoolState> {
  const { client: connection, signal } = context;
  const clusterId = await connection.checkCluster(prior.cluster_id, `Pool "${prior.name}"`, { signal, fresh: true });
  connection.run.hold(prior.id);
  if (prior.state === 'incomplete' || prior.state === 'creating') await finishRunning(prior.id, connection, signal);
  let pool = await connection.client.pools.get(prior.id, { signal });
  if (pool.status.state === 'creating') throw new ProviderError('Pool could not be finished', `Pool "${prior.name}" is still being made, and nothing works on it any more. Remove it (holdfast pool remove ${prior.name}) and apply again.`);
  const added = (plan.devices ?? []).filter((device) => !pool.spec.devices.includes(device));
  if (added.length > 0) pool = await whenFree(signal, () => connection.client.pools.grow(prior.id, { devices: added, force: plan.force ?? false }, { signal, cancelOnAbort: true }));
  pool = await setSettings(pool, plan, connection, signal);
  return settled(plan, await poolState(pool, beforeOf(plan), connection, clusterId));
}

export async function deletePool(state: PoolState, context: ResourceContext<Connection>): Promise<void> {
  const { client: connection, signal } = context;
  const object = `Pool "${state.name}"`;
  await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
  try {
    const { warnings } = await whenFree(signal, () => connection.client.pools.remove(state.id, { signal, cancelOnAbort: true }));
    for (const text of warnings) context.warn('About the removed pool', text);
  } catch (error) {
    if (!isCode(error, 'not_found')) throw error;
    await connection.checkCluster(state.cluster_id, object, { signal, fresh: true });
  }
}
