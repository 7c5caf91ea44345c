/**
 * Commits: everything that writes to the open store goes through `write`, which is atomic and durable when it returns,
 * and empties the log when it has grown, outside of the transaction. Keeps the mark (verify.ts).
 */
import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../model/errors.ts';
import { isSyncFailure, storeFailure } from './failure.ts';
import { writeMeta } from './schema.ts';

/** The log is emptied when it is larger. */
const LOG_BYTES = 4 * 1024 * 1024;

export class Journal {
  readonly #db: DatabaseSync;
  readonly #file: string;
  readonly #note: (mark: number) => void;
  #mark: number;
  #emptyAt = LOG_BYTES;
  #markDue = false;
  #broken: HoldfastError | null = null;

  /** @param note makes the mark durable outside of the store. */
  constructor(db: DatabaseSync, file: string, mark: number, note: (mark: number) => void) {
    this.#db = db;
    this.#file = file;
    this.#mark = mark;
    this.#note = note;
  }

  /** The mark that the store has reached. */
  get mark(): number {
    return this.#mark;
  }

  /** Before the first write of a process. A full disk does not stop it: what is there can be read. */
  begin(): void {
    this.#note(this.#mark);
    this.#emptyLog(0);
  }

  /**
   * Runs `work` as one transaction. Throwing, it is undone.
   * @throws resource_exhausted when the disk is full (nothing was written); unavailable when the medium fails
   */
  write<T>(work: () => T): T {
    if (this.#markDue) this.#raiseMark();
    const result = this.#transact(work);
    this.#emptyLog(this.#emptyAt);
    return result;
  }

  /** @throws the failure that made the state on disk unknown, if there was one */
  ready(): void {
    if (this.#broken !== null) throw this.#broken;
  }

  #transact<T>(work: () => T): T {
    this.ready();
    try {
      this.#db.exec('BEGIN IMMEDIATE');
      const result = work();
      this.#db.exec('COMMIT');
      return result;
    } catch (thrown) {
      const failure = storeFailure(thrown, this.#file);
      if (isSyncFailure(thrown)) this.#broken = failure;
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw failure;
    }
  }

  #raiseMark(): void {
    const mark = this.#mark + 1;
    this.#transact(() => writeMeta(this.#db, 'mark', mark));
    this.#mark = mark;
    this.#markDue = false;
    this.#note(mark);
  }

  /** @param above empties it only when it has more bytes */
  #emptyLog(above: number): void {
    const bytes = statSync(`${this.#file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
    if (bytes < above) return;
    this.#emptyAt = bytes + LOG_BYTES;
    try {
      const row = this.#db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      if (Number(row?.['busy']) !== 0) return;
      this.#emptyAt = LOG_BYTES;
      // Nothing else may be written to the empty log before: should it fail here, the next write tries again.
      this.#markDue = true;
      this.#raiseMark();
    } catch {
      // What was committed stands, in the log or in the file; the log is emptied when it has grown as much again.
    }
  }
}
