/**
 * Opens the embedded store: one holder, verified before it is touched, migrated forward, copied daily. A start that
 * is refused leaves every file as it was.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../model/errors.ts';
import type { Store } from '../../control/ports/store.ts';
import type { Clock, Log, RandomBytes } from '../../control/ports/system.ts';
import { listCopies, makeCopy, syncPath } from './copies.ts';
import { startDailyCopies } from './daily.ts';
import { saidBy, storeFailure } from './failure.ts';
import { Journal } from './journal.ts';
import { StoreLock } from './lock.ts';
import { migrate, MIGRATIONS, readMeta, writeMeta, type Migrations } from './schema.ts';
import { SqliteStore } from './store.ts';
import { CHECK_PREFIX, damaged, verifyStore, type Sound } from './verify.ts';

export interface SqliteStoreOptions {
  /** The store's file. Its directory is the store's own: it is made with mode 0700, and holds the lock and the copies. */
  readonly path: string;
  readonly clock: Clock;
  /** What this process is, for whoever finds the store in use. Default: `holdfastd`. */
  readonly holder?: string;
  /** How many changes `watch` can go back at least. Default 10,000. */
  readonly history?: number;
  /** Bytes of values that the history may hold, about; the older go. Default 64 MiB. */
  readonly historyBytes?: number;
  /** Told about safe copies that were made or could not be. Default: nobody. */
  readonly log?: Log;
  /** For lease ids. Default: the system's. */
  readonly random?: RandomBytes;
}

/**
 * @param migrations the schema's history; another than the default is for tests of migration
 * @throws failed_precondition when another process holds the store, when it is damaged, or of a newer schema;
 *   resource_exhausted or unavailable when the medium is full or fails
 */
export async function openSqliteStore(options: SqliteStoreOptions, migrations: Migrations = MIGRATIONS): Promise<Store> {
  const file = path.resolve(options.path);
  const dir = path.dirname(file);
  let lock: StoreLock | null = null;
  try {
    ownDirectory(dir, path.basename(file));
    lock = StoreLock.take(dir);
    if (!existsSync(file)) create(file, lock, migrations);
    const sound = verifyStore(file, migrations, lock.former?.mark ?? 0);
    return open(options, file, lock, sound, migrations);
  } catch (thrown) {
    lock?.release();
    throw storeFailure(thrown, file);
  }
}

/** Private from the start; an existing directory is made private only when it is plainly the store's. */
function ownDirectory(dir: string, name: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if ((statSync(dir).mode & 0o077) === 0) return;
  const names = readdirSync(dir);
  if (names.length > 0 && !names.includes(name) && !names.includes('lock')) {
    throw new HoldfastError('failed_precondition', `${dir} is open to others, and holds files that are not the store's`, { object: `store ${dir}`, hint: `Give the store a directory of its own, or: chmod 700 ${dir}` });
  }
  chmodSync(dir, 0o700);
}

/** A new store, whole or absent: an empty file in its place can then only be damage. */
function create(file: string, lock: StoreLock, migrations: Migrations): void {
  const dir = path.dirname(file);
  if (lock.former !== null || listCopies(dir).length > 0 || existsSync(`${file}-wal`)) throw damaged(file, ['it is missing, though there was one here']);
  const aside = `${file}.new`;
  rmSync(aside, { force: true });
  rmSync(`${aside}-journal`, { force: true });
  const db = new DatabaseSync(aside);
  try {
    db.exec('PRAGMA synchronous = FULL');
    migrate(db, migrations);
  } finally {
    db.close();
  }
  chmodSync(aside, 0o600);
  syncPath(aside);
  renameSync(aside, file);
  syncPath(dir);
}

function open(options: SqliteStoreOptions, file: string, lock: StoreLock, sound: Sound, migrations: Migrations): Store {
  const { clock, holder = 'holdfastd', log } = options;
  const dir = path.dirname(file);
  for (const name of readdirSync(dir)) if (name.startsWith(CHECK_PREFIX)) rmSync(path.join(dir, name), { recursive: true, force: true });
  chmodSync(file, 0o600);
  const db = new DatabaseSync(file, { timeout: 5_000 });
  try {
    // Exclusive: the log's index stays in memory, and nobody else can write the file behind our back.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF');
    const mark = Math.max(sound.mark, lock.former?.mark ?? 0);
    // A fresh file catches up with the noted mark before it goes into log mode, where the mark counts.
    if (sound.fresh && sound.version > 0 && mark > sound.mark) writeMeta(db, 'mark', mark);
    db.exec('PRAGMA journal_mode = WAL');
    if (sound.version < migrations.length) {
      const copy = makeCopy(db, dir);
      log?.info({ copy: copy.path, from: sound.version, to: migrations.length }, 'safe copy of the store made before its migration');
      try {
        migrate(db, migrations);
      } catch (thrown) {
        const hint = `It is as it was before; a copy is in ${copy.path}. Run the holdfastd that used it last.`;
        throw new HoldfastError('failed_precondition', `The store ${file} could not be brought from schema version ${sound.version} to ${migrations.length}: ${saidBy(thrown)}`, { object: `store ${file}`, hint }, { cause: thrown });
      }
    }
    const note = (reached: number): void => lock.write({ pid: process.pid, holder, mark: reached });
    const journal = new Journal(db, file, mark, note);
    journal.begin();
    syncPath(dir);
    const stopped = new AbortController();
    const store = new SqliteStore({
      db,
      file,
      journal,
      clock,
      random: options.random ?? randomBytes,
      history: { changes: options.history ?? 10_000, bytes: options.historyBytes ?? 64 * 1024 * 1024 },
      onClose: () => {
        stopped.abort();
        lock.write({ pid: null, holder, mark: journal.mark });
        lock.release();
      },
    });
    startDailyCopies({ db, dir, clock, check: () => store.check(), empty: readMeta(db, 'revision') === 0, signal: stopped.signal, ...(log === undefined ? {} : { log }) });
    return store;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}
