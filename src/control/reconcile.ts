/**
 * The loop: re-reads what concerns this node and does what is due. Events only make it look sooner; a look that finds
 * all well changes nothing. It repairs nothing that could lose data: what is not as recorded becomes a condition.
 */
import type { Volume } from '../model/volume.ts';
import type { Attachment } from './attachment.ts';
import type { Context } from './context.ts';
import { pruneClaims } from './idempotency.ts';
import { KEYS } from './keys.ts';
import { findVolume } from './repository.ts';
import { poolRef } from './refs.ts';
import { createExpiry } from './trash.ts';
import type { Pool } from '../model/pool.ts';

export interface ReconcileSettings {
  /** Between two looks, in ms. */
  readonly interval_ms: number;
  /** A consumer whose device no container has mounted is taken for dead after this time, in ms. */
  readonly consumer_grace_ms: number;
}

export interface Reconciler {
  /** Opens pools, settles what a crash or another boot left. Before anything is served. */
  begin(): Promise<void>;
  /** Runs until stopped. */
  run(): void;
  /** Consumers of the volume that are known dead are unpublished. */
  collectDeadConsumers(volume: Volume): Promise<Volume>;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;

export function createReconciler(ctx: Context, attachment: Attachment, settings: ReconcileSettings): Reconciler {
  const abort = new AbortController();
  const purgeExpired = createExpiry(ctx);
  let running: Promise<void> = Promise.resolve();
  let lastSweep = Number.NEGATIVE_INFINITY;

  const guarded = async (what: string, work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      ctx.log.warn({ what, err: error instanceof Error ? error.message : String(error) }, 'a part of the loop failed; it is tried again');
    }
  };

  const volumes = async (): Promise<readonly Volume[]> => (await ctx.store.list<Volume>(KEYS.volumes)).entries.map(({ value }) => value);

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
    for (const volume of await volumes()) {
      if (abort.signal.aborted) return;
      await guarded(`volume ${volume.id}`, async () => {
        await ctx.observations.volume(volume);
        if (ctx.operations.runningOf(volume.id) === null) await collectDeadConsumers(volume);
      });
    }
    await guarded('trash', purgeExpired);
    if (ctx.clock.monotonic() - lastSweep > HOUR_MS) {
      lastSweep = ctx.clock.monotonic();
      await guarded('idempotency keys', () => pruneClaims(ctx));
    }
  };

  /** A device that came back is mounted again; a pool in any other trouble is only looked at. */
  const reopenPools = async (): Promise<void> => {
    for (const pool of await ctx.observations.pools()) {
      if (pool.status.state !== 'unavailable' || ctx.operations.runningOf(pool.id) !== null) continue;
      const record = await ctx.store.get<Pool>(KEYS.pool(pool.id));
      if (record === null) continue;
      const opened = await ctx.dataPlane.openPool(poolRef(record.value, ctx.cluster));
      if (opened.fault === null) ctx.observations.forgetPool(pool.id);
    }
  };

  return {
    collectDeadConsumers,
    async begin() {
      const { entries } = await ctx.store.list<Pool>(KEYS.pools);
      for (const { value: pool } of entries) {
        if (pool.status.state === 'ready') await guarded(`pool ${pool.id}`, () => ctx.dataPlane.openPool(poolRef(pool, ctx.cluster)));
      }
      for (const volume of await volumes()) await guarded(`volume ${volume.id}`, () => attachment.settle(volume));
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
