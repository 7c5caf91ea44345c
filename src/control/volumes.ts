/** Use cases of volumes that exist: look, change, resize, attach, publish, remove. Making them is `volume-create.ts`. */
import { formatBytes, formatSize } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { checkLabels, isName } from '../model/name.ts';
import type { Operation } from '../model/operation.ts';
import { roomIn, type Pool } from '../model/pool.ts';
import type { Publication, Replica, Volume } from '../model/volume.ts';
import type { Attachment } from './attachment.ts';
import { allocating } from './allocation.ts';
import { refuseElsewhere } from './cluster/reach.ts';
import { carrierOf, type Context } from './context.ts';
import type { Control, VolumeFilter } from './control.ts';
import { crowded, regroup } from './groups.ts';
import { placedWrites, undescribedWrites } from './index-keys.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import type { Work } from './ports/data-plane.ts';
import { isBehind, recovered, tellRecovered } from './recover.ts';
import { onlyReplica } from './refs.ts';
import { changeVolume, checkVersion, findVolume, needLiveVolume, needVolume, page } from './repository.ts';
import { checkPath, checkRetention, checkSize } from './requests.ts';
import { describe, moveToTrash, purgeSteps } from './trash.ts';
import { createVolumeMaker } from './volume-create.ts';

export type VolumeUseCases = Pick<Control, 'createVolume' | 'ensureVolume' | 'listVolumes' | 'getVolume' | 'updateVolume' | 'resizeVolume' | 'attachVolume' | 'detachVolume' | 'publishVolume' | 'unpublishVolume' | 'removeVolume' | 'recoverVolume' | 'explainVolume'>;

const target = (volume: Volume) => ({ kind: 'volume', id: volume.id, name: volume.name }) as const;
const consumers = (publications: readonly Publication[]): string => publications.slice(0, 5).map(({ consumer, path }) => path ?? consumer).join(', ');

export function createVolumeUseCases(ctx: Context, attachment: Attachment): VolumeUseCases {
  const maker = createVolumeMaker(ctx);
  registerGrow(ctx, attachment);
  registerRemove(ctx, attachment);
  const observed = (volume: Volume): Promise<Volume> => ctx.observations.volume(volume);

  const locked = async (ref: string, work: (volume: Volume) => Promise<Volume>): Promise<Volume> => {
    const { value: found } = await needLiveVolume(ctx.store, ref);
    return ctx.locks.hold(found.id, async () => {
      const changed = await work((await needLiveVolume(ctx.store, found.id)).value);
      ctx.observations.forgetVolume(found.id);
      return changed;
    });
  };

  /** For what only this machine can do with a volume of its own. */
  const lockedHere = async (ref: string, command: string, work: (volume: Volume) => Promise<Volume>): Promise<Volume> => {
    refuseElsewhere(ctx.members, ctx.node.id, (await needLiveVolume(ctx.store, ref)).value, `${command} ${ref}`);
    const changed = await locked(ref, work);
    const entry = await ctx.store.get<Volume>(KEYS.volume(changed.id));
    return entry === null ? observed(changed) : ctx.observations.publishVolume(entry);
  };

  const refuseUsed = (volume: Volume): void => {
    const object = `volume ${volume.name}`;
    if (volume.status.publications.length > 0) throw new HoldfastError('failed_precondition', `${object} is in use by ${volume.status.publications.length} consumer(s): ${consumers(volume.status.publications)}`, { object, hint: 'Stop the containers or unmount it first.' });
  };

  return {
    createVolume: (request, options = {}) => maker.create(request, options),
    ensureVolume: (request, options = {}) => maker.ensure(request, options),

    async listVolumes(filter: VolumeFilter = {}) {
      const pool = filter.pool === undefined ? undefined : ((await ctx.store.get<string>(KEYS.poolName(filter.pool)).catch(() => null))?.value ?? filter.pool);
      if (filter.name !== undefined) {
        // One at most, by its index.
        const named = isName(filter.name) ? await findVolume(ctx.store, filter.name) : null;
        return { items: named !== null && matches(named.value, filter, pool) ? [await ctx.observations.volume(named.value, 5_000)] : [], next: null };
      }
      const found = await page<Volume>(ctx.store, KEYS.volumes, filter, (volume) => matches(volume, filter, pool));
      return { ...found, items: await Promise.all(found.items.map((volume) => ctx.observations.volume(volume, 5_000))) };
    },

    async getVolume(ref) {
      return observed((await needVolume(ctx.store, ref)).value);
    },

    async updateVolume(ref, requested, options = {}) {
      const { value: found } = await needLiveVolume(ctx.store, ref);
      const object = `volume ${found.name}`;
      if (requested.labels !== undefined) checkLabels(object, requested.labels);
      if (requested.trash_retention_ms !== undefined) checkRetention(object, requested.trash_retention_ms);
      const changed = await relabel(ctx, found.id, (volume) => {
        checkVersion(object, volume.version, options.expectedVersion);
        const next: Volume = {
          ...volume, labels: requested.labels ?? volume.labels, owner: requested.owner ?? volume.owner,
          spec: { ...volume.spec, deletion_protection: requested.deletion_protection ?? volume.spec.deletion_protection, trash_retention_ms: requested.trash_retention_ms ?? volume.spec.trash_retention_ms },
        };
        return JSON.stringify(next) === JSON.stringify(volume) ? volume : { ...next, version: volume.version + 1 };
      });
      if (changed.version !== found.version) {
        await describe(ctx, changed);
        await ctx.events.tell(target(changed), 'Updated', `volume ${changed.name} was changed`);
      }
      return observed(changed);
    },

    async resizeVolume(ref, sizeBytes, options = {}) {
      const { value: volume } = await needLiveVolume(ctx.store, ref);
      const object = `volume ${volume.name}`;
      checkVersion(object, volume.version, options.expectedVersion);
      const size = checkSize(object, sizeBytes);
      const running = await ctx.operations.runningOf(volume.id);
      if (running?.kind === 'volume.grow' && running.args.to === size) return { object: volume, operation: running, warnings: [] };
      await ctx.operations.refuseWhileRunning(volume.id, object, running);
      if (size < volume.spec.size_bytes) {
        throw new HoldfastError('invalid_argument', `${object} has ${formatBytes(volume.spec.size_bytes)} and cannot shrink to ${formatBytes(size)}`, { object, field: 'size', hint: `Volumes only grow: ask for ${formatSize(volume.spec.size_bytes)} or more, or make a smaller one and copy.` });
      }
      const seen = await observed(volume);
      if (size === volume.spec.size_bytes && !seen.status.conditions.some(({ type }) => type === 'SizeDrift')) return { object: seen, operation: null, warnings: [] };
      return reserveGrowth(ctx, volume, size);
    },

    attachVolume: (ref) => lockedHere(ref, 'attach', async (volume) => (await attachment.attach(volume)).volume),
    detachVolume: (ref) => lockedHere(ref, 'detach', async (volume) => {
      refuseUsed(volume);
      return attachment.detach(volume);
    }),

    async publishVolume(ref, request) {
      const path = request.path === undefined ? null : checkPath(`volume ${ref.slice(0, 80)}`, 'path', request.path);
      if (!/^[\x21-\x7e]{1,512}$/.test(request.consumer)) throw new HoldfastError('invalid_argument', 'consumer must be 1 to 512 printable ASCII characters', { object: `volume ${ref.slice(0, 80)}`, field: 'consumer' });
      let mountPath = '';
      const volume = await lockedHere(ref, 'mount', async (record) => {
        const published = await attachment.publish(record, { consumer: request.consumer, path, read_only: request.read_only ?? false, ...(request.within === undefined ? {} : { within: request.within }) });
        mountPath = published.mount_path;
        return published.volume;
      });
      return { volume, mount_path: mountPath };
    },

    async unpublishVolume(ref, request) {
      const { consumer, path } = request;
      if (consumer === undefined && path === undefined) throw new HoldfastError('invalid_argument', 'say which consumer or path', { object: `volume ${ref.slice(0, 80)}`, field: 'consumer' });
      return lockedHere(ref, 'unmount', (volume) => attachment.unpublish(volume, (publication) => (consumer === undefined || publication.consumer === consumer) && (path === undefined || publication.path === path)));
    },

    async removeVolume(ref, request = {}, options = {}) {
      const { value: volume, key, revision } = await needLiveVolume(ctx.store, ref);
      const object = `volume ${volume.name}`;
      checkVersion(object, volume.version, options.expectedVersion);
      const running = await ctx.operations.runningOf(volume.id);
      if (running?.kind === 'volume.remove') return { object: volume, operation: running, warnings: [] };
      await ctx.operations.refuseWhileRunning(volume.id, object, running);
      if (volume.spec.deletion_protection) {
        throw new HoldfastError('failed_precondition', `${object} is protected from deletion`, { object, field: 'deletion_protection', hint: `Lift it first: holdfast volume update ${volume.name} --no-protect (Terraform: deletion_protection = false, apply, then destroy).` });
      }
      refuseUsed(volume);
      const purging = request.purge === true || volume.spec.trash_retention_ms === 0;
      const operation = ctx.operations.draft({ kind: 'volume.remove', node: carrierOf(ctx, volume), target: target(volume), args: { purge: purging } });
      const begun = await ctx.operations.begin(operation, [{ key, revision }], []);
      // Changed in between: what was decided on is old.
      return begun === null ? this.removeVolume(volume.id, request, options) : { object: volume, operation, warnings: [] };
    },

    recoverVolume: (ref) => lockedHere(ref, 'recover', async (volume) => {
      const replica = await attachment.replica(volume);
      const seen = await ctx.dataPlane.observeVolume(replica);
      if (!isBehind(volume, seen.meta)) return volume;
      const after = await changeVolume(ctx.store, volume.id, (record) => recovered(record, seen));
      await recountPool(ctx, onlyReplica(after), after.spec.size_bytes - volume.spec.size_bytes);
      await ctx.events.tell(target(after), 'Recovered', tellRecovered(volume, after), 'warning');
      return after;
    }),

    async explainVolume(ref) {
      return maker.explain((await needVolume(ctx.store, ref)).value);
    },
  };
}

/** A change of labels changes the groups that placement counts. */
async function relabel(ctx: Context, id: string, mutate: (volume: Volume) => Volume): Promise<Volume> {
  for (;;) {
    const entry = await needLiveVolume(ctx.store, id);
    const next = mutate(entry.value);
    if (next === entry.value) return next;
    const grouped = await regroup(ctx.store, entry.value, next);
    const crowd = crowded(grouped.groups, next);
    if (crowd !== null) {
      throw new HoldfastError('failed_precondition', `volume ${next.name} cannot get the label ${crowd.label}=${crowd.value}: its node holds another volume with it, and its placement keeps those apart`, { object: `volume ${next.name}`, field: 'labels', hint: `Leave ${crowd.label} as it is, or make a new volume with the label.` });
    }
    const done = await ctx.store.txn([{ key: entry.key, revision: entry.revision }, ...grouped.compare], [{ op: 'put', key: entry.key, value: next }, ...placedWrites(next), ...undescribedWrites(next, ctx.node.id), ...grouped.writes]);
    if (done.committed) return next;
  }
}

function matches(volume: Volume, filter: VolumeFilter, pool: string | undefined): boolean {
  return (
    (filter.name === undefined || volume.name === filter.name) &&
    (filter.owner === undefined || volume.owner === filter.owner) &&
    (pool === undefined || volume.replication.replicas.some((replica) => replica.pool === pool)) &&
    Object.entries(filter.labels ?? {}).every(([key, value]) => volume.labels[key] === value)
  );
}

/** Takes the bytes from the pool's account and begins to grow, in one transaction. */
async function reserveGrowth(ctx: Context, volume: Volume, size: number): ReturnType<Control['resizeVolume']> {
  const object = `volume ${volume.name}`;
  const replica = onlyReplica(volume);
  const delta = size - volume.spec.size_bytes;
  return allocating(ctx, replica.pool, object, async () => {
    const entry = await ctx.store.get<Pool>(KEYS.pool(replica.pool));
    if (entry === null) throw new HoldfastError('failed_precondition', `the pool of ${object} is gone`, { object });
    const pool = await ctx.observations.pool(entry.value, 1_000);
    const room = roomIn(pool, replica.filesystem);
    if (delta > room) {
      throw new HoldfastError('resource_exhausted', `${object} cannot grow to ${formatBytes(size)}: pool ${pool.name} can still provision ${formatBytes(room)}, ${formatBytes(delta)} more are needed`, { object, field: 'size', hint: `Ask for ${formatSize(volume.spec.size_bytes + Math.floor(room / 4096) * 4096)} or less, or grow the pool: holdfast pool grow ${pool.name}` });
    }
    await ctx.operations.refuseWhileRunning(volume.id, object);
    const operation = ctx.operations.draft({ kind: 'volume.grow', node: carrierOf(ctx, volume), target: target(volume), args: { from: volume.spec.size_bytes, to: size } });
    const begun = await ctx.operations.begin(operation, [{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: allocate(entry.value, replica.filesystem, delta) }]);
    return begun !== null ? { object: volume, operation, warnings: [] } : null;
  });
}

/** Counts bytes that exist already: nobody is asked whether there is room. */
async function recountPool(ctx: Context, replica: Replica, bytes: number): Promise<void> {
  await allocating(ctx, replica.pool, `pool ${replica.pool}`, async () => {
    const entry = await ctx.store.get<Pool>(KEYS.pool(replica.pool));
    if (entry === null || bytes === 0) return true;
    return (await ctx.store.txn([{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: allocate(entry.value, replica.filesystem, bytes) }])).committed || null;
  });
}

function registerGrow(ctx: Context, attachment: Attachment): void {
  ctx.operations.register('volume.grow', {
    cancellable: false,
    unit: 'steps',
    steps: [
      {
        name: 'grow',
        async run(operation, work) {
          const { value: volume } = await needLiveVolume(ctx.store, operation.target.id);
          await ctx.dataPlane.grow(await attachment.replica(volume), operation.args.to as number, volume.spec.filesystem, work);
        },
      },
      {
        name: 'record',
        async run(operation) {
          const size = operation.args.to as number;
          const volume = await changeVolume(ctx.store, operation.target.id, (record) => (record.spec.size_bytes === size && record.replication.size === size ? record : { ...record, version: record.version + 1, spec: { ...record.spec, size_bytes: size }, replication: { ...record.replication, size } }));
          ctx.observations.forgetVolume(volume.id);
          await describe(ctx, volume);
          await ctx.events.tell(target(volume), 'Grown', `volume ${volume.name} grew to ${formatBytes(size)}`);
        },
      },
    ],
    async undo(operation, error) {
      const found = await findVolume(ctx.store, operation.target.id);
      const to = operation.args.to as number;
      const from = operation.args.from as number;
      if (found === null || found.value.spec.size_bytes === to) return;
      await recountPool(ctx, onlyReplica(found.value), from - to);
      await ctx.events.tell(operation.target, 'GrowFailed', `volume ${operation.target.name} did not grow to ${formatBytes(to)}: ${error.message}`, 'warning');
    },
  });
}

function registerRemove(ctx: Context, attachment: Attachment): void {
  ctx.operations.register('volume.remove', {
    cancellable: false,
    unit: 'steps',
    steps: [
      {
        name: 'detach',
        async run(operation) {
          const { value: volume } = await needVolume(ctx.store, operation.target.id);
          if (volume.status.state === 'trashed') return;
          // Somebody may have mounted it since it was asked for.
          if (volume.status.publications.length > 0) throw new HoldfastError('failed_precondition', `volume ${volume.name} is in use by ${consumers(volume.status.publications)}`, { object: `volume ${volume.name}`, hint: 'Stop the containers or unmount it first.' });
          if (volume.replication.writer !== null || volume.replication.attaching !== null) await attachment.detach(volume);
        },
      },
      {
        name: 'trash',
        async run(operation) {
          const { value: volume } = await needVolume(ctx.store, operation.target.id);
          const trashed = await moveToTrash(ctx, volume, operation.args.purge === true ? 0 : volume.spec.trash_retention_ms);
          if (operation.args.purge !== true) await describe(ctx, trashed);
          await ctx.events.tell(operation.target, 'Trashed', operation.args.purge === true ? `volume ${operation.target.name} is removed for good` : `volume ${operation.target.name} is in the trash until ${trashed.status.trashed?.purge_at ?? ''}`);
        },
      },
      // Within the removal, so that its success means that the bytes are free.
      ...purgeSteps(ctx).map((step) => ({ name: step.name, run: (operation: Operation, work: Work) => (operation.args.purge === true ? step.run(operation, work) : Promise.resolve()) })),
    ],
  });
}

