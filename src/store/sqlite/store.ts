/**
 * The Store port on one SQLite file that this process alone has open. Calls run to their end without a pause, so
 * each sees all that returned before it. Does not open, verify or copy files: open.ts does.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Change, Compare, Entry, Lease, Store, TxnResult, Write } from '../../control/ports/store.ts';
import type { Clock, RandomBytes } from '../../control/ports/system.ts';
import { LeaseTable } from '../lease-table.ts';
import { checkInteger, checkKey, checkPrefix, checkTxn, closedError, compactedError, prefixEnd, type EncodedWrite } from '../rules.ts';
import { Waiters } from '../waiters.ts';
import { damagedRow, storeFailure } from './failure.ts';
import { History, type HistoryBounds } from './history.ts';
import type { Journal } from './journal.ts';
import { contentFaults, readMeta, structureFaults, sumOf, writeMeta } from './schema.ts';

export interface SqliteStoreParts {
  readonly db: DatabaseSync;
  /** The store's file, for messages. */
  readonly file: string;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly history: HistoryBounds;
  /** Called once, when the store is closed and its file is free. */
  readonly onClose: () => void;
}

interface EntryRow {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
  readonly lease: string | null;
  readonly sum: number;
}

export class SqliteStore implements Store {
  readonly #parts: SqliteStoreParts;
  readonly #db: DatabaseSync;
  readonly #history: History;
  readonly #leases: LeaseTable;
  readonly #waiters = new Waiters();
  readonly #sql: Readonly<Record<'get' | 'list' | 'revisionOf' | 'put' | 'remove' | 'keysOf', StatementSync>>;
  #revision: number;
  #closed = false;

  constructor(parts: SqliteStoreParts) {
    this.#parts = parts;
    this.#db = parts.db;
    this.#history = new History(parts.db, parts.history);
    this.#revision = readMeta(parts.db, 'revision');
    this.#sql = {
      get: parts.db.prepare('SELECT key, value, revision, lease, sum FROM entries WHERE key = ?'),
      list: parts.db.prepare('SELECT key, value, revision, lease, sum FROM entries WHERE key >= ? AND key < ? ORDER BY key LIMIT ?'),
      revisionOf: parts.db.prepare('SELECT revision FROM entries WHERE key = ?'),
      put: parts.db.prepare(
        'INSERT INTO entries (key, value, revision, lease, sum) VALUES (?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision, lease = excluded.lease, sum = excluded.sum',
      ),
      remove: parts.db.prepare('DELETE FROM entries WHERE key = ?'),
      keysOf: parts.db.prepare('SELECT key FROM entries WHERE lease = ? ORDER BY key'),
    };
    this.#leases = new LeaseTable(parts.clock, () => this.#endDue());
    // Nobody can prove that a lease of before was kept alive meanwhile, nor that it was not: it gets its time again.
    for (const row of parts.db.prepare('SELECT id, ttl_ms FROM leases').all()) this.#leases.add(String(row['id']), Number(row['ttl_ms']));
  }

  async get<T>(key: string): Promise<Entry<T> | null> {
    checkKey(key);
    return this.#reading(() => {
      const row = this.#sql.get.get(key) as unknown as EntryRow | undefined;
      return row === undefined ? null : entryOf<T>(row);
    });
  }

  async list<T>(prefix: string, options: { readonly after?: string; readonly limit?: number } = {}): Promise<{ readonly entries: readonly Entry<T>[]; readonly revision: number }> {
    const { after = '', limit = Number.MAX_SAFE_INTEGER } = options;
    checkPrefix(prefix, 'prefix');
    checkPrefix(after, 'after');
    checkInteger(limit, 'limit', 1);
    // The least key behind `after` has a space, the least printable character, at its end.
    const from = after >= prefix && after !== '' ? `${after} ` : prefix;
    return this.#reading(() => {
      const rows = this.#sql.list.all(from, prefixEnd(prefix), limit) as unknown as readonly EntryRow[];
      return { entries: rows.map((row) => entryOf<T>(row)), revision: this.#revision };
    });
  }

  async txn(compare: readonly Compare[], writes: readonly Write[]): Promise<TxnResult> {
    const encoded = checkTxn(compare, writes);
    this.#open();
    this.#endDue();
    const holds = this.#guard(() => compare.every(({ key, revision }) => Number(this.#sql.revisionOf.get(key)?.['revision'] ?? 0) === revision));
    if (!holds) return { committed: false };
    for (const write of encoded) if (write.text !== null && write.lease !== null) this.#leases.check(write.lease);
    this.#commit(encoded);
    return { committed: true, revision: this.#revision };
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<Change> {
    checkPrefix(prefix, 'prefix');
    checkInteger(fromRevision, 'fromRevision', 0);
    const end = prefixEnd(prefix);
    let next = Math.max(fromRevision, 1);
    let seq = 0;
    while (!signal.aborted) {
      const batch = this.#reading(() => {
        if (next <= this.#history.compacted) throw compactedError(next, this.#history.compacted);
        return this.#history.read(seq, next, prefix, end);
      });
      seq = batch.seq;
      const all = seq === this.#history.last;
      next = Math.max(next, all ? this.#revision + 1 : (batch.changes.at(-1)?.revision ?? next));
      for (const change of batch.changes) {
        if (signal.aborted) return;
        yield change;
      }
      // Compared anew: more may have been written while the reader was away.
      if (seq === this.#history.last) await this.#waiters.wait(signal);
    }
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    checkInteger(ttlMs, 'ttlMs', 1);
    this.#open();
    const id = `lease-${Buffer.from(this.#parts.random(12)).toString('hex')}`;
    this.#parts.journal.write(() => this.#db.prepare('INSERT INTO leases (id, ttl_ms, sum) VALUES (?, ?, ?)').run(id, ttlMs, sumOf(id, ttlMs)));
    this.#leases.add(id, ttlMs);
    return { id, ttl_ms: ttlMs };
  }

  async keepAlive(lease: Lease): Promise<void> {
    this.#open();
    this.#leases.renew(lease.id);
  }

  async revokeLease(lease: Lease): Promise<void> {
    this.#open();
    this.#endLease(lease.id);
  }

  async check(): Promise<readonly string[]> {
    this.#open();
    return this.#guard(() => {
      // Forgets the pages that it holds in memory: what is on the disk is to be looked at.
      this.#db.exec('PRAGMA shrink_memory');
      return [...structureFaults(this.#db), ...contentFaults(this.#db)];
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#leases.close();
    this.#waiters.wake();
    this.#db.close();
    this.#parts.onClose();
  }

  #open(): void {
    if (this.#closed) throw closedError();
    this.#parts.journal.ready();
  }

  #reading<T>(read: () => T): T {
    this.#open();
    try {
      this.#endDue();
    } catch {
      // The disk is full: due leases end as soon as there is space; what is there can be read all the same.
    }
    return this.#guard(read);
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw storeFailure(thrown, this.#parts.file);
    }
  }

  #endDue(): void {
    for (const id of this.#leases.due()) this.#endLease(id);
  }

  #endLease(id: string): void {
    const keys = this.#guard(() => this.#sql.keysOf.all(id)).map((row) => String(row['key']));
    this.#commit(
      keys.map((key) => ({ key, text: null })),
      () => this.#db.prepare('DELETE FROM leases WHERE id = ?').run(id),
    );
    this.#leases.remove(id);
  }

  /** @param also done in the same transaction, even when no key changes */
  #commit(writes: readonly EncodedWrite[], also?: () => void): void {
    const effective = writes.filter((write) => write.text !== null || this.#sql.revisionOf.get(write.key) !== undefined);
    if (effective.length === 0 && also === undefined) return;
    const revision = effective.length === 0 ? this.#revision : this.#revision + 1;
    const taken = this.#parts.journal.write(() => {
      also?.();
      if (effective.length === 0) return null;
      for (const write of effective) {
        if (write.text === null) this.#sql.remove.run(write.key);
        else this.#sql.put.run(write.key, write.text, revision, write.lease, sumOf(write.key, write.text, revision, write.lease));
      }
      writeMeta(this.#db, 'revision', revision);
      return this.#history.add(revision, effective);
    });
    if (taken === null) return;
    this.#revision = revision;
    this.#history.taken(taken);
    this.#waiters.wake();
  }
}

function entryOf<T>(row: EntryRow): Entry<T> {
  if (sumOf(row.key, row.value, row.revision, row.lease) !== row.sum) throw damagedRow(`entry ${row.key}`);
  return { key: row.key, value: JSON.parse(row.value) as T, revision: row.revision };
}
