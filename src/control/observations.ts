/**
 * Observations: what this node sees of its pools and volumes, laid over the records when they are read. Kept in
 * memory (they are this moment's facts, not decisions), refreshed by the reconcile loop and on single reads.
 * A condition that comes or goes is told as an event.
 */
import type { Pool, PoolFilesystem } from '../model/pool.ts';
import type { Condition } from '../model/record.ts';
import type { Cluster, Node } from '../model/node.ts';
import type { Volume, VolumeStatus } from '../model/volume.ts';
import { dated, judgePool, judgeVolume } from './conditions.ts';
import { isoNow, type Seams } from './context.ts';
import type { EventLog } from './events.ts';
import { KEYS } from './keys.ts';
import { localReplica, poolRef, replicaRef } from './refs.ts';

export interface Observations {
  /** The pool with live capacity, state and conditions. */
  pool(pool: Pool, maxAgeMs?: number): Promise<Pool>;
  pools(maxAgeMs?: number): Promise<readonly Pool[]>;
  /** The volume with live state, conditions, device and use. */
  volume(volume: Volume, maxAgeMs?: number): Promise<Volume>;
  forgetPool(id: string): void;
  forgetVolume(id: string): void;
}

interface Seen<T> { readonly at: number; readonly value: T; readonly conditions: readonly Condition[] }

export function createObservations(seams: Seams & { readonly cluster: Cluster; readonly node: Node; readonly events: EventLog }): Observations {
  const bootId = seams.node.status.capabilities.boot_id;
  const pools = new Map<string, Seen<Pick<Pool['status'], 'state' | 'filesystems' | 'capacity_bytes' | 'used_bytes' | 'reflink'>>>();
  const volumes = new Map<string, Seen<Partial<VolumeStatus>>>();

  const fresh = <T>(map: Map<string, Seen<T>>, id: string, maxAgeMs: number): Seen<T> | null => {
    const seen = map.get(id);
    return seen !== undefined && maxAgeMs > 0 && seams.clock.monotonic() - seen.at <= maxAgeMs ? seen : null;
  };

  const tellChanges = async (kind: string, object: { id: string; name: string }, before: readonly Condition[], after: readonly Condition[]): Promise<void> => {
    for (const condition of after) {
      if (!before.some(({ type }) => type === condition.type)) await seams.events.tell({ kind, id: object.id, name: object.name }, condition.type, `${condition.message}. ${condition.hint}`, 'warning');
    }
    for (const { type, message } of before) {
      if (!after.some((condition) => condition.type === type)) await seams.events.tell({ kind, id: object.id, name: object.name }, `${type}Cleared`, `no longer so: ${message}`);
    }
  };

  const lookAtPool = async (pool: Pool): Promise<void> => {
    const observed = await seams.dataPlane.observePool(poolRef(pool, seams.cluster));
    const before = pools.get(pool.id)?.conditions ?? [];
    const conditions = dated(judgePool(pool.name, observed), before, isoNow(seams.clock));
    const filesystems: readonly PoolFilesystem[] = observed.fault === null ? observed.filesystems : pool.status.filesystems;
    pools.set(pool.id, {
      at: seams.clock.monotonic(),
      conditions,
      value: { state: observed.fault === null ? 'ready' : 'unavailable', filesystems, capacity_bytes: sum(filesystems, 'capacity_bytes'), used_bytes: sum(filesystems, 'used_bytes'), reflink: filesystems.length > 0 && filesystems.every(({ reflink }) => reflink) },
    });
    await tellChanges('pool', pool, before, conditions);
  };

  const withPool = (pool: Pool): Pool => {
    const seen = pools.get(pool.id);
    if (seen === undefined || pool.status.state === 'creating' || pool.status.state === 'removing') return pool;
    return { ...pool, status: { ...pool.status, ...seen.value, conditions: seen.conditions, observed_at: isoNow(seams.clock) } };
  };

  const observedPool = async (pool: Pool, maxAgeMs = 0): Promise<Pool> => {
    if (pool.status.state === 'creating' || pool.status.state === 'removing') return pool;
    if (fresh(pools, pool.id, maxAgeMs) === null) await lookAtPool(pool);
    return withPool(pool);
  };

  const lookAtVolume = async (volume: Volume): Promise<void> => {
    const poolRecord = (await seams.store.get<Pool>(KEYS.pool(localReplica(volume).pool)))?.value ?? null;
    const pool = poolRecord === null ? null : await observedPool(poolRecord, 1_000);
    const usable = pool !== null && pool.status.filesystems.some(({ uuid }) => uuid === localReplica(volume).filesystem);
    const observed = usable ? await seams.dataPlane.observeVolume(replicaRef(volume, pool)) : null;
    const judged = usable ? judgeVolume(volume, observed, pool, bootId) : judgeVolume(volume, NOTHING, null, bootId);
    const before = volumes.get(volume.id)?.conditions ?? [];
    const conditions = dated(judged.findings, before, isoNow(seams.clock));
    volumes.set(volume.id, {
      at: seams.clock.monotonic(),
      conditions,
      value: {
        state: judged.state,
        used_bytes: observed?.image?.used_bytes ?? null,
        written_at: observed?.image?.written_at ?? null,
        device: observed?.device?.path ?? null,
        mount_path: observed?.mount_path ?? null,
      },
    });
    await tellChanges('volume', volume, before, conditions);
  };

  return {
    pool: observedPool,
    async pools(maxAgeMs = 0) {
      const { entries } = await seams.store.list<Pool>(KEYS.pools);
      return Promise.all(entries.map(({ value }) => observedPool(value, maxAgeMs)));
    },
    async volume(volume, maxAgeMs = 0) {
      if (volume.status.state === 'creating' || volume.status.state === 'incomplete') return volume;
      if (fresh(volumes, volume.id, maxAgeMs) === null) await lookAtVolume(volume);
      const seen = volumes.get(volume.id);
      if (seen === undefined) return volume;
      return { ...volume, status: { ...volume.status, ...seen.value, conditions: seen.conditions, observed_at: isoNow(seams.clock) } };
    },
    forgetPool: (id) => void pools.delete(id),
    forgetVolume: (id) => void volumes.delete(id),
  };
}

const NOTHING = { image: null, meta: null, device: null, mount_path: null, foreign_mount: null, bind_paths: [], mounted_elsewhere: false, filesystem_failed: false } as const;

const sum = (filesystems: readonly PoolFilesystem[], field: 'capacity_bytes' | 'used_bytes'): number => filesystems.reduce((total, filesystem) => total + filesystem[field], 0);
