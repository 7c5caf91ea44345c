/**
 * A Store in memory for tests: passes the store contract, keeps nothing, and does the same thing every time.
 * Time is the given clock's; nothing runs on its own but the end of leases.
 */
import { checkInteger, checkKey, checkPrefix, checkTxn, closedError, compactedError, type EncodedWrite } from '../../src/store/rules.ts';
import { LeaseTable } from '../../src/store/lease-table.ts';
import { Waiters } from '../../src/store/waiters.ts';
import type { Change, Compare, Entry, Lease, Store, TxnResult, Write } from '../../src/control/ports/store.ts';
import type { Clock } from '../../src/control/ports/system.ts';

interface Held {
  readonly text: string;
  readonly revision: number;
  readonly lease: string | null;
}

interface Past {
  readonly key: string;
  readonly text: string | null;
  readonly revision: number;
}

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** How many changes `watch` can go back. Default 10,000. */
  readonly history?: number;
}

export function createMemoryStore(options: MemoryStoreOptions): Store {
  const { clock, history = 10_000 } = options;
  const entries = new Map<string, Held>();
  const waiters = new Waiters();
  const leases = new LeaseTable(clock, endDue);
  let past: Past[] = [];
  let revision = 0;
  let compacted = 0;
  let granted = 0;
  let closed = false;

  function ready(): void {
    if (closed) throw closedError();
    endDue();
  }

  function endDue(): void {
    for (const id of leases.due()) endLease(id);
  }

  function endLease(id: string): void {
    leases.remove(id);
    const keys = [...entries].filter(([, held]) => held.lease === id).map(([key]) => key);
    apply(keys.sort().map((key) => ({ key, text: null })));
  }

  function apply(writes: readonly EncodedWrite[]): void {
    const effective = writes.filter((write) => write.text !== null || entries.has(write.key));
    if (effective.length === 0) return;
    revision += 1;
    for (const write of effective) {
      if (write.text === null) entries.delete(write.key);
      else entries.set(write.key, { text: write.text, revision, lease: write.lease });
      past.push({ key: write.key, text: write.text, revision });
    }
    if (past.length > history) {
      compacted = Math.max(compacted, (past[past.length - history]?.revision ?? revision) - 1);
      past = past.filter((change) => change.revision > compacted);
    }
    waiters.wake();
  }

  const toEntry = <T>(key: string, held: Held): Entry<T> => ({ key, value: JSON.parse(held.text) as T, revision: held.revision });

  return {
    async get<T>(key: string): Promise<Entry<T> | null> {
      checkKey(key);
      ready();
      const held = entries.get(key);
      return held === undefined ? null : toEntry<T>(key, held);
    },

    async list<T>(prefix: string, { after = '', limit = Number.MAX_SAFE_INTEGER }: { readonly after?: string; readonly limit?: number } = {}) {
      checkPrefix(prefix, 'prefix');
      checkPrefix(after, 'after');
      checkInteger(limit, 'limit', 1);
      ready();
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
      return { entries: keys.slice(0, limit).map((key) => toEntry<T>(key, entries.get(key) as Held)), revision };
    },

    async txn(compare: readonly Compare[], writes: readonly Write[]): Promise<TxnResult> {
      const encoded = checkTxn(compare, writes);
      ready();
      if (!compare.every((one) => (entries.get(one.key)?.revision ?? 0) === one.revision)) return { committed: false };
      for (const write of encoded) if (write.text !== null && write.lease !== null) leases.check(write.lease);
      apply(encoded);
      return { committed: true, revision };
    },

    async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<Change> {
      checkPrefix(prefix, 'prefix');
      checkInteger(fromRevision, 'fromRevision', 0);
      let next = Math.max(fromRevision, 1);
      while (!signal.aborted) {
        ready();
        if (next <= compacted) throw compactedError(next, compacted);
        // One revision at a time: the history may be compacted while the reader is away.
        const first = past.find((change) => change.revision >= next && change.key.startsWith(prefix));
        if (first === undefined) {
          next = Math.max(next, revision + 1);
          await waiters.wait(signal);
          continue;
        }
        next = first.revision + 1;
        for (const { key, text, revision: at } of past.filter((change) => change.revision === first.revision && change.key.startsWith(prefix))) {
          if (signal.aborted) return;
          if (text === null) yield { type: 'delete', key, revision: at };
          else yield { type: 'put', key, value: JSON.parse(text), revision: at };
        }
      }
    },

    async grantLease(ttlMs: number): Promise<Lease> {
      checkInteger(ttlMs, 'ttlMs', 1);
      ready();
      granted += 1;
      const lease = { id: `lease-${granted}`, ttl_ms: ttlMs };
      leases.add(lease.id, ttlMs);
      return lease;
    },

    async keepAlive(lease: Lease): Promise<void> {
      ready();
      leases.renew(lease.id);
    },

    async revokeLease(lease: Lease): Promise<void> {
      ready();
      endLease(lease.id);
    },

    async check(): Promise<readonly string[]> {
      ready();
      return [];
    },

    async close(): Promise<void> {
      closed = true;
      leases.close();
      waiters.wake();
    },
  };
}
