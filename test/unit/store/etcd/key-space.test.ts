import { describe, expect, test } from '@jest/globals';
import { KeyValue } from '../../../../src/store/etcd/generated/kv.ts';
import { KeySpace } from '../../../../src/store/etcd/key-space.ts';

const keys = new KeySpace('/holdfast');
const within = (key: string, range: { readonly key: Buffer; readonly range_end: Buffer }): boolean => Buffer.compare(keys.key(key), range.key) >= 0 && Buffer.compare(keys.key(key), range.range_end) < 0;

describe('the keys of Holdfast in etcd', () => {
  test('lie below the prefix, and come back as they were', () => {
    for (const key of ['a', '/volumes/1', ' ', '~', 'k'.repeat(512)]) expect(keys.keyOf(KeyValue.fromPartial({ key: keys.key(key) }))).toBe(key);
    expect(keys.key('/cluster').toString()).toBe('/holdfast//cluster');
  });

  test('a range holds what begins with its text, and nothing else', () => {
    const range = keys.range('/pools/');
    for (const key of ['/pools/', '/pools/a', '/pools/~~', '/pools/ ']) expect(within(key, range)).toBe(true);
    for (const key of ['/pool', '/pools', '/pools0', '/volumes/a', ' ']) expect(within(key, range)).toBe(false);
    for (const key of [' ', '/', '~'.repeat(512)]) expect(within(key, keys.range(''))).toBe(true);
  });

  test('no key of a neighbour is in the range of all', () => {
    const all = keys.range('');
    for (const prefix of ['/holdfast2', '/holdfas', '/holdfast-', '/other']) {
      const theirs = new KeySpace(prefix).key('a');
      expect(Buffer.compare(theirs, all.key) >= 0 && Buffer.compare(theirs, all.range_end) < 0).toBe(false);
    }
  });

  test('a piece holds the keys from its beginning to before its end', () => {
    const piece = keys.between('/p/a', '/p/c');
    for (const key of ['/p/a', '/p/a ', '/p/b~']) expect(within(key, piece)).toBe(true);
    for (const key of ['/p/', '/p/c', '/p/d']) expect(within(key, piece)).toBe(false);
  });

  test.each(['', '/', '/a/', 'ä', 'a b', 'x'.repeat(201)])('the prefix %j is refused', (prefix) => {
    expect(() => new KeySpace(prefix)).toThrow(expect.objectContaining({ code: 'invalid_argument' }));
  });

  test('a value that is no JSON is named by its key', () => {
    expect(() => keys.entryOf(KeyValue.fromPartial({ key: keys.key('/a'), value: Buffer.from('no') }))).toThrow('/a');
  });
});
