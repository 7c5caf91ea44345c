import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startWriter, type Writer } from './child.ts';
import { refusal, StoreDir } from './store-dir.ts';

describe('a store whose process is killed', () => {
  let place: StoreDir;
  let writer: Writer | null;
  beforeEach(() => {
    place = new StoreDir();
    writer = null;
  });
  afterEach(async () => {
    await writer?.kill();
    await place.remove();
  });

  // The large values make the log turn over between kills.
  test.each([0, 40_000])('holds every acknowledged transaction, and none half, with values of %d bytes', async (padding) => {
    let last = 0;
    for (let round = 0; round < 6; round += 1) {
      writer = await startWriter(place.file, padding);
      await writer.reached(10 + round * 25);
      await writer.kill();
      const acknowledged = writer.acknowledged();
      expect(acknowledged).toBeGreaterThan(last);

      const store = await place.open();
      const { entries, revision } = await store.list<{ n: number }>('w/');
      const numbers = entries.map((entry) => entry.value.n);
      expect(numbers).toHaveLength(3);
      expect(new Set(numbers).size).toBe(1);
      // At most the one whose acknowledgement was on its way.
      expect(numbers[0]).toBeGreaterThanOrEqual(acknowledged);
      expect(numbers[0]).toBeLessThanOrEqual(acknowledged + 1);
      expect(entries.every((entry) => entry.revision === revision)).toBe(true);
      expect(await store.check()).toEqual([]);
      await store.close();
      last = numbers[0] ?? 0;
    }
  });

  test('keeps the history of its changes without a gap', async () => {
    writer = await startWriter(place.file);
    await writer.reached(50);
    await writer.kill();
    const store = await place.open();
    const { revision } = await store.list('w/');
    const seen: number[] = [];
    for await (const change of store.watch('w/0', 1, new AbortController().signal)) {
      seen.push(change.revision);
      if (change.revision === revision) break;
    }
    expect(seen).toEqual(Array.from({ length: revision }, (_, index) => index + 1));
  });

  test('does not mind what the dead process left: its lock file, a half-made copy or a half-made check', async () => {
    writer = await startWriter(place.file);
    await writer.reached(1);
    await writer.kill();
    const note = JSON.parse(readFileSync(path.join(place.dir, 'lock'), 'utf8')) as { pid: number };
    expect(note.pid).toBe(writer.pid);
    mkdirSync(path.join(place.dir, '.check-abcdef'));
    mkdirSync(path.join(place.dir, 'backups'), { recursive: true });
    writeFileSync(path.join(place.dir, '.check-abcdef', 'store.db'), 'half');
    writeFileSync(path.join(place.dir, 'backups', '.store.db.new'), 'half');
    writeFileSync(`${place.file}.new`, 'half');
    const store = await place.open();
    expect(existsSync(path.join(place.dir, '.check-abcdef'))).toBe(false);
    expect((await store.list('w/')).entries).toHaveLength(3);
  });
});

describe('a store that another process holds', () => {
  let place: StoreDir;
  let writer: Writer | null = null;
  beforeEach(() => {
    place = new StoreDir();
  });
  afterEach(async () => {
    await writer?.kill();
    await place.remove();
  });

  test('is refused with the pid and the name of the holder, and is free once that is killed', async () => {
    writer = await startWriter(place.file);
    const said = await refusal(place.open());
    expect(said.code).toBe('failed_precondition');
    expect(said.message).toContain(`process ${writer.pid} (writer of the test)`);
    expect(said.hint).toContain(`kill ${writer.pid}`);
    await writer.reached(5);
    await writer.kill();
    expect((await (await place.open()).list('w/')).entries).toHaveLength(3);
  });

  test('is refused within the same process as well, also after a refused try', async () => {
    const store = await place.open();
    await store.txn([], [{ op: 'put', key: 'a', value: 1 }]);
    const before = place.fingerprint();
    for (let n = 0; n < 2; n += 1) expect((await refusal(place.open())).message).toContain(`process ${process.pid} (holdfastd)`);
    expect(place.fingerprint()).toEqual(before);
    await store.close();
    expect((await (await place.open()).get('a'))?.value).toBe(1);
    expect(existsSync(`${place.file}-shm`)).toBe(false);
  });
});
