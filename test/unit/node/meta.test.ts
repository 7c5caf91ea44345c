import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ReplicaMeta } from '../../../src/control/ports/data-plane.ts';
import { changeMeta, createMeta, decodeMeta, decodeSlot, encodeSlot, META_BYTES, readMeta, SLOT_BYTES } from '../../../src/node/meta.ts';

const meta = (generation: number): ReplicaMeta => ({ volume_id: 'vol_x', replica_id: 'rep_x', history: 1, size_bytes: 4096, generation, set_version: 1, members: ['rep_x'], boot_id: 'b', restarted: false });

describe('a slot of the metadata', () => {
  test('is read back as it was written', () => {
    fc.assert(fc.property(fc.nat(), fc.nat(), fc.array(fc.string({ maxLength: 30 }), { maxLength: 3 }), (sequence, generation, members) => {
      const slot = { sequence, meta: { ...meta(generation), members } };
      expect(decodeSlot(encodeSlot(slot))).toEqual(slot);
    }));
  });

  test('with any byte changed counts as damaged', () => {
    const sound = encodeSlot({ sequence: 9, meta: meta(3) });
    fc.assert(fc.property(fc.nat(SLOT_BYTES - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const rotten = Buffer.from(sound);
      rotten[at] = (rotten[at] ?? 0) ^ flip;
      expect(decodeSlot(rotten)).toBeNull();
    }));
  });

  test('of random bytes counts as damaged', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: SLOT_BYTES + 10 }), (bytes) => {
      expect(decodeSlot(bytes)).toBeNull();
    }));
  });
});

describe('the metadata of a replica', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(path.join(os.tmpdir(), 'holdfast-meta-'));
    file = path.join(directory, 'meta');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  test('keeps its size, and the last write counts', async () => {
    await createMeta(file, meta(0));
    for (let generation = 1; generation <= 5; generation += 1) {
      await changeMeta(file, 'volume x', () => meta(generation));
      expect(await readMeta(file)).toEqual(meta(generation));
      expect(statSync(file).size).toBe(META_BYTES);
    }
  });

  test('a write torn anywhere leaves the old or the new state, never less', async () => {
    await createMeta(file, meta(0));
    await changeMeta(file, 'volume x', () => meta(6));
    await changeMeta(file, 'volume x', () => meta(7));
    const before = readFileSync(file);
    await changeMeta(file, 'volume x', () => meta(8));
    const after = readFileSync(file);
    fc.assert(fc.property(fc.array(fc.boolean(), { minLength: META_BYTES / 512, maxLength: META_BYTES / 512 }), (written) => {
      const torn = Buffer.concat(written.map((isNew, sector) => (isNew ? after : before).subarray(sector * 512, (sector + 1) * 512)));
      expect([7, 8]).toContain(decodeMeta(torn)?.current.meta.generation);
    }));
  });

  test('the next write goes over the slot that is damaged', async () => {
    await createMeta(file, meta(4));
    const bytes = readFileSync(file);
    bytes.fill(0, SLOT_BYTES);
    writeFileSync(file, bytes);
    await changeMeta(file, 'volume x', (now) => ({ ...now, generation: now.generation + 1 }));
    expect(await readMeta(file)).toEqual(meta(5));
    expect(decodeSlot(readFileSync(file).subarray(0, SLOT_BYTES))?.meta).toEqual(meta(4));
  });

  test('with both slots damaged is refused and left as it is', async () => {
    const rubbish = Buffer.alloc(META_BYTES, 7);
    writeFileSync(file, rubbish);
    await expect(changeMeta(file, 'volume x', () => meta(1))).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('damaged') });
    expect(readFileSync(file).equals(rubbish)).toBe(true);
    expect(await readMeta(file)).toBeNull();
  });

  test('a change that says null writes nothing', async () => {
    await createMeta(file, meta(1));
    const before = readFileSync(file);
    await changeMeta(file, 'volume x', () => null);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test('that does not fit into its slot is refused before it is written', () => {
    expect(() => encodeSlot({ sequence: 1, meta: { ...meta(1), members: ['x'.repeat(5000)] } })).toThrow(/fit/);
  });
});
