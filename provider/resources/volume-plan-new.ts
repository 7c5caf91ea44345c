/**
 * Plans of volumes that are to be made, also as the new half of a replacement (Terraform does not tell the two apart):
 * everything that the daemon would refuse at apply is refused here, and what does not fit beside the rest of the plan.
 */
import { clip, formatBytes, parseSize } from '../../src/model/bytes.ts';
import type { CreateVolume } from '../../src/client/client.ts';
import type { HoldfastError } from '../../src/model/errors.ts';
import type { Pool } from '../../src/model/pool.ts';
import { defaultFilesystem, type Volume } from '../../src/model/volume.ts';
import type { PlanContext } from '../framework/index.ts';
import { isUnknown, UNKNOWN } from '../protocol/value.ts';
import type { Connection } from './connection.ts';
import { declaredTwice, existsAlready } from './existing.ts';
import { attributeOf, describeFailure, isCode, wordsOf } from './failure.ts';
import { whyNotTaken } from './volume-adopt.ts';
import { refersTo, type VolumeDraft, type VolumePlan } from './volume-schema.ts';
import { createRequest } from './volume-state.ts';

type Context = PlanContext<Connection>;
interface Draft { readonly config: VolumeDraft; readonly plan: VolumeDraft }

export async function planNewVolume({ config, plan }: Draft, context: Context): Promise<void> {
  const connection = context.client;
  if (config.class === null) plan.class = 'any';
  if (config.source_snapshot === null) plan.source_snapshot = null;
  if (config.if_trashed === null) plan.if_trashed = connection?.defaults.if_trashed ?? UNKNOWN;
  if (config.fs === null && config.source_snapshot === null && !isUnknown(config.size)) plan.fs = defaultFilesystem(parseSize(config.size));
  if (connection === undefined) {
    context.warn('Checks left out', UNCHECKED);
    return;
  }
  plan.cluster_id = await connection.clusterId({ signal: context.signal });
  if (isUnknown(plan.name)) return;
  const existing = await connection.client.volumes.find(plan.name, { signal: context.signal });
  if (existing !== null) return planExisting(existing, plan, connection, context);
  if (!connection.run.plan('volume', plan.name)) context.warn('Name is declared twice', declaredTwice('volume', plan.name), ['name']);
  await planFresh({ config, plan }, connection, context);
}

export const UNCHECKED = 'The provider\'s endpoint or another part of its configuration is not known before apply. This plan did not check names, sizes, capacity and protection against the daemon; apply does.';

/** The name is taken: by what an interrupted create left, or by something that is not touched. */
async function planExisting(existing: Volume, plan: VolumeDraft, connection: Connection, context: Context): Promise<void> {
  const name = String(plan.name);
  const asked = typeof plan.pool === 'string' ? (await connection.pools()).find((pool) => refersTo(String(plan.pool), pool)) : undefined;
  const request = isDecided(plan) ? createRequest(plan, connection) : undefined;
  const because = request === undefined ? 'not everything about the new one is known yet' : whyNotTaken(existing, request, asked?.id ?? (request.pool === undefined ? null : 'another'), connection);
  if (because !== null) {
    context.error('Volume exists already', existsAlready({ noun: 'volume', name, id: existing.id, held: connection.run.isHeld(existing.id), because }), ['name']);
    return;
  }
  plan.size_bytes = existing.spec.size_bytes;
  plan.data_effects = TAKES;
  context.warn('Volume of an interrupted run is taken', `Volume "${name}" (${existing.id}) has the owner "${connection.owner}", is what this configuration asks for, and was never attached: it holds no data.`, ['name']);
}
const TAKES = 'takes the empty volume that an interrupted apply left';

/** Everything that create needs is known. */
const isDecided = (plan: VolumeDraft): plan is VolumePlan =>
  !isUnknown(plan.size) && !isUnknown(plan.access) && !isUnknown(plan.replicas) && !isUnknown(plan.labels_all) && !isUnknown(plan.deletion_protection) && !isUnknown(plan.trash_retention) && !isUnknown(plan.if_trashed);

async function planFresh({ config, plan }: Draft, connection: Connection, context: Context): Promise<void> {
  if (!isDecided(plan)) return;
  const request = createRequest(plan, connection);
  const pool = await poolAsked(config, connection, context);
  const source = await sourceAsked(config, connection, context);
  if (source !== null && !isUnknown(source) && config.fs === null) plan.fs = source.filesystem;
  // Without a pool or a snapshot that is made in the same run, only what does not depend on it can be checked.
  const complete = !isUnknown(pool) && !isUnknown(source);
  const { pool: _pool, source_snapshot: _source, placement: _placement, ...independent } = request;
  const checked = await dryRun(complete ? request : { ...independent, class: 'any' }, complete, connection, context);
  if (checked === 'refused') return;
  const size = parseSize(plan.size);
  if (plan.if_trashed !== 'restore' || checked !== undefined) plan.size_bytes = checked?.spec.size_bytes ?? Math.ceil(size / 4096) * 4096;
  if (checked?.status.state === 'trashed') {
    plan.data_effects = `takes back volume ${checked.id} of this name from the trash, with its data (${formatBytes(checked.spec.size_bytes)})`;
    plan.fs = checked.spec.filesystem;
    return;
  }
  if (plan.if_trashed !== 'restore' || checked !== undefined) plan.data_effects = effectOf(config, size);
  if (complete) await enterLedger(request, pool, checked, connection, context);
}

/** Terraform plans again while it applies, when more is known: the words must be the same then. */
const effectOf = (config: VolumeDraft, size: number): string =>
  `creates ${config.source_snapshot === null ? 'an empty volume' : 'a volume'} of ${formatBytes(size)}${config.source_snapshot === null ? '' : ' with the data of its source snapshot'}`;

/** The pool, null for any, unknown when it is made in this run. */
async function poolAsked({ pool }: VolumeDraft, connection: Connection, context: Context): Promise<Pool | null | typeof UNKNOWN> {
  if (isUnknown(pool)) return pool;
  if (pool === null) return connection.run.makesPools ? UNKNOWN : null;
  const found = (await connection.pools()).find((one) => refersTo(pool, one)) ?? (await connection.client.pools.find(pool, { signal: context.signal }).catch((error: unknown) => {
    if (isCode(error, 'invalid_argument')) return null;
    throw error;
  }));
  if (found !== null && found.status.state !== 'creating') return found;
  if (!connection.run.isPlanned('pool', pool)) context.warn('Pool does not exist yet', `There is no pool "${clip(pool)}" now, so that capacity was not checked. If this configuration makes it, refer to it (pool = holdfast_pool.NAME.name), so that it is made first.`, ['pool']);
  return UNKNOWN;
}

/** The snapshot's facts, null for none, unknown when it is taken in this run. */
async function sourceAsked({ source_snapshot: ref }: VolumeDraft, connection: Connection, context: Context): Promise<{ readonly filesystem: string } | null | typeof UNKNOWN> {
  if (ref === null || isUnknown(ref)) return ref;
  const found = await connection.client.snapshots.find(ref, { signal: context.signal });
  if (found !== null) return found.spec;
  if (!connection.run.isPlanned('snapshot', ref)) context.warn('Snapshot does not exist yet', `There is no snapshot "${clip(ref)}" now. If this configuration takes it, refer to it (source_snapshot = holdfast_snapshot.NAME.id), so that it is taken first.`, ['source_snapshot']);
  return UNKNOWN;
}

/** Asks the daemon what it would refuse, and says it. Undefined: it could not know. */
async function dryRun(request: CreateVolume, complete: boolean, connection: Connection, context: Context): Promise<Volume | 'refused' | undefined> {
  try {
    const { warnings, ...volume } = await connection.client.volumes.create({ ...request, dry_run: true }, { signal: context.signal });
    if (complete) for (const text of warnings) context.warn('About the new volume', text, ['name']);
    return volume;
  } catch (error) {
    if (isCode(error, 'unsupported', 'invalid_argument', 'conflict') || (isCode(error, 'failed_precondition') && isOwnFault(error, complete))) {
      return refuse(error, context);
    }
    if (isCode(error, 'resource_exhausted', 'failed_precondition', 'not_found')) {
      // Space is the ledger's question where this run frees some; without the pool it is nobody's.
      if (complete && !(error.code === 'resource_exhausted' && (await somethingIsFreed(connection)))) return refuse(error, context);
      return undefined;
    }
    throw error;
  }
}
const isOwnFault = (error: HoldfastError, complete: boolean): boolean => complete || ['if_trashed', 'replicas', 'access'].includes(error.detail.field ?? '');
const somethingIsFreed = async (connection: Connection): Promise<boolean> => connection.run.ledger.isFreed((await connection.pools()).flatMap(({ status }) => status.filesystems.map(({ uuid }) => uuid)));

function refuse(error: HoldfastError, context: Context): 'refused' {
  const described = describeFailure(error);
  if (error.detail.field === 'if_trashed') {
    context.error('Volume of this name is in the trash', `${wordsOf(error)} In Terraform: if_trashed = "restore" takes it back with its data, if_trashed = "new" leaves it in the trash and makes an empty one.`, ['if_trashed']);
    return 'refused';
  }
  context.error(error.code === 'resource_exhausted' ? 'Pool is full' : described?.summary ?? 'Not possible as it is', wordsOf(error), attributeOf(error) ?? ['name']);
  return 'refused';
}

async function enterLedger(request: CreateVolume, pool: Pool | null | typeof UNKNOWN, checked: Volume | undefined, connection: Connection, context: Context): Promise<void> {
  const clone = request.source_snapshot !== undefined;
  const home = clone ? checked?.replication.replicas[0] : undefined;
  if (isUnknown(pool) || (clone && home === undefined)) return;
  const verdict = connection.run.ledger.enter({
    object: `volume ${request.name}`, bytes: request.size_bytes ?? 0, pool: home?.pool ?? pool?.id ?? null, class: request.class ?? 'any', filesystem: home?.filesystem ?? null,
  }, (await connection.pools()).filter(({ status }) => status.state === 'ready'));
  if (verdict.fits) return;
  const { others } = verdict;
  const beside = others.length === 0 ? '' : ` beside the rest of this plan (${others.slice(0, 5).join(', ')}${others.length > 5 ? ', …' : ''})`;
  context.error('Pool is full', `Volume "${request.name}" of ${formatBytes(request.size_bytes ?? 0)} does not fit in ${verdict.pools.length === 1 ? `pool "${verdict.pools[0] ?? ''}"` : `any of the pools ${verdict.pools.join(', ')}`}${beside}: ${formatBytes(verdict.left)} would be left. Ask for less, add capacity, or empty the trash (holdfast trash list).`, ['size']);
}
