/**
 * The tables of the embedded store, and the way from every earlier version to this one. A migration that was ever
 * released is never edited: a new one is added. Every row carries a checksum, for SQLite has none.
 */
import { crc32 } from 'node:zlib';
import type { DatabaseSync } from 'node:sqlite';

/** `application_id` of our files: "HfSt". */
export const APPLICATION_ID = 0x48665374;

/** Item n leads from version n to n + 1. */
export type Migrations = readonly string[];

export const MIGRATIONS: Migrations = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE entries (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, value TEXT NOT NULL, revision INTEGER NOT NULL, lease TEXT, sum INTEGER NOT NULL) STRICT;
   CREATE INDEX entries_by_lease ON entries (lease) WHERE lease IS NOT NULL;
   CREATE TABLE changes (seq INTEGER PRIMARY KEY, revision INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, sum INTEGER NOT NULL) STRICT;
   CREATE INDEX changes_by_revision ON changes (revision);
   CREATE TABLE leases (id TEXT PRIMARY KEY, ttl_ms INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT;`,
];

/** Checksum of a row's columns. */
export const sumOf = (...columns: readonly (string | number | null)[]): number => crc32(JSON.stringify(columns));

/** `mark`: see mark.ts. `revision`: of the last transaction. `compacted`: the last revision whose changes are gone. */
export type MetaName = 'mark' | 'revision' | 'compacted';

export function readMeta(db: DatabaseSync, name: MetaName): number {
  return Number(db.prepare('SELECT value FROM meta WHERE name = ?').get(name)?.['value'] ?? 0);
}

export function writeMeta(db: DatabaseSync, name: MetaName, value: number): void {
  db.prepare('INSERT OR REPLACE INTO meta (name, value, sum) VALUES (?, ?, ?)').run(name, value, sumOf(name, value));
}

export const versionOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);

/** Runs the missing migrations as one transaction; does nothing when there are none. */
export function migrate(db: DatabaseSync, migrations: Migrations): void {
  const version = versionOf(db);
  if (version >= migrations.length) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (thrown) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw thrown;
  }
}

/** Faults of the structure (SQLite's own check). At most 20. */
export function structureFaults(db: DatabaseSync): readonly string[] {
  const rows = db.prepare('PRAGMA integrity_check(20)').all().map((row) => String(row['integrity_check']));
  return rows.length === 1 && rows[0] === 'ok' ? [] : rows;
}

/** Faults of the content: a row that does not match its checksum, a revision from the future. Reads every row. */
export function contentFaults(db: DatabaseSync): readonly string[] {
  const faults: string[] = [];
  for (const { name, value, sum } of db.prepare('SELECT name, value, sum FROM meta').iterate() as Iterable<{ name: string; value: number; sum: number }>) {
    if (sumOf(name, value) !== sum) faults.push(`meta ${name} does not match its checksum`);
  }
  const revision = readMeta(db, 'revision');
  type EntryRow = { key: string; value: string; revision: number; lease: string | null; sum: number };
  for (const row of db.prepare('SELECT key, value, revision, lease, sum FROM entries').iterate() as Iterable<EntryRow>) {
    if (sumOf(row.key, row.value, row.revision, row.lease) !== row.sum) faults.push(`entry ${row.key} does not match its checksum`);
    else if (row.revision > revision) faults.push(`entry ${row.key} has revision ${row.revision}, the store ${revision}`);
  }
  type ChangeRow = { seq: number; revision: number; key: string; value: string | null; sum: number };
  for (const row of db.prepare('SELECT seq, revision, key, value, sum FROM changes').iterate() as Iterable<ChangeRow>) {
    if (sumOf(row.seq, row.revision, row.key, row.value) !== row.sum) faults.push(`change ${row.seq} does not match its checksum`);
  }
  for (const row of db.prepare('SELECT id, ttl_ms, sum FROM leases').iterate() as Iterable<{ id: string; ttl_ms: number; sum: number }>) {
    if (sumOf(row.id, row.ttl_ms) !== row.sum) faults.push(`lease ${row.id} does not match its checksum`);
  }
  return faults;
}
