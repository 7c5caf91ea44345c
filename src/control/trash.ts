/** Trash: removed volumes keep their data until their term is over; their names are free at once. */
import { formatBytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isId } from '../model/id.ts';
import { checkName } from '../model/name.ts';
import type { Pool } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import { isoNow, type Context } from './context.ts';
import type { Accepted, Control } from './control.ts';
import { KEYS } from './keys.ts';
import type { Step } from './operations.ts';
import { localReplica, replicaRef, volumeDescriptor } from './refs.ts';
import { findVolume, page, snapshotsOf } from './repository.ts';
import { dropVolume } from './volume-create.ts';

export type TrashUseCases = Pick<Control, 'listTrash' | 'restoreTrash' | 'purgeTrash'>;

const target = (volume: Volume) => ({ kind: 'volume', id: volume.id, name: volume.status.trashed?.name ?? volume.name }) as const;

async function needTrashed(ctx: Context, ref: string): Promise<Volume> {
  if (isId('volume', ref)) {
    const found = await ctx.store.get<Volume>(KEYS.trashed(ref));
    if (found !== null) return found.value;
  } else {
    const { entries } = await ctx.store.list<Volume>(KEYS.trash);
    const named = entries.map(({ value }) => value).filter(({ status }) => status.trashed?.name === ref);
    const newest = named.sort((a, b) => ((a.status.trashed?.at ?? '') < (b.status.trashed?.at ?? '') ? 1 : -1))[0];
    if (newest !== undefined) return newest;
  }
  throw new HoldfastError('not_found', `there is no volume "${ref.slice(0, 80)}" in the trash`, { object: `volume ${ref.slice(0, 80)}`, hint: 'List it: holdfast trash list' });
}

/** Moves the record to the trash and frees the name, in one transaction; the descriptor on the medium follows (step of the caller's operation). */
export async function moveToTrash(ctx: Context, volume: Volume, retentionMs: number): Promise<Volume> {
  const entry = await ctx.store.get<Volume>(KEYS.volume(volume.id));
  if (entry === null) return needTrashed(ctx, volume.id);
  const trashed: Volume = {
    ...entry.value, version: entry.value.version + 1,
    status: { ...entry.value.status, state: 'trashed', publications: [], trashed: { at: isoNow(ctx.clock), purge_at: new Date(ctx.clock.now() + retentionMs).toISOString(), name: volume.name } },
  };
  const done = await ctx.store.txn([{ key: entry.key, revision: entry.revision }], [
    { op: 'delete', key: entry.key }, { op: 'delete', key: KEYS.volumeName(volume.name) }, { op: 'put', key: KEYS.trashed(volume.id), value: trashed },
  ]);
  if (!done.committed) return moveToTrash(ctx, volume, retentionMs);
  ctx.observations.forgetVolume(volume.id);
  return trashed;
}

export async function restoreFromTrash(ctx: Context, id: string, name: string): Promise<Volume> {
  return ctx.locks.hold(id, async () => {
    const entry = await ctx.store.get<Volume>(KEYS.trashed(id));
    if (entry === null) throw new HoldfastError('not_found', `volume ${id} is not in the trash any more`, { object: `volume ${id}` });
    const restored: Volume = { ...entry.value, name, version: entry.value.version + 1, status: { ...entry.value.status, state: 'ready', trashed: null } };
    const done = await ctx.store.txn([{ key: entry.key, revision: entry.revision }, { key: KEYS.volumeName(name), revision: 0 }], [
      { op: 'delete', key: entry.key }, { op: 'put', key: KEYS.volumeName(name), value: id }, { op: 'put', key: KEYS.volume(id), value: restored },
    ]);
    if (!done.committed) throw new HoldfastError('conflict', `there is a volume "${name}" already`, { object: `volume ${id}`, field: 'name', hint: `Take it back under another name: holdfast trash restore ${id} --name OTHER` });
    ctx.observations.forgetVolume(id);
    if (name !== entry.value.name) await renameSnapshots(ctx, restored);
    await describe(ctx, restored);
    await ctx.events.tell({ kind: 'volume', id, name }, 'Restored', `volume ${name} was taken back from the trash`);
    return restored;
  });
}

/** Snapshots show the name that their volume has now. */
async function renameSnapshots(ctx: Context, volume: Volume): Promise<void> {
  for (const { key, revision, value } of await snapshotsOf(ctx.store, volume.id)) {
    await ctx.store.txn([{ key, revision }], [{ op: 'put', key, value: { ...value, volume_name: volume.name } }]);
  }
}

/** Writes the record's descriptor to the medium. The record is the truth and stands already: a medium that is away only makes the copy old. */
export async function describe(ctx: Context, volume: Volume): Promise<void> {
  const pool = await ctx.store.get<Pool>(KEYS.pool(localReplica(volume).pool));
  if (pool === null) return;
  const snapshots = await snapshotsOf(ctx.store, volume.id);
  try {
    await ctx.dataPlane.writeDescriptor(replicaRef(volume, pool.value), volumeDescriptor(volume, ctx.cluster, snapshots.map(({ value }) => value)));
  } catch (error) {
    ctx.log.warn({ volume: volume.id, err: String(error) }, 'the descriptor on the medium could not be renewed');
  }
}

/** Deletes a trashed volume's files with its snapshots', then its record. Gone already: done. */
export const purgeSteps = (ctx: Context): readonly Step[] => [
  {
    name: 'files',
    async run(operation) {
      const found = await findVolume(ctx.store, operation.target.id);
      const pool = found === null ? null : await ctx.store.get<Pool>(KEYS.pool(localReplica(found.value).pool));
      if (found !== null && pool !== null) await ctx.dataPlane.removeReplica(replicaRef(found.value, pool.value));
    },
  },
  {
    name: 'record',
    async run(operation) {
      const found = await findVolume(ctx.store, operation.target.id);
      if (found === null) return;
      const { value: volume } = found;
      const snapshots = (await snapshotsOf(ctx.store, volume.id)).map(({ value }) => value);
      const bytes = volume.spec.size_bytes + snapshots.reduce((sum, { status }) => sum + status.reserved_bytes, 0);
      await dropVolume(ctx, volume, localReplica(volume).filesystem, bytes, KEYS.trashed(volume.id), snapshots.flatMap(({ id, name }) => [KEYS.snapshot(id), KEYS.snapshotName(volume.id, name)]));
      await ctx.events.tell(target(volume), 'Purged', `volume ${target(volume).name} was purged: ${formatBytes(volume.spec.size_bytes)}${snapshots.length > 0 ? ` and ${snapshots.length} snapshot(s)` : ''}`);
    },
  },
];

export function createTrashUseCases(ctx: Context): TrashUseCases {
  // What could not be deleted stays in the trash; the loop tries again when its term is over.
  ctx.operations.register('volume.purge', { cancellable: false, unit: 'steps', steps: purgeSteps(ctx) });

  return {
    async listTrash(filter = {}) {
      const found = await page<Volume>(ctx.store, KEYS.trash, filter, (volume) => filter.name === undefined || volume.status.trashed?.name === filter.name);
      return { ...found, items: await Promise.all(found.items.map((volume) => ctx.observations.volume(volume, 5_000))) };
    },
    async restoreTrash(ref, request = {}) {
      const trashed = await needTrashed(ctx, ref);
      ctx.operations.refuseWhileRunning(trashed.id, `volume ${target(trashed).name}`);
      return restoreFromTrash(ctx, trashed.id, checkName('volume', request.name ?? target(trashed).name));
    },
    async purgeTrash(ref): Promise<Accepted<Volume>> {
      const trashed = await needTrashed(ctx, ref);
      return purge(ctx, trashed);
    },
  };
}

export async function purge(ctx: Context, trashed: Volume): Promise<Accepted<Volume>> {
  const running = ctx.operations.runningOf(trashed.id);
  if (running?.kind === 'volume.purge') return { object: trashed, operation: running, warnings: [] };
  ctx.operations.refuseWhileRunning(trashed.id, `volume ${target(trashed).name}`);
  const operation = ctx.operations.draft({ kind: 'volume.purge', target: target(trashed) });
  await ctx.operations.begin(operation, [], []);
  return { object: trashed, operation, warnings: [] };
}

const RETRY_MS = 300_000;

/** Purges what is past its term; what could not be purged is tried again after five minutes. */
export function createExpiry(ctx: Context): () => Promise<void> {
  const tried = new Map<string, number>();
  return async () => {
    const { entries } = await ctx.store.list<Volume>(KEYS.trash);
    for (const { value } of entries) {
      const due = value.status.trashed !== null && Date.parse(value.status.trashed.purge_at) <= ctx.clock.now();
      const resting = ctx.clock.monotonic() - (tried.get(value.id) ?? Number.NEGATIVE_INFINITY) < RETRY_MS;
      if (!due || resting || ctx.operations.runningOf(value.id) !== null) continue;
      tried.set(value.id, ctx.clock.monotonic());
      await purge(ctx, value);
    }
    for (const id of tried.keys()) if (!entries.some(({ value }) => value.id === id)) tried.delete(id);
  };
}
