/** Puts the use cases together over the seams. The composition root calls it; nothing else knows the parts. */
import type { Cluster, Node } from '../model/node.ts';
import type { HoldfastEvent } from '../model/node.ts';
import { VERSION } from '../model/version.ts';
import type { Pool } from '../model/pool.ts';
import type { Snapshot } from '../model/snapshot.ts';
import type { Volume } from '../model/volume.ts';
import type { Operation } from '../model/operation.ts';
import { HoldfastError } from '../model/errors.ts';
import { createAttachment } from './attachment.ts';
import { capacityOf } from './capacity.ts';
import { isoNow, mintId, type Context, type Seams } from './context.ts';
import type { Control, Status } from './control.ts';
import { createEventLog } from './events.ts';
import { KEYS } from './keys.ts';
import { createLocks } from './locks.ts';
import { createObservations } from './observations.ts';
import { createOperationRunner } from './operations.ts';
import { createPoolUseCases } from './pools.ts';
import { createReconciler, type ReconcileSettings } from './reconcile.ts';
import { page, pageBackwards } from './repository.ts';
import { createSnapshotUseCases } from './snapshots.ts';
import { createTrashUseCases } from './trash.ts';
import { createVolumeUseCases } from './volumes.ts';

export interface ControlSettings extends ReconcileSettings {
  /** Name of this node; a name as every noun's. */
  readonly node_name: string;
}

export interface ControlPlane extends Control {
  /** Begins the loop and resumes what a former process left. */
  start(): Promise<void>;
  /** Stops at safe points; mounted volumes go on working. */
  stop(): Promise<void>;
}

export async function createControl(seams: Seams, settings: ControlSettings): Promise<ControlPlane> {
  const cluster = await identity(seams);
  const node = await registerNode(seams, settings.node_name);
  const locks = createLocks();
  const events = createEventLog(seams);
  const operations = createOperationRunner(seams, locks, node.id);
  const observations = createObservations({ ...seams, cluster, node, events });
  const ctx: Context = { ...seams, cluster, node, locks, events, operations, observations };
  const attachment = createAttachment(ctx);
  const reconciler = createReconciler(ctx, attachment, settings);
  const volumes = createVolumeUseCases(ctx, attachment);

  return {
    ...createPoolUseCases(ctx),
    ...volumes,
    // A volume whose containers were killed with their engine is free at once, not at the loop's next look.
    async removeVolume(ref, request, options) {
      await freeDeadConsumers(ref);
      return volumes.removeVolume(ref, request, options);
    },
    async detachVolume(ref, options) {
      await freeDeadConsumers(ref);
      return volumes.detachVolume(ref, options);
    },
    ...createTrashUseCases(ctx),
    ...createSnapshotUseCases(ctx, attachment),

    cluster: () => Promise.resolve(cluster),
    capacity: () => capacityOf(ctx),
    status: () => statusOf(ctx),
    listNodes: async (query = {}) => page<Node>(seams.store, KEYS.nodes, query, (other) => query.name === undefined || other.name === query.name),
    async getNode(ref) {
      if (ref !== node.id && ref !== node.name) throw new HoldfastError('not_found', `there is no node "${ref.slice(0, 80)}"`, { object: `node ${ref.slice(0, 80)}`, hint: 'List them: holdfast node list' });
      return { ...((await seams.store.get<Node>(KEYS.node(node.id)))?.value ?? node), status: { ...node.status, observed_at: isoNow(seams.clock) } };
    },

    listOperations: (query = {}) => listOperations(ctx, query),
    getOperation: (id) => operations.get(id),
    waitOperation: (id, timeoutMs, signal) => operations.wait(id, timeoutMs, signal),
    cancelOperation: (id) => operations.cancel(id),

    listEvents: (query = {}) => pageBackwards<HoldfastEvent>(seams.store, KEYS.events, query, (event) => query.object === undefined || event.object.id === query.object || event.object.name === query.object),
    watchEvents: (signal) => events.follow(signal),
    checkStore: () => seams.store.check(),

    async start() {
      await reconciler.begin();
      await operations.resume();
      reconciler.run();
    },
    async stop() {
      await reconciler.stop();
      await operations.stop();
    },
  };

  async function freeDeadConsumers(ref: string): Promise<void> {
    const volume = await volumes.getVolume(ref);
    if (volume.status.publications.length > 0) await reconciler.collectDeadConsumers(volume);
  }
}

async function listOperations(ctx: Context, query: NonNullable<Parameters<Control['listOperations']>[0]>): ReturnType<Control['listOperations']> {
  const found = await pageBackwards<Operation>(ctx.store, KEYS.operations, query, (operation) =>
    (query.target === undefined || operation.target.id === query.target || operation.target.name === query.target) &&
    (query.running === undefined || query.running === (operation.finished_at === null)));
  return { ...found, items: await Promise.all(found.items.map(async (operation) => (operation.finished_at === null ? ctx.operations.get(operation.id) : operation))) };
}

/** Made once; never changes. Answers from another cluster are told apart by it. */
async function identity(seams: Seams): Promise<Cluster> {
  const existing = await seams.store.get<Cluster>(KEYS.cluster);
  if (existing !== null) return existing.value;
  const cluster: Cluster = { id: mintId(seams, 'cluster'), name: 'holdfast', created_at: isoNow(seams.clock) };
  await seams.store.txn([{ key: KEYS.cluster, revision: 0 }], [{ op: 'put', key: KEYS.cluster, value: cluster }]);
  return (await seams.store.get<Cluster>(KEYS.cluster))?.value ?? cluster;
}

async function registerNode(seams: Seams, name: string): Promise<Node> {
  const capabilities = await seams.dataPlane.probe();
  for (const [feature, { available, reason }] of Object.entries(capabilities.features)) seams.log[available ? 'debug' : 'info']({ feature, available, reason }, 'kernel feature');
  const { entries } = await seams.store.list<Node>(KEYS.nodes);
  const before = entries[0]?.value;
  const node: Node = {
    id: before?.id ?? mintId(seams, 'node'), name, version: (before?.version ?? 0) + (before?.name === name ? 0 : 1), owner: before?.owner ?? '', labels: before?.labels ?? {}, spec: { roles: ['control', 'storage'], zone: '', address: null, cordoned: false },
    status: { state: 'ready', conditions: [], observed_at: isoNow(seams.clock), daemon_version: VERSION, capabilities }, created_at: before?.created_at ?? isoNow(seams.clock),
  };
  await seams.store.txn([], [{ op: 'put', key: KEYS.node(node.id), value: node }]);
  return node;
}

async function statusOf(ctx: Context): Promise<Status> {
  const [pools, { entries: volumeEntries }, { entries: trash }, { entries: snapshots }] = await Promise.all([
    ctx.observations.pools(2_000), ctx.store.list<Volume>(KEYS.volumes), ctx.store.list<Volume>(KEYS.trash), ctx.store.list<Snapshot>(KEYS.snapshots),
  ]);
  const volumes = await Promise.all(volumeEntries.map(({ value }) => ctx.observations.volume(value, 5_000)));
  const byState: Record<string, number> = {};
  for (const { status } of volumes) byState[status.state] = (byState[status.state] ?? 0) + 1;
  const problemsOf = (kind: string, objects: readonly (Pool | Volume)[]): Status['problems'] =>
    objects.flatMap(({ id, name, status }) => status.conditions.map(({ type, message, hint }) => ({ object: { kind, id, name }, condition: type, message, hint })));
  return {
    cluster: ctx.cluster, node: ctx.node, daemon_version: VERSION,
    counts: { pools: pools.length, volumes: volumes.length, snapshots: snapshots.length, trash: trash.length, operations_running: ctx.operations.runningCount() },
    volumes_by_state: byState,
    capacity: await capacityOf(ctx),
    problems: [...problemsOf('pool', pools), ...problemsOf('volume', volumes.filter(({ status }) => status.state === 'unavailable')), ...problemsOf('volume', volumes.filter(({ status }) => status.state !== 'unavailable'))].slice(0, 50),
  };
}
