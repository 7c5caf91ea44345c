/**
 * The loop: re-reads what concerns this node and does what is due. Events only make it look sooner; a look that finds
 * all well changes nothing. It repairs nothing that could lose data: what is not as recorded becomes a condition.
 */
import type { Volume } from '../model/volume.ts';
import type { Attachment } from './attachment.ts';
import type { Context } from './context.ts';
import { createPlaced } from './cluster/placed.ts';
import { KEYS } from './keys.ts';
import { findVolume, poolsOn } from './repository.ts';
import type { ReplicaRef } from './ports/data-plane.ts';
import { onlyReplica, poolRef } from './refs.ts';
import { createExpiry, describe } from './trash.ts';
import type { Entry } from './ports/store.ts';

export interface ReconcileSettings {
  /** Between two looks, in ms. */
  readonly interval_ms: number;
  /** A consumer whose device no container has mounted is taken for dead after this time, in ms. */
  readonly consumer_grace_ms: number;
}

export interface Reconciler {
  /** Opens pools, settles what a crash or another boot left. Before anything is served. */
  begin(): Promise<void>;
  /** Deletes what the records have given to other nodes meanwhile. */
  collectRubbish(): Promise<void>;
  /** Runs until stopped. */
  run(): void;
  /** Consumers of the volume that are known dead are unpublished. */
  collectDeadConsumers(volume: Volume): Promise<Volume>;
  stop(): Promise<void>;
}

export function createReconciler(ctx: Context, attachment: Attachment, settings: ReconcileSettings): Reconciler {
  const abort = new AbortController();
  const purgeExpired = createExpiry(ctx);
  let running: Promise<void> = Promise.resolve();
  const placed = createPlaced(ctx.store, ctx.node.id);

  const guarded = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      ctx.log.warn({ what, err: error instanceof Error ? error.message : String(error) }, 'a part of the loop failed; it is tried again');
    }
  };

  /** Docker forgets to unmount when it is killed. A consumer is dead when, past the grace, no container has the device mounted. */
  const collectDeadConsumers = async (volume: Volume): Promise<Volume> => {
    const old = volume.status.publications.filter(({ consumer, since }) => consumer.startsWith('docker:') && Date.parse(since) + settings.consumer_grace_ms <= ctx.clock.now());
    if (old.length === 0) return volume;
    const seen = await ctx.dataPlane.observeVolume(await attachment.replica(volume));
    if (seen.mounted_elsewhere) return volume;
    const dead = new Set(old.map(({ consumer }) => consumer));
    const collected = await ctx.locks.hold(volume.id, async () => {
      const current = await findVolume(ctx.store, volume.id);
      if (current === null || current.value.status.state === 'trashed') return volume;
      return attachment.unpublish(current.value, ({ consumer }) => dead.has(consumer));
    });
    await ctx.events.tell({ kind: 'volume', id: volume.id, name: volume.name }, 'ConsumersCollected', `${dead.size} consumer(s) of volume ${volume.name} ended without unmounting; they were let go`);
    return collected;
  };

  const look = async (): Promise<void> => {
    await guarded('pools', () => reopenPools());
    const all = await placed.read();
    for (const entry of all) {
      const { value: volume } = entry;
      if (abort.signal.aborted) return;
      if (volume.status.state === 'trashed') continue;
      await guarded(`volume ${volume.id}`, async () => {
        // In the middle of a change it is not as it will be: only looked at.
        if (ctx.operations.busy(volume.id)) await ctx.observations.volume(volume);
        else await collectDeadConsumers(await ctx.observations.publishVolume(entry));
      });
    }
    await guarded('descriptors', () => describeAgain(all));
    await guarded('trash', () => purgeExpired(all.map(({ value }) => value).filter(({ status }) => status.state === 'trashed')));
  };

  /** What other nodes have changed in the records of our volumes is told to our media. */
  const describeAgain = async (all: readonly Entry<Volume>[]): Promise<void> => {
    const prefix = KEYS.undescribedOn(ctx.node.id);
    const { entries } = await ctx.store.list(prefix);
    for (const { key, revision } of entries) {
      const volume = all.find(({ value }) => value.id === key.slice(prefix.length))?.value;
      if (volume !== undefined) await describe(ctx, volume);
      await ctx.store.txn([{ key, revision }], [{ op: 'delete', key }]);
    }
  };

  /** Replicas on our media that the record of their volume does not know (it was placed elsewhere while we were away) are rubbish. A volume that is unknown altogether is left alone. */
  const collectRubbish = async (): Promise<void> => {
    const mine = new Set((await placed.read()).map(({ value }) => onlyReplica(value).id));
    for (const { value: pool } of await poolsOn(ctx.store, ctx.node.id)) {
      if (pool.status.state === 'creating' || pool.status.state === 'removing') continue;
      for (const { descriptor, filesystem_uuid } of await ctx.dataPlane.findVolumes(poolRef(pool, ctx.cluster)).catch(() => [])) {
        const filesystem = pool.status.filesystems.find(({ uuid }) => uuid === filesystem_uuid);
        if (mine.has(descriptor.replica_id) || filesystem === undefined || descriptor.cluster_id !== ctx.cluster.id) continue;
        const record = await findVolume(ctx.store, descriptor.volume_id);
        if (record === null || record.value.replication.replicas.some(({ id }) => id === descriptor.replica_id)) continue;
        const replica: ReplicaRef = { volume_id: descriptor.volume_id, replica_id: descriptor.replica_id, history: descriptor.history, filesystem };
        const { meta, device } = await ctx.dataPlane.observeVolume(replica);
        // Only what never held anybody's data: a store that was set back may know less than the medium.
        if (meta === null || meta.generation > 0 || device !== null) continue;
        await ctx.dataPlane.removeReplica(replica);
        await ctx.events.tell({ kind: 'volume', id: descriptor.volume_id, name: record.value.name }, 'RubbishCollected', `what was begun of volume ${record.value.name} in pool ${pool.name} before it was placed elsewhere is deleted`);
      }
    }
  };

  /** A device that came back is mounted again; a pool in any other trouble is only looked at. */
  const reopenPools = async (): Promise<void> => {
    for (const entry of await poolsOn(ctx.store, ctx.node.id)) {
      const busy = ctx.operations.busy(entry.value.id);
      const { status } = await (busy ? ctx.observations.pool(entry.value) : ctx.observations.publishPool(entry));
      if (status.state !== 'unavailable' || busy) continue;
      const opened = await ctx.dataPlane.openPool(poolRef(entry.value, ctx.cluster));
      if (opened.fault === null) ctx.observations.forgetPool(entry.value.id);
    }
  };

  return {
    collectDeadConsumers,
    collectRubbish,
    async begin() {
      for (const { value: pool } of await poolsOn(ctx.store, ctx.node.id)) {
        if (pool.status.state === 'ready' || pool.status.state === 'unavailable') await guarded(`pool ${pool.id}`, () => ctx.dataPlane.openPool(poolRef(pool, ctx.cluster)));
      }
      for (const { value: volume } of await placed.read()) if (volume.status.state !== 'trashed') await guarded(`volume ${volume.id}`, () => attachment.settle(volume));
      await guarded('rubbish', collectRubbish);
    },
    run() {
      running = (async () => {
        while (!abort.signal.aborted) {
          await guarded('look', look);
          await ctx.clock.sleep(settings.interval_ms, abort.signal).catch(() => undefined);
        }
      })();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}
