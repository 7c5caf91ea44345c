import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Log } from '../../../src/control/ports/system.ts';
import { listCopies } from '../../../src/store/sqlite/copies.ts';
import { manualClock } from '../../contract/manual-clock.ts';
import { refusal, StoreDir } from './store-dir.ts';

const DAY_MS = 86_400_000;

describe('the embedded store', () => {
  let place: StoreDir;
  beforeEach(() => {
    place = new StoreDir();
  });
  afterEach(() => place.remove());

  test('holds after a restart what it held, at the same revisions, with its history', async () => {
    const first = await place.open();
    await first.txn([], [{ op: 'put', key: 'a', value: 1 }]);
    await first.txn([], [{ op: 'delete', key: 'a' }, { op: 'put', key: 'b', value: 2 }]);
    await first.close();
    const second = await place.open();
    expect(await second.list('')).toEqual({ entries: [{ key: 'b', value: 2, revision: 2 }], revision: 2 });
    expect(await second.txn([{ key: 'b', revision: 2 }], [{ op: 'put', key: 'b', value: 3 }])).toEqual({ committed: true, revision: 3 });
    const seen = [];
    for await (const change of second.watch('', 1, new AbortController().signal)) {
      seen.push([change.type, change.key, change.revision]);
      if (change.revision === 3) break;
    }
    expect(seen).toEqual([['put', 'a', 1], ['delete', 'a', 2], ['put', 'b', 2], ['put', 'b', 3]]);
  });

  test('gives a lease its whole time again after a restart, and then ends it', async () => {
    const before = manualClock();
    const first = await place.open({ clock: before });
    const lease = await first.grantLease(4_000);
    const ended = await first.grantLease(1_000);
    await first.txn([], [{ op: 'put', key: 'l', value: 1, lease: lease.id }, { op: 'put', key: 'e', value: 1, lease: ended.id }]);
    await before.advance(3_000);
    await first.close();

    const clock = manualClock();
    const second = await place.open({ clock });
    await clock.advance(3_000);
    expect((await second.list('')).entries).toMatchObject([{ key: 'l' }]);
    await second.keepAlive(lease);
    await clock.advance(3_999);
    expect(await second.get('l')).not.toBeNull();
    await clock.advance(1);
    expect(await second.get('l')).toBeNull();
    await second.close();
    await expect((await place.open()).keepAlive(lease)).rejects.toMatchObject({ code: 'not_found' });
  });

  test('is open to its owner only, whatever the umask, and so are its copies', async () => {
    const clock = manualClock(Date.now());
    const umask = process.umask(0);
    try {
      const store = await place.open({ clock });
      await store.txn([], [{ op: 'put', key: 'a', value: 1 }]);
      await clock.advance(DAY_MS);
    } finally {
      process.umask(umask);
    }
    const modes = readdirSync(place.dir, { recursive: true }).map((name) => [name, lstatSync(path.join(place.dir, String(name))).mode & 0o777]);
    expect(Object.fromEntries(modes)).toEqual({ backups: 0o700, 'backups/store-1.db': 0o600, lock: 0o600, 'store.db': 0o600, 'store.db-wal': 0o600 });
    expect(statSync(place.dir).mode & 0o777).toBe(0o700);
  });

  test('closes a directory of its own that is open to others, and refuses one that holds foreign files', async () => {
    await (await place.open()).close();
    chmodSync(place.dir, 0o755);
    await (await place.open()).close();
    expect(statSync(place.dir).mode & 0o777).toBe(0o700);

    const foreign = new StoreDir();
    try {
      mkdirSync(foreign.dir);
      writeFileSync(path.join(foreign.dir, 'letter'), 'theirs');
      chmodSync(foreign.dir, 0o755);
      expect((await refusal(foreign.open())).message).toContain('is open to others');
      expect(readdirSync(foreign.dir)).toEqual(['letter']);
      expect(statSync(foreign.dir).mode & 0o777).toBe(0o755);
    } finally {
      await foreign.remove();
    }
  });

  test('makes a copy a day, keeps the last five, and each opens by itself', async () => {
    const clock = manualClock(Date.now());
    const store = await place.open({ clock });
    for (let day = 1; day <= 8; day += 1) {
      await store.txn([], [{ op: 'put', key: 'day', value: day }]);
      await clock.advance(DAY_MS);
    }
    expect(listCopies(place.dir).map((copy) => copy.number)).toEqual([8, 7, 6, 5, 4]);
    const db = new DatabaseSync(listCopies(place.dir)[0]?.path ?? '', { readOnly: true });
    expect(db.prepare("SELECT value FROM entries WHERE key = 'day'").get()?.['value']).toBe('8');
    db.close();
  });

  test('makes one at the start when the newest is older than a day, or from the future, and else none', async () => {
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    const starts = async (): Promise<number> => {
      const store = await place.open();
      await turn();
      await store.close();
      return listCopies(place.dir).length;
    };
    const first = await place.open();
    await first.txn([], [{ op: 'put', key: 'a', value: 1 }]);
    await first.close();
    expect(await starts()).toBe(1);
    expect(await starts()).toBe(1);
    for (const days of [-2, 2]) {
      const at = new Date(Date.now() + days * DAY_MS);
      for (const copy of listCopies(place.dir)) utimesSync(copy.path, at, at);
      expect(await starts()).toBe(days < 0 ? 2 : 3);
    }
  });

  test('finds damage while it runs, says so, and makes no copy of it', async () => {
    const clock = manualClock(Date.now());
    const said: unknown[] = [];
    const none = (): void => undefined;
    const log: Log = { debug: none, info: none, warn: none, error: (fields, message) => said.push([fields, message]) };
    const store = await place.open({ clock, log });
    await store.txn([], [{ op: 'put', key: 'a', value: 'good' }]);
    await store.close();
    const opened = await place.open({ clock, log });
    const file = path.join(place.dir, 'store.db');
    const bytes = readFileSync(file);
    bytes.write('evil', bytes.lastIndexOf('"good"') + 1);
    const fd = openSync(file, 'r+');
    writeSync(fd, bytes, 0, bytes.length, 0);
    closeSync(fd);
    expect((await opened.check()).join()).toContain('does not match its checksum');
    const copies = listCopies(place.dir).length;
    await clock.advance(DAY_MS);
    expect(listCopies(place.dir)).toHaveLength(copies);
    expect(JSON.stringify(said)).toContain('no safe copy was made');
  });

  test('keeps its log small, and its history within its bounds', async () => {
    const store = await place.open({ history: 100, historyBytes: 1_000_000 });
    for (let n = 0; n < 300; n += 1) await store.txn([], [{ op: 'put', key: 'a', value: 'x'.repeat(50_000) }]);
    expect(statSync(`${place.file}-wal`).size).toBeLessThan(6 * 1024 * 1024);
    expect(statSync(place.file).size).toBeLessThan(6 * 1024 * 1024);
    const { revision } = await store.list('');
    const from = async (at: number): Promise<number> => {
      for await (const change of store.watch('', at, new AbortController().signal)) return change.revision;
      return 0;
    };
    expect(await from(revision - 15)).toBe(revision - 15);
    await expect(from(revision - 30)).rejects.toMatchObject({ code: 'failed_precondition' });
  });
});
