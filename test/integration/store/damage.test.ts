import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../../src/control/ports/store.ts';
import { MIGRATIONS } from '../../../src/store/sqlite/schema.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { listCopies } from '../../../src/store/sqlite/copies.ts';
import { realClock, refusal, StoreDir } from './store-dir.ts';

const TRANSACTIONS = 60;

/** Revision n sets w/<n mod 7> and w/last to n. */
async function fill(store: Store): Promise<void> {
  for (let n = 1; n <= TRANSACTIONS; n += 1) {
    await store.txn([], [`w/${n % 7}`, 'w/last'].map((key) => ({ op: 'put', key, value: { n, text: `value ${n} `.repeat(40) } })));
  }
}

/** Whether it holds exactly what it held at its revision. @returns that revision */
async function expectPrefix(store: Store): Promise<number> {
  const { entries, revision } = await store.list<{ n: number; text: string }>('w/');
  for (const { key, value } of entries) {
    const latest = key === 'w/last' ? revision : revision - ((((revision - Number(key.slice(2))) % 7) + 7) % 7);
    expect(value).toEqual({ n: latest, text: `value ${latest} `.repeat(40) });
  }
  expect(entries).toHaveLength(Math.min(revision, 7) + (revision > 0 ? 1 : 0));
  return revision;
}

/** `closed`: as after a proper end. `killed`: as a kill left it, with everything in the log. */
type State = 'closed' | 'killed';
const images = { closed: new StoreDir(), killed: new StoreDir() };

beforeAll(async () => {
  const store = await images.closed.open();
  await fill(store);
  cpSync(images.closed.dir, images.killed.dir, { recursive: true });
  await store.close();
});
afterAll(async () => {
  await images.closed.remove();
  await images.killed.remove();
});

describe('a damaged store', () => {
  let place: StoreDir;
  beforeEach(() => {
    place = new StoreDir();
  });
  afterEach(() => place.remove());

  const put = (state: State): void => {
    rmSync(place.dir, { recursive: true, force: true });
    cpSync(images[state].dir, place.dir, { recursive: true });
  };

  async function expectRefused(text: string | RegExp): Promise<string> {
    const before = place.fingerprint();
    const said = await refusal(place.open());
    expect(said.code).toBe('failed_precondition');
    expect(said.message).toMatch(text);
    expect(said.message).toContain(place.file);
    expect(place.fingerprint()).toEqual(before);
    return said.hint;
  }

  test.each<State>(['closed', 'killed'])('that is not damaged (%s) opens with all it held', async (state) => {
    put(state);
    expect(existsSync(`${place.file}-wal`)).toBe(state === 'killed');
    expect(await expectPrefix(await place.open())).toBe(TRANSACTIONS);
  });

  test.each([0, 1, 99, 100, 4096, 5000, 8192, 20_000])('cut off at %d bytes stops the start and stays as it is', async (bytes) => {
    put('closed');
    truncateSync(place.file, bytes);
    await expectRefused(/is damaged/);
  });

  test('of random bytes stops the start and stays as it is', async () => {
    put('closed');
    writeFileSync(place.file, Buffer.from(Array.from({ length: 50_000 }, (_, n) => (n * 7919 + (n >> 3)) & 255)));
    await expectRefused(/does not begin as a store does/);
  });

  test('that is the database of something else stops the start and stays as it is', async () => {
    put('closed');
    rmSync(place.file);
    const db = new DatabaseSync(place.file);
    db.exec('CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)');
    db.close();
    await expectRefused(/not a store of Holdfast/);
  });

  test('whose value has one letter changed stops the start, which SQLite alone would not notice', async () => {
    put('closed');
    const bytes = readFileSync(place.file);
    const at = bytes.lastIndexOf(`value ${TRANSACTIONS} value`);
    bytes[at] = 'V'.charCodeAt(0);
    writeFileSync(place.file, bytes);
    await expectRefused(/does not match its checksum/);
  });

  test('that is missing where there was one is not silently begun anew', async () => {
    put('closed');
    rmSync(place.file);
    const hint = await expectRefused(/missing, though there was one/);
    expect(hint).toContain('Put back a copy of your own');
  });

  test('whose log is missing after a kill stops the start', async () => {
    put('killed');
    rmSync(`${place.file}-wal`);
    await expectRefused(/its log .* is missing/);
  });

  test('whose log is cut off near its beginning stops the start', async () => {
    put('killed');
    truncateSync(`${place.file}-wal`, 40);
    await expectRefused(/its log .* is cut off/);
  });

  test.each([
    ['header', 20],
    ['middle', 60_000],
  ])('whose log is damaged in its %s stops the start, for acknowledged transactions would be lost', async (_where, at) => {
    put('killed');
    const bytes = readFileSync(`${place.file}-wal`);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(`${place.file}-wal`, bytes);
    await expectRefused(/in its log/);
  });

  test('of a newer schema is refused as such, and stays as it is', async () => {
    put('closed');
    const db = new DatabaseSync(place.file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    const hint = await expectRefused(/schema version 99/);
    expect(hint).toContain('newer holdfastd');
  });

  const spot = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const damage = fc.record({
    state: fc.constantFrom<State>('closed', 'killed'),
    log: fc.boolean(),
    kind: fc.constantFrom('cut', 'flip', 'zero', 'noise', 'swap'),
    at: spot,
    other: spot,
    length: fc.constantFrom(1, 16, 512, 4096),
  });

  test('wherever the damage is, the start is refused leaving every file as it was, or everything is there', async () => {
    const counts = { refused: 0, whole: 0 };
    await fc.assert(
      fc.asyncProperty(damage, async ({ state, log, kind, at, other, length }) => {
        put(state);
        const inLog = log && state === 'killed';
        const target = inLog ? `${place.file}-wal` : place.file;
        const bytes = readFileSync(target);
        const from = Math.floor(at * bytes.length);
        const block = bytes.subarray(from, from + length);
        if (kind === 'flip') block[0] = (block[0] ?? 0) ^ (1 << Math.floor(other * 8));
        if (kind === 'zero') block.fill(0);
        if (kind === 'noise') block.forEach((byte, index) => (block[index] = (byte * 31 + index * 17 + 101) & 255));
        if (kind === 'swap') {
          const second = Math.floor((other * bytes.length) / 4096) * 4096;
          bytes.copy(bytes, Math.floor(from / 4096) * 4096, second, second + 4096);
        }
        writeFileSync(target, kind === 'cut' ? bytes.subarray(0, from) : bytes);
        const before = place.fingerprint();
        let store: Store;
        try {
          store = await openSqliteStore({ path: place.file, clock: realClock });
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'failed_precondition' });
          expect(place.fingerprint()).toEqual(before);
          counts.refused += 1;
          return;
        }
        try {
          const revision = await expectPrefix(store);
          // The end of a log that was cut or damaged in its last transaction looks just as a crash does.
          if (!inLog) expect(revision).toBe(TRANSACTIONS);
          else if (kind !== 'cut') expect(revision).toBeGreaterThanOrEqual(TRANSACTIONS - 3);
          expect(await store.check()).toEqual([]);
          counts.whole += 1;
        } finally {
          await store.close();
        }
      }),
      { numRuns: 250 },
    );
    expect(counts.refused).toBeGreaterThan(20);
    expect(counts.whole).toBeGreaterThan(5);
  });

  test('is restored by the commands of the advice, and then opens', async () => {
    put('closed');
    const first = await place.open();
    await new Promise((resolve) => setImmediate(resolve));
    await first.close();
    expect(listCopies(place.dir)).toHaveLength(1);
    const second = await place.open();
    await second.txn([], [{ op: 'put', key: 'later', value: 1 }]);
    // As a kill would leave it, and damaged: the log beside it must not be applied to the restored copy.
    const crashed = new StoreDir();
    try {
      cpSync(place.dir, crashed.dir, { recursive: true });
      await second.close();
      truncateSync(crashed.file, 4096);
      const said = await refusal(crashed.open());
      expect(said.message).toMatch(/is damaged/);
      const commands = /copy \(of [^)]*\): (.*); start holdfastd/.exec(said.hint)?.[1] ?? 'exit 9';
      execFileSync('/bin/sh', ['-c', commands]);
      expect(await expectPrefix(await crashed.open())).toBe(TRANSACTIONS);
      expect(statSync(crashed.file).mode & 0o777).toBe(0o600);
    } finally {
      await crashed.remove();
    }
  });

  test('whose copy was put back beside the log of the damaged file is refused with the way out', async () => {
    put('closed');
    const store = await place.open();
    await new Promise((resolve) => setImmediate(resolve));
    await store.txn([], [{ op: 'put', key: 'later', value: 1 }]);
    const crashed = new StoreDir();
    try {
      cpSync(place.dir, crashed.dir, { recursive: true });
      const [copy] = listCopies(crashed.dir);
      cpSync(copy?.path ?? '', crashed.file);
      const before = crashed.fingerprint();
      const said = await refusal(crashed.open());
      expect(said.message).toContain('belongs to the file that was there before');
      expect(crashed.fingerprint()).toEqual(before);
      rmSync(`${crashed.file}-wal`);
      expect(await expectPrefix(await crashed.open())).toBe(TRANSACTIONS);
    } finally {
      await crashed.remove();
    }
  });
});

describe('a store of an older schema', () => {
  const place = new StoreDir();
  afterAll(() => place.remove());

  test('is copied and migrated forward, and a migration that fails changes nothing', async () => {
    const first = await place.open();
    await first.txn([], [{ op: 'put', key: 'a', value: 1 }]);
    await first.close();
    const options = { path: place.file, clock: realClock };
    await expect(openSqliteStore(options, [...MIGRATIONS, 'CREATE TABLE extra (x); SELECT nonsense'])).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringMatching(/from schema version 1 to 2: .*nonsense/) });
    const again = await place.open();
    expect((await again.get('a'))?.value).toBe(1);
    await again.close();

    const copies = listCopies(place.dir).length;
    const migrated = await openSqliteStore(options, [...MIGRATIONS, 'CREATE TABLE extra (x)']);
    expect((await migrated.get('a'))?.value).toBe(1);
    expect(listCopies(place.dir)).toHaveLength(copies + 1);
    await migrated.close();
    expect((await refusal(place.open())).message).toContain('schema version 2');
  });
});
