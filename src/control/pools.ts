/** Use cases of pools: make, change, grow, remove, wipe. Registers the operations that do the work. */
import { asHoldfastError, HoldfastError } from '../model/errors.ts';
import type { Node } from '../model/node.ts';
import type { Pool, PoolFilesystem } from '../model/pool.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Volume } from '../model/volume.ts';
import { DEFAULT_TRASH_RETENTION_MS } from '../model/volume.ts';
import { allocating } from './allocation.ts';
import { isoNow, mintId, type Context } from './context.ts';
import type { Control } from './control.ts';
import { repeatable } from './idempotency.ts';
import { hostedWrite, placedWrites, poolDeletions, trashNameOf, unplacedWrites } from './index-keys.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import type { PoolRef, VolumeDescriptor } from './ports/data-plane.ts';
import type { Write } from './ports/store.ts';
import { poolRef } from './refs.ts';
import { changePool, checkVersion, findPool, needNode, needPool, page, poolsOn, snapshotsOf, volumesOn } from './repository.ts';
import { checkPath, completePool, completePoolChange } from './requests.ts';

export type PoolUseCases = Pick<Control, 'createPool' | 'listPools' | 'getPool' | 'updatePool' | 'growPool' | 'removePool' | 'wipePool'>;

const REFUSED = 'MediumRefused';
const inPool = (poolId: string) => (volume: Volume): boolean => volume.replication.replicas.some(({ pool }) => pool === poolId);
const target = (pool: Pool) => ({ kind: 'pool', id: pool.id, name: pool.name }) as const;
const sums = (filesystems: readonly PoolFilesystem[]) => ({
  filesystems,
  capacity_bytes: filesystems.reduce((sum, { capacity_bytes }) => sum + capacity_bytes, 0),
  used_bytes: filesystems.reduce((sum, { used_bytes }) => sum + used_bytes, 0),
  reflink: filesystems.length > 0 && filesystems.every(({ reflink }) => reflink),
});

export function createPoolUseCases(ctx: Context): PoolUseCases {
  registerOperations(ctx);

  return {
    async createPool(request, options = {}) {
      return repeatable(ctx, 'pool', request, options, async (claim) => {
        const { name, spec } = completePool(request);
        const taken = await findPool(ctx.store, name);
        if (taken !== null) throw nameTaken(taken.value, spec);
        const { value: node, revision } = await needNode(ctx.store, request.node ?? ctx.node.id);
        refuseNode(ctx, `pool ${name}`, node);
        const pool: Pool = {
          id: mintId(ctx, 'pool'), name, version: 1, owner: request.owner ?? '', labels: request.labels ?? {}, node: node.id, spec, created_at: isoNow(ctx.clock),
          status: { state: 'creating', conditions: [], observed_at: null, allocated_bytes: 0, allocated_by_filesystem: {}, ...sums([]) },
        };
        const force = request.force ?? false;
        const here = node.id === ctx.node.id;
        // Elsewhere its node looks, as the first step.
        if (here) await ctx.dataPlane.checkPool(poolRef(pool, ctx.cluster), { force, others: await poolsHere(ctx, null) });
        const operation = ctx.operations.draft({ kind: 'pool.create', node: node.id, target: target(pool), args: { force, checked: here } });
        const claimed = claim(operation.id, pool.id);
        const begun = await ctx.operations.begin(operation, [{ key: KEYS.poolName(name), revision: 0 }, { key: KEYS.node(node.id), revision }, ...claimed.compare], [
          { op: 'put', key: KEYS.pool(pool.id), value: pool }, { op: 'put', key: KEYS.poolName(name), value: pool.id }, hostedWrite(pool), ...claimed.writes,
        ]);
        if (begun === null && (await ctx.store.get(KEYS.poolName(name))) === null) throw new HoldfastError('conflict', `node ${node.name} was changed in between`, { object: `pool ${name}`, hint: 'Try again.' }, { retryable: true });
        if (begun === null) throw new HoldfastError('conflict', `there is a pool "${name}" already`, { object: `pool ${name}`, field: 'name' });
        return { object: pool, operation, warnings: [] };
      }, (id) => needPool(ctx.store, id).then(({ value }) => value));
    },

    async listPools(query = {}) {
      const found = await page<Pool>(ctx.store, KEYS.pools, query, (pool) => query.name === undefined || pool.name === query.name);
      return { ...found, items: await Promise.all(found.items.map((pool) => ctx.observations.pool(pool, 2_000))) };
    },

    async getPool(ref) {
      return ctx.observations.pool((await needPool(ctx.store, ref)).value);
    },

    async updatePool(ref, requested, options = {}) {
      const { value: found } = await needPool(ctx.store, ref);
      const object = `pool ${found.name}`;
      completePoolChange(object, requested);
      const changed = await changePool(ctx.store, found.id, (pool) => {
        checkVersion(object, pool.version, options.expectedVersion);
        const next = { ...pool, labels: requested.labels ?? pool.labels, owner: requested.owner ?? pool.owner, spec: { ...pool.spec, overcommit: requested.overcommit ?? pool.spec.overcommit, class: requested.class ?? pool.spec.class } };
        return same(next, pool) ? pool : { ...next, version: pool.version + 1 };
      });
      if (changed.version !== found.version) await ctx.events.tell(target(changed), 'Updated', `pool ${changed.name} was changed`);
      return ctx.observations.pool(changed);
    },

    async growPool(ref, requested, options = {}) {
      const { value: pool } = await needPool(ctx.store, ref);
      const object = `pool ${pool.name}`;
      checkVersion(object, pool.version, options.expectedVersion);
      await ctx.operations.refuseWhileRunning(pool.id, object);
      const added = (requested.devices ?? []).map((device) => checkPath(object, 'devices', device)).filter((device) => !pool.spec.devices.includes(device));
      if (added.length > 0 && pool.spec.kind !== 'device') throw new HoldfastError('invalid_argument', `devices: ${object} is a directory`, { object, field: 'devices', hint: 'A directory grows with the filesystem that it lies on.' });
      const grown: Pool = { ...pool, spec: { ...pool.spec, devices: [...pool.spec.devices, ...added] } };
      const force = requested.force ?? false;
      if (added.length > 0 && pool.node === ctx.node.id) await checkAdded(ctx, grown, added, force);
      const operation = ctx.operations.draft({ kind: 'pool.grow', node: pool.node, target: target(pool), args: { devices: grown.spec.devices, added, force } });
      if ((await ctx.operations.begin(operation, [], [])) === null) throw new HoldfastError('conflict', `${object} was changed in between`, { object, hint: 'Try again.' }, { retryable: true });
      return { object: pool, operation, warnings: [] };
    },

    async removePool(ref, options = {}) {
      const { value: pool } = await needPool(ctx.store, ref);
      const object = `pool ${pool.name}`;
      checkVersion(object, pool.version, options.expectedVersion);
      // Placement compares the pool's revision, so a volume placed after the look makes this transaction fail.
      for (;;) {
        const running = await ctx.operations.runningOf(pool.id);
        if (running?.kind === 'pool.remove') return { object: pool, operation: running, warnings: [] };
        await ctx.operations.refuseWhileRunning(pool.id, object, running);
        const entry = await needPool(ctx.store, pool.id);
        const live = (await volumesOn(ctx.store, pool.node)).map(({ value }) => value).filter(({ status }) => status.state !== 'trashed').filter(inPool(pool.id));
        if (live.length > 0) {
          throw new HoldfastError('failed_precondition', `${object} holds ${live.length} volume(s): ${live.slice(0, 5).map(({ name }) => name).join(', ')}${live.length > 5 ? ', …' : ''}`, { object, hint: 'Remove them first; no pool with live volumes is removed.' });
        }
        const removing: Pool = { ...entry.value, version: entry.value.version + 1, status: { ...entry.value.status, state: 'removing' } };
        const operation = ctx.operations.draft({ kind: 'pool.remove', node: pool.node, target: target(pool) });
        if ((await ctx.operations.begin(operation, [{ key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: removing }])) === null) continue;
        const trash = await trashIn(ctx, pool);
        return { object: removing, operation, warnings: trash.length === 0 ? [] : [`${trash.length} trashed volume(s) stay on its medium; they are found again when a pool is made there. To delete them: holdfast pool wipe`] };
      }
    },

    async wipePool(request) {
      const { path, device, confirm } = request;
      const place = path ?? device;
      if (place === undefined || (path !== undefined && device !== undefined)) throw new HoldfastError('invalid_argument', 'name one path or one device', { field: 'path' });
      const checked = checkPath('pool wipe', path === undefined ? 'device' : 'path', place);
      if (confirm !== place) throw new HoldfastError('invalid_argument', `confirm must repeat ${JSON.stringify(place.slice(0, 200))}`, { field: 'confirm', hint: 'Wiping deletes every replica and snapshot there, for ever.' });
      await ctx.dataPlane.wipeMedium(path === undefined ? { device: checked } : { path: checked }, await poolsHere(ctx, null), { signal: new AbortController().signal, progress: () => undefined });
      await ctx.events.tell({ kind: 'pool', id: '', name: checked }, 'Wiped', `what a removed pool left on ${checked} was deleted`, 'warning');
    },
  };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function nameTaken(pool: Pool, wanted: Pool['spec']): HoldfastError {
  const fields = (Object.keys(wanted) as (keyof Pool['spec'])[]).filter((key) => !same(pool.spec[key], wanted[key]));
  return new HoldfastError('conflict', `there is a pool "${pool.name}" already${fields.length > 0 ? `; it differs in ${fields.join(', ')}` : ''}`, { object: `pool ${pool.name}`, field: 'name', fields, hint: 'Choose another name, or use the pool that is there.' });
}

async function trashIn(ctx: Context, pool: Pool): Promise<readonly Volume[]> {
  const entries = await volumesOn(ctx.store, pool.node);
  return entries.map(({ value }) => value).filter(({ status }) => status.state === 'trashed').filter(inPool(pool.id));
}

/** @throws failed_precondition when the node holds no replicas, takes no new work, or does not answer. */
function refuseNode(ctx: Context, object: string, node: Node): void {
  const { status: { state } } = ctx.members.shown(node);
  if (!node.spec.roles.includes('storage')) throw new HoldfastError('failed_precondition', `node ${node.name} has no storage role`, { object, field: 'node', hint: `Give it the role: holdfast node update ${node.name} --role storage` });
  if (state === 'unavailable' || state === 'joining') throw new HoldfastError('failed_precondition', `node ${node.name} is ${state}`, { object, field: 'node', hint: `holdfast node inspect ${node.name}` });
  if (node.spec.cordoned) throw new HoldfastError('failed_precondition', `node ${node.name} is ${state} and takes no new work`, { object, field: 'node', hint: `holdfast node undrain ${node.name}` });
}

/** Looks at devices that a pool of this node shall take in. */
async function checkAdded(ctx: Context, grown: Pool, added: readonly string[], force: boolean): Promise<void> {
  await ctx.dataPlane.checkPool(poolRef({ ...grown, spec: { ...grown.spec, devices: added } }, ctx.cluster), { force, others: await poolsHere(ctx, null) });
}

function registerOperations(ctx: Context): void {
  const recordOf = async (id: string): Promise<Pool> => (await needPool(ctx.store, id)).value;

  const settle = async (id: string, filesystems: readonly PoolFilesystem[], devices?: readonly string[]): Promise<void> => {
    ctx.observations.forgetPool(id);
    await changePool(ctx.store, id, (pool) => ({ ...pool, version: pool.version + 1, spec: devices === undefined ? pool.spec : { ...pool.spec, devices }, status: { ...pool.status, state: 'ready', ...sums(filesystems) } }));
  };

  ctx.operations.register('pool.create', {
    cancellable: true,
    unit: 'steps',
    steps: [
      {
        name: 'check',
        async run(operation) {
          if (operation.args.checked === true) return;
          const pool = await recordOf(operation.target.id);
          // Made already, before a crash: its own marker is no obstacle, and half a pool no reason to refuse.
          try {
            await ctx.dataPlane.checkPool(poolRef(pool, ctx.cluster), { force: operation.args.force === true, others: await poolsHere(ctx, pool.id) });
          } catch (error) {
            // So that taking back leaves a medium alone that was never touched.
            await changePool(ctx.store, pool.id, (record) => ({ ...record, status: { ...record.status, conditions: [{ type: REFUSED, message: asHoldfastError(error).message, hint: '', since: isoNow(ctx.clock) }] } }));
            throw error;
          }
        },
      },
      {
        name: 'make',
        async run(operation, work) {
          const pool = await recordOf(operation.target.id);
          const filesystems = await ctx.dataPlane.makePool(poolRef(pool, ctx.cluster), { force: operation.args.force === true }, work);
          await changePool(ctx.store, pool.id, (record) => ({ ...record, status: { ...record.status, ...sums(filesystems) } }));
        },
      },
      { name: 'find-trash', run: async (operation) => takeInTrash(ctx, await recordOf(operation.target.id)) },
      {
        name: 'ready',
        async run(operation) {
          const pool = await recordOf(operation.target.id);
          await settle(pool.id, pool.status.filesystems);
          await ctx.events.tell(target(pool), 'Created', `pool ${pool.name} is ready`);
        },
      },
    ],
    async undo(operation, error, medium) {
      const found = await findPool(ctx.store, operation.target.id);
      if (found === null) return;
      const ref = poolRef(found.value, ctx.cluster);
      if (medium === 'here' && !found.value.status.conditions.some(({ type }) => type === REFUSED)) {
        const kept = await ctx.dataPlane.findVolumes(ref).catch(() => []);
        await ctx.dataPlane.closePool(ref);
        if (kept.length === 0) await wipeOwn(ctx, ref).catch(() => undefined);
      }
      for (const volume of await trashIn(ctx, found.value)) await forgetVolume(ctx, volume);
      await ctx.store.txn([], poolDeletions(found.value));
      await ctx.events.tell(operation.target, 'CreateFailed', `pool ${ref.name} was not made: ${error.message}`, 'warning');
    },
  });

  ctx.operations.register('pool.grow', {
    cancellable: false,
    unit: 'steps',
    steps: [{
      name: 'grow',
      async run(operation, work) {
        const pool = await recordOf(operation.target.id);
        const devices = operation.args.devices as readonly string[];
        const added = ((operation.args.added ?? []) as readonly string[]).filter((device) => !pool.spec.devices.includes(device) && !pool.status.filesystems.some((filesystem) => filesystem.device === device));
        if (added.length > 0) await checkAdded(ctx, { ...pool, spec: { ...pool.spec, devices } }, added, operation.args.force === true);
        const filesystems = await ctx.dataPlane.growPool(poolRef({ ...pool, spec: { ...pool.spec, devices } }, ctx.cluster), { force: operation.args.force === true }, work);
        await settle(pool.id, filesystems, devices);
        await ctx.events.tell(target(pool), 'Grown', `pool ${pool.name} grew`);
      },
    }],
  });

  ctx.operations.register('pool.remove', {
    cancellable: false,
    unit: 'steps',
    steps: [
      { name: 'close', run: async (operation) => ctx.dataPlane.closePool(poolRef(await recordOf(operation.target.id), ctx.cluster)) },
      {
        name: 'forget',
        async run(operation) {
          const found = await findPool(ctx.store, operation.target.id);
          if (found === null) return;
          for (const volume of await trashIn(ctx, found.value)) await forgetVolume(ctx, volume);
          await ctx.store.txn([], poolDeletions(found.value));
          ctx.observations.forgetPool(found.value.id);
          await ctx.events.tell(operation.target, 'Removed', `pool ${found.value.name} was removed; no file was deleted`);
        },
      },
    ],
    async undo(operation, _error, medium) {
      const found = await findPool(ctx.store, operation.target.id);
      if (found === null) return;
      if (medium === 'here') await ctx.dataPlane.openPool(poolRef(found.value, ctx.cluster));
      await changePool(ctx.store, found.value.id, (pool) => ({ ...pool, status: { ...pool.status, state: 'ready' } }));
    },
  });
}

/** The pools of this machine but the one of this id (null: all): what a medium must not be taken from. */
async function poolsHere(ctx: Context, id: string | null): Promise<readonly PoolRef[]> {
  const entries = await poolsOn(ctx.store, ctx.node.id);
  return entries.filter(({ value }) => value.id !== id).map(({ value }) => poolRef(value, ctx.cluster));
}

async function wipeOwn(ctx: Context, ref: PoolRef): Promise<void> {
  const work = { signal: new AbortController().signal, progress: () => undefined };
  const rest = await poolsHere(ctx, ref.id);
  if (ref.spec.path !== null) return ctx.dataPlane.wipeMedium({ path: ref.spec.path }, rest, work);
  for (const device of ref.spec.devices) await ctx.dataPlane.wipeMedium({ device }, rest, work);
}

/** Drops the records of a trashed volume and its snapshots; the files are not touched. */
export async function forgetVolume(ctx: Context, volume: Volume): Promise<void> {
  const snapshots = await snapshotsOf(ctx.store, volume.id);
  const writes: Write[] = snapshots.flatMap(({ value }) => [{ op: 'delete', key: KEYS.snapshot(value.id) }, { op: 'delete', key: KEYS.snapshotName(volume.id, value.name) }] as const);
  // etcd takes 128 writes in one transaction.
  for (let i = 0; i < writes.length; i += 100) await ctx.store.txn([], writes.slice(i, i + 100));
  await ctx.store.txn([], [{ op: 'delete', key: KEYS.trashed(volume.id) }, { op: 'delete', key: trashNameOf(volume) }, ...unplacedWrites(volume)]);
  ctx.observations.forgetVolume(volume.id);
}

/** What a former pool left on the medium comes back as trash, with a new term. Volumes already known are left alone. */
async function takeInTrash(ctx: Context, pool: Pool): Promise<void> {
  const found = await ctx.dataPlane.findVolumes(poolRef(pool, ctx.cluster));
  for (const { descriptor, filesystem_uuid } of found) {
    const known = (await ctx.store.get(KEYS.volume(descriptor.volume_id))) ?? (await ctx.store.get(KEYS.trashed(descriptor.volume_id)));
    if (known !== null) continue;
    const now = isoNow(ctx.clock);
    const filesystem = pool.status.filesystems.find(({ uuid }) => uuid === filesystem_uuid);
    const seen = filesystem === undefined ? null : await ctx.dataPlane.observeVolume({ volume_id: descriptor.volume_id, replica_id: descriptor.replica_id, history: descriptor.history, filesystem });
    // The descriptor may be old; the replica's own metadata knows the last generation, and refuses older ones.
    const generation = Math.max(descriptor.generation, seen?.meta?.generation ?? 0);
    const volume = foundVolume({ ...descriptor, generation }, pool, filesystem_uuid, now, new Date(ctx.clock.now() + DEFAULT_TRASH_RETENTION_MS).toISOString(), ctx.node.id);
    const snapshots = descriptor.snapshots.map((snapshot) => foundSnapshot(snapshot, volume));
    const bytes = descriptor.size_bytes + snapshots.reduce((sum, { status }) => sum + status.reserved_bytes, 0);
    await allocating(ctx, pool.id, `volume ${descriptor.name}`, async () => {
      const record = await needPool(ctx.store, pool.id);
      const done = await ctx.store.txn([{ key: record.key, revision: record.revision }], [
        { op: 'put', key: KEYS.trashed(volume.id), value: volume }, { op: 'put', key: trashNameOf(volume), value: volume.id }, ...placedWrites(volume),
        { op: 'put', key: record.key, value: allocate(record.value, filesystem_uuid, bytes) },
        ...snapshots.flatMap((snapshot) => [{ op: 'put', key: KEYS.snapshot(snapshot.id), value: snapshot }, { op: 'put', key: KEYS.snapshotName(volume.id, snapshot.name), value: snapshot.id }] as const),
      ]);
      return done.committed || null;
    });
    await ctx.events.tell({ kind: 'volume', id: volume.id, name: descriptor.name }, 'FoundOnMedium', `volume ${descriptor.name} was found on the medium of pool ${pool.name} and is in the trash`, 'warning');
  }
}

function foundVolume(descriptor: VolumeDescriptor, pool: Pool, filesystem: string, now: string, purgeAt: string, node: string): Volume {
  return {
    id: descriptor.volume_id, name: descriptor.name, version: 1, owner: '', labels: descriptor.labels, created_at: descriptor.created_at,
    spec: { size_bytes: descriptor.size_bytes, filesystem: descriptor.filesystem, access: 'single', replicas: 1, class: 'any', pool: null, deletion_protection: false, trash_retention_ms: DEFAULT_TRASH_RETENTION_MS, source_snapshot: null, min_in_sync: 1, movable: false },
    status: { state: 'trashed', conditions: [], observed_at: null, used_bytes: null, written_at: null, device: null, mount_path: null, publications: [], trashed: { at: descriptor.trashed_at ?? now, purge_at: purgeAt, name: descriptor.name } },
    replication: {
      // One more than was ever used, so that it never counts as unused.
      history: descriptor.history, generation: descriptor.generation + 1, set_version: 1, size: descriptor.size_bytes, writer: null, clean: false, attaching: null,
      replicas: [{ id: descriptor.replica_id, node, pool: pool.id, filesystem, state: 'in-sync', home: null }],
      snapshots: descriptor.snapshots.map(({ id }) => ({ id, replicas: [descriptor.replica_id] })),
    },
  };
}

function foundSnapshot(found: VolumeDescriptor['snapshots'][number], volume: Volume): Snapshot {
  return {
    id: found.id, name: found.name, version: 1, owner: '', labels: {}, created_at: found.created_at, volume_name: volume.name,
    spec: { volume: volume.id, filesystem: volume.spec.filesystem, size_bytes: found.size_bytes },
    status: { state: 'ready', conditions: [], observed_at: null, consistency: 'filesystem', method: null, reserved_bytes: found.size_bytes },
  };
}
