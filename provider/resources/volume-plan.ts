/** Plans of `holdfast_volume` for volumes that exist: what may change, what it does to the data, and what is refused. */
import { formatBytes, formatSize, MIB, parseSize } from '../../src/model/bytes.ts';
import { parseDuration } from '../../src/model/duration.ts';
import type { PlanChange, PlanContext } from '../framework/index.ts';
import { isUnknown, isWhollyKnown, UNKNOWN } from '../protocol/value.ts';
import type { Connection } from './connection.ts';
import { mergedLabels } from './labels.ts';
import { differs, keepPrior } from './plan-inputs.ts';
import { warnOfDeletion } from './volume-destroy.ts';
import { NO_EFFECT } from './volume-state.ts';
import { planNewVolume } from './volume-plan-new.ts';
import { refersTo, VOLUME_FOLLOWS, VOLUME_INPUTS, volumeAttributes, type VolumeDraft, type VolumeState } from './volume-schema.ts';

type Change = PlanChange<typeof volumeAttributes>;
type Context = PlanContext<Connection>;

export async function planVolume(change: Change, context: Context): Promise<void> {
  const { prior, config, plan } = change;
  const defaults = context.client?.defaults;
  // Left to the provider: its defaults, once it is configured.
  if (config.deletion_protection === null) plan.deletion_protection = defaults?.deletion_protection ?? prior?.deletion_protection ?? UNKNOWN;
  if (config.labels === null || defaults !== undefined) plan.labels_all = defaults === undefined ? prior?.labels_all ?? UNKNOWN : mergedLabels(config.labels, defaults.labels);
  if (prior === null) return planNewVolume({ config, plan }, context);
  context.client?.run.hold(prior.id);
  if (change.replaces) return planReplacement(prior, context);
  await planUpdate({ prior, config, plan }, context);
}

/** The old half: Terraform asks nobody before it destroys it, so this is the last word. */
async function planReplacement(prior: VolumeState, context: Context): Promise<void> {
  if (prior.deletion_protection) {
    context.error('Volume is protected', `A new name would make a new volume and destroy "${prior.name}" (${prior.id}), which is protected. Keep the name; or set deletion_protection = false for it and apply before it is renamed; or stop managing it with a "removed" block, and declare the new one.`, ['name']);
    return;
  }
  await warnOfDeletion(prior, context);
}

async function planUpdate({ prior, config, plan }: { prior: VolumeState; config: VolumeDraft; plan: VolumeDraft }, context: Context): Promise<void> {
  // What counts at creation only is no change later, whatever is written now.
  plan.class = prior.class;
  plan.if_trashed = prior.if_trashed;
  if (config.source_snapshot === null || prior.source_snapshot !== null) plan.source_snapshot = prior.source_snapshot;
  if (typeof config.class === 'string' && config.class !== prior.class) {
    context.warn('Class counts at creation only', `Volume "${prior.name}" was made for class ${prior.class} and stays where it is; class = "${config.class}" changes nothing.`, ['class']);
  }
  if (sameRetention(plan.trash_retention, prior.trash_retention)) plan.trash_retention = prior.trash_retention;
  if (config.fs === null) plan.fs = prior.fs;
  await keepPool({ prior, config, plan }, context);
  const growth = planSize({ prior, plan }, context);
  refuseFixed({ prior, plan }, context);

  const unfinished = prior.state === 'incomplete' || prior.state === 'creating';
  const changed = differs(volumeAttributes, VOLUME_INPUTS, plan, prior);
  keepPrior(VOLUME_FOLLOWS, plan, prior);
  if (!changed && !unfinished) return;
  plan.data_effects = growth === undefined ? UNKNOWN : growth > prior.size_bytes ? `grows from ${formatBytes(prior.size_bytes)} to ${formatBytes(growth)}` : unfinished ? 'finishes what an interrupted apply began' : NO_EFFECT;
  plan.size_bytes = growth ?? UNKNOWN;
  if (unfinished) {
    Object.assign(plan, { state: UNKNOWN, generation: UNKNOWN, copies: UNKNOWN, device: UNKNOWN, mount_path: UNKNOWN });
    context.warn('Volume is incomplete', `An apply was interrupted while volume "${prior.name}" (${prior.id}) was made; this one finishes it in place.`);
  }
  if (growth !== undefined && growth > prior.size_bytes) await checkGrowth(prior, growth, context);
}

const sameRetention = (a: unknown, b: string): boolean => typeof a === 'string' && parseDuration(a, 'trash_retention') === parseDuration(b, 'trash_retention');

/** The pool may be written as a name or an id; both may mean the one that the volume is in. */
async function keepPool({ prior, config, plan }: { prior: VolumeState; config: VolumeDraft; plan: VolumeDraft }, context: Context): Promise<void> {
  if (config.pool === null) plan.pool = prior.pool;
  if (isUnknown(plan.pool) || plan.pool === null || plan.pool === prior.pool || context.client === undefined) return;
  const home = prior.copies[0]?.pool;
  const asked = (await context.client.pools()).find((pool) => refersTo(String(plan.pool), pool));
  if (asked !== undefined && asked.id === home) plan.pool = prior.pool;
}

/** Returns the size that the volume will have, in bytes; undefined while that is not known. */
function planSize({ prior, plan }: { prior: VolumeState; plan: VolumeDraft }, context: Context): number | undefined {
  if (isUnknown(plan.size)) return undefined;
  const [wanted, declared] = [parseSize(plan.size), parseSize(prior.size)];
  // After an import nothing was declared yet: what is written now is the declaration, as long as it holds.
  const imported = context.private['size_declared'] === false;
  if (imported && wanted <= prior.size_bytes) {
    plan.size = prior.size;
    return prior.size_bytes;
  }
  if (wanted < declared) {
    context.error('Volumes do not shrink', `Volume "${prior.name}" was declared with ${prior.size} (it has ${formatBytes(prior.size_bytes)}); ${plan.size} is less. Write ${prior.size} or more. For a smaller one: make a new volume, copy the files, and destroy this one.`, ['size']);
    plan.size = prior.size;
    return prior.size_bytes;
  }
  if (wanted === declared) plan.size = prior.size;
  else delete context.private['size_declared'];
  return Math.max(wanted, prior.size_bytes);
}

/** What cannot be changed is refused here: a replacement would destroy the data, and could not be made under the same name. */
function refuseFixed({ prior, plan }: { prior: VolumeState; plan: VolumeDraft }, context: Context): void {
  const way = 'Make a new volume under another name and copy the files; then destroy this one.';
  const fixed = [
    ['fs', prior.fs, plan.fs, 'The filesystem of a volume cannot be changed.'],
    ['access', prior.access, plan.access, 'The access of a volume cannot be changed.'],
    ['pool', prior.pool, plan.pool, 'A volume cannot be moved to another pool.'],
  ] as const;
  for (const [name, before, now, why] of fixed) {
    if (isUnknown(now) || now === null || now === before) continue;
    context.error('Volume cannot be changed in this way', `${why} Volume "${prior.name}" has ${name} = "${before}", not "${now}". ${way}`, [name]);
  }
  if (differs(volumeAttributes, ['placement'], plan, prior) && isWhollyKnown(plan.placement)) {
    context.error('Volume cannot be changed in this way', `The placement of volume "${prior.name}" cannot be changed. ${way}`, ['placement']);
  }
  if (isUnknown(plan.replicas) || plan.replicas === null || plan.replicas === prior.replicas) return;
  context.error('Volume cannot be changed in this way', `Volume "${prior.name}" has ${prior.replicas} replica(s), and this version does not change that to ${plan.replicas}. ${way}`, ['replicas']);
}

/** Whether the pool can take the growth, together with everything else of this run. */
async function checkGrowth(prior: VolumeState, size: number, context: Context): Promise<void> {
  if (context.client === undefined) return;
  const pools = await context.client.pools();
  const home = prior.copies[0]?.pool;
  const pool = pools.find(({ id }) => id === home);
  if (home === undefined || pool === undefined) return;
  const volume = await context.client.client.volumes.find(prior.id);
  const verdict = context.client.run.ledger.enter({
    object: `volume ${prior.name}`, bytes: size - (volume?.spec.size_bytes ?? prior.size_bytes), pool: home, class: 'any', filesystem: volume?.replication.replicas[0]?.filesystem ?? null,
  }, pools);
  if (verdict.fits) return;
  const most = prior.size_bytes + Math.floor(verdict.left / MIB) * MIB;
  const others = verdict.others.length === 0 ? '' : ` beside ${verdict.others.slice(0, 5).join(', ')} of this plan`;
  context.error('Pool is full', `Volume "${prior.name}" cannot grow to ${formatBytes(size)}: pool "${pool.name}" has room for ${formatBytes(verdict.left)} more${others}, and ${formatBytes(size - prior.size_bytes)} are needed. Ask for ${formatSize(most)} or less, add capacity to the pool, or empty its trash (holdfast trash list).`, ['size']);
}
