import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Store } from '../../../src/control/ports/store.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { TRANSFER_KEY, assertWhole, copyStore } from '../../../src/store/transfer.ts';
import { manualClock } from '../../contract/manual-clock.ts';
import { createMemoryStore } from '../../contract/memory-store.ts';

const KEYS = 450;
const options = { source: 'cluster 1', without: ['/leader', '/alive/'] };

/** The store, whose transactions fail from the nth on; `lost`: the nth is carried out, and its answer lost. */
function failing(store: Store, from: number, kind: 'dead' | 'lost' = 'dead'): Store {
  let calls = 0;
  const away = new HoldfastError('unavailable', 'away');
  return new Proxy(store, {
    get(target, name: keyof Store) {
      if (name !== 'txn') return (target[name] as (...args: unknown[]) => unknown).bind(target);
      return async (...args: Parameters<Store['txn']>) => {
        calls += 1;
        if (kind === 'dead' && calls >= from) throw new HoldfastError('internal', 'killed');
        const result = await target.txn(...args);
        if (kind === 'lost' && calls === from) throw away;
        return result;
      };
    },
  });
}

describe('taking a store over into another', () => {
  let from: Store;
  let to: Store;
  beforeEach(async () => {
    from = createMemoryStore({ clock: manualClock() });
    to = createMemoryStore({ clock: manualClock() });
    for (let n = 0; n < KEYS; n += 1) await from.txn([], [{ op: 'put', key: `/volumes/${n}`, value: { n, text: 'x'.repeat(n * 10), list: [n, null, { ä: '€' }] } }]);
    await from.txn([], [{ op: 'put', key: '/alive/n1', value: 1 }, { op: 'put', key: '/leader', value: 'n1' }, { op: 'put', key: '/leaders', value: 'kept' }]);
  });

  const content = async (store: Store) => (await store.list('/')).entries.map(({ key, value }) => ({ key, value }));
  const expected = async () => (await content(from)).filter(({ key }) => key !== '/leader' && !key.startsWith('/alive/'));

  test('every key comes over but those that live with their holder, and the target is marked as whole', async () => {
    const progress: (readonly [number, number])[] = [];
    const result = await copyStore(from, to, { ...options, onProgress: (...step) => progress.push(step) });
    expect(result).toMatchObject({ entries: KEYS + 1, already: false });
    expect(await content(to)).toEqual(await expected());
    expect((await to.get(TRANSFER_KEY))?.value).toMatchObject({ state: 'done', source: 'cluster 1', entries: KEYS + 1, sha256: result.sha256 });
    expect(progress.at(-1)).toEqual([KEYS + 1, KEYS + 1]);
    await assertWhole(to);
  });

  test('taking over what was taken over writes nothing, also when the target has gone on since', async () => {
    const first = await copyStore(from, to, options);
    await to.txn([], [{ op: 'put', key: '/volumes/new', value: 1 }]);
    const { revision } = await to.list('');
    expect(await copyStore(from, to, options)).toEqual({ ...first, already: true });
    expect((await to.list('')).revision).toBe(revision);
  });

  test('killed at any transaction, the target is not whole, and another run takes everything over', async () => {
    for (let step = 1; step <= 12; step += 1) {
      const target = createMemoryStore({ clock: manualClock() });
      const ended = await copyStore(from, failing(target, step), options).then(() => true, () => false);
      if (ended) return expect(step).toBeGreaterThan(6);
      if (step > 1) await expect(assertWhole(target)).rejects.toMatchObject({ code: 'failed_precondition' });
      // What the source has lost meanwhile is not in the target either.
      await from.txn([], [{ op: 'delete', key: `/volumes/${step}` }]);
      await copyStore(from, target, options);
      expect(await content(target)).toEqual(await expected());
    }
    throw new Error('it never came to an end');
  });

  test('a transaction whose answer is lost does no harm', async () => {
    for (let step = 2; step <= 9; step += 1) {
      const target = createMemoryStore({ clock: manualClock() });
      await copyStore(from, failing(target, step, 'lost'), options);
      expect(await content(target)).toEqual(await expected());
    }
  });

  test('a target that holds anything else is refused and left as it was', async () => {
    await to.txn([], [{ op: 'put', key: '/cluster', value: 1 }]);
    await expect(copyStore(from, to, options)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('holds data already') });
    const half = createMemoryStore({ clock: manualClock() });
    await copyStore(from, failing(half, 4), options).catch(() => undefined);
    await expect(copyStore(from, half, { ...options, source: 'cluster 2' })).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('cluster 1') });
    expect(await content(to)).toEqual([{ key: '/cluster', value: 1 }]);
  });

  test('of two who copy at once, the later takes over and the earlier writes nothing more', async () => {
    let begin = (): void => undefined;
    const later = new Promise<void>((resolve) => (begin = resolve));
    let calls = 0;
    const slow = new Proxy(to, {
      get(target, name: keyof Store) {
        if (name !== 'txn') return (target[name] as (...args: unknown[]) => unknown).bind(target);
        return async (...args: Parameters<Store['txn']>) => {
          calls += 1;
          if (calls === 3) await later;
          return target.txn(...args);
        };
      },
    });
    const earlier = copyStore(from, slow, options);
    const refused = expect(earlier).rejects.toMatchObject({ code: 'conflict' });
    while (calls < 3) await new Promise((resolve) => setImmediate(resolve));
    await copyStore(from, to, options);
    begin();
    await refused;
    expect(await content(to)).toEqual(await expected());
    await assertWhole(to);
  });

  test('a source that changes meanwhile is noticed, and the target is not whole', async () => {
    const changing = copyStore(from, to, { ...options, onProgress: () => void from.txn([], [{ op: 'put', key: '/volumes/0', value: Math.random() }]) });
    await expect(changing).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('changed meanwhile') });
    await expect(assertWhole(to)).rejects.toMatchObject({ code: 'failed_precondition' });
  });
});
