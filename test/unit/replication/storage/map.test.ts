import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BITMAP_BYTES, blocksFor, decodeMapBlock, encodeMapBlock, MAP_BLOCK_BYTES, REGIONS_PER_BLOCK } from '../../../../src/replication/storage/map-codec.ts';
import { createMap, openMap, type RegionMap } from '../../../../src/replication/storage/region-map.ts';
import { REGION_BYTES } from '../../../../src/replication/storage/region-set.ts';

const bitmap = fc.uint8Array({ minLength: BITMAP_BYTES, maxLength: BITMAP_BYTES });

describe('a block of the map', () => {
  test('reads as it was written, by its replica, at its place', () => {
    fc.assert(fc.property(bitmap, bitmap, fc.nat(0xffff), fc.string(), (intent, missed, index, identity) => {
      const block = encodeMapBlock(identity, index, { intent, missed });
      const bits = decodeMapBlock(identity, index, block);
      expect([block.length, bits && Buffer.from(bits.intent).equals(intent), bits && Buffer.from(bits.missed).equals(missed)]).toEqual([MAP_BLOCK_BYTES, true, true]);
      expect(decodeMapBlock(identity, index + 1, block)).toBeNull();
      expect(decodeMapBlock(`${identity}x`, index, block)).toBeNull();
    }), { numRuns: 50 });
  });

  test('is none when a single bit has rotted', () => {
    fc.assert(fc.property(bitmap, bitmap, fc.nat(MAP_BLOCK_BYTES - 1), fc.nat(7), (intent, missed, at, bit) => {
      const block = encodeMapBlock('r', 0, { intent, missed });
      block[at] = (block[at] ?? 0) ^ (1 << bit);
      expect(decodeMapBlock('r', 0, block)).toBeNull();
    }));
  });

  test('is none when its write was torn, at whatever sectors', () => {
    fc.assert(fc.property(bitmap, bitmap, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (before, after, written) => {
      const old = encodeMapBlock('r', 0, { intent: before, missed: before });
      const fresh = encodeMapBlock('r', 0, { intent: after, missed: after });
      const torn = Buffer.concat(written.map((is, sector) => (is ? fresh : old).subarray(sector * 512, (sector + 1) * 512)));
      const bits = decodeMapBlock('r', 0, torn);
      if (!torn.equals(old) && !torn.equals(fresh)) expect(bits).toBeNull();
    }));
  });

  test('is none when it was never written', () => {
    expect(decodeMapBlock('r', 0, Buffer.alloc(MAP_BLOCK_BYTES))).toBeNull();
    expect(decodeMapBlock('r', 0, Buffer.alloc(0))).toBeNull();
  });
});

describe('the map of a replica', () => {
  let directory: string;
  let file: string;
  const open: RegionMap[] = [];
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'holdfast-map-'));
    file = path.join(directory, 'map');
  });
  afterEach(async () => {
    for (const map of open.splice(0)) await map.close();
    rmSync(directory, { recursive: true });
  });
  const opened = async (regions: number): Promise<RegionMap> => {
    const map = await openMap({ file, identity: 'r', size: regions * REGION_BYTES });
    open.push(map);
    return map;
  };
  const made = async (regions: number, bits: 'clear' | 'set' = 'clear'): Promise<RegionMap> => {
    await createMap({ file, identity: 'r', size: regions * REGION_BYTES, bits });
    return opened(regions);
  };
  const runs = (map: RegionMap): unknown => ({ intent: [...map.intent.runs()], missed: [...map.missed.runs()] });

  test('begins clear or set, and is never made over another', async () => {
    expect(runs(await made(100))).toEqual({ intent: [], missed: [] });
    await expect(createMap({ file, identity: 'r', size: 1, bits: 'set' })).rejects.toMatchObject({ code: 'EEXIST' });
    rmSync(file);
    const all = [{ from: 0, to: 100 }];
    expect(runs(await made(100, 'set'))).toEqual({ intent: all, missed: all });
  });

  test('what was answered is there after a crash, in one write for both bits', async () => {
    const map = await made(20_000);
    await map.change({ setIntent: [1, 2, 3, 17_000] });
    await map.change({ clearIntent: [2, 17_000], setMissed: [2, 17_000] });
    expect(runs(await opened(20_000))).toEqual({ intent: [{ from: 1, to: 2 }, { from: 3, to: 4 }], missed: [{ from: 2, to: 3 }, { from: 17_000, to: 17_001 }] });
  });

  test('any changes, asked for together or one by one, end as they were asked for', async () => {
    const list = fc.array(fc.nat(199), { maxLength: 10 });
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ setIntent: list, clearIntent: list, setMissed: list, clearMissed: list, wait: fc.boolean() }), { maxLength: 15 }), async (changes) => {
      rmSync(file, { force: true });
      const map = await made(200);
      const intent = new Set<number>();
      const missed = new Set<number>();
      const pending: Promise<void>[] = [];
      for (const { wait, ...change } of changes) {
        change.clearIntent.forEach((region) => intent.delete(region));
        change.setIntent.forEach((region) => intent.add(region));
        change.clearMissed.forEach((region) => missed.delete(region));
        change.setMissed.forEach((region) => missed.add(region));
        const done = map.change(change);
        pending.push(done);
        if (wait) await done;
      }
      await Promise.all(pending);
      const again = await opened(200);
      expect([[...again.intent.clone()], [...again.missed.clone()]]).toEqual([[...intent].sort((a, b) => a - b), [...missed].sort((a, b) => a - b)]);
    }), { numRuns: 25 });
  });

  test('a block that is bad sets its regions and no others, and is written again', async () => {
    const regions = 2 * REGIONS_PER_BLOCK + 10;
    const map = await made(regions);
    await map.change({ setIntent: [5], setMissed: [2 * REGIONS_PER_BLOCK + 1] });
    const bytes = readFileSync(file);
    bytes[MAP_BLOCK_BYTES + 100] = 1;
    writeFileSync(file, bytes);
    const damaged = await opened(regions);
    const middle = { from: REGIONS_PER_BLOCK, to: 2 * REGIONS_PER_BLOCK };
    const bits = { intent: [{ from: 5, to: 6 }, middle], missed: [middle, { from: 2 * REGIONS_PER_BLOCK + 1, to: 2 * REGIONS_PER_BLOCK + 2 }] };
    expect(damaged.damagedBlocks).toBe(1);
    expect(runs(damaged)).toEqual(bits);
    const again = await opened(regions);
    expect(again.damagedBlocks).toBe(0);
    expect(runs(again)).toEqual(bits);
  });

  test('of another replica, cut off or emptied, it is all set', async () => {
    await made(100);
    const all = { intent: [{ from: 0, to: 100 }], missed: [{ from: 0, to: 100 }] };
    const foreign = await openMap({ file, identity: 'other', size: 100 * REGION_BYTES });
    open.push(foreign);
    expect(runs(foreign)).toEqual(all);
    truncateSync(file, 100);
    expect(runs(await opened(100))).toEqual(all);
    truncateSync(file, 0);
    expect(runs(await opened(100))).toEqual(all);
    expect(statSync(file).size).toBe(MAP_BLOCK_BYTES);
  });

  test('missing, it is refused', async () => {
    await expect(opened(10)).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test('grows, with clear regions, and keeps what it had', async () => {
    const map = await made(10);
    await map.change({ setIntent: [9], setMissed: [0] });
    const regions = REGIONS_PER_BLOCK * 2 + 1;
    await map.grow(regions * REGION_BYTES);
    await map.change({ setIntent: [regions - 1] });
    const again = await opened(regions);
    expect(runs(again)).toEqual({ intent: [{ from: 9, to: 10 }, { from: regions - 1, to: regions }], missed: [{ from: 0, to: 1 }] });
    expect([again.damagedBlocks, statSync(file).size]).toEqual([0, blocksFor(regions) * MAP_BLOCK_BYTES]);
  });

  test('takes no change after it was closed', async () => {
    const map = await made(10);
    const last = map.change({ setIntent: [1] });
    await map.close();
    await last;
    await expect(map.change({ setIntent: [2] })).rejects.toMatchObject({ code: 'failed_precondition' });
    expect([...(await opened(10)).intent.clone()]).toEqual([1]);
  });
});
