/**
 * Observations: what this node sees of its own pools and volumes, laid over the records when they are read; of those on
 * other nodes, what these have published. The loop publishes what is worth telling into the records, by comparing their
 * revision: whoever wrote in between is not overwritten, the next look tells. A condition that comes or goes is an event.
 */
import type { Cluster, Node } from '../model/node.ts';
import type { Pool, PoolFilesystem } from '../model/pool.ts';
import type { Condition } from '../model/record.ts';
import type { Volume, VolumeStatus } from '../model/volume.ts';
import type { Members } from './cluster/members.ts';
import { reachedPool, reachedVolume } from './cluster/reach.ts';
import { dated, judgePool, judgeVolume } from './conditions.ts';
import { isHere, isoNow, type Seams } from './context.ts';
import type { EventLog } from './events.ts';
import { placedWrites } from './index-keys.ts';
import { KEYS } from './keys.ts';
import type { Entry } from './ports/store.ts';
import { onlyReplica, poolRef, replicaRef } from './refs.ts';

export interface Observations {
  /** The pool with live capacity, state and conditions. */
  pool(pool: Pool, maxAgeMs?: number): Promise<Pool>;
  pools(maxAgeMs?: number): Promise<readonly Pool[]>;
  /** The volume with live state, conditions, device and use. */
  volume(volume: Volume, maxAgeMs?: number): Promise<Volume>;
  /** Looks, and writes what is worth telling into the record. Only for this node's own. */
  publishPool(entry: Entry<Pool>): Promise<Pool>;
  publishVolume(entry: Entry<Volume>): Promise<Volume>;
  forgetPool(id: string): void;
  forgetVolume(id: string): void;
}

interface Seen<T> { readonly at: number; readonly value: T; readonly conditions: readonly Condition[] }
type PoolFacts = Pick<Pool['status'], 'state' | 'filesystems' | 'capacity_bytes' | 'used_bytes' | 'reflink'>;
type VolumeFacts = Pick<VolumeStatus, 'state' | 'used_bytes' | 'written_at' | 'device' | 'mount_path'>;

/** Use and capacity are published when they moved by so much, and not more often than once a minute. */
const NOTICEABLE_BYTES = 16 * 1024 * 1024;
const NOTICEABLE_SHARE = 0.01;
const QUIET_MS = 60_000;

const noticeable = (before: number | null, after: number | null): boolean => {
  if (before === null || after === null) return before !== after;
  const change = Math.abs(after - before);
  return change >= NOTICEABLE_BYTES || (change > 0 && change >= before * NOTICEABLE_SHARE);
};
const sameConditions = (a: readonly Condition[], b: readonly Condition[]): boolean => a.length === b.length && a.every(({ type, message }, i) => b[i]?.type === type && b[i].message === message);

export function createObservations(seams: Seams & { readonly cluster: Cluster; readonly node: Node; readonly members: Members; readonly events: EventLog }): Observations {
  const bootId = seams.node.status.capabilities.boot_id;
  const pools = new Map<string, Seen<PoolFacts>>();
  const volumes = new Map<string, Seen<VolumeFacts>>();
  const publishedAt = new Map<string, number>();

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

  const settled = (pool: Pool): boolean => pool.status.state !== 'creating' && pool.status.state !== 'removing';

  const lookAtPool = async (pool: Pool): Promise<void> => {
    const observed = await seams.dataPlane.observePool(poolRef(pool, seams.cluster));
    const before = pools.get(pool.id)?.conditions ?? pool.status.conditions;
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
    if (seen === undefined || !settled(pool)) return pool;
    return { ...pool, status: { ...pool.status, ...seen.value, conditions: seen.conditions, observed_at: isoNow(seams.clock) } };
  };

  const observedPool = async (pool: Pool, maxAgeMs = 0): Promise<Pool> => {
    if (pool.node !== seams.node.id) return reachedPool(seams.members, pool);
    if (!settled(pool)) return pool;
    if (fresh(pools, pool.id, maxAgeMs) === null) await lookAtPool(pool);
    return withPool(pool);
  };

  const lookAtVolume = async (volume: Volume): Promise<void> => {
    const poolRecord = (await seams.store.get<Pool>(KEYS.pool(onlyReplica(volume).pool)))?.value ?? null;
    const pool = poolRecord === null ? null : await observedPool(poolRecord, 1_000);
    const usable = pool !== null && pool.status.filesystems.some(({ uuid }) => uuid === onlyReplica(volume).filesystem);
    const observed = usable ? await seams.dataPlane.observeVolume(replicaRef(volume, pool)) : null;
    const judged = usable ? judgeVolume(volume, observed, pool, bootId) : judgeVolume(volume, NOTHING, null, bootId);
    const before = volumes.get(volume.id)?.conditions ?? volume.status.conditions;
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

  const observedVolume = async (volume: Volume, maxAgeMs = 0): Promise<Volume> => {
    if (!isHere(seams, volume)) return reachedVolume(seams.members, volume);
    if (volume.status.state === 'creating' || volume.status.state === 'incomplete') return volume;
    if (fresh(volumes, volume.id, maxAgeMs) === null) await lookAtVolume(volume);
    const seen = volumes.get(volume.id);
    if (seen === undefined) return volume;
    return { ...volume, status: { ...volume.status, ...seen.value, conditions: seen.conditions, observed_at: isoNow(seams.clock) } };
  };

  const mayRepeat = (id: string): boolean => seams.clock.monotonic() - (publishedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= QUIET_MS;

  return {
    pool: observedPool,
    async pools(maxAgeMs = 0) {
      const { entries } = await seams.store.list<Pool>(KEYS.pools);
      return Promise.all(entries.map(({ value }) => observedPool(value, maxAgeMs)));
    },
    volume: observedVolume,

    async publishPool({ key, value: record, revision }) {
      const now = await observedPool(record);
      if (!settled(record)) return now;
      const news = now.status.state !== record.status.state || !sameConditions(now.status.conditions, record.status.conditions);
      const moved = noticeable(record.status.capacity_bytes, now.status.capacity_bytes) || noticeable(record.status.used_bytes, now.status.used_bytes);
      if (!news && !(moved && mayRepeat(record.id))) return now;
      publishedAt.set(record.id, seams.clock.monotonic());
      await seams.store.txn([{ key, revision }], [{ op: 'put', key, value: now }]);
      return now;
    },
    async publishVolume({ key, value: record, revision }) {
      const now = await observedVolume(record);
      if (record.status.state === 'creating' || record.status.state === 'incomplete') return now;
      const { status } = now;
      const news = status.state !== record.status.state || !sameConditions(status.conditions, record.status.conditions) || status.device !== record.status.device || status.mount_path !== record.status.mount_path;
      if (!news && !(noticeable(record.status.used_bytes, status.used_bytes) && mayRepeat(record.id))) return now;
      publishedAt.set(record.id, seams.clock.monotonic());
      await seams.store.txn([{ key, revision }], [{ op: 'put', key, value: now }, ...placedWrites(now)]);
      return now;
    },
    forgetPool: (id) => void pools.delete(id),
    forgetVolume: (id) => void volumes.delete(id),
  };
}

const NOTHING = { image: null, meta: null, device: null, mount_path: null, foreign_mount: null, bind_paths: [], mounted_elsewhere: false, filesystem_failed: false } as const;

const sum = (filesystems: readonly PoolFilesystem[], field: 'capacity_bytes' | 'used_bytes'): number => filesystems.reduce((total, filesystem) => total + filesystem[field], 0);
