/** The part of the store contract that is about leases: see store.contract.ts. */
import { describe, expect, test } from '@jest/globals';
import type { Store } from '../../src/control/ports/store.ts';
import { take, type StoreUnderTest } from './store.contract.ts';

/** Whole seconds suit every store; long enough for those that really wait. */
const TTL_MS = 3_000;

export function storeLeaseContract(current: () => StoreUnderTest): void {
  describe('leases', () => {
    const leased = async (store: Store, ...keys: readonly string[]) => {
      const lease = await store.grantLease(TTL_MS);
      const result = await store.txn([], keys.map((key) => ({ op: 'put', key, value: key, lease: lease.id })));
      if (!result.committed) throw new Error('not committed');
      return { lease, revision: result.revision };
    };

    test('keys live as long as their lease is kept alive, and are deleted when it ends', async () => {
      const { store, advance } = current();
      const { lease, revision } = await leased(store, 'l/b', 'l/a');
      for (let n = 0; n < 3; n += 1) {
        await advance(TTL_MS / 2);
        await store.keepAlive(lease);
      }
      expect((await store.list('l/')).entries).toHaveLength(2);
      const stop = new AbortController();
      const deleted = take(store.watch('l/', revision + 1, stop.signal), 2);
      await advance(TTL_MS * 2);
      expect(await deleted).toEqual([
        { type: 'delete', key: 'l/a', revision: revision + 1 },
        { type: 'delete', key: 'l/b', revision: revision + 1 },
      ]);
      expect((await store.list('l/')).entries).toEqual([]);
    });

    test('nothing but time is needed for a watcher to see the end of a lease', async () => {
      const { store, advance } = current();
      const { revision } = await leased(store, 'l/a');
      await leased(store, 'l/b');
      const changes = take(store.watch('l/', revision + 2, new AbortController().signal), 2);
      await advance(TTL_MS * 2);
      expect((await changes).map((change) => change.type)).toEqual(['delete', 'delete']);
    });

    test('keepAlive after the end throws not_found, and so does writing under it', async () => {
      const { store, advance } = current();
      const { lease } = await leased(store, 'l/a');
      await advance(TTL_MS * 2);
      await expect(store.keepAlive(lease)).rejects.toMatchObject({ code: 'not_found' });
      await expect(store.txn([], [{ op: 'put', key: 'l/a', value: 1, lease: lease.id }])).rejects.toMatchObject({ code: 'not_found' });
      expect(await store.get('l/a')).toBeNull();
    });

    test('revoking ends a lease at once; revoking it again does nothing', async () => {
      const { store } = current();
      const { lease, revision } = await leased(store, 'l/a', 'l/b');
      await store.revokeLease(lease);
      await store.revokeLease(lease);
      expect(await store.list('l/')).toEqual({ entries: [], revision: revision + 1 });
      await expect(store.keepAlive(lease)).rejects.toMatchObject({ code: 'not_found' });
    });

    test('a key that was written again without the lease, or under another, outlives it', async () => {
      const { store } = current();
      const { lease } = await leased(store, 'l/a', 'l/b', 'l/c');
      const other = await store.grantLease(TTL_MS);
      await store.txn([], [{ op: 'put', key: 'l/a', value: 1 }, { op: 'put', key: 'l/b', value: 1, lease: other.id }]);
      await store.revokeLease(lease);
      expect((await store.list('l/')).entries.map((entry) => entry.key)).toEqual(['l/a', 'l/b']);
    });

    test('a key that was deleted and created anew does not belong to the lease', async () => {
      const { store } = current();
      const { lease } = await leased(store, 'l/a');
      await store.txn([], [{ op: 'delete', key: 'l/a' }]);
      await store.txn([{ key: 'l/a', revision: 0 }], [{ op: 'put', key: 'l/a', value: 'mine' }]);
      await store.revokeLease(lease);
      expect((await store.get('l/a'))?.value).toBe('mine');
    });

    test('leases end each at its own time, whatever the order they were granted in', async () => {
      const { store, advance } = current();
      const long = await store.grantLease(TTL_MS * 10);
      const short = await store.grantLease(TTL_MS);
      await store.txn([], [{ op: 'put', key: 'l/long', value: 1, lease: long.id }, { op: 'put', key: 'l/short', value: 1, lease: short.id }]);
      await advance(TTL_MS * 2);
      expect((await store.list('l/')).entries.map((entry) => entry.key)).toEqual(['l/long']);
      await store.keepAlive(long);
    });

    test('leases have different ids, and a time that is no whole number of ms is refused', async () => {
      const { store } = current();
      expect((await store.grantLease(TTL_MS)).id).not.toBe((await store.grantLease(TTL_MS)).id);
      await expect(store.grantLease(0)).rejects.toMatchObject({ code: 'invalid_argument' });
      await expect(store.grantLease(1.5)).rejects.toMatchObject({ code: 'invalid_argument' });
    });
  });
}
