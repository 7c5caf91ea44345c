/**
 * The contract of the Store port (src/control/ports/store.ts) as tests. Every implementation runs it: see
 * store.test.ts. Tests write below a prefix of their own, and never assume that a store begins at revision 0.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Change, Store, Write } from '../../src/control/ports/store.ts';
import { both, commands, StoreModel } from './store-model.ts';
import { storeLeaseContract } from './store-lease.contract.ts';

export interface StoreUnderTest {
  readonly store: Store;
  /** Lets time pass for the store's leases. */
  readonly advance: (ms: number) => Promise<void>;
  /** Makes the history up to the present revision disappear (all, or all but the latest few changes). */
  readonly compact: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export type StoreFactory = () => Promise<StoreUnderTest>;

const put = (key: string, value: unknown): Write => ({ op: 'put', key, value });

/** The next `count` changes, without ending the watch before. */
export async function take(changes: AsyncIterable<Change>, count: number): Promise<readonly Change[]> {
  const taken: Change[] = [];
  for await (const change of changes) {
    taken.push(change);
    if (taken.length >= count) break;
  }
  return taken;
}

export function storeContract(name: string, factory: StoreFactory): void {
  describe(`${name} as a store`, () => {
    let under: StoreUnderTest;
    let store: Store;
    let stop: AbortController;
    beforeEach(async () => {
      under = await factory();
      store = under.store;
      stop = new AbortController();
    });
    afterEach(async () => {
      stop.abort();
      await under.dispose();
    });

    const revision = async (): Promise<number> => (await store.list('nothing-here/')).revision;
    const commit = async (...writes: readonly Write[]): Promise<number> => {
      const result = await store.txn([], writes);
      if (!result.committed) throw new Error('a transaction without compares was refused');
      return result.revision;
    };

    describe('reading and writing', () => {
      test('a key that was never written is null', async () => {
        expect(await store.get('a/never')).toBeNull();
      });

      test('what was written comes back, with the revision of its transaction', async () => {
        const value = { text: 'ä ☃ \u0000 "', list: [1, null, true, 1.5, -3e300], nested: { '': {} }, big: 2 ** 53 - 1 };
        const at = await commit(put('a/1', value));
        expect(await store.get('a/1')).toEqual({ key: 'a/1', value, revision: at });
      });

      test('a value that is changed by its reader or its writer afterwards stays as it was written', async () => {
        const value = { list: [1] };
        await commit(put('a/1', value));
        value.list.push(2);
        (await store.get<{ list: number[] }>('a/1'))?.value.list.push(3);
        expect((await store.get('a/1'))?.value).toEqual({ list: [1] });
      });

      test('each transaction that writes raises the revision by one, and all its writes carry it', async () => {
        const before = await revision();
        const at = await commit(put('a/1', 1), put('a/2', 2));
        expect(at).toBe(before + 1);
        expect((await store.list('a/')).entries.map((entry) => entry.revision)).toEqual([at, at]);
      });

      test('a transaction that changes nothing commits at the present revision', async () => {
        const at = await commit(put('a/1', 1));
        expect(await store.txn([], [])).toEqual({ committed: true, revision: at });
        expect(await store.txn([{ key: 'a/1', revision: at }], [{ op: 'delete', key: 'a/absent' }])).toEqual({ committed: true, revision: at });
        expect(await revision()).toBe(at);
      });

      test('a deleted key is gone, and may be created again', async () => {
        await commit(put('a/1', 1));
        await commit({ op: 'delete', key: 'a/1' });
        expect(await store.get('a/1')).toBeNull();
        expect(await store.txn([{ key: 'a/1', revision: 0 }], [put('a/1', 2)])).toMatchObject({ committed: true });
      });
    });

    describe('comparing', () => {
      test('revision 0 means that the key must not exist', async () => {
        expect(await store.txn([{ key: 'a/1', revision: 0 }], [put('a/1', 1)])).toMatchObject({ committed: true });
        expect(await store.txn([{ key: 'a/1', revision: 0 }], [put('a/1', 2)])).toEqual({ committed: false });
        expect((await store.get('a/1'))?.value).toBe(1);
      });

      test('nothing is written when one compare of several fails', async () => {
        const at = await commit(put('a/1', 1), put('a/2', 1));
        const result = await store.txn([{ key: 'a/1', revision: at }, { key: 'a/2', revision: at - 1 }], [put('a/1', 2), put('a/3', 2), { op: 'delete', key: 'a/2' }]);
        expect(result).toEqual({ committed: false });
        expect(await store.list('a/')).toMatchObject({ entries: [{ key: 'a/1', value: 1 }, { key: 'a/2', value: 1 }], revision: at });
      });

      test('of many who change the same revision, one succeeds', async () => {
        const at = await commit(put('a/1', 0));
        const results = await Promise.all(Array.from({ length: 50 }, (_, index) => store.txn([{ key: 'a/1', revision: at }], [put('a/1', index)])));
        expect(results.filter((result) => result.committed)).toHaveLength(1);
      });

      test('1,000 increments by 20 workers lose none', async () => {
        await commit(put('a/counter', 0));
        const worker = async (): Promise<void> => {
          for (let done = 0; done < 50; ) {
            const seen = await store.get<number>('a/counter');
            if (seen === null) throw new Error('the counter is gone');
            const result = await store.txn([{ key: seen.key, revision: seen.revision }], [put(seen.key, seen.value + 1)]);
            if (result.committed) done += 1;
          }
        };
        await Promise.all(Array.from({ length: 20 }, worker));
        expect((await store.get('a/counter'))?.value).toBe(1000);
      });
    });

    describe('listing', () => {
      test('keys come in byte order, only those with the prefix', async () => {
        const keys = ['p/~', 'p/a', 'p/A', 'p/ ', 'p/a/b', 'p/a-b', 'p/10', 'p/9', 'p', 'q/a', 'o/z'];
        await commit(...keys.map((key) => put(key, key)));
        const listed = (await store.list('p/')).entries.map((entry) => entry.key);
        expect(listed).toEqual(['p/ ', 'p/10', 'p/9', 'p/A', 'p/a', 'p/a-b', 'p/a/b', 'p/~']);
        expect((await store.list('')).entries).toHaveLength(keys.length);
        expect((await store.list('p')).entries).toHaveLength(keys.length - 2);
      });

      test('pages of any size put together are the whole list', async () => {
        await commit(...Array.from({ length: 100 }, (_, index) => put(`p/${index}`, index)));
        const whole = (await store.list('p/')).entries;
        for (const limit of [1, 7, 99, 100, 101]) {
          const pages: unknown[] = [];
          for (let after = ''; ; ) {
            const { entries } = await store.list('p/', { after, limit });
            pages.push(...entries);
            const last = entries.at(-1);
            if (last === undefined) break;
            expect(entries.length).toBeLessThanOrEqual(limit);
            after = last.key;
          }
          expect(pages).toEqual(whole);
        }
      });

      test('an `after` outside of the prefix gives all or nothing', async () => {
        await commit(put('p/1', 1));
        expect((await store.list('p/', { after: 'a' })).entries).toHaveLength(1);
        expect((await store.list('p/', { after: 'z' })).entries).toHaveLength(0);
      });

      test('it tells the revision that it was read at', async () => {
        const at = await commit(put('p/1', 1));
        expect((await store.list('elsewhere/')).revision).toBe(at);
      });
    });

    describe('limits', () => {
      const refused = { code: 'invalid_argument' };
      test.each(['', 'ä', 'a\n', 'a\u0000b', 'k'.repeat(513)])('the key %j is refused', async (key) => {
        await expect(store.get(key)).rejects.toMatchObject(refused);
        await expect(store.txn([], [put(key, 1)])).rejects.toMatchObject(refused);
        await expect(store.txn([{ key, revision: 0 }], [])).rejects.toMatchObject(refused);
      });

      test('a key of 512 characters is taken', async () => {
        await commit(put('k'.repeat(512), 1));
        expect((await store.list('k'.repeat(512))).entries).toHaveLength(1);
      });

      test('a value of exactly 1 MiB is taken, one byte more is not', async () => {
        const most = 'x'.repeat(1024 * 1024 - 2);
        await commit(put('a/1', most));
        expect((await store.get('a/1'))?.value).toBe(most);
        await expect(store.txn([], [put('a/1', `${most}x`)])).rejects.toMatchObject(refused);
        await expect(store.txn([], [put('a/1', 'ä'.repeat(600_000))])).rejects.toMatchObject(refused);
      });

      test.each([undefined, Number.NaN, Infinity, 1n, () => 1, new Date(0), new Map(), { a: { b: Symbol('s') } }, [undefined]])('the value %p is refused, for it would not come back as it is', async (value) => {
        await expect(store.txn([], [put('a/0', 1), put('a/1', value)])).rejects.toMatchObject(refused);
        expect(await store.get('a/0')).toBeNull();
      });

      test('a key that is written twice in a transaction is refused', async () => {
        await expect(store.txn([], [put('a/1', 1), { op: 'delete', key: 'a/1' }])).rejects.toMatchObject(refused);
      });

      test('limits and revisions that are no whole numbers in range are refused', async () => {
        await expect(store.list('a/', { limit: 0 })).rejects.toMatchObject(refused);
        await expect(store.list('a/', { limit: 1.5 })).rejects.toMatchObject(refused);
        await expect(store.txn([{ key: 'a', revision: -1 }], [])).rejects.toMatchObject(refused);
        await expect(take(store.watch('a/', -1, stop.signal), 1)).rejects.toMatchObject(refused);
      });
    });

    describe('watching', () => {
      test('every change from the revision on comes once, in order, old and new', async () => {
        const first = await commit(put('w/1', 'a'), put('w/2', 'b'), put('other', 1));
        const second = await commit({ op: 'delete', key: 'w/1' }, put('w/2', 'c'));
        const watched = take(store.watch('w/', first, stop.signal), 5);
        const third = await commit(put('w/3', null));
        expect(await watched).toEqual([
          { type: 'put', key: 'w/1', value: 'a', revision: first },
          { type: 'put', key: 'w/2', value: 'b', revision: first },
          { type: 'delete', key: 'w/1', revision: second },
          { type: 'put', key: 'w/2', value: 'c', revision: second },
          { type: 'put', key: 'w/3', value: null, revision: third },
        ]);
      });

      test('changes before the revision do not come, even when it lies in the future', async () => {
        const before = await commit(put('w/1', 1));
        const watched = take(store.watch('w/', before + 3, stop.signal), 1);
        for (let n = 1; n <= 3; n += 1) await commit(put('w/1', n));
        expect(await watched).toEqual([{ type: 'put', key: 'w/1', value: 3, revision: before + 3 }]);
      });

      test('it ends when its signal aborts: waiting, reading, or before', async () => {
        const waiting = take(store.watch('w/', 1, stop.signal), 1);
        await new Promise((resolve) => setImmediate(resolve));
        stop.abort();
        expect(await waiting).toEqual([]);
        expect(await take(store.watch('w/', 1, stop.signal), 1)).toEqual([]);
        const reading = new AbortController();
        const at = await commit(put('w/1', 1), put('w/2', 2));
        let seen = 0;
        for await (const _change of store.watch('w/', at, reading.signal)) {
          seen += 1;
          reading.abort();
        }
        expect(seen).toBe(1);
      });

      test('watchers that come and go while many write see every change once and in order', async () => {
        const from = (await revision()) + 1;
        const writers = Array.from({ length: 10 }, async (_, writer) => {
          for (let n = 0; n < 30; n += 1) {
            await store.txn([], [put(`w/${writer}/a`, n), put(`w/${writer}/b`, n)]);
            if (n % 7 === writer % 7) await new Promise((resolve) => setImmediate(resolve));
          }
        });
        // One reader stays; one goes away at random points within and between revisions, and comes back behind the last whole revision.
        const staying = take(store.watch('w/', from, stop.signal), 600);
        const returning: Change[] = [];
        for (let next = from, round = 1; returning.length < 600; round += 1) {
          const part = [...(await take(store.watch('w/', next, stop.signal), Math.min(2 * (round % 5) + 2, 600 - returning.length)))];
          returning.push(...part);
          next = (part.at(-1)?.revision ?? next) + 1;
        }
        await Promise.all(writers);
        const all = await staying;
        expect(returning).toEqual(all);
        expect(all.map((change) => change.revision)).toEqual(Array.from({ length: 600 }, (_, index) => from + Math.floor(index / 2)));
        for (let writer = 0; writer < 10; writer += 1) {
          const values = all.filter((change) => change.key === `w/${writer}/b`).map((change) => (change.type === 'put' ? change.value : null));
          expect(values).toEqual(Array.from({ length: 30 }, (_, n) => n));
        }
      });

      test('a slow reader loses nothing', async () => {
        const from = (await revision()) + 1;
        const seen: unknown[] = [];
        for (let n = 0; n < 100; n += 1) await commit(put('w/1', n));
        for await (const change of store.watch('w/', from, stop.signal)) {
          if (change.type === 'put') seen.push(change.value);
          await new Promise((resolve) => setImmediate(resolve));
          if (seen.length === 50) await commit(put('w/2', 'last'));
          if (seen.length === 101) break;
        }
        expect(seen).toEqual([...Array.from({ length: 100 }, (_, n) => n), 'last']);
      });

      test('a history that is gone is an error that says so, and listing anew goes on without a gap', async () => {
        const old = await commit(put('w/1', 'old'));
        await under.compact();
        await expect(take(store.watch('w/', old, stop.signal), 1)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('compacted') });
        const { entries, revision: at } = await store.list('w/');
        expect(entries).toMatchObject([{ key: 'w/1', value: 'old' }]);
        const watched = take(store.watch('w/', at + 1, stop.signal), 1);
        await commit(put('w/1', 'new'));
        expect(await watched).toMatchObject([{ value: 'new' }]);
      });

      test('a reader whose place in history is compacted away while it pauses is told', async () => {
        const from = await commit(put('w/1', 0));
        for (let n = 1; n < 200; n += 1) await commit(put('w/1', n));
        const seen: Change[] = [];
        const reading = (async () => {
          for await (const change of store.watch('w/', from, stop.signal)) {
            seen.push(change);
            if (seen.length === 1) await under.compact();
            if (seen.length === 200) break;
          }
        })();
        // A store may have read ahead; whatever it gave is without a gap.
        await reading.catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'failed_precondition' }));
        expect(seen.map((change) => change.revision)).toEqual(seen.map((_, index) => from + index));
      });
    });

    storeLeaseContract(() => under);

    describe('closing', () => {
      test('every call on a closed store, and a watch that waits, throws unavailable', async () => {
        const waiting = take(store.watch('w/', 1, stop.signal), 1);
        const caught = expect(waiting).rejects.toMatchObject({ code: 'unavailable' });
        await new Promise((resolve) => setImmediate(resolve));
        await store.close();
        await caught;
        for (const call of [store.get('a'), store.list('a'), store.txn([], [put('a', 1)]), store.grantLease(1000), store.check()]) await expect(call).rejects.toMatchObject({ code: 'unavailable' });
        await store.close();
      });

      test('a store that was used as it should be is sound', async () => {
        for (let n = 0; n < 20; n += 1) await commit(put(`a/${n % 3}`, n), { op: 'delete', key: `a/${(n + 1) % 3}` });
        expect(await store.check()).toEqual([]);
      });
    });

    test('any sequence of commands is answered as by the model, and its history replays to the same state', async () => {
      let run = 0;
      await fc.assert(
        fc.asyncProperty(commands, async (sequence) => {
          run += 1;
          const start = await revision();
          const model = new StoreModel(start);
          for (const command of sequence) {
            const answers = await both(store, model, `m${run}/`, command);
            expect(answers.store).toEqual(answers.model);
          }
          if (model.changes.length > 0) expect(await take(store.watch(`m${run}/`, start + 1, stop.signal), model.changes.length)).toEqual(model.changes);
        }),
        { numRuns: 100 },
      );
      expect(await store.check()).toEqual([]);
    });
  });
}
