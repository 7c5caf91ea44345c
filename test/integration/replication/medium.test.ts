/** Images and maps on media that are full, that fail, and on XFS, where writes go to the cache without waiting. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { sharedSlabs } from '../../../src/replication/nbd/slab.ts';
import { NBD_ERROR } from '../../../src/replication/nbd/wire.ts';
import { openImage, type Image } from '../../../src/replication/storage/image.ts';
import { createMap, openMap } from '../../../src/replication/storage/region-map.ts';
import { command, describeIf, filesystem, loopDevices, root } from '../../lab/needs.ts';
import { until } from '../../unit/replication/nbd/memory-disk.ts';
import { makeSparse } from './replica-server.ts';

const MIB = 1024 * 1024;
let directory: string;
let faults: string[];
let mounted: string | null = null;
const children: ChildProcess[] = [];
const images: Image[] = [];
const at = (name: string): string => path.join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-medium-'));
  faults = [];
});
afterEach(async () => {
  for (const image of images.splice(0)) await image.close();
  if (mounted !== null) await promisify(execFile)('umount', [mounted]);
  mounted = null;
  for (const child of children.splice(0)) {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => void child.once('exit', resolve));
  }
  rmSync(directory, { recursive: true });
});

const opened = async (file: string, size: number): Promise<Image> => {
  const image = await openImage({ file, size, failed: (fault, cause) => void faults.push(`${fault}: ${cause}`) });
  images.push(image);
  return image;
};
const read = (image: Image, offset: number, length: number): Promise<Buffer | number> =>
  new Promise((resolve) => image.read(offset, length, (error, view) => resolve(view === null ? error : Buffer.from(view.bytes))));
const zero = (image: Image, offset: number, length: number, keepRoom = false): Promise<number> => new Promise((resolve) => image.zero(offset, length, keepRoom, false, resolve));
const flush = (image: Image): Promise<number> => new Promise((resolve) => image.flush(resolve));
const write = async (image: Image, offset: number, bytes: Buffer, fua = false): Promise<number> => {
  const view = sharedSlabs.view(bytes.length);
  bytes.copy(view.bytes);
  const error = await new Promise<number>((resolve) => image.write(offset, view, fua, resolve));
  view.release();
  return error;
};

describeIf([loopDevices, command('mkfs.xfs'), filesystem('xfs')], 'on XFS', () => {
  const mount = (): void => {
    execFileSync('mount', ['-o', 'loop', at('disk'), at('pool')]);
    mounted = at('pool');
  };
  const xfs = (): string => {
    makeSparse(at('disk'), 320 * MIB);
    execFileSync('mkfs.xfs', ['-q', '-m', 'reflink=1', at('disk')]);
    mkdirSync(at('pool'));
    mount();
    return at('pool');
  };

  test('what is written, zeroed and trimmed by many at a time reads back, from the cache and from the medium', async () => {
    const file = path.join(xfs(), 'image');
    makeSparse(file, 64 * MIB);
    let image = await opened(file, 64 * MIB);
    const model = Buffer.alloc(64 * MIB);
    for (let round = 0; round < 8; round += 1) {
      const pieces = Array.from({ length: 64 }, (_unused, block) => ({ offset: block * MIB + round * 8192, data: randomBytes(4096 + (block % 5) * 4096) }));
      for (const { offset, data } of pieces) data.copy(model, offset);
      expect(await Promise.all(pieces.map(({ offset, data }, index) => write(image, offset, data, index % 16 === 0)))).toEqual(Array(64).fill(NBD_ERROR.OK));
      model.fill(0, round * 7 * MIB + 512, round * 7 * MIB + 512 + MIB / 2);
      expect(await zero(image, round * 7 * MIB + 512, MIB / 2, round % 2 === 0)).toBe(NBD_ERROR.OK);
    }
    const whole = async (): Promise<Buffer> => Buffer.concat(await Promise.all(Array.from({ length: 64 }, async (_unused, block) => await read(image, block * MIB, MIB) as Buffer)));
    expect((await whole()).equals(model)).toBe(true);
    expect(await flush(image)).toBe(NBD_ERROR.OK);
    await image.close();
    execFileSync('umount', [at('pool')]);
    mount();
    image = await opened(file, 64 * MIB);
    expect((await whole()).equals(model)).toBe(true);
    expect(faults).toEqual([]);
  });

  test('a full medium is ENOSPC, breaks nothing, and what was zeroed makes room again; the map can still be changed', async () => {
    const pool = xfs();
    const file = path.join(pool, 'image');
    makeSparse(file, 1024 * MIB);
    const size = 1024 * MIB;
    await createMap({ file: path.join(pool, 'map'), identity: 'r', size, bits: 'clear' });
    const map = await openMap({ file: path.join(pool, 'map'), identity: 'r', size });
    const image = await opened(file, size);
    const data = randomBytes(MIB);
    let full = 0;
    while ((await write(image, full * MIB, data)) === NBD_ERROR.OK) full += 1;
    expect(await write(image, full * MIB, data)).toBe(NBD_ERROR.ENOSPC);
    expect(full).toBeGreaterThan(100);
    expect([await flush(image), image.fault]).toEqual([NBD_ERROR.OK, null]);
    await map.change({ setIntent: [1, 2, 1000] });
    await map.close();
    expect((await read(image, 0, MIB) as Buffer).equals(data)).toBe(true);
    expect(await zero(image, 0, 16 * MIB)).toBe(NBD_ERROR.OK);
    expect(await flush(image)).toBe(NBD_ERROR.OK);
    expect(await write(image, full * MIB, data, true)).toBe(NBD_ERROR.OK);
  });
});

describeIf([root, command('nbdkit'), command('nbdfuse'), () => (existsSync('/dev/fuse') ? undefined : 'the kernel has no FUSE')], 'on a disk that fails', () => {
  const SIZE = 8 * MIB;
  /** A file served by nbdkit through nbdfuse; it fails as the files `no-flush`, `no-write` and `no-read` beside it say. */
  const failing = async (): Promise<string> => {
    makeSparse(at('backing'), SIZE);
    const unless = (flag: string, what: string): string => `if [ -e ${at(flag)} ]; then echo "EIO broken" >&2; exit 1; fi; ${what}`;
    children.push(spawn('nbdkit', ['-f', '-U', at('nbdkit'), 'eval', `get_size=echo ${SIZE}`, 'can_write=exit 0', 'can_flush=exit 0',
      `flush=${unless('no-flush', ':')}`,
      `pread=${unless('no-read', `dd if=${at('backing')} skip=$4 count=$3 iflag=count_bytes,skip_bytes status=none`)}`,
      `pwrite=${unless('no-write', `dd of=${at('backing')} seek=$4 conv=notrunc oflag=seek_bytes status=none`)}`], { stdio: 'ignore' }));
    await until(() => existsSync(at('nbdkit')));
    mkdirSync(at('mount'));
    children.push(spawn('nbdfuse', [at('mount'), `nbd+unix:///?socket=${at('nbdkit')}`], { stdio: 'ignore' }));
    mounted = at('mount');
    await until(() => existsSync(at('mount/nbd')));
    return at('mount/nbd');
  };

  test('after a flush that failed nothing is answered with OK again, though the disk is well again', async () => {
    const image = await opened(await failing(), SIZE);
    expect(await write(image, 0, Buffer.alloc(4096, 1))).toBe(NBD_ERROR.OK);
    expect(await flush(image)).toBe(NBD_ERROR.OK);
    writeFileSync(at('no-flush'), '');
    expect(await write(image, 4096, Buffer.alloc(4096, 2))).toBe(NBD_ERROR.OK);
    expect(await Promise.all([flush(image), flush(image), write(image, 8192, Buffer.alloc(4096, 3), true)])).toEqual([NBD_ERROR.EIO, NBD_ERROR.EIO, NBD_ERROR.EIO]);
    rmSync(at('no-flush'));
    expect([await flush(image), await write(image, 0, Buffer.alloc(4096)), await read(image, 0, 4096), await zero(image, 0, 4096)]).toEqual(Array(4).fill(NBD_ERROR.EIO));
    expect([image.fault, faults.length]).toEqual(['flush', 1]);
  });

  test('a read or write that failed is an error of that request only', async () => {
    const image = await opened(await failing(), SIZE);
    expect(await write(image, 0, Buffer.alloc(4096, 1))).toBe(NBD_ERROR.OK);
    writeFileSync(at('no-write'), '');
    writeFileSync(at('no-read'), '');
    expect(await write(image, MIB, Buffer.alloc(4096, 1))).toBe(NBD_ERROR.EIO);
    expect(await read(image, 4 * MIB, 4096)).toBe(NBD_ERROR.EIO);
    rmSync(at('no-write'));
    rmSync(at('no-read'));
    expect(await write(image, MIB, Buffer.alloc(4096, 2))).toBe(NBD_ERROR.OK);
    expect(await read(image, 4 * MIB, 4096)).toEqual(Buffer.alloc(4096));
    expect(faults).toEqual([]);
  });

  test('a medium without holes is written with zeroes instead', async () => {
    const image = await opened(await failing(), SIZE);
    expect(await write(image, 0, Buffer.alloc(3 * MIB, 5))).toBe(NBD_ERROR.OK);
    expect(await zero(image, 4096, 2 * MIB)).toBe(NBD_ERROR.OK);
    expect(await flush(image)).toBe(NBD_ERROR.OK);
    const backing = readFileSync(at('backing'));
    expect(backing.equals(Buffer.concat([Buffer.alloc(4096, 5), Buffer.alloc(2 * MIB), Buffer.alloc(MIB - 4096, 5), Buffer.alloc(5 * MIB)]))).toBe(true);
  });
});
