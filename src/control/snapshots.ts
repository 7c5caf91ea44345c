/** Use cases of snapshots: take, look, remove, restore in place. Clones are volumes made of one (`volume-create.ts`). */
import { HoldfastError } from '../model/errors.ts';
import { checkLabels, checkName } from '../model/name.ts';
import type { Operation } from '../model/operation.ts';
import { roomIn, type Pool } from '../model/pool.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Volume } from '../model/volume.ts';
import type { Attachment } from './attachment.ts';
import { allocating } from './allocation.ts';
import { carrierOf, isHere, isoNow, mintId, type Context } from './context.ts';
import type { Control } from './control.ts';
import { repeatable } from './idempotency.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import { formatBytes } from '../model/bytes.ts';
import { isMade, onlyReplica } from './refs.ts';
import { changeVolume, checkVersion, findSnapshot, findVolume, needLiveVolume, needSnapshot, needVolume, page } from './repository.ts';
import { registerRestore } from './snapshot-restore.ts';
import { describe } from './trash.ts';

export type SnapshotUseCases = Pick<Control, 'createSnapshot' | 'listSnapshots' | 'getSnapshot' | 'updateSnapshot' | 'removeSnapshot' | 'restoreSnapshot'>;

export const shown = (snapshot: Pick<Snapshot, 'volume_name' | 'name'>): string => `${snapshot.volume_name}@${snapshot.name}`;
export const subject = (snapshot: Snapshot) => ({ kind: 'snapshot', id: snapshot.id, name: shown(snapshot) }) as const;
/** Operations on snapshots take turns with all others of the volume, so the volume is their target. */
const target = (volume: Volume) => ({ kind: 'volume', id: volume.id, name: volume.name }) as const;

/** A record in state creating, and the pool with its bytes promised. Throws when the pool has no room. */
export async function draftSnapshot(ctx: Context, volume: Volume, name: string, bytes: number, extra: { readonly labels?: Snapshot['labels']; readonly owner?: string } = {}): Promise<{ readonly snapshot: Snapshot; readonly compare: { key: string; revision: number }[]; readonly writes: { op: 'put'; key: string; value: unknown }[] }> {
  const replica = onlyReplica(volume);
  const entry = await ctx.store.get<Pool>(KEYS.pool(replica.pool));
  if (entry === null) throw new HoldfastError('failed_precondition', `the pool of volume ${volume.name} is gone`, { object: `volume ${volume.name}` });
  const pool = await ctx.observations.pool(entry.value, 1_000);
  const room = roomIn(pool, replica.filesystem);
  if (bytes > room) {
    throw new HoldfastError('resource_exhausted', `no room for a snapshot of volume ${volume.name}: it may come to take ${formatBytes(bytes)}, and pool ${pool.name} can still provision ${formatBytes(room)}`, { object: `volume ${volume.name}`, field: 'volume', hint: `Remove old snapshots, empty the trash, or grow the pool: holdfast pool grow ${pool.name}` });
  }
  const snapshot: Snapshot = {
    id: mintId(ctx, 'snapshot'), name, version: 1, owner: extra.owner ?? '', labels: extra.labels ?? {}, created_at: isoNow(ctx.clock), volume_name: volume.name,
    spec: { volume: volume.id, filesystem: volume.spec.filesystem, size_bytes: volume.spec.size_bytes },
    status: { state: 'creating', conditions: [], observed_at: null, consistency: 'crash', method: null, reserved_bytes: bytes },
  };
  return {
    snapshot,
    compare: [{ key: KEYS.snapshotName(volume.id, name), revision: 0 }, { key: entry.key, revision: entry.revision }],
    writes: [{ op: 'put', key: KEYS.snapshot(snapshot.id), value: snapshot }, { op: 'put', key: KEYS.snapshotName(volume.id, name), value: snapshot.id }, { op: 'put', key: entry.key, value: allocate(entry.value, replica.filesystem, bytes) }],
  };
}

/** "" when snapshot or volume are gone. */
async function poolOfSnapshot(ctx: Context, id: string): Promise<string> {
  const volumeId = (await ctx.store.get<Snapshot>(KEYS.snapshot(id)))?.value.spec.volume ?? '';
  return (await findVolume(ctx.store, volumeId))?.value.replication.replicas[0]?.pool ?? '';
}

/** Deletes the record and gives its bytes back. Gone already: done. */
export async function dropSnapshot(ctx: Context, id: string): Promise<void> {
  await allocating(ctx, await poolOfSnapshot(ctx, id), `snapshot ${id}`, async () => {
    const found = await ctx.store.get<Snapshot>(KEYS.snapshot(id));
    if (found === null) return true;
    const { value: snapshot } = found;
    const volume = await findVolume(ctx.store, snapshot.spec.volume);
    const replica = volume === null ? null : onlyReplica(volume.value);
    const pool = replica === null ? null : await ctx.store.get<Pool>(KEYS.pool(replica.pool));
    const done = await ctx.store.txn([{ key: found.key, revision: found.revision }, ...(pool === null ? [] : [{ key: pool.key, revision: pool.revision }])], [
      { op: 'delete', key: found.key }, { op: 'delete', key: KEYS.snapshotName(snapshot.spec.volume, snapshot.name) },
      ...(pool === null || replica === null ? [] : [{ op: 'put', key: pool.key, value: allocate(pool.value, replica.filesystem, -snapshot.status.reserved_bytes) } as const]),
    ]);
    return done.committed || null;
  });
}

/**
 * Marks it ready and accounts what it really takes: until it was frozen, data still came in from the page cache.
 * @param usedBytes of its image; null: as reserved.
 */
export async function settleSnapshot(ctx: Context, id: string, { method, consistency }: Pick<Snapshot['status'], 'method' | 'consistency'>, usedBytes: number | null): Promise<void> {
  const settled = await allocating(ctx, await poolOfSnapshot(ctx, id), `snapshot ${id}`, async () => {
    const entry = await ctx.store.get<Snapshot>(KEYS.snapshot(id));
    if (entry === null || entry.value.status.state === 'ready') return { snapshot: entry?.value ?? null };
    const { value: volume } = await needVolume(ctx.store, entry.value.spec.volume);
    const replica = onlyReplica(volume);
    const pool = await ctx.store.get<Pool>(KEYS.pool(replica.pool));
    if (pool === null) throw new HoldfastError('failed_precondition', `the pool of volume ${volume.name} is gone`, { object: `volume ${volume.name}` });
    const reserved = usedBytes ?? entry.value.status.reserved_bytes;
    const ready: Snapshot = { ...entry.value, status: { ...entry.value.status, method, consistency, reserved_bytes: reserved, state: 'ready' } };
    const done = await ctx.store.txn([{ key: entry.key, revision: entry.revision }, { key: pool.key, revision: pool.revision }], [
      { op: 'put', key: entry.key, value: ready }, { op: 'put', key: pool.key, value: allocate(pool.value, replica.filesystem, reserved - entry.value.status.reserved_bytes) },
    ]);
    return done.committed ? { snapshot: ready } : null;
  });
  if (settled.snapshot === null) return;
  const volume = await changeVolume(ctx.store, settled.snapshot.spec.volume, (record) => {
    if (record.replication.snapshots.some((held) => held.id === id)) return record;
    return { ...record, replication: { ...record.replication, snapshots: [...record.replication.snapshots, { id, replicas: [onlyReplica(record).id] }] } };
  });
  await describe(ctx, volume);
}

export async function unlistSnapshot(ctx: Context, volumeId: string, id: string): Promise<void> {
  const found = await findVolume(ctx.store, volumeId);
  if (found === null) return;
  const volume = await changeVolume(ctx.store, volumeId, (record) => (record.replication.snapshots.some((held) => held.id === id) ? { ...record, replication: { ...record.replication, snapshots: record.replication.snapshots.filter((held) => held.id !== id) } } : record));
  await describe(ctx, volume);
}

export function createSnapshotUseCases(ctx: Context, attachment: Attachment): SnapshotUseCases {
  registerTake(ctx, attachment);
  registerRemove(ctx, attachment);
  const restore = registerRestore(ctx, attachment);

  return {
    async createSnapshot(request, options = {}) {
      return repeatable(ctx, 'snapshot', request, options, async (claim) => {
        const name = checkName('snapshot', request.name);
        const { value: volume } = await needLiveVolume(ctx.store, request.volume);
        const object = `snapshot ${volume.name}@${name}`;
        checkLabels(object, request.labels ?? {});
        if (!isMade(volume)) throw new HoldfastError('failed_precondition', `volume ${volume.name} is ${volume.status.state}`, { object: `volume ${volume.name}`, hint: `holdfast volume inspect ${volume.name}` });
        const taken = async (): Promise<void> => {
          const other = await ctx.store.get<string>(KEYS.snapshotName(volume.id, name));
          if (other !== null) throw new HoldfastError('conflict', `volume ${volume.name} has a snapshot "${name}" already`, { object: object, field: 'name', fields: [], hint: 'Choose another name.' });
        };
        await taken();
        const used = await usedBytes(ctx, attachment, volume);
        if (used === null) throw new HoldfastError('failed_precondition', `the image of volume ${volume.name} is missing`, { object: `volume ${volume.name}`, hint: `holdfast volume inspect ${volume.name}` });
        return allocating(ctx, onlyReplica(volume).pool, object, async () => {
          await ctx.operations.refuseWhileRunning(volume.id, `volume ${volume.name}`);
          const draft = await draftSnapshot(ctx, volume, name, used, request);
          const operation = ctx.operations.draft({ kind: 'snapshot.create', node: carrierOf(ctx, volume), target: target(volume), args: { snapshot: draft.snapshot.id } });
          const claimed = claim(operation.id, draft.snapshot.id);
          if (await ctx.operations.begin(operation, [...draft.compare, ...claimed.compare], [...draft.writes, ...claimed.writes])) return { object: draft.snapshot, operation, warnings: [] };
          await taken();
          return null;
        });
      }, (id) => needSnapshot(ctx.store, id).then(({ value }) => value));
    },

    async listSnapshots(query = {}) {
      const volume = query.volume === undefined ? undefined : ((await findVolume(ctx.store, query.volume))?.value.id ?? query.volume);
      return page<Snapshot>(ctx.store, KEYS.snapshots, query, (snapshot) => (volume === undefined || snapshot.spec.volume === volume) && (query.name === undefined || snapshot.name === query.name));
    },

    async getSnapshot(ref) {
      const { value: snapshot } = await needSnapshot(ctx.store, ref);
      const volume = await findVolume(ctx.store, snapshot.spec.volume);
      if (snapshot.status.state !== 'ready' || volume === null) return snapshot;
      if (!isHere(ctx, volume.value)) {
        const { status } = await ctx.observations.volume(volume.value);
        const gone = status.conditions.find(({ type }) => type === 'NodeUnreachable' || type === 'ReplicaLost');
        return gone === undefined ? snapshot : { ...snapshot, status: { ...snapshot.status, state: 'unavailable', conditions: [gone] } };
      }
      const there = await attachment.replica(volume.value).then((replica) => ctx.dataPlane.hasSnapshot(replica, snapshot.id), () => false);
      if (there) return snapshot;
      const condition = { type: 'SnapshotMissing', message: `the image of snapshot ${shown(snapshot)} is not in its pool`, hint: 'Put the file back, or remove the snapshot.', since: isoNow(ctx.clock) };
      return { ...snapshot, status: { ...snapshot.status, state: 'unavailable', conditions: [condition] } };
    },

    async updateSnapshot(ref, requested, options = {}) {
      const { value: found } = await needSnapshot(ctx.store, ref);
      checkLabels(`snapshot ${shown(found)}`, requested.labels ?? {});
      for (;;) {
        const entry = await needSnapshot(ctx.store, found.id);
        checkVersion(`snapshot ${shown(found)}`, entry.value.version, options.expectedVersion);
        const next = { ...entry.value, labels: requested.labels ?? entry.value.labels, owner: requested.owner ?? entry.value.owner };
        if (JSON.stringify(next) === JSON.stringify(entry.value)) return entry.value;
        const changed = { ...next, version: entry.value.version + 1 };
        if ((await ctx.store.txn([{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: changed }])).committed) return changed;
      }
    },

    async removeSnapshot(ref, options = {}) {
      const entry = await needSnapshot(ctx.store, ref);
      const { value: snapshot } = entry;
      checkVersion(`snapshot ${shown(snapshot)}`, snapshot.version, options.expectedVersion);
      const { value: volume } = await needVolume(ctx.store, snapshot.spec.volume);
      const running = await ctx.operations.runningOf(volume.id);
      if (running?.kind === 'snapshot.remove' && running.args.snapshot === snapshot.id) return { object: snapshot, operation: running, warnings: [] };
      await ctx.operations.refuseWhileRunning(volume.id, `volume ${volume.name}`, running);
      const removing: Snapshot = { ...snapshot, version: snapshot.version + 1, status: { ...snapshot.status, state: 'removing' } };
      const operation = ctx.operations.draft({ kind: 'snapshot.remove', node: carrierOf(ctx, volume), target: target(volume), args: { snapshot: snapshot.id } });
      const begun = await ctx.operations.begin(operation, [{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: removing }]);
      if (!begun) throw new HoldfastError('conflict', `snapshot ${shown(snapshot)} was changed in between`, { object: `snapshot ${shown(snapshot)}`, hint: 'Try again.' }, { retryable: true });
      return { object: removing, operation, warnings: [] };
    },

    restoreSnapshot: restore,
  };
}

/** What a snapshot may come to take: as seen now, or as the volume's node has published. null: its image is missing. */
export async function usedBytes(ctx: Context, attachment: Attachment, volume: Volume): Promise<number | null> {
  const object = `volume ${volume.name}`;
  if (isHere(ctx, volume)) {
    const { image } = await ctx.dataPlane.observeVolume(await attachment.replica(volume));
    return image === null ? null : Math.min(image.used_bytes, volume.spec.size_bytes);
  }
  const { status } = await ctx.observations.volume(volume);
  const fault = status.conditions.find(({ type }) => type === 'NodeUnreachable' || type === 'ReplicaLost' || type === 'PoolUnavailable');
  if (fault !== undefined) throw new HoldfastError('failed_precondition', fault.message, { object, hint: fault.hint });
  if (status.conditions.some(({ type }) => type === 'ImageMissing')) return null;
  return Math.min(status.used_bytes ?? volume.spec.size_bytes, volume.spec.size_bytes);
}

const snapshotOf = (operation: Operation): string => operation.args.snapshot as string;

function registerTake(ctx: Context, attachment: Attachment): void {
  ctx.operations.register('snapshot.create', {
    cancellable: true,
    unit: 'bytes',
    steps: [{
      name: 'take',
      async run(operation, work) {
        const { value: volume } = await needVolume(ctx.store, operation.target.id);
        const taken = await ctx.dataPlane.takeSnapshot(await attachment.replica(volume), snapshotOf(operation), work);
        await settleSnapshot(ctx, snapshotOf(operation), taken, taken.used_bytes);
        const { value: snapshot } = await needSnapshot(ctx.store, snapshotOf(operation));
        await ctx.events.tell(subject(snapshot), 'Created', `snapshot ${shown(snapshot)} was taken (${taken.method}, ${taken.consistency}-consistent)`);
      },
    }],
    async undo(operation, error, medium) {
      const found = await findSnapshot(ctx.store, snapshotOf(operation));
      const volume = await findVolume(ctx.store, operation.target.id);
      if (volume !== null) {
        if (medium === 'here') await ctx.dataPlane.removeSnapshot(await attachment.replica(volume.value), snapshotOf(operation));
        await unlistSnapshot(ctx, volume.value.id, snapshotOf(operation));
      }
      await dropSnapshot(ctx, snapshotOf(operation));
      if (found !== null) await ctx.events.tell(subject(found.value), 'CreateFailed', `snapshot ${shown(found.value)} was not taken: ${error.message}`, 'warning');
    },
  });
}

function registerRemove(ctx: Context, attachment: Attachment): void {
  ctx.operations.register('snapshot.remove', {
    cancellable: false,
    unit: 'steps',
    steps: [
      {
        name: 'files',
        async run(operation) {
          const { value: volume } = await needVolume(ctx.store, operation.target.id);
          if (isHere(ctx, volume)) await ctx.dataPlane.removeSnapshot(await attachment.replica(volume), snapshotOf(operation));
        },
      },
      {
        name: 'record',
        async run(operation) {
          const found = await findSnapshot(ctx.store, snapshotOf(operation));
          await dropSnapshot(ctx, snapshotOf(operation));
          await unlistSnapshot(ctx, operation.target.id, snapshotOf(operation));
          if (found !== null) await ctx.events.tell(subject(found.value), 'Removed', `snapshot ${shown(found.value)} was removed`);
        },
      },
    ],
    async undo(operation) {
      const entry = await ctx.store.get<Snapshot>(KEYS.snapshot(snapshotOf(operation)));
      if (entry !== null) await ctx.store.txn([{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: { ...entry.value, status: { ...entry.value.status, state: 'ready' } } }]);
    },
  });
}
