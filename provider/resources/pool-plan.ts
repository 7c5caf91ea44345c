/** Plans of `holdfast_pool`: what may change, what is refused, and whether it may be destroyed. */
import type { Pool } from '../../src/model/pool.ts';
import type { PlanChange, PlanContext } from '../framework/index.ts';
import { isUnknown, UNKNOWN } from '../protocol/value.ts';
import type { Connection } from './connection.ts';
import { declaredTwice, existsAlready } from './existing.ts';
import { mergedLabels } from './labels.ts';
import { differs, keepPrior } from './plan-inputs.ts';
import { poolAttributes, type PoolAttributes, type PoolDraft, type PoolState } from './pool-schema.ts';
import { UNCHECKED } from './volume-plan-new.ts';

type Context = PlanContext<Connection>;
const INPUTS = ['name', 'kind', 'path', 'devices', 'force', 'overcommit', 'class', 'labels', 'labels_all'];
const FOLLOWS = ['id', 'cluster_id', 'state', 'reflink', 'capacity_bytes', 'allocated_bytes', 'used_bytes', 'available_bytes'];
const SIZES = ['capacity_bytes', 'allocated_bytes', 'used_bytes', 'available_bytes'];

export async function planPool({ prior, config, plan, replaces }: PlanChange<PoolAttributes>, context: Context): Promise<void> {
  const defaults = context.client?.defaults;
  if (config.kind === null) plan.kind = isUnknown(config.path) || isUnknown(config.devices) ? prior?.kind ?? UNKNOWN : config.path !== null ? 'directory' : 'device';
  if (config.labels === null || defaults !== undefined) plan.labels_all = defaults === undefined ? prior?.labels_all ?? UNKNOWN : mergedLabels(config.labels, defaults.labels);
  if (prior === null) return planNewPool(plan, context);
  context.client?.run.hold(prior.id);
  if (replaces) return planPoolDestroy(prior, context);
  if (!isUnknown(plan.name)) context.client?.run.plan('pool', plan.name);
  await planUpdate(prior, plan, context);
}

async function planNewPool(plan: PoolDraft, context: Context): Promise<void> {
  const connection = context.client;
  if (connection === undefined) return context.warn('Checks left out', UNCHECKED);
  plan.cluster_id = await connection.clusterId({ signal: context.signal });
  if (plan.force === true && !isUnknown(plan.devices) && plan.devices !== null) {
    context.warn('Devices will be overwritten', `Pool "${String(plan.name)}" takes ${plan.devices.join(', ')} with force = true: whatever they hold is lost.`, ['force']);
  }
  if (isUnknown(plan.name)) return;
  if (!connection.run.plan('pool', plan.name)) context.warn('Name is declared twice', declaredTwice('pool', plan.name), ['name']);
  const existing = await connection.client.pools.find(plan.name, { signal: context.signal });
  if (existing === null) return connection.run.makePool();
  const because = whyPoolNotTaken(existing, plan, connection);
  if (because === null) context.warn('Pool of an interrupted run is taken', `Pool "${existing.name}" (${existing.id}) has the owner "${connection.owner}", is what this configuration asks for, and no volume was ever given room in it.`, ['name']);
  else context.error('Pool exists already', existsAlready({ noun: 'pool', name: existing.name, id: existing.id, held: connection.run.isHeld(existing.id), because }), ['name']);
}

/** Null when a pool of this name is what an interrupted create of ours left, else why it is not taken. */
export function whyPoolNotTaken(existing: Pool, plan: Pick<PoolDraft, 'kind' | 'path' | 'devices'>, { owner, run }: Connection): string | null {
  if (run.isHeld(existing.id) || run.isLeaving(existing.id)) return 'this state holds it already';
  if (owner === '') return 'the provider has no "owner", so that it cannot be told whether an interrupted run of this configuration made it';
  if (existing.owner !== owner) return existing.owner === '' ? 'it has no owner' : `its owner is "${existing.owner}", not "${owner}"`;
  if (existing.status.allocated_bytes > 0) return 'volumes or trash are in it';
  const same = existing.spec.kind === plan.kind && (existing.spec.kind === 'directory' ? existing.spec.path === normal(plan.path) : JSON.stringify(existing.spec.devices) === JSON.stringify(plan.devices));
  return same ? null : 'it is in another place';
}
const normal = (path: unknown): string => String(path).replace(/\/+/g, '/').replace(/(.)\/$/, '$1');

async function planUpdate(prior: PoolState, plan: PoolDraft, context: Context): Promise<void> {
  if (typeof plan.path === 'string' && prior.path !== null && normal(plan.path) === normal(prior.path)) plan.path = prior.path;
  await keepNode(prior, plan, context);
  refuseFixed(prior, plan, context);
  const unfinished = prior.state === 'incomplete' || prior.state === 'creating';
  const changed = differs(poolAttributes, INPUTS, plan, prior);
  const larger = differs(poolAttributes, ['devices', 'overcommit'], plan, prior);
  keepPrior(FOLLOWS, plan, prior);
  if (!changed && !unfinished) return;
  const open = [...(larger || unfinished ? SIZES : []), ...(unfinished ? ['state', 'reflink'] : [])];
  if (plan.node === '') plan.node = UNKNOWN;
  for (const name of open) (plan as Record<string, unknown>)[name] = UNKNOWN;
  if (unfinished) context.warn('Pool is incomplete', `An apply was interrupted while pool "${prior.name}" (${prior.id}) was made; this one finishes it in place.`);
}

/** A node may be written as its name or its id. */
async function keepNode(prior: PoolState, plan: PoolDraft, { client }: Context): Promise<void> {
  if (isUnknown(plan.node) || plan.node === null || plan.node === prior.node || client === undefined) return;
  const nodes = await client.nodes();
  const [before, now] = [prior.node, plan.node].map((ref) => nodes.find(({ id, name }) => id === ref || name === ref));
  if (before !== undefined && before === now) plan.node = prior.node;
}

function refuseFixed(prior: PoolState, plan: PoolDraft, context: Context): void {
  const way = `Make a pool there under another name; the volumes of "${prior.name}" stay where they are.`;
  for (const [name, before, now] of [['kind', prior.kind, plan.kind], ['path', prior.path, plan.path], ['node', prior.node, plan.node]] as const) {
    if (isUnknown(now) || now === before) continue;
    context.error('Pool cannot be changed in this way', `Pool "${prior.name}" has ${name} = ${JSON.stringify(before)}, which cannot become ${JSON.stringify(now)}: its volumes are there. ${way}`, [name]);
  }
  const devices = plan.devices;
  if (isUnknown(devices) || JSON.stringify(devices) === JSON.stringify(prior.devices) || prior.kind !== 'device') return;
  const before = prior.devices ?? [];
  const listed: readonly unknown[] = devices ?? [];
  const gone = before.filter((device) => !listed.includes(device));
  if (gone.length > 0) return context.error('Devices cannot be taken away', `Pool "${prior.name}" lies on ${gone.join(', ')}: a device of a pool cannot be removed, since volumes may be on it. Put it back into the list.`, ['devices']);
  if (before.some((device, index) => listed[index] !== device)) return context.error('Devices keep their order', `Pool "${prior.name}" has ${before.join(', ')} in this order. Add devices at the end of the list.`, ['devices']);
  const added = listed.slice(before.length);
  if (plan.force === true) context.warn('Devices will be overwritten', `Pool "${prior.name}" takes ${added.join(', ')} with force = true: whatever they hold is lost.`, ['force']);
}

/** Refused while volumes are in it that this run does not destroy; also for the old half of a replacement. */
export async function planPoolDestroy(prior: PoolState, context: Context): Promise<void> {
  const connection = context.client;
  if (connection === undefined) return context.warn('Checks left out', UNCHECKED);
  connection.run.leave(prior.id);
  await connection.checkCluster(prior.cluster_id, `Pool "${prior.name}"`, { signal: context.signal });
  const pool = await connection.client.pools.find(prior.id, { signal: context.signal });
  if (pool === null) return;
  const inside = await connection.client.volumes.list({ pool: prior.id }, { signal: context.signal }).all();
  const staying = inside.filter(({ id }) => !connection.run.isLeaving(id));
  const list = (volumes: readonly { readonly name: string }[]): string => `${volumes.slice(0, 5).map(({ name }) => name).join(', ')}${volumes.length > 5 ? ', …' : ''}`;
  // Volumes of this run may be planned after their pool; what is protected, foreign or managed elsewhere surely stays.
  const certain = staying.filter(({ id, spec }) => spec.deletion_protection || !connection.run.isHeld(id));
  if (certain.length > 0) {
    context.error('Pool is not empty', `Pool "${prior.name}" (${prior.id}) holds ${inside.length} volume(s), and ${certain.length} of them would stay: ${list(certain)}. A pool with live volumes is not removed. Destroy them first (those of this configuration should refer to it, as pool = holdfast_pool.NAME.name does, so that they go before it), or stop managing the pool with a "removed" block.`);
  } else if (staying.length > 0) {
    context.warn('Pool is not empty yet', `Pool "${prior.name}" holds ${list(staying)}. The daemon refuses to remove it unless they are destroyed before it.`);
  }
}
