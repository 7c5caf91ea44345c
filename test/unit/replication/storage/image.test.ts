import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, closeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sharedSlabs } from '../../../../src/replication/nbd/slab.ts';
import { NBD_ERROR } from '../../../../src/replication/nbd/wire.ts';
import { createImage, openImage, type Image, type ImageOptions } from '../../../../src/replication/storage/image.ts';
import { DirtyBound } from '../../../../src/replication/storage/writeback.ts';

const MIB = 1024 * 1024;

describe('an image', () => {
  let directory: string;
  let file: string;
  let faults: string[];
  const images: Image[] = [];
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'holdfast-image-'));
    file = path.join(directory, 'data.1.img');
    faults = [];
  });
  afterEach(async () => {
    for (const image of images.splice(0)) await image.close();
    rmSync(directory, { recursive: true });
  });

  test('is made empty, and never over another', async () => {
    await createImage(file, 4 * MIB);
    expect([statSync(file).size, statSync(file).blocks, statSync(file).mode & 0o777]).toEqual([4 * MIB, 0, 0o600]);
    await expect(createImage(file, MIB)).rejects.toMatchObject({ code: 'EEXIST' });
    expect((await read(await opened(4 * MIB), 0, 4 * MIB) as Buffer).equals(Buffer.alloc(4 * MIB))).toBe(true);
  });

  const sparse = (size: number): void => {
    const fd = openSync(file, 'w');
    ftruncateSync(fd, size);
    closeSync(fd);
  };
  const opened = async (size: number, more: Partial<ImageOptions> = {}): Promise<Image> => {
    const image = await openImage({ file, size, failed: (fault, cause) => void faults.push(`${fault}: ${cause}`), ...more });
    images.push(image);
    return image;
  };
  const made = async (size: number, more: Partial<ImageOptions> = {}): Promise<Image> => {
    sparse(size);
    return opened(size, more);
  };
  const read = (image: Image, offset: number, length: number): Promise<Buffer | number> =>
    new Promise((resolve) => image.read(offset, length, (error, view) => resolve(view === null ? error : Buffer.from(view.bytes))));
  const write = (image: Image, offset: number, bytes: Uint8Array, fua = false): Promise<number> => new Promise((resolve) => image.write(offset, bytes, fua, resolve));
  const zero = (image: Image, offset: number, length: number, keepRoom = false): Promise<number> => new Promise((resolve) => image.zero(offset, length, keepRoom, false, resolve));
  const flush = (image: Image): Promise<number> => new Promise((resolve) => image.flush(resolve));

  test('reads what was written and zeroed, whatever it was, and the file says the same', async () => {
    const step = fc.record({ kind: fc.constantFrom('write', 'view', 'trim', 'zero', 'flush', 'read'), offset: fc.nat(4 * MIB - 1), length: fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.integer({ min: 1, max: 2 * MIB })), fill: fc.integer({ min: 1, max: 255 }), fua: fc.boolean() });
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      for (const earlier of images.splice(0)) await earlier.close();
      const image = await made(4 * MIB);
      const model = Buffer.alloc(4 * MIB);
      for (const { kind, offset, length: wanted, fill, fua } of steps) {
        const length = Math.min(wanted, 4 * MIB - offset);
        if (kind === 'write') expect(await write(image, offset, Buffer.alloc(length, fill), fua)).toBe(NBD_ERROR.OK);
        else if (kind === 'view') {
          const view = sharedSlabs.view(length);
          view.bytes.fill(fill);
          expect(await new Promise((resolve) => image.write(offset, view, fua, resolve))).toBe(NBD_ERROR.OK);
          view.release();
        } else if (kind === 'flush') expect(await flush(image)).toBe(NBD_ERROR.OK);
        else if (kind === 'read') expect((await read(image, offset, length) as Buffer).equals(model.subarray(offset, offset + length))).toBe(true);
        else expect(await zero(image, offset, length, kind === 'zero')).toBe(NBD_ERROR.OK);
        if (kind === 'write' || kind === 'view') model.fill(fill, offset, offset + length);
        if (kind === 'trim' || kind === 'zero') model.fill(0, offset, offset + length);
      }
      expect((await read(image, 0, 4 * MIB) as Buffer).equals(model)).toBe(true);
      await image.close();
      expect(readFileSync(file).equals(model)).toBe(true);
    }), { numRuns: 30 });
  });

  test('trimming frees room on the medium, zeroing without holes keeps it', async () => {
    const image = await made(8 * MIB);
    await write(image, 0, Buffer.alloc(8 * MIB, 1), true);
    const full = statSync(file).blocks;
    await zero(image, 0, 4 * MIB, true);
    expect(statSync(file).blocks).toBe(full);
    await zero(image, 0, 4 * MIB);
    expect(statSync(file).blocks).toBeLessThan(full * 0.6);
    expect(await image.extent(0)).toEqual({ data: false, end: 4 * MIB });
    expect(await image.extent(5 * MIB)).toEqual({ data: true, end: 8 * MIB });
    expect(statSync(file).size).toBe(8 * MIB);
  });

  test('refuses what is beyond its recorded size, also when the file is longer', async () => {
    writeFileSync(file, Buffer.alloc(MIB, 7));
    const image = await opened(MIB / 2);
    expect(await read(image, MIB / 2 - 512, 1024)).toBe(NBD_ERROR.EINVAL);
    expect(await write(image, MIB / 2, Buffer.alloc(1))).toBe(NBD_ERROR.EINVAL);
    expect(await zero(image, 0, MIB)).toBe(NBD_ERROR.EINVAL);
    expect((await read(image, 0, MIB / 2) as Buffer).equals(Buffer.alloc(MIB / 2, 7))).toBe(true);
  });

  test('shorter than recorded it is damaged, missing too; one that returns may be lengthened', async () => {
    sparse(MIB);
    await expect(opened(2 * MIB)).rejects.toMatchObject({ code: 'failed_precondition', message: expect.stringContaining('damaged') });
    expect(statSync(file).size).toBe(MIB);
    const image = await opened(2 * MIB, { shorter: 'lengthen' });
    expect((await read(image, MIB, MIB) as Buffer).equals(Buffer.alloc(MIB))).toBe(true);
    rmSync(file);
    await expect(opened(MIB)).rejects.toMatchObject({ code: 'failed_precondition' });
  });

  test.each([
    ['cut off', () => truncateSync(file, MIB)],
    ['cut off to nothing', () => truncateSync(file, 0)],
    ['removed', () => rmSync(file)],
  ])('behind its back %s, it is noticed before anything is answered', async (_how, harm) => {
    const image = await made(4 * MIB);
    await write(image, 0, Buffer.alloc(4096, 1));
    harm();
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await write(image, 3 * MIB, Buffer.alloc(4096, 2))).toBe(NBD_ERROR.EIO);
    expect(await read(image, 0, 4096)).toBe(NBD_ERROR.EIO);
    expect(await flush(image)).toBe(NBD_ERROR.EIO);
    expect([image.fault, faults.length]).toEqual(['damaged', 1]);
  });

  test('is locked while it is open, and free afterwards', async () => {
    const image = await made(MIB);
    await expect(opened(MIB)).rejects.toMatchObject({ code: 'conflict' });
    await image.close();
    await opened(MIB);
  });

  test('grows with zeroes, also over what a longer file held', async () => {
    writeFileSync(file, Buffer.alloc(2 * MIB, 9));
    const image = await opened(MIB);
    await image.grow(4 * MIB);
    expect(image.size).toBe(4 * MIB);
    expect((await read(image, 0, 4 * MIB) as Buffer).equals(Buffer.concat([Buffer.alloc(MIB, 9), Buffer.alloc(3 * MIB)]))).toBe(true);
    await expect(image.grow(MIB)).rejects.toMatchObject({ code: 'invalid_argument' });
  });

  test('answers every flush, and those that come together share one', async () => {
    const image = await made(MIB);
    await write(image, 0, Buffer.alloc(4096, 1));
    expect(await Promise.all(Array.from({ length: 50 }, () => flush(image)))).toEqual(Array(50).fill(NBD_ERROR.OK));
    expect(image.dirtyBytes).toBe(0);
  });

  test('what is dirty stays within its bound, and writers that waited are answered', async () => {
    const image = await made(32 * MIB, { dirtyBytes: 2 * MIB });
    const answers: number[] = [];
    for (let at = 0; at < 32; at += 1) image.write(at * MIB, Buffer.alloc(MIB, at + 1), false, (error) => {
      expect(image.dirtyBytes).toBeLessThanOrEqual(3 * MIB);
      answers.push(error);
    });
    expect(answers.length).toBeLessThan(32);
    while (answers.length < 32) await new Promise((resolve) => setImmediate(resolve));
    expect(answers).toEqual(Array(32).fill(NBD_ERROR.OK));
    for (let at = 0; at < 32; at += 1) expect((await read(image, at * MIB, 4096) as Buffer)[0]).toBe(at + 1);
  });

  test('closing waits for what runs, and answers what comes later with ESHUTDOWN', async () => {
    const image = await made(16 * MIB);
    const running = write(image, 0, Buffer.alloc(8 * MIB, 1));
    const closing = image.close();
    expect(await write(image, 0, Buffer.alloc(512))).toBe(NBD_ERROR.ESHUTDOWN);
    expect(await running).toBe(NBD_ERROR.OK);
    await closing;
    expect(readFileSync(file).subarray(0, 8 * MIB).equals(Buffer.alloc(8 * MIB, 1))).toBe(true);
  });
});

describe('the bound of what is dirty', () => {
  test('writes out from a quarter on, and lets writers go on in order', async () => {
    const runs: (() => void)[] = [];
    const bound = new DirtyBound(100, () => new Promise((resolve) => void runs.push(resolve)));
    bound.wrote(24);
    expect(runs).toHaveLength(0);
    bound.wrote(80);
    expect([runs.length, bound.full]).toEqual([1, true]);
    const order: number[] = [];
    bound.whenRoom(() => {
      order.push(1);
      bound.wrote(100);
    });
    bound.whenRoom(() => void order.push(2));
    runs.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect([order, bound.dirty]).toEqual([[1], 100]);
    runs.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect([order, bound.dirty, runs.length]).toEqual([[1, 2], 0, 0]);
  });

  test('a flush that began before a write does not make it clean', () => {
    const bound = new DirtyBound(1000, () => new Promise(() => undefined));
    bound.wrote(10);
    const mark = bound.mark();
    bound.wrote(5);
    bound.cleaned(mark);
    expect(bound.dirty).toBe(5);
    bound.cleaned(0);
    expect(bound.dirty).toBe(5);
  });
});
