/** Making a volume: decided in one transaction (name, place, bytes), then done by the operation `volume.create`. */
import { HoldfastError } from '../model/errors.ts';
import type { Pool } from '../model/pool.ts';
import { conflictError, conflictsWithVolume } from '../model/spec-match.ts';
import type { Volume } from '../model/volume.ts';
import { allocating } from './allocation.ts';
import type { Context } from './context.ts';
import type { Accepted, CallOptions, CreateVolume, PlacementExplanation } from './control.ts';
import { repeatable } from './idempotency.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import { regroup } from './groups.ts';
import { unplacedWrites } from './index-keys.ts';
import type { ImageSource } from './ports/data-plane.ts';
import { onlyReplica, replicaRef, volumeDescriptor } from './refs.ts';
import { changeVolume, findVolume, needPool, needSnapshot, needVolume } from './repository.ts';
import { sharedRead } from './shared-read.ts';
import { restoreFromTrash, trashedOfName } from './trash.ts';
import { createVolumePlacing } from './volume-place.ts';

/** So many names of trash are read at a time. */
const FEW = 200;

export function createVolumeMaker(ctx: Context) {
  registerCreate(ctx);
  const placing = createVolumePlacing(ctx);
  const readTrash = sharedRead(() => ctx.store.list(KEYS.allTrashNames, { limit: FEW }));

  /** As `trashedOfName`; while there is little trash, the many who create at once read it together. */
  const findTrashed = async (name: string): Promise<Volume | null> => {
    const { entries } = await readTrash();
    return entries.length < FEW && !entries.some(({ key }) => key.startsWith(KEYS.trashNames(name))) ? null : trashedOfName(ctx, name);
  };

  const create = async (request: CreateVolume, options: CallOptions): Promise<Accepted<Volume>> =>
    repeatable(ctx, 'volume', request, options, async (claim) => {
      // Well-formed before anything is looked up: errors about the request come first.
      const order = await placing.order(request);
      const { name } = order;
      const refuseTaken = async (): Promise<void> => {
        const taken = await findVolume(ctx.store, name);
        if (taken !== null) throw nameTaken(taken.value, request);
      };
      const trashed = await findTrashed(name);
      // Else the transaction finds out, which saves a read for each of many volumes.
      if (trashed !== null || request.dry_run === true) await refuseTaken();
      const warnings: string[] = [];
      if (trashed !== null && request.if_trashed === 'refuse') {
        throw new HoldfastError('failed_precondition', `a volume "${name}" is in the trash since ${trashed.status.trashed?.at ?? ''}`, {
          object: `volume ${trashed.id}`, field: 'if_trashed', hint: `Take it back (holdfast trash restore ${trashed.id}), purge it (holdfast trash purge ${trashed.id}), or ask for a new one with if_trashed = new.`,
        });
      }
      if (trashed !== null && request.if_trashed === 'restore') {
        const { conflicts, warnings: differences } = conflictsWithVolume(request, trashed);
        if (conflicts.length > 0) throw conflictError(trashed, conflicts);
        if (request.dry_run === true) return { object: trashed, operation: null, warnings: differences };
        const restored = await restoreFromTrash(ctx, trashed.id, name);
        return { object: restored, operation: null, warnings: [`volume ${name} was taken back from the trash with its data`, ...differences] };
      }
      if (trashed !== null) warnings.push(`volume ${name} is a new one; an older one of that name is in the trash (holdfast trash restore ${trashed.id} takes it back under another name)`);
      if (request.dry_run === true) return { object: await placing.preview(order), operation: null, warnings };
      const begun = await placing.begin(order, claim, (by) => nameTaken(by, request)).catch(async (error: unknown) => {
        await refuseTaken();
        throw error;
      });
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

    explain: (volume: Volume): Promise<PlacementExplanation> => placing.explain(volume),
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
