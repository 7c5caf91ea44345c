/**
 * Whether a store that is not open may be opened. Changes nothing: what needs recovery is looked at in a copy. Faults
 * of the file (structure, every row's checksum), of the log beside it (cut off, damaged, missing, of another file),
 * and a newer schema are refused, with the way out.
 *
 * The mark: a number in the store, raised right after the log was emptied, and then noted in the lock file. So as
 * long as the log has anything to lose, the noted mark is in the log only, and a store whose mark is below the noted
 * one lost its log. Copies are exempt: they were never in log mode, which their header shows.
 */
import { constants, copyFileSync, existsSync, lstatSync, mkdtempSync, openSync, readFileSync, readSync, closeSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../model/errors.ts';
import { listCopies } from './copies.ts';
import { saidBy, storeFailure } from './failure.ts';
import { APPLICATION_ID, contentFaults, readMeta, structureFaults, versionOf, type Migrations } from './schema.ts';
import { walFault } from './wal.ts';

/** Name of the directories that a check works in; left behind only by a kill. */
export const CHECK_PREFIX = '.check-';

export interface Sound {
  readonly version: number;
  readonly mark: number;
  /** The file was never opened by a daemon: new, or restored from a copy. */
  readonly fresh: boolean;
}

/**
 * @param notedMark the mark that the lock file holds, 0 when none
 * @throws failed_precondition for damage and for a newer schema; unavailable when it cannot be read
 */
export function verifyStore(file: string, migrations: Migrations, notedMark: number): Sound {
  const header = readHeader(file);
  if (header.length < 100 || header.subarray(0, 16).toString('latin1') !== 'SQLite format 3\0') throw damaged(file, ['it does not begin as a store does']);
  const fresh = header[18] === 1;
  const wal = `${file}-wal`;
  const walBytes = sizeOf(wal);
  if (fresh && walBytes > 0) {
    throw new HoldfastError('failed_precondition', `${file} is a restored copy, but ${wal} belongs to the file that was there before`, { object: `store ${file}`, hint: `mv ${wal} ${wal}.old` });
  }
  if (walBytes > 0) {
    const fault = walFault(readFileSync(wal));
    if (fault !== null) throw damaged(file, [`in its log ${wal} ${fault}`]);
  }
  const recovers = walBytes > 0 || sizeOf(`${file}-journal`) > 0;
  const { faults, version, mark } = recovers ? inCopy(file, (copy) => look(new DatabaseSync(copy), file, migrations)) : look(new DatabaseSync(frozen(file), { readOnly: true }), file, migrations);
  if (faults.length > 0) throw damaged(file, faults);
  if (!fresh && mark < notedMark) throw damaged(file, [walBytes > 0 ? `its log ${wal} is cut off or of another time` : `its log ${wal} is missing`]);
  return { version, mark, fresh };
}

/** @param faults at least one */
export function damaged(file: string, faults: readonly string[]): HoldfastError {
  const dir = path.dirname(file);
  const [newest] = listCopies(dir);
  const aside = `aside=$(mktemp -d ${dir}/damaged.XXXXXX) && mv ${file}* "$aside"/`;
  const hint =
    newest === undefined
      ? `It was left as it is, and there is no safe copy in ${dir}/backups. Put back a copy of your own, or set it aside to begin with an empty store: ${aside} && rm -f ${dir}/lock`
      : `It was left as it is. Restore the newest safe copy (of ${new Date(newest.made_at_ms).toISOString()}): ${aside} && cp ${newest.path} ${file}; start holdfastd, then run: holdfast store check`;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new HoldfastError('failed_precondition', `The store ${file} is damaged: ${faults[0] ?? ''}${more}`, { object: `store ${file}`, hint });
}

function look(db: DatabaseSync, file: string, migrations: Migrations): { readonly faults: readonly string[]; readonly version: number; readonly mark: number } {
  try {
    // Exclusive: keeps the log's index in memory instead of in a file.
    db.exec('PRAGMA locking_mode = EXCLUSIVE');
    const structure = structureFaults(db);
    if (structure.length > 0) return { faults: structure, version: 0, mark: 0 };
    if (Number(db.prepare('PRAGMA application_id').get()?.['application_id']) !== APPLICATION_ID) return { faults: ['it is a database, but not a store of Holdfast'], version: 0, mark: 0 };
    const version = versionOf(db);
    if (version > migrations.length) {
      throw new HoldfastError('failed_precondition', `The store ${file} has schema version ${version}; this holdfastd knows versions up to ${migrations.length}`, {
        object: `store ${file}`,
        hint: 'Run the newer holdfastd that wrote it, or restore the copy that was made before its upgrade. The file was left as it is.',
      });
    }
    // Rows of an older schema are checked by that schema's rules, which the migration replaces.
    return { faults: version === migrations.length ? contentFaults(db) : [], version, mark: readMeta(db, 'mark') };
  } catch (thrown) {
    const failure = storeFailure(thrown, file);
    if (thrown instanceof HoldfastError || failure.code === 'unavailable' || failure.code === 'resource_exhausted') throw failure;
    return { faults: [saidBy(thrown)], version: 0, mark: 0 };
  } finally {
    db.close();
  }
}

/** Immutable: SQLite takes no lock, and writes nothing beside the file. */
const frozen = (file: string): string => `file:${file.split('/').map(encodeURIComponent).join('/')}?immutable=1`;

function inCopy<T>(file: string, use: (copy: string) => T): T {
  const places = [path.dirname(file), tmpdir()];
  for (const [index, place] of places.entries()) {
    let aside: string | null = null;
    try {
      aside = mkdtempSync(path.join(place, CHECK_PREFIX));
      const copy = path.join(aside, 'store.db');
      for (const suffix of ['', '-wal', '-journal']) {
        if (existsSync(file + suffix)) copyFileSync(file + suffix, copy + suffix, constants.COPYFILE_FICLONE);
      }
      return use(copy);
    } catch (thrown) {
      const failure = storeFailure(thrown, file);
      if (failure.code !== 'resource_exhausted' || index === places.length - 1) throw failure;
    } finally {
      if (aside !== null) rmSync(aside, { recursive: true, force: true });
    }
  }
  throw new HoldfastError('internal', 'no place to check the store in', { object: `store ${file}` });
}

function readHeader(file: string): Buffer {
  try {
    if (!lstatSync(file).isFile()) throw damaged(file, ['it is not a file']);
    const fd = openSync(file, 'r');
    try {
      const header = Buffer.alloc(100);
      return header.subarray(0, readSync(fd, header, 0, 100, 0));
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    throw storeFailure(thrown, file);
  }
}

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
