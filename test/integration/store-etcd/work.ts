/** What the suites of the etcd store share: opening it over mutual TLS, and watching it so that nothing escapes. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Change, Store } from '../../../src/control/ports/store.ts';
import { systemClock } from '../../../src/daemon/system.ts';
import { EtcdConnection, type EtcdConnectionOptions } from '../../../src/store/etcd/connection.ts';
import { CompactionRequest, KVService } from '../../../src/store/etcd/generated/rpc.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import type { EtcdLab } from '../../lab/etcd.ts';
import { silentLog } from '../../lab/silent-log.ts';

export const optionsOf = (lab: EtcdLab, endpoints: readonly string[] = lab.endpoints): EtcdConnectionOptions => ({ endpoints, tls: lab.tls, log: silentLog, clock: systemClock });

export const openOn = (lab: EtcdLab, endpoints?: readonly string[]): Promise<Store> => openEtcdStore(optionsOf(lab, endpoints));

/** Tries until it is done; only a store that is away is a reason to try again. */
export async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 180_000; ; await pause(50)) {
    try {
      return await work();
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== 'unavailable' || Date.now() > deadline) throw thrown;
    }
  }
}

export async function compact(lab: EtcdLab, revision: number): Promise<void> {
  const connection = new EtcdConnection(optionsOf(lab));
  try {
    await connection.call(KVService.compact, CompactionRequest.fromPartial({ revision: BigInt(revision), physical: true }), { what: 'compaction', repeatable: true });
  } finally {
    connection.close();
  }
}

/** Everything below a prefix from a revision on, as it comes. */
export class Watcher {
  readonly changes: Change[] = [];
  failure: unknown = null;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;

  constructor(store: Store, prefix: string, from: number) {
    this.#ended = (async () => {
      try {
        for await (const change of store.watch(prefix, from, this.#stop.signal)) this.changes.push(change);
      } catch (thrown) {
        this.failure = thrown;
      }
    })();
  }

  /** Waits until so many have come. @throws when they have not within three minutes, or the watch failed */
  async reached(count: number): Promise<void> {
    for (const deadline = Date.now() + 180_000; this.changes.length < count; await pause(20)) {
      if (this.failure !== null) throw this.failure as Error;
      if (Date.now() > deadline) throw new Error(`the watch gave ${this.changes.length} of ${count} changes`);
    }
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }
}

/** Writers of `prefix` + number, one after another in each of several lines, who know what was certainly written. */
export class Writers {
  /** Keys whose writing was acknowledged. */
  readonly acknowledged: string[] = [];
  /** Keys of which nobody knows. */
  readonly unclear: string[] = [];
  stopped = false;
  readonly #lines: readonly Promise<void>[];

  constructor(store: Store, prefix: string, { lines = 8, total = Infinity, pauseMs = 0 } = {}) {
    let n = 0;
    this.#lines = Array.from({ length: lines }, async () => {
      while (!this.stopped && n < total) {
        const key = `${prefix}${String(n++).padStart(6, '0')}`;
        try {
          const result = await store.txn([{ key, revision: 0 }], [{ op: 'put', key, value: key }]);
          if (!result.committed) throw new Error(`${key} was there already`);
          this.acknowledged.push(key);
        } catch (thrown) {
          if ((thrown as { code?: unknown }).code !== 'unavailable') throw thrown;
          this.unclear.push(key);
        }
        if (pauseMs > 0) await pause(pauseMs);
      }
    });
  }

  /** Waits until so many more were acknowledged. */
  async more(count: number): Promise<void> {
    const target = this.acknowledged.length + count;
    for (const deadline = Date.now() + 180_000; this.acknowledged.length < target; await pause(20)) if (Date.now() > deadline) throw new Error('the writers do not get on');
  }

  async end(): Promise<void> {
    this.stopped = true;
    await this.finished();
  }

  async finished(): Promise<void> {
    await Promise.all(this.#lines);
  }
}
