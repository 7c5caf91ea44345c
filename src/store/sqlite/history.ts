/**
 * The changes that `watch` can go back over: bounded by count and by bytes, cut at whole revisions, oldest first.
 * Writes within the caller's transaction; `taken` is called after its commit, `rolledBack` is simply not calling it.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Change } from '../../control/ports/store.ts';
import { damagedRow } from './failure.ts';
import { readMeta, sumOf, writeMeta } from './schema.ts';

/** Changes that are read at once for a watcher. */
const BATCH = 32;
/** Cut only when this much over the bound, and then down to it: not at every transaction. */
const SLACK = 1.1;

interface State {
  /** Number of the last change; numbers have no gaps. */
  readonly last: number;
  readonly count: number;
  readonly bytes: number;
  readonly compacted: number;
}

export interface HistoryBounds {
  /** At least so many changes are kept, unless their values are too big. Default 10,000. */
  readonly changes: number;
  /** Of values, about. Default 64 MiB. */
  readonly bytes: number;
}

export class History {
  readonly #db: DatabaseSync;
  readonly #bounds: HistoryBounds;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  #state: State;

  constructor(db: DatabaseSync, bounds: HistoryBounds) {
    this.#db = db;
    this.#bounds = bounds;
    this.#insert = db.prepare('INSERT INTO changes (seq, revision, key, value, sum) VALUES (?, ?, ?, ?, ?)');
    // Unary plus: by number, not by the index on revision, which would have to sort.
    this.#select = db.prepare('SELECT seq, revision, key, value, sum FROM changes WHERE seq > ? AND +revision >= ? AND key >= ? AND key < ? ORDER BY seq LIMIT ?');
    const row = db.prepare('SELECT coalesce(max(seq), 0) AS last, count(*) AS count, coalesce(sum(octet_length(value)), 0) AS bytes FROM changes').get();
    this.#state = { last: Number(row?.['last']), count: Number(row?.['count']), bytes: Number(row?.['bytes']), compacted: readMeta(db, 'compacted') };
  }

  /** The last revision whose changes are gone; 0: none are. */
  get compacted(): number {
    return this.#state.compacted;
  }

  /** Number of the last change. */
  get last(): number {
    return this.#state.last;
  }

  /** Adds the changes of one revision, and cuts what is over the bounds. @returns what to hand to `taken`. */
  add(revision: number, changes: readonly { readonly key: string; readonly text: string | null }[]): State {
    let { last, count, bytes } = this.#state;
    for (const { key, text } of changes) {
      last += 1;
      count += 1;
      bytes += text === null ? 0 : Buffer.byteLength(text);
      this.#insert.run(last, revision, key, text, sumOf(last, revision, key, text));
    }
    const state = { ...this.#state, last, count, bytes };
    if (count <= this.#bounds.changes * SLACK && bytes <= this.#bounds.bytes * SLACK) return state;
    return this.#cut(state, revision);
  }

  /** The transaction that `add` took part in is committed. */
  taken(state: State): void {
    this.#state = state;
  }

  /** Changes numbered after `seq`, of `revision` or later, with keys from `from` to before `to`: at most a batch. */
  read(seq: number, revision: number, from: string, to: string): { readonly changes: readonly Change[]; readonly seq: number } {
    type Row = { seq: number; revision: number; key: string; value: string | null; sum: number };
    const rows = this.#select.all(seq, revision, from, to, BATCH) as unknown as readonly Row[];
    const changes = rows.map((row): Change => {
      if (sumOf(row.seq, row.revision, row.key, row.value) !== row.sum) throw damagedRow(`change ${row.seq}`);
      if (row.value === null) return { type: 'delete', key: row.key, revision: row.revision };
      return { type: 'put', key: row.key, value: JSON.parse(row.value), revision: row.revision };
    });
    return { changes, seq: rows.length < BATCH ? this.#state.last : (rows.at(-1)?.seq ?? seq) };
  }

  #cut(state: State, current: number): State {
    let { count, bytes } = state;
    let keptFrom = 0;
    type Row = { revision: number; bytes: number };
    for (const row of this.#db.prepare('SELECT revision, coalesce(octet_length(value), 0) AS bytes FROM changes ORDER BY seq').iterate() as Iterable<Row>) {
      keptFrom = row.revision;
      if (row.revision === current || (count <= this.#bounds.changes && bytes <= this.#bounds.bytes)) break;
      count -= 1;
      bytes -= row.bytes;
    }
    const compacted = Math.max(state.compacted, keptFrom - 1);
    this.#db.prepare('DELETE FROM changes WHERE revision <= ?').run(compacted);
    writeMeta(this.#db, 'compacted', compacted);
    const left = this.#db.prepare('SELECT count(*) AS count, coalesce(sum(octet_length(value)), 0) AS bytes FROM changes').get();
    return { last: state.last, count: Number(left?.['count']), bytes: Number(left?.['bytes']), compacted };
  }
}
