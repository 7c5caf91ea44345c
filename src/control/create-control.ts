/** Puts the use cases together over the seams. The composition root calls it; nothing else knows the parts. */
import type { HoldfastEvent, Node } from '../model/node.ts';
import { VERSION } from '../model/version.ts';
import type { Pool } from '../model/pool.ts';
import type { Operation } from '../model/operation.ts';
import { createAttachment } from './attachment.ts';
import { capacityOf } from './capacity.ts';
import { statusOf } from './status.ts';
import { createDuties } from './cluster/duties.ts';
import { checkFormat, ensureFormat } from './cluster/format.ts';
import { createLeader } from './cluster/leader.ts';
import { createMembers, type Alive, type Members } from './cluster/members.ts';
import { createMirror } from './cluster/mirror.ts';
import { createPresence } from './cluster/presence.ts';
import { ensureCluster, findSelf, reportSelf } from './cluster/self.ts';
import { checkSkew } from './cluster/skew.ts';
import { otherControlLives } from './cluster/control-nodes.ts';
import type { NodeControl } from './cluster-control.ts';
import { isHere, type Context, type Seams } from './context.ts';
import type { Control } from './control.ts';
import { createEventLog } from './events.ts';
import { KEYS } from './keys.ts';
import { createLocks } from './locks.ts';
import { createObservations } from './observations.ts';
import { createNodeUseCases } from './nodes.ts';
import { createOperations } from './operations.ts';
import type { StoreMembers } from './ports/store-members.ts';
import type { Store } from './ports/store.ts';
import { createPoolUseCases } from './pools.ts';
import { createReconciler, type ReconcileSettings } from './reconcile.ts';
import { pageBackwards } from './repository.ts';
import { createSnapshotUseCases } from './snapshots.ts';
import { createTrashUseCases } from './trash.ts';
import { createVolumeUseCases } from './volumes.ts';

export interface ControlSettings extends ReconcileSettings {
  /** Name of this node on a single machine; a name as every noun's. On a cluster the node's record tells. */
  readonly node_name: string;
  /** Id of this node, from its certificate. Absent: a single machine. */
  readonly node_id?: string;
  /** Cluster of its certificate. Absent: a single machine, which makes an identity of its own. */
  readonly cluster?: { readonly id: string; readonly name: string };
  /** `host:port` where others reach its REST API over TLS; null: nowhere. Absent: as its record says. */
  readonly address?: string | null;
  /** After so long without a sign of life a node is taken for lost, in ms. Default 10,000. */
  readonly lease_ttl_ms?: number;
  /** Members of the etcd that the cluster runs; null where it does not. */
  readonly storeMembers?: StoreMembers | null;
  /** Ends a removed node's identity: its certificates are refused from then on. Idempotent. */
  readonly revokeNode?: (nodeId: string) => Promise<void>;
  /** Default: this build's. */
  readonly daemon_version?: string;
}

export interface ControlPlane extends Control, NodeControl {
  /** Begins the loop and resumes what a former process left. */
  start(): Promise<void>;
  /** Stops at safe points; mounted volumes go on working. */
  stop(): Promise<void>;
  /** Where this node stands in its cluster; shared with what is built beside the use cases (identity, audit). */
  readonly cluster_view: {
    readonly node: Node;
    readonly members: Members;
    readonly isLeader: () => boolean;
    /** Nobody leads, as far as is known here, and this node could. */
    readonly noLeader: () => boolean;
  };
}

const DEFAULT_LEASE_TTL_MS = 10_000;
const LEAD_MS = 1_000;

/** @throws failed_precondition when the store is newer than this daemon, of another cluster, or does not know this node any more. */
export async function createControl(seams: Seams, settings: ControlSettings): Promise<ControlPlane> {
  const daemon_version = settings.daemon_version ?? VERSION;
  await checkFormat(seams.store);
  if (settings.node_id !== undefined) await refuseSkew(seams.store, settings.node_id, daemon_version);
  await ensureFormat(seams.store, seams.log);
  const cluster = await ensureCluster(seams, settings.cluster);
  const capabilities = await seams.dataPlane.probe();
  for (const [feature, { available, reason }] of Object.entries(capabilities.features)) seams.log[available ? 'debug' : 'info']({ feature, available, reason }, 'kernel feature');
  const self = { ...settings, daemon_version };
  const node = await findSelf(seams, self, capabilities);
  const ended = new AbortController();
  const members = createMembers(seams, node.id, ended.signal);
  const locks = createLocks();
  const events = createEventLog(seams);
  const presence = createPresence(seams, {
    node, alone: settings.node_id === undefined, ttl_ms: settings.lease_ttl_ms ?? DEFAULT_LEASE_TTL_MS,
    says: { boot_id: capabilities.boot_id, machine_id: capabilities.machine_id, daemon_version, address: settings.address ?? node.spec.address },
    onRegained: () => cameBack(),
  });
  /** Nodes in the middle of being removed lead no more. */
  const leaving = new Set<string>();
  const leader = createLeader(seams, presence, {
    nodeId: node.id,
    mayLead: () => isControl() && !leaving.has(node.id),
    onElected: () => operations.lead(),
    onDeposed: () => operations.unlead(),
  });
  const operations = createOperations(seams, locks, { nodeId: node.id, isAlive: (id) => members.isAlive(id), isLeader: () => leader.is() });
  const observations = createObservations({ ...seams, cluster, node, members, events });
  const ctx: Context = { ...seams, cluster, node, members, leader, locks, events, operations, observations, poolMirror: createMirror<Pool>(seams, KEYS.pools, ended.signal) };
  const attachment = createAttachment(ctx);
  const reconciler = createReconciler(ctx, attachment, settings);
  const volumes = createVolumeUseCases(ctx, attachment);
  const removal = { storeMembers: settings.storeMembers ?? null, revokeNode: settings.revokeNode ?? (() => Promise.resolve()) };
  const duties = createDuties(ctx, removal);
  let leading: Promise<void> = Promise.resolve();

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
    ...createNodeUseCases(ctx, { ...removal, leaving, resign: () => leader.resign() }),

    cluster: () => Promise.resolve(cluster),
    capacity: () => capacityOf(ctx),
    status: () => statusOf(ctx, daemon_version),
    cluster_view: { node, members, isLeader: () => leader.is(), noLeader: () => leader.current() === null && isControl() },

    listOperations: (query = {}) => listOperations(ctx, query),
    getOperation: (id) => operations.get(id),
    waitOperation: (id, timeoutMs, signal) => operations.wait(id, timeoutMs, signal),
    cancelOperation: (id) => operations.cancel(id),

    listEvents: (query = {}) => pageBackwards<HoldfastEvent>(seams.store, KEYS.events, query, (event) => query.object === undefined || event.object.id === query.object || event.object.name === query.object),
    watchEvents: (signal) => events.follow(signal),
    checkStore: () => seams.store.check(),

    async start() {
      await presence.begin();
      await reportSelf(seams, node.id, self, capabilities);
      await members.begin();
      await reconciler.begin();
      await leader.begin();
      await operations.resume();
      reconciler.run();
      leading = lead();
    },
    async stop() {
      ended.abort();
      await reconciler.stop();
      await operations.stop();
      await leader.stop();
      await leading;
      presence.stop();
    },
  };

  function isControl(): boolean {
    return members.entry(node.id)?.value.spec.roles.includes('control') === true;
  }

  async function freeDeadConsumers(ref: string): Promise<void> {
    const volume = await volumes.getVolume(ref);
    if (volume.status.publications.length > 0 && isHere(ctx, volume)) await reconciler.collectDeadConsumers(volume);
  }

  /** Runs until stopped: keeps the election going, and does what falls to the leader. */
  async function lead(): Promise<void> {
    while (!ended.signal.aborted) {
      await seams.clock.sleep(LEAD_MS, ended.signal).catch(() => undefined);
      if (ended.signal.aborted) return;
      // Nobody is there to lead in its place, or it stays after all.
      if (leaving.has(node.id) && (!otherControlLives(members, node.id) || !(await isLeaving().catch(() => true)))) leaving.delete(node.id);
      if (members.entry(node.id) === null) return removed();
      await leader.tick();
      if (leader.is()) await duties.round();
    }
  }

  /** It may not stay: what it still answers is refused for its certificate. */
  async function removed(): Promise<void> {
    seams.log.error({ node: node.id }, 'this node was removed from the cluster; it takes part no more');
    await leader.stop();
    await presence.leave().catch(() => undefined);
  }

  async function isLeaving(): Promise<boolean> {
    return (await operations.runningOf(node.id))?.kind === 'node.remove';
  }

  /** Others have taken this node for lost: what they decided meanwhile counts. */
  async function cameBack(): Promise<void> {
    await reportSelf(seams, node.id, self, capabilities);
    await reconciler.collectRubbish();
    await events.tell({ kind: 'node', id: node.id, name: node.name }, 'NodeBack', `node ${node.name} is back`);
  }
}

/** Before anything is written: a daemon that is too far away from those that live leaves the store as it is. */
async function refuseSkew(store: Store, self: string, version: string): Promise<void> {
  const { entries } = await store.list<Alive>(KEYS.alives);
  const others = entries.map(({ key, value }) => ({ id: key.slice(KEYS.alives.length), daemon_version: value.daemon_version })).filter(({ id }) => id !== self);
  checkSkew(version, await Promise.all(others.map(async ({ id, daemon_version }) => ({ name: (await store.get<Node>(KEYS.node(id)))?.value.name ?? id, daemon_version }))));
}

async function listOperations(ctx: Context, query: NonNullable<Parameters<Control['listOperations']>[0]>): ReturnType<Control['listOperations']> {
  const found = await pageBackwards<Operation>(ctx.store, KEYS.operations, query, (operation) =>
    (query.target === undefined || operation.target.id === query.target || operation.target.name === query.target) &&
    (query.running === undefined || query.running === (operation.finished_at === null)));
  return { ...found, items: await Promise.all(found.items.map(async (operation) => (operation.finished_at === null ? ctx.operations.get(operation.id) : operation))) };
}
