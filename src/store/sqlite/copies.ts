/**
 * Safe copies of the store in `<dir>/backups/store-<n>.db`: the last five. A copy is whole or absent (written aside,
 * synced, renamed), needs no log beside it, and is restored by copying it to the store's place while nothing runs.
 */
import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, statfsSync } from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { HoldfastError } from '../../model/errors.ts';

const KEEP = 5;

export interface SafeCopy {
  readonly path: string;
  readonly number: number;
  /** Wall clock, ms since the epoch. */
  readonly made_at_ms: number;
}

/** The copies of the store in this directory, the newest first. */
export function listCopies(dir: string): readonly SafeCopy[] {
  const backups = path.join(dir, 'backups');
  let names: string[];
  try {
    names = readdirSync(backups);
  } catch {
    return [];
  }
  return names
    .flatMap((name) => {
      const number = /^store-(\d{1,15})\.db$/.exec(name)?.[1];
      const file = path.join(backups, name);
      return number === undefined ? [] : [{ path: file, number: Number(number), made_at_ms: statSync(file).mtimeMs }];
    })
    .sort((a, b) => b.number - a.number);
}

/**
 * Makes a copy of the open store and forgets the oldest.
 * @throws resource_exhausted when it would take more than half of the space that is left
 */
export function makeCopy(db: DatabaseSync, dir: string): SafeCopy {
  const backups = path.join(dir, 'backups');
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const size = Number(db.prepare('SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size').get()?.['bytes']);
  const { bavail, bsize } = statfsSync(backups);
  if (size * 2 > bavail * bsize) {
    throw new HoldfastError('resource_exhausted', `No safe copy of the store was made: it needs ${size} bytes, ${bavail * bsize} are free`, { object: `store ${dir}`, hint: 'Free space on its filesystem.' }, { retryable: true });
  }
  const former = listCopies(dir);
  const number = (former[0]?.number ?? 0) + 1;
  const file = path.join(backups, `store-${number}.db`);
  const aside = path.join(backups, '.store.db.new');
  rmSync(aside, { force: true });
  try {
    closeSync(openSync(aside, 'wx', 0o600));
    db.prepare('VACUUM INTO ?').run(aside);
    chmodSync(aside, 0o600);
    syncPath(aside);
    renameSync(aside, file);
    syncPath(backups);
  } catch (thrown) {
    rmSync(aside, { force: true });
    rmSync(`${aside}-journal`, { force: true });
    throw thrown;
  }
  for (const old of former.slice(KEEP - 1)) rmSync(old.path, { force: true });
  return { path: file, number, made_at_ms: statSync(file).mtimeMs };
}

/** Makes a file's bytes, or a directory's names, durable. */
export function syncPath(file: string): void {
  const fd = openSync(file, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
