/** Trash: removed volumes keep their data until their term is over; their names are free at once. */
import { formatBytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isId } from '../model/id.ts';
import { checkName, isName } from '../model/name.ts';
import type { Pool } from '../model/pool.ts';
import type { Volume } from '../model/volume.ts';
import { carrierOf, isHere, isoNow, type Context } from './context.ts';
import type { Accepted, Control } from './control.ts';
import { crowded, regroup } from './groups.ts';
import { placedWrites, trashNameOf, undescribedWrites } from './index-keys.ts';
import { KEYS } from './keys.ts';
import type { Step } from './operations.ts';
import { onlyReplica, replicaRef, volumeDescriptor } from './refs.ts';
import { findVolume, page, snapshotsOf } from './repository.ts';
import { dropSnapshot } from './snapshots.ts';
import { dropVolume } from './volume-create.ts';

export type TrashUseCases = Pick<Control, 'listTrash' | 'restoreTrash' | 'purgeTrash'>;

const target = (volume: Volume) => ({ kind: 'volume', id: volume.id, name: volume.status.trashed?.name ?? volume.name }) as const;

/** The newest one that had the name. */
export async function trashedOfName(ctx: Context, name: string): Promise<Volume | null> {
  if (!isName(name)) return null;
  const { entries } = await ctx.store.list<string>(KEYS.trashNames(name));
  const named = (await Promise.all(entries.map(({ value }) => ctx.store.get<Volume>(KEYS.trashed(value))))).flatMap((entry) => (entry === null ? [] : [entry.value]));
  return named.sort((a, b) => ((a.status.trashed?.at ?? '') < (b.status.trashed?.at ?? '') ? 1 : -1))[0] ?? null;
}

async function needTrashed(ctx: Context, ref: string): Promise<Volume> {
  if (isId('volume', ref)) {
    const found = await ctx.store.get<Volume>(KEYS.trashed(ref));
    if (found !== null) return found.value;
  } else {
    const newest = await trashedOfName(ctx, ref);
    if (newest !== null) return newest;
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
  const grouped = await regroup(ctx.store, entry.value, trashed);
  const done = await ctx.store.txn([{ key: entry.key, revision: entry.revision }, ...grouped.compare], [
    { op: 'delete', key: entry.key }, { op: 'delete', key: KEYS.volumeName(volume.name) }, { op: 'put', key: KEYS.trashed(volume.id), value: trashed }, { op: 'put', key: trashNameOf(trashed), value: volume.id },
    ...placedWrites(trashed), ...grouped.writes,
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
    const grouped = await regroup(ctx.store, entry.value, restored);
    const done = await ctx.store.txn([{ key: entry.key, revision: entry.revision }, { key: KEYS.volumeName(name), revision: 0 }, { key: KEYS.running(id), revision: 0 }, ...grouped.compare], [
      { op: 'delete', key: entry.key }, { op: 'delete', key: trashNameOf(entry.value) }, { op: 'put', key: KEYS.volumeName(name), value: id }, { op: 'put', key: KEYS.volume(id), value: restored },
      ...placedWrites(restored), ...undescribedWrites(restored, ctx.node.id), ...grouped.writes,
    ]);
    if (!done.committed && (await ctx.store.get(KEYS.volumeName(name))) === null) {
      await ctx.operations.refuseWhileRunning(id, `volume ${name}`);
      throw new HoldfastError('conflict', `volume ${id} was changed by another in between`, { object: `volume ${id}`, hint: 'Try again.' }, { retryable: true });
    }
    if (!done.committed) throw new HoldfastError('conflict', `there is a volume "${name}" already`, { object: `volume ${id}`, field: 'name', hint: `Take it back under another name: holdfast trash restore ${id} --name OTHER` });
    ctx.observations.forgetVolume(id);
    if (name !== entry.value.name) await renameSnapshots(ctx, restored);
    await describe(ctx, restored);
    await ctx.events.tell({ kind: 'volume', id, name }, 'Restored', `volume ${name} was taken back from the trash`);
    const crowd = crowded(grouped.groups, restored);
    if (crowd !== null) await ctx.events.tell({ kind: 'volume', id, name }, 'NotApart', `volume ${name} is back on a node that holds another volume with ${crowd.label}=${crowd.value}, though its placement keeps those apart`, 'warning');
    return restored;
  });
}

/** Snapshots show the name that their volume has now. */
async function renameSnapshots(ctx: Context, volume: Volume): Promise<void> {
  for (const { key, revision, value } of await snapshotsOf(ctx.store, volume.id)) {
    await ctx.store.txn([{ key, revision }], [{ op: 'put', key, value: { ...value, volume_name: volume.name } }]);
  }
}

/** Writes the record's descriptor to the medium (of this node; others are called by a key below `/undescribed`). The record is the truth and stands already: a medium that is away only makes the copy old. */
export async function describe(ctx: Context, volume: Volume): Promise<void> {
  if (!isHere(ctx, volume)) return;
  const pool = await ctx.store.get<Pool>(KEYS.pool(onlyReplica(volume).pool));
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
      const pool = found === null ? null : await ctx.store.get<Pool>(KEYS.pool(onlyReplica(found.value).pool));
      if (found !== null && pool !== null && isHere(ctx, found.value)) await ctx.dataPlane.removeReplica(replicaRef(found.value, pool.value));
    },
  },
  {
    name: 'record',
    async run(operation) {
      const found = await findVolume(ctx.store, operation.target.id);
      if (found === null) return;
      const { value: volume } = found;
      const all = (await snapshotsOf(ctx.store, volume.id)).map(({ value }) => value);
      // etcd takes 128 writes in one transaction: those that would not fit go before, each with its bytes.
      for (const { id } of all.slice(MANY)) await dropSnapshot(ctx, id);
      const snapshots = all.slice(0, MANY);
      const bytes = volume.spec.size_bytes + snapshots.reduce((sum, { status }) => sum + status.reserved_bytes, 0);
      await dropVolume(ctx, volume, onlyReplica(volume).filesystem, bytes, KEYS.trashed(volume.id), [trashNameOf(volume), ...snapshots.flatMap(({ id, name }) => [KEYS.snapshot(id), KEYS.snapshotName(volume.id, name)])]);
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
      await ctx.operations.refuseWhileRunning(trashed.id, `volume ${target(trashed).name}`);
      return restoreFromTrash(ctx, trashed.id, checkName('volume', request.name ?? target(trashed).name));
    },
    async purgeTrash(ref): Promise<Accepted<Volume>> {
      const trashed = await needTrashed(ctx, ref);
      return purge(ctx, trashed);
    },
  };
}

export async function purge(ctx: Context, trashed: Volume): Promise<Accepted<Volume>> {
  for (;;) {
    const running = await ctx.operations.runningOf(trashed.id);
    if (running?.kind === 'volume.purge') return { object: trashed, operation: running, warnings: [] };
    await ctx.operations.refuseWhileRunning(trashed.id, `volume ${target(trashed).name}`, running);
    const entry = await ctx.store.get<Volume>(KEYS.trashed(trashed.id));
    if (entry === null) throw new HoldfastError('not_found', `volume ${trashed.id} is not in the trash any more`, { object: `volume ${trashed.id}` });
    const operation = ctx.operations.draft({ kind: 'volume.purge', node: carrierOf(ctx, trashed), target: target(trashed) });
    if ((await ctx.operations.begin(operation, [{ key: entry.key, revision: entry.revision }], [])) !== null) return { object: trashed, operation, warnings: [] };
  }
}

const RETRY_MS = 300_000;
/** Snapshots that go in one transaction with their volume. */
const MANY = 40;

/**
 * Purges what is past its term; what could not be purged is tried again after five minutes. Each node does so for its
 * own trash: it has the records at hand, and needs no leader for it.
 */
export function createExpiry(ctx: Context): (trash: readonly Volume[]) => Promise<void> {
  const tried = new Map<string, number>();
  return async (trash) => {
    for (const value of trash) {
      const due = value.status.trashed !== null && Date.parse(value.status.trashed.purge_at) <= ctx.clock.now();
      const resting = ctx.clock.monotonic() - (tried.get(value.id) ?? Number.NEGATIVE_INFINITY) < RETRY_MS;
      if (!due || resting || ctx.operations.busy(value.id)) continue;
      tried.set(value.id, ctx.clock.monotonic());
      await purge(ctx, value);
    }
    for (const id of tried.keys()) if (!trash.some((value) => value.id === id)) tried.delete(id);
  };
}
