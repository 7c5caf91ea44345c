/**
 * Pools of both kinds behind the port: which one does what, which pools this process has open, what is found on their
 * media. Closing releases a medium and deletes nothing.
 */
import path from 'node:path';
import type { DataPlane, PoolRef, Work } from '../control/ports/data-plane.ts';
import type { Clock, Log } from '../control/ports/system.ts';
import { HoldfastError } from '../model/errors.ts';
import type { PoolFilesystem } from '../model/pool.ts';
import { listReplicas, readDescriptor } from './descriptor.ts';
import { messageOf } from './durable-file.ts';
import { DESCRIPTOR_NAME, isWithin, type NodeLayout } from './layout.ts';
import { readLoopDevices } from './loop-device.ts';
import type { MachineView } from './machine-view.ts';
import { mountAt, readMounts } from './mountinfo.ts';
import type { Claim } from './pool-claim.ts';
import { checkDevices, growDeviceFilesystem, makeDeviceFilesystem, observeDevicePool, POOL_LABEL, removePoolMountPoints } from './pool-device.ts';
import { checkDirectory, makeDirectoryPool, observeDirectoryPool } from './pool-directory.ts';
import { readMarker, writeMarker } from './pool-marker.ts';
import { unmountBusy } from './volume-mount.ts';
import { wipeDevice, wipeDirectory } from './wipe.ts';
import { readXfsSuperblock } from './xfs-superblock.ts';

export type PoolMethods = Pick<DataPlane, 'checkPool' | 'makePool' | 'openPool' | 'observePool' | 'growPool' | 'closePool' | 'findVolumes' | 'wipeMedium'>;

export function createPools(machine: { readonly view: MachineView; readonly layout: NodeLayout; readonly clock: Clock; readonly log: Log }): PoolMethods {
  const { view, layout, clock, log } = machine;
  /** Pools that this process has seen in use: their media are never taken by another, whatever the caller forgot to say. */
  const open = new Set<string>();
  const now = (): string => new Date(clock.now()).toISOString();
  const claimOf = (force: boolean, others: readonly PoolRef[] = []): Claim => ({ force, taken: new Set([...open, ...others.map((other) => other.id)]) });

  const observe = async (pool: PoolRef, mount: boolean): ReturnType<DataPlane['observePool']> => {
    const seen = pool.spec.kind === 'directory' ? await observeDirectoryPool(pool) : await observeDevicePool(pool, layout, mount);
    if (seen.fault === null) open.add(pool.id);
    return seen;
  };

  const refuseWhileAttached = (pool: PoolRef, directory: string): void => {
    const holder = readLoopDevices().find((loop) => isWithin(loop.backing_path, directory));
    if (holder !== undefined) throw new HoldfastError('conflict', `pool ${pool.name}: ${holder.path} holds ${holder.backing_path}`, { object: `pool ${pool.name}`, hint: 'Unmount and detach the volumes of the pool first.' }, { retryable: true });
  };

  /** Where the pool's marker may be now, recorded or not: a making that was interrupted has recorded nothing. */
  const placesOf = async (pool: PoolRef): Promise<readonly string[]> => {
    if (pool.spec.kind === 'directory') return [pool.filesystems[0]?.path ?? pool.spec.path ?? ''];
    const mounts = readMounts();
    const places: string[] = [];
    for (const position of pool.spec.devices.keys()) {
      const at = layout.poolMountOf(pool.id, position);
      const mount = mountAt(mounts, at);
      if (mount?.type === 'xfs' && (await readXfsSuperblock(mount.source))?.label === POOL_LABEL) places.push(at);
    }
    return places;
  };

  const release = async (pool: PoolRef, place: string): Promise<void> => {
    const marker = await readMarker(place);
    if (marker?.pool_id === pool.id && marker.released_at === null) await writeMarker(place, { ...marker, released_at: now() });
    if (pool.spec.kind === 'directory') return;
    try {
      await unmountBusy(place, `pool ${pool.name}`);
    } catch (thrown) {
      if (marker?.pool_id === pool.id) await writeMarker(place, { ...marker, released_at: null });
      throw thrown;
    } finally {
      view.changed();
    }
  };

  const close = async (pool: PoolRef): Promise<void> => {
    const places = await placesOf(pool);
    for (const place of places) refuseWhileAttached(pool, place);
    for (const place of places) await release(pool, place);
    if (pool.spec.kind === 'device') await removePoolMountPoints(pool, layout);
    open.delete(pool.id);
  };

  const make = async (pool: PoolRef, force: boolean, work: Work): Promise<readonly PoolFilesystem[]> => {
    if (pool.spec.kind === 'directory') return [await makeDirectoryPool(pool, layout, claimOf(force), now())];
    // All are looked at before the first is formatted.
    await checkDevices(pool, claimOf(force), []);
    const filesystems: PoolFilesystem[] = [];
    for (const position of pool.spec.devices.keys()) {
      work.signal.throwIfAborted();
      const recorded = pool.filesystems[position] !== undefined;
      filesystems.push(recorded ? await growDeviceFilesystem(pool, position, layout) : await makeDeviceFilesystem(pool, position, layout, claimOf(force), now(), work.signal));
      work.progress(position + 1, pool.spec.devices.length);
    }
    return filesystems;
  };

  return {
    async checkPool(pool, { force, others }) {
      if (pool.spec.kind === 'directory') await checkDirectory(pool, layout, claimOf(force, others), others);
      else await checkDevices(pool, claimOf(force, others), others);
    },

    async makePool(pool, { force }, work) {
      work.signal.throwIfAborted();
      try {
        const filesystems = await make(pool, force, work);
        open.add(pool.id);
        return filesystems;
      } catch (thrown) {
        if (pool.filesystems.length === 0) await close(pool).catch((error: unknown) => log.warn({ pool: pool.id, error: messageOf(error) }, 'what was made of a pool could not be released'));
        throw thrown;
      } finally {
        view.changed();
      }
    },

    openPool: (pool) => observe(pool, true),
    observePool: (pool) => observe(pool, false),

    async growPool(pool, { force }, work) {
      work.signal.throwIfAborted();
      if (pool.spec.kind === 'directory') {
        const seen = await observe(pool, false);
        if (seen.fault !== null) throw new HoldfastError('failed_precondition', seen.fault.message, { object: `pool ${pool.name}`, hint: seen.fault.hint }, { retryable: true });
        return seen.filesystems;
      }
      try {
        return await make(pool, force, work);
      } finally {
        view.changed();
      }
    },

    async closePool(pool) {
      const seen = pool.filesystems.length === 0 ? null : await observe(pool, true);
      if (seen !== null && seen.fault !== null && seen.fault.type !== 'PoolReadOnly') {
        log.warn({ pool: pool.id, fault: seen.fault.message }, 'the pool is removed while its medium is away: the medium still names it as its owner');
      }
      await close(pool);
    },

    async findVolumes(pool) {
      const found: { descriptor: NonNullable<Awaited<ReturnType<typeof readDescriptor>>>; filesystem_uuid: string }[] = [];
      for (const filesystem of pool.filesystems) {
        for (const replica of await listReplicas(filesystem.path)) {
          const descriptor = await readDescriptor(path.join(replica.directory, DESCRIPTOR_NAME));
          if (descriptor?.volume_id === replica.volume_id && descriptor.replica_id === replica.replica_id) found.push({ descriptor, filesystem_uuid: filesystem.uuid });
          else log.warn({ pool: pool.id, directory: replica.directory }, 'a replica without a readable descriptor is left alone');
        }
      }
      return found;
    },

    async wipeMedium(medium, others, work) {
      work.signal.throwIfAborted();
      const taken = claimOf(false, others).taken;
      if ('path' in medium) await wipeDirectory(medium.path, taken, work);
      else await wipeDevice(medium.device, taken, others, work);
      view.changed();
    },
  };
}
