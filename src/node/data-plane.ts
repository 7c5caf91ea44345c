/**
 * The DataPlane of this machine: real pools, images, loop devices, filesystems and mounts. This file only puts the
 * parts together: what an earlier run left is settled first, and calls about one replica or pool run one at a time.
 */
import type { DataPlane, PoolRef, ReplicaRef } from '../control/ports/data-plane.ts';
import type { Clock, Log } from '../control/ports/system.ts';
import { createFreezer } from './freeze.ts';
import { growVolume } from './grow.ts';
import { createKeyedLock } from './keyed-lock.ts';
import { nodeLayout } from './layout.ts';
import { createMachineView } from './machine-view.ts';
import { observeVolume } from './observe.ts';
import { createPools } from './pools.ts';
import { probeNode, readBootId } from './probe.ts';
import { createPublisher } from './publish.ts';
import { attachReplica, detachReplica, fenceReplica } from './replica-device.ts';
import { createReplica, describeReplica, removeReplica } from './replica-files.ts';
import { buildHistory, keepHistory } from './snapshot-image.ts';
import { hasSnapshot, removeSnapshot, takeSnapshot } from './snapshot.ts';
import { mountVolume, unmountVolume } from './volume-mount.ts';

export interface DataPlaneOptions {
  /** Absolute; all paths of the daemon lie below it. Default "/". */
  readonly root?: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Id of this boot. Default: the kernel's. */
  readonly boot?: string;
}

/** Touches nothing until it is called. One per root and machine. */
export function createDataPlane({ root = '/', log, clock, boot = readBootId() }: DataPlaneOptions): DataPlane {
  const layout = nodeLayout(root);
  const view = createMachineView(clock);
  const freezer = createFreezer(layout, log);
  const publisher = createPublisher(view, layout);
  const pools = createPools({ view, layout, clock, log });
  const lock = createKeyedLock();

  let settled: Promise<void> | null = null;
  const settle = (): Promise<void> => {
    settled ??= Promise.all([freezer.thawLeftovers(), publisher.load()]).then(() => undefined, (thrown: unknown) => {
      settled = null;
      throw thrown;
    });
    return settled;
  };
  const ready = async <T>(work: () => Promise<T>): Promise<T> => {
    await settle();
    return work();
  };
  const alone = async <T>(of: ReplicaRef | PoolRef, work: () => Promise<T>): Promise<T> => {
    await settle();
    // Whatever was done, also in passing (a clone's image is mounted for a moment), is seen by the next look.
    return lock.run('replica_id' in of ? of.replica_id : of.id, () => work().finally(() => view.changed()));
  };

  return {
    probe: () => ready(() => probeNode(layout, boot)),

    checkPool: (pool, options) => ready(() => pools.checkPool(pool, options)),
    makePool: (pool, options, work) => alone(pool, () => pools.makePool(pool, options, work)),
    openPool: (pool) => alone(pool, () => pools.openPool(pool)),
    observePool: (pool) => ready(() => pools.observePool(pool)),
    growPool: (pool, options, work) => alone(pool, () => pools.growPool(pool, options, work)),
    closePool: (pool) => alone(pool, () => pools.closePool(pool)),
    findVolumes: (pool) => ready(() => pools.findVolumes(pool)),
    wipeMedium: (medium, others, work) => ready(() => pools.wipeMedium(medium, others, work)),

    createReplica: (replica, size, source, descriptor, work) => alone(replica, () => createReplica(replica, size, source, descriptor, boot, work)),
    writeDescriptor: (replica, descriptor) => alone(replica, () => describeReplica(replica, descriptor)),
    removeReplica: (replica) => alone(replica, () => removeReplica(replica)),
    observeVolume: (replica) => ready(() => observeVolume(view, layout, publisher, replica)),

    fence: (replica, meta) => alone(replica, () => fenceReplica(replica, meta)),
    attach: (request) => alone(request.replica, () => attachReplica(view, request)),
    detach: (replica) => alone(replica, () => detachReplica(view, layout, replica)),
    mount: (replica, filesystem, readOnly) => alone(replica, () => mountVolume(view, layout, replica, filesystem, readOnly)),
    unmount: (replica) => alone(replica, () => unmountVolume(view, layout, replica)),
    publish: (replica, target, readOnly, within) => alone(replica, () => publisher.publish(replica, target, readOnly, within)),
    unpublish: (replica, target) => alone(replica, () => publisher.unpublish(replica, target)),
    grow: (replica, size, filesystem, work) => alone(replica, () => growVolume(view, layout, replica, size, filesystem, work)),

    takeSnapshot: (replica, snapshotId, work) => alone(replica, () => takeSnapshot({ view, layout, freezer }, replica, snapshotId, work)),
    removeSnapshot: (replica, snapshotId) => alone(replica, () => removeSnapshot(replica, snapshotId)),
    hasSnapshot: (replica, snapshotId) => ready(() => hasSnapshot(replica, snapshotId)),
    buildHistory: (replica, snapshotId, newHistory, size, work) => alone(replica, () => buildHistory(replica, snapshotId, newHistory, size, work)),
    keepHistory: (replica, oldHistory, asSnapshotId) => alone(replica, () => keepHistory(replica, oldHistory, asSnapshotId)),
  };
}
