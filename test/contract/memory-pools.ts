/** The pool half of the in-memory DataPlane: checks, markers, growth and wiping, on a `MemoryMachine`. */
import path from 'node:path';
import type { DataPlane, PoolObservation, PoolRef } from '../../src/control/ports/data-plane.ts';
import { HoldfastError, type ErrorCode } from '../../src/model/errors.ts';
import type { PoolFilesystem } from '../../src/model/pool.ts';
import { isWithin, type NodeLayout } from '../../src/node/layout.ts';
import type { MemoryMachine, MemoryMedium } from './memory-machine.ts';

type PoolMethods = Pick<DataPlane, 'checkPool' | 'makePool' | 'openPool' | 'observePool' | 'growPool' | 'closePool' | 'findVolumes' | 'wipeMedium'>;

const placesOf = (pool: PoolRef): readonly string[] => (pool.spec.kind === 'directory' ? [pool.spec.path ?? ''] : pool.spec.devices);

export function memoryPools(machine: MemoryMachine, layout: NodeLayout): PoolMethods {
  const refuse = (pool: PoolRef, code: ErrorCode, message: string): never => {
    throw new HoldfastError(code, `pool ${pool.name}: ${message}`, { object: `pool ${pool.name}`, field: pool.spec.kind === 'directory' ? 'path' : 'devices', hint: 'Choose another place, or force it.' });
  };

  const check = (pool: PoolRef, force: boolean, others: readonly PoolRef[]): void => {
    for (const place of placesOf(pool)) {
      if (!path.isAbsolute(place)) refuse(pool, 'invalid_argument', `"${place}" is not an absolute path`);
      const medium = machine.medium(place);
      if (medium.kind === 'missing') refuse(pool, 'failed_precondition', `${place} does not exist`);
      if (medium.kind === 'read-only') refuse(pool, 'failed_precondition', `${place} is read-only`);
      if (medium.kind !== pool.spec.kind) refuse(pool, 'failed_precondition', `${place} is not a ${pool.spec.kind}`);
      if (pool.spec.kind === 'directory' && layout.own.some((own) => isWithin(place, own) || isWithin(own, place))) refuse(pool, 'failed_precondition', `${place} lies in or around a directory of holdfastd`);
      for (const other of others) {
        if (other.id === pool.id) continue;
        for (const theirs of placesOf(other)) {
          if (isWithin(place, theirs) || isWithin(theirs, place)) refuse(pool, 'failed_precondition', `${place} overlaps ${theirs} of pool ${other.name}`);
        }
      }
      const marker = medium.marker;
      if (marker !== null && marker.pool_id !== pool.id && !marker.released && !force) {
        if (marker.cluster_id !== pool.cluster_id) refuse(pool, 'failed_precondition', `${place} belongs to pool ${marker.pool_id} of another cluster`);
        if (others.some((other) => other.id === marker.pool_id)) refuse(pool, 'failed_precondition', `${place} belongs to pool ${marker.pool_id}`);
      }
      if (medium.kind === 'device' && marker?.pool_id !== pool.id && medium.mounted) refuse(pool, 'failed_precondition', `${place} is mounted`);
      if (medium.signature !== null && !force) refuse(pool, 'failed_precondition', `${place} holds a ${medium.signature} signature`);
    }
  };

  const filesystemOf = (pool: PoolRef, place: string, index: number, medium: MemoryMedium, uuid: string): PoolFilesystem => ({
    uuid,
    device: pool.spec.kind === 'device' ? place : null,
    path: pool.spec.kind === 'device' ? layout.poolMountOf(pool.id, index) : place,
    type: pool.spec.kind === 'device' ? 'xfs' : 'ext4',
    reflink: medium.reflink,
    sector_bytes: 512,
    capacity_bytes: medium.capacity,
    used_bytes: machine.usedBytes(medium),
  });

  const make = (pool: PoolRef, options: { force: boolean }, only: (index: number) => boolean): readonly PoolFilesystem[] => {
    check(pool, options.force, []);
    return placesOf(pool).map((place, index) => {
      const medium = machine.medium(place);
      const uuid = medium.marker?.uuid ?? `uuid-${pool.id}-${index}`;
      if (only(index)) {
        medium.marker = { cluster_id: pool.cluster_id, pool_id: pool.id, uuid, released: false };
        medium.signature = null;
      }
      medium.mounted = true;
      return filesystemOf(pool, place, index, medium, uuid);
    });
  };

  const observe = async (pool: PoolRef): Promise<PoolObservation> => {
    const filesystems: PoolFilesystem[] = [];
    const fault = (type: NonNullable<PoolObservation['fault']>['type'], message: string): PoolObservation => ({ filesystems, fault: { type, message, hint: 'Bring the medium back.' } });
    const injected = machine.poolFaults.get(pool.id);
    if (injected !== undefined) return fault(injected, `pool ${pool.name}: ${injected}`);
    for (const [index, place] of placesOf(pool).entries()) {
      const medium = machine.medium(place);
      if (medium.kind === 'missing') return fault(pool.spec.kind === 'device' ? 'DeviceMissing' : 'PoolMissing', `${place} does not exist`);
      if (medium.marker === null) return fault(pool.spec.kind === 'device' ? 'PoolForeign' : 'PoolNotMounted', `${place} holds no pool`);
      if (medium.marker.pool_id !== pool.id) return fault('PoolForeign', `${place} belongs to pool ${medium.marker.pool_id}`);
      if (medium.kind === 'read-only') return fault('PoolReadOnly', `${place} is read-only`);
      if (!medium.mounted) return fault('PoolNotMounted', `${place} is not mounted`);
      filesystems.push(filesystemOf(pool, place, index, medium, medium.marker.uuid));
    }
    return { filesystems, fault: null };
  };

  return {
    checkPool: async (pool, { force, others }) => check(pool, force, others),
    makePool: async (pool, options, work) => {
      work.signal.throwIfAborted();
      return make(pool, options, () => true);
    },
    openPool: async (pool) => {
      for (const place of placesOf(pool)) {
        const medium = machine.medium(place);
        if (medium.marker?.pool_id === pool.id) medium.mounted = true;
      }
      return observe(pool);
    },
    observePool: observe,
    growPool: async (pool, options, work) => {
      work.signal.throwIfAborted();
      return make(pool, options, (index) => index >= pool.filesystems.length);
    },
    closePool: async (pool) => {
      for (const place of placesOf(pool)) {
        const medium = machine.medium(place);
        if (medium.marker?.pool_id !== pool.id) continue;
        for (const id of medium.replicas.keys()) {
          if (machine.devices.has(id)) refuse(pool, 'conflict', `replica ${id} is attached`);
        }
        medium.marker = { ...medium.marker, released: true };
        medium.mounted = false;
      }
    },
    findVolumes: async (pool) => placesOf(pool).flatMap((place) => {
      const medium = machine.medium(place);
      if (medium.marker?.pool_id !== pool.id) return [];
      return [...medium.replicas.values()].map((replica) => ({ descriptor: replica.descriptor, filesystem_uuid: medium.marker?.uuid ?? '' }));
    }),
    wipeMedium: async (target, others, work) => {
      work.signal.throwIfAborted();
      const place = 'path' in target ? target.path : target.device;
      const user = others.find((other) => placesOf(other).includes(place));
      if (user !== undefined) throw new HoldfastError('failed_precondition', `${place} is used by pool ${user.name}`, { object: `pool ${user.name}` });
      const medium = machine.medium(place);
      if (medium.marker === null) throw new HoldfastError('failed_precondition', `${place} holds nothing of Holdfast`, { field: 'path' });
      medium.marker = null;
      medium.replicas.clear();
    },
  };
}
