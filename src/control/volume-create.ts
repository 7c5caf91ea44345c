/** Making a volume: decided in one transaction (name, place, bytes), then done by the operation `volume.create`. */
import { HoldfastError } from '../model/errors.ts';
import { roomIn, type Pool } from '../model/pool.ts';
import type { Snapshot } from '../model/snapshot.ts';
import { conflictError, conflictsWithVolume } from '../model/spec-match.ts';
import type { Volume } from '../model/volume.ts';
import { allocating } from './allocation.ts';
import { isoNow, mintId, type Context } from './context.ts';
import type { Accepted, CallOptions, CreateVolume, PlacementExplanation } from './control.ts';
import { repeatable, type Claimer } from './idempotency.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import { groupOf, readGroup, regroup } from './groups.ts';
import { placedWrites, unplacedWrites } from './index-keys.ts';
import { choosePlaces, storageNodes } from './placement/choose.ts';
import { explain } from './placement/explain.ts';
import type { PlacementWish, WishGroups } from './placement/judge.ts';
import type { ImageSource } from './ports/data-plane.ts';
import type { Entry } from './ports/store.ts';
import { onlyReplica, replicaRef, volumeDescriptor } from './refs.ts';
import { changeVolume, findVolume, needPool, needSnapshot, needVolume } from './repository.ts';
import { completeVolume } from './requests.ts';
import { restoreFromTrash, trashedOfName } from './trash.ts';
import { createPlaces } from './where.ts';

/** Each try reads anew what the last one had found changed. */
const MAX_TRIES = 100;

interface Plan {
  readonly volume: Volume;
  /** The record that the plan was made on. */
  readonly pool: Entry<Pool>;
}

export function createVolumeMaker(ctx: Context) {
  registerCreate(ctx);
  const places = createPlaces(ctx);

  const wishOf = async (request: CreateVolume): Promise<{ readonly wish: PlacementWish; readonly spec: Volume['spec']; readonly source: Snapshot | null }> => {
    const source = request.source_snapshot === undefined ? null : (await needSnapshot(ctx.store, request.source_snapshot)).value;
    if (source !== null && source.status.state !== 'ready') throw new HoldfastError('failed_precondition', `snapshot ${source.volume_name}@${source.name} is ${source.status.state}`, { object: `snapshot ${source.id}` });
    const asked = request.pool === undefined ? null : (await needPool(ctx.store, request.pool)).value;
    const { name, spec } = completeVolume(request, asked?.id ?? null, source, storageNodes(places.nodes()));
    // A clone shares blocks with its snapshot, so it is made beside it.
    const home = source === null ? null : onlyReplica((await needVolume(ctx.store, source.spec.volume)).value);
    if (home !== null && asked !== null && asked.id !== home.pool) {
      throw new HoldfastError('failed_precondition', `a clone is made in its snapshot's pool, not in ${asked.name}`, { object: `volume ${name}`, field: 'pool', hint: 'Leave the pool out.' });
    }
    return { wish: { name, size_bytes: spec.size_bytes, class: home === null ? spec.class : 'any', pool: home?.pool ?? spec.pool, filesystem: home?.filesystem ?? null, rules: home === null ? (spec.placement ?? {}) : {} }, spec, source };
  };

  const groupsOf = async (rules: PlacementWish['rules'], labels: Volume['labels']): Promise<WishGroups> => {
    const [spread, antiAffinity] = await Promise.all((['spread_by', 'anti_affinity'] as const).map(async (rule) => {
      const name = groupOf(rule, rules, labels);
      return name === null ? null : (await readGroup(ctx.store, name)).group;
    }));
    return { spread: spread ?? null, antiAffinity: antiAffinity ?? null };
  };

  /** From memory; when that knows no place, from what the store says now. */
  const choose = async (wish: PlacementWish, replicas: number, labels: Volume['labels']) => {
    const groups = await groupsOf(wish.rules, labels);
    const pools = await places.pools();
    try {
      return choosePlaces(wish, replicas, pools, places.nodes(), groups);
    } catch {
      await places.refreshAll();
      return choosePlaces(wish, replicas, await places.pools('as recorded'), places.nodes(), groups);
    }
  };

  const plan = async (request: CreateVolume): Promise<Plan> => {
    const { wish, spec } = await wishOf(request);
    const labels = request.labels ?? {};
    const [place] = await choose(wish, spec.replicas, labels);
    const entry = place === undefined ? null : places.record(place.pool.id);
    // Gone since the pools were looked at: look again.
    if (place === undefined || entry === null) return plan(request);
    const { pool, filesystem } = place;
    const volume: Volume = {
      id: mintId(ctx, 'volume'), name: wish.name, version: 1, owner: request.owner ?? '', labels, created_at: isoNow(ctx.clock), spec,
      status: { state: 'creating', conditions: [], observed_at: null, used_bytes: null, written_at: null, device: null, mount_path: null, publications: [], trashed: null },
      replication: {
        history: 1, generation: 0, set_version: 1, size: spec.size_bytes, writer: null, clean: true, attaching: null, snapshots: [],
        replicas: [{ id: mintId(ctx, 'replica'), node: pool.node, pool: pool.id, filesystem: filesystem.uuid, state: 'in-sync', home: null }],
      },
    };
    return { volume, pool: entry };
  };

  /** The planned volume's transaction; null: the pool, its node, a group or the name was changed in between. */
  const write = async (request: CreateVolume, { volume, pool: planned }: Plan, claim: Claimer): Promise<Accepted<Volume> | null> => {
    const { filesystem, node } = onlyReplica(volume);
    // Others of this process were ahead in the line.
    const entry = places.record(planned.value.id) ?? planned;
    if (entry.revision !== planned.revision && roomIn(await ctx.observations.pool(entry.value, 2_000), filesystem) < volume.spec.size_bytes) return null;
    const operation = ctx.operations.draft({ kind: 'volume.create', node, target: { kind: 'volume', id: volume.id, name: volume.name } });
    const claimed = claim(operation.id, volume.id);
    const grouped = await regroup(ctx.store, null, volume);
    const pool = allocate(entry.value, filesystem, volume.spec.size_bytes);
    const begun = await ctx.operations.begin(operation, [{ key: KEYS.volumeName(volume.name), revision: 0 }, ...places.compare(entry), ...grouped.compare, ...claimed.compare], [
      { op: 'put', key: KEYS.volume(volume.id), value: volume }, { op: 'put', key: KEYS.volumeName(volume.name), value: volume.id }, { op: 'put', key: entry.key, value: pool }, ...placedWrites(volume), ...grouped.writes, ...claimed.writes,
    ]);
    if (begun !== null) {
      places.learn({ key: entry.key, value: pool, revision: begun });
      return { object: volume, operation, warnings: [] };
    }
    const taken = await findVolume(ctx.store, volume.name);
    if (taken !== null) throw nameTaken(taken.value, request);
    await places.refresh(pool.id);
    return null;
  };

  const begin = async (request: CreateVolume, claim: Claimer): Promise<Accepted<Volume>> => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const planned = await plan(request);
      const { pool, filesystem } = onlyReplica(planned.volume);
      const done = await places.holding(pool, filesystem, planned.volume.spec.size_bytes, () => ctx.locks.hold(`allocation:${pool}`, () => write(request, planned, claim)));
      if (done !== null) return done;
    }
    throw new HoldfastError('unavailable', `the pools are changed by others all the time`, { object: `volume ${request.name}`, hint: 'Try again.' });
  };

  const create = async (request: CreateVolume, options: CallOptions): Promise<Accepted<Volume>> =>
    repeatable(ctx, 'volume', request, options, async (claim) => {
      // Well-formed before anything is looked up: errors about the request come first.
      const { wish } = await wishOf(request);
      const taken = await findVolume(ctx.store, wish.name);
      if (taken !== null) throw nameTaken(taken.value, request);
      const trashed = await trashedOfName(ctx, wish.name);
      const warnings: string[] = [];
      if (trashed !== null && request.if_trashed === 'refuse') {
        throw new HoldfastError('failed_precondition', `a volume "${wish.name}" is in the trash since ${trashed.status.trashed?.at ?? ''}`, {
          object: `volume ${trashed.id}`, field: 'if_trashed', hint: `Take it back (holdfast trash restore ${trashed.id}), purge it (holdfast trash purge ${trashed.id}), or ask for a new one with if_trashed = new.`,
        });
      }
      if (trashed !== null && request.if_trashed === 'restore') {
        const { conflicts, warnings: differences } = conflictsWithVolume(request, trashed);
        if (conflicts.length > 0) throw conflictError(trashed, conflicts);
        if (request.dry_run === true) return { object: trashed, operation: null, warnings: differences };
        const restored = await restoreFromTrash(ctx, trashed.id, wish.name);
        return { object: restored, operation: null, warnings: [`volume ${wish.name} was taken back from the trash with its data`, ...differences] };
      }
      if (trashed !== null) warnings.push(`volume ${wish.name} is a new one; an older one of that name is in the trash (holdfast trash restore ${trashed.id} takes it back under another name)`);
      if (request.dry_run === true) return { object: (await plan(request)).volume, operation: null, warnings };
      const begun = await begin(request, claim);
      return { ...begun, warnings };
    }, (id) => needVolume(ctx.store, id).then(({ value }) => value));

  return {
    create,

    async ensure(request: CreateVolume, options: CallOptions): Promise<Accepted<Volume> & { readonly created: boolean }> {
      const existing = await findVolume(ctx.store, request.name);
      if (existing !== null && existing.value.name === request.name) return { ...(await taken(ctx, request, existing.value)), created: false };
      try {
        return { ...(await create(request, options)), created: true };
      } catch (error) {
        // Two asked at once: the other one's volume is as good, if it fits.
        const other = error instanceof HoldfastError && error.code === 'conflict' ? await findVolume(ctx.store, request.name) : null;
        if (other === null) throw error;
        return { ...(await taken(ctx, request, other.value)), created: false };
      }
    },

    async explain(volume: Volume): Promise<PlacementExplanation> {
      const replica = onlyReplica(volume);
      const rules = volume.spec.placement ?? {};
      const { groups: without } = await regroup(ctx.store, volume, null);
      const groups: WishGroups = { spread: without.find(({ rule }) => rule === 'spread_by') ?? null, antiAffinity: without.find(({ rule }) => rule === 'anti_affinity') ?? null };
      const pools = (await places.pools()).map((pool) => (pool.id === replica.pool ? allocate(pool, replica.filesystem, -volume.spec.size_bytes) : pool));
      return explain({ name: volume.name, size_bytes: volume.spec.size_bytes, class: volume.spec.class, pool: volume.spec.pool, filesystem: null, rules }, volume.spec.replicas, pools, places.nodes(), groups, [replica.pool]);
    },
  };
}

async function taken(ctx: Context, request: CreateVolume, volume: Volume): Promise<Accepted<Volume>> {
  const { conflicts, warnings } = conflictsWithVolume(request, volume);
  if (conflicts.length > 0) throw conflictError(volume, conflicts);
  const running = await ctx.operations.runningOf(volume.id);
  return { object: volume, operation: running?.kind === 'volume.create' ? running : null, warnings };
}

function nameTaken(volume: Volume, request: CreateVolume): HoldfastError {
  const { conflicts } = conflictsWithVolume(request, volume);
  if (conflicts.length > 0) return conflictError(volume, conflicts);
  return new HoldfastError('conflict', `there is a volume "${volume.name}" already`, { object: `volume ${volume.name}`, field: 'name', fields: [], hint: 'Choose another name, use the one that is there, or ensure it (PUT) instead of creating it.' });
}

function registerCreate(ctx: Context): void {
  const poolOf = async (volume: Volume): Promise<Pool> => ctx.observations.pool((await needPool(ctx.store, onlyReplica(volume).pool)).value, 1_000);

  const sourceOf = async (volume: Volume): Promise<ImageSource> => {
    if (volume.spec.source_snapshot === null) return { kind: 'empty', filesystem: volume.spec.filesystem };
    const { value: snapshot } = await needSnapshot(ctx.store, volume.spec.source_snapshot);
    const { value: origin } = await needVolume(ctx.store, snapshot.spec.volume);
    return { kind: 'snapshot', from: replicaRef(origin, await poolOf(origin)), snapshot_id: snapshot.id, filesystem: volume.spec.filesystem };
  };

  ctx.operations.register('volume.create', {
    cancellable: true,
    unit: 'bytes',
    steps: [
      {
        name: 'image',
        async run(operation, work) {
          const { value: volume } = await needVolume(ctx.store, operation.target.id);
          await ctx.dataPlane.createReplica(replicaRef(volume, await poolOf(volume)), volume.spec.size_bytes, await sourceOf(volume), volumeDescriptor(volume, ctx.cluster, []), work);
        },
      },
      {
        name: 'ready',
        async run(operation) {
          const volume = await changeVolume(ctx.store, operation.target.id, (record) => (record.status.state === 'ready' ? record : { ...record, status: { ...record.status, state: 'ready' } }));
          await ctx.events.tell(operation.target, 'Created', `volume ${volume.name} is ready`);
        },
      },
    ],
    async undo(operation, error, medium) {
      const found = await findVolume(ctx.store, operation.target.id);
      if (found === null) return;
      const { value: volume } = found;
      const replica = onlyReplica(volume);
      if (medium === 'here') await ctx.dataPlane.removeReplica(replicaRef(volume, await poolOf(volume)));
      await dropVolume(ctx, volume, replica.filesystem, volume.spec.size_bytes, KEYS.volume(volume.id), [KEYS.volumeName(volume.name)]);
      await ctx.events.tell(operation.target, 'CreateFailed', `volume ${volume.name} was not made: ${error.message}`, 'warning');
    },
  });
}

/** Deletes a volume's record and gives its bytes back, in one transaction. */
export async function dropVolume(ctx: Context, volume: Volume, filesystem: string, bytes: number, key: string, otherKeys: readonly string[]): Promise<void> {
  const poolId = onlyReplica(volume).pool;
  await allocating(ctx, poolId, `volume ${volume.name}`, async () => {
    const [record, pool] = [await ctx.store.get<Volume>(key), await ctx.store.get<Pool>(KEYS.pool(poolId))];
    if (record === null) return true;
    const grouped = await regroup(ctx.store, record.value, null);
    const done = await ctx.store.txn([{ key, revision: record.revision }, ...(pool === null ? [] : [{ key: pool.key, revision: pool.revision }]), ...grouped.compare], [
      ...[key, ...otherKeys].map((name) => ({ op: 'delete', key: name }) as const), ...unplacedWrites(volume), ...grouped.writes,
      ...(pool === null ? [] : [{ op: 'put', key: pool.key, value: allocate(pool.value, filesystem, -bytes) } as const]),
    ]);
    return done.committed || null;
  });
  ctx.observations.forgetVolume(volume.id);
}
