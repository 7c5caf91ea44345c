import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeRegions, encodeRegions, RegionSet, regionsOf } from '../../../../src/replication/storage/region-set.ts';

const COUNT = 1000;
const regions = fc.array(fc.oneof(fc.nat(COUNT - 1), fc.nat(30)), { maxLength: 200 });
const setOf = (list: Iterable<number>, count = COUNT): RegionSet => {
  const set = new RegionSet(count);
  for (const region of list) set.add(region);
  return set;
};

describe('a set of regions', () => {
  test('counts the last, shorter region', () => {
    expect([0, 1, 1024 * 1024, 1024 * 1024 + 1].map(regionsOf)).toEqual([0, 1, 1, 2]);
  });

  test('is a set, whatever is added, taken out, united and grown', () => {
    fc.assert(fc.property(regions, regions, regions, fc.nat(2000), (added, removed, united, count) => {
      const model = new Set<number>();
      const set = new RegionSet(COUNT);
      for (const region of added) {
        expect(set.add(region)).toBe(!model.has(region));
        model.add(region);
      }
      for (const region of removed) expect(set.delete(region)).toBe(model.delete(region));
      set.addAll(setOf(united));
      for (const region of united) model.add(region);
      set.grow(count);
      expect([...set]).toEqual([...model].sort((a, b) => a - b));
      expect([set.size, set.count]).toEqual([model.size, Math.max(COUNT, count)]);
      expect([...set.clone()]).toEqual([...set]);
    }));
  });

  test('its runs are those that were added', () => {
    fc.assert(fc.property(fc.nat(COUNT), fc.nat(COUNT), (from, to) => {
      const set = new RegionSet(COUNT);
      set.addRun({ from, to });
      expect([...set.runs()]).toEqual(from < to ? [{ from, to }] : []);
    }));
    expect([...RegionSet.full(COUNT).runs()]).toEqual([{ from: 0, to: COUNT }]);
  });

  test('ignores what is beyond the volume', () => {
    const set = new RegionSet(10);
    expect([set.add(10), set.add(-1), set.has(12)]).toEqual([false, false, false]);
    set.addRun({ from: 8, to: 99 });
    set.setBits(0, Uint8Array.from([0, 0xff, 0xff]));
    expect([...set]).toEqual([8, 9]);
  });
});

describe('its form for the wire', () => {
  test('is the same set when there is room', () => {
    fc.assert(fc.property(regions, (list) => {
      const set = setOf(list);
      expect([...(decodeRegions(encodeRegions(set, 100_000), COUNT) ?? [])]).toEqual([...set]);
    }));
  });

  test('never exceeds its room, and then is a larger set, never a smaller one', () => {
    fc.assert(fc.property(regions, fc.integer({ min: 16, max: 60 }), (list, most) => {
      const set = setOf(list);
      const bytes = encodeRegions(set, most);
      const decoded = decodeRegions(bytes, COUNT);
      expect(bytes.length).toBeLessThanOrEqual(most);
      for (const region of set) expect(decoded?.has(region)).toBe(true);
    }));
    const every = setOf(Array.from({ length: 1_000_000 }, (_unused, index) => index * 2), 2_000_000);
    const bytes = encodeRegions(every, 1024 * 1024);
    expect(bytes.length).toBeLessThanOrEqual(1024 * 1024);
    expect(decodeRegions(bytes, 2_000_000)?.has(1_999_998)).toBe(true);
  });

  test('what is no set of this volume is nothing, and no bytes make it throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(500), (bytes, count) => {
      const set = decodeRegions(bytes, count);
      if (set !== null) for (const region of set) expect(region).toBeLessThan(count);
    }));
    expect(decodeRegions(encodeRegions(RegionSet.full(10), 100), 9)).toBeNull();
    expect(decodeRegions(Uint8Array.from([0]), 9)).toBeNull();
    expect(decodeRegions(Uint8Array.from([0, 0]), 9)).toBeNull();
    expect(decodeRegions(new Uint8Array(20).fill(255), 9)).toBeNull();
  });
});
