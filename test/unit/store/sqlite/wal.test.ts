import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { walFault } from '../../../../src/store/sqlite/wal.ts';

const FRAME = 24 + 4096;
const top = mkdtempSync(path.join(tmpdir(), 'holdfast-wal-'));
let log: Buffer;
let begunAnew: Buffer;
let frames: number;

beforeAll(() => {
  const file = path.join(top, 'a.db');
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t (x)');
  for (let n = 0; n < 10; n += 1) db.exec(`INSERT INTO t VALUES ('${'x'.repeat(3000)}')`);
  log = readFileSync(`${file}-wal`);
  frames = (log.length - 32) / FRAME;
  // A checkpoint that leaves the old frames behind the new ones.
  db.exec("PRAGMA wal_checkpoint(RESTART); INSERT INTO t VALUES ('new')");
  begunAnew = readFileSync(`${file}-wal`);
  db.close();
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

describe('walFault', () => {
  test('finds none in a whole log, an empty one, and one that was begun anew over old frames', () => {
    expect(Number.isInteger(frames)).toBe(true);
    expect(walFault(log)).toBeNull();
    expect(walFault(Buffer.alloc(0))).toBeNull();
    expect(walFault(Buffer.alloc(10_000))).toBeNull();
    expect(begunAnew.length).toBe(log.length);
    expect(walFault(begunAnew)).toBeNull();
  });

  test('finds none where it is cut off anywhere behind its header, as after a crash', () => {
    for (let at = 32; at < log.length; at += 517) expect(walFault(log.subarray(0, at))).toBeNull();
  });

  test('finds damage in any frame that acknowledged transactions follow', () => {
    for (let frame = 0; frame < frames - 4; frame += 1) {
      for (const part of [0, 4, 8, 12, 16, 20, 24, 2000]) expect(walFault(flipped(log, 32 + frame * FRAME + part))).toMatch(new RegExp(`^frame ${frame} of ${frames} is damaged`));
    }
  });

  test('takes damage in the last transaction for the cut of a crash', () => {
    expect(walFault(flipped(log, log.length - 100))).toBeNull();
  });

  test('finds any damage of the header', () => {
    for (let at = 0; at < 32; at += 1) expect(walFault(flipped(log, at))).toMatch(/header/);
  });
});
