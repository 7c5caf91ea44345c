/**
 * The system calls on a replica's files that Node does not have, through koffi: holes, reads and writes that do not wait,
 * writeback of a range, flock. One function per call, no decisions. Those that may wait for a disk run on a thread of the
 * pool, and answer the errno's name, or null when all went well.
 */
import koffi from 'koffi';
import { getSystemErrorName } from 'node:util';
import type { Slab } from '../nbd/slab.ts';

type Argument = number | bigint | Buffer;
interface NativeFunction {
  (...args: Argument[]): number | bigint;
  async(...args: [...Argument[], (error: Error | null | undefined, result: number | bigint) => void]): void;
}

const libc = koffi.load(null);
const native = (name: string, result: string, args: string[]): NativeFunction => libc.func(name, result, args);

const flockCall = native('flock', 'int', ['int', 'int']);
const fallocateCall = native('fallocate', 'int', ['int', 'int', 'int64', 'int64']);
const syncRangeCall = native('sync_file_range', 'int', ['int', 'int64', 'int64', 'uint']);
const lseekCall = native('lseek', 'int64', ['int', 'int64', 'int']);
const preadvCall = native('preadv2', 'int64', ['int', 'void *', 'int', 'int64', 'int']);
const pwritevCall = native('pwritev2', 'int64', ['int', 'void *', 'int', 'int64', 'int']);

/** On Linux EOPNOTSUPP and ENOTSUP are one number, which Node calls ENOTSUP: that is the name here too. */
const errnoName = (): string => getSystemErrorName(-koffi.errno());

const later = (call: NativeFunction, ...args: Argument[]): Promise<{ readonly result: number; readonly failed: string | null }> =>
  new Promise((resolve, reject) => {
    call.async(...args, (error, result) => {
      // errno belongs to the other thread; koffi makes it readable inside of this callback only.
      if (error !== null && error !== undefined) reject(error);
      else resolve({ result: Number(result), failed: Number(result) < 0 ? errnoName() : null });
    });
  });

/** Takes an exclusive flock without waiting. False: somebody else holds one. */
export function tryLock(fd: number): boolean {
  const LOCK_EX_NB = 2 | 4;
  if (Number(flockCall(fd, LOCK_EX_NB)) === 0) return true;
  const code = errnoName();
  if (code === 'EWOULDBLOCK' || code === 'EAGAIN') return false;
  throw Object.assign(new Error(`${code}: flock`), { code });
}

const KEEP_SIZE = 1;
/** Frees the range: it reads as zeroes. */
export const punchHole = async (fd: number, offset: number, length: number): Promise<string | null> => (await later(fallocateCall, fd, KEEP_SIZE | 2, offset, length)).failed;
/** Makes the range read as zeroes, and keeps its room on the medium. */
export const zeroRange = async (fd: number, offset: number, length: number): Promise<string | null> => (await later(fallocateCall, fd, KEEP_SIZE | 16, offset, length)).failed;

/**
 * Writes out what is dirty in the whole file and waits for it; no barrier, no metadata: nothing is durable by it. A failure
 * of earlier writeback is reported here instead of by the next fdatasync, so it weighs as much.
 */
export const writeOut = async (fd: number): Promise<string | null> => (await later(syncRangeCall, fd, 0, 0, 1 | 2 | 4)).failed;

/** What begins at the offset, and where it ends; up to the end of the file. */
export async function extentAt(fd: number, offset: number, end: number): Promise<{ readonly data: boolean; readonly end: number }> {
  const seek = async (whence: number): Promise<number> => {
    const { result, failed } = await later(lseekCall, fd, offset, whence);
    if (failed === null) return result;
    if (failed === 'ENXIO') return end;
    throw Object.assign(new Error(`${failed}: lseek`), { code: failed });
  };
  const data = await seek(3);
  if (data > offset) return { data: false, end: Math.min(data, end) };
  return { data: true, end: Math.min(await seek(4), end) };
}

const NOWAIT = 8;
/** One struct iovec; calls that use it are synchronous. */
const vector = Buffer.alloc(16);

function point(slab: Slab, start: number, length: number): void {
  if (slab.address === 0) slab.address = Number(koffi.address(slab.bytes));
  const at = slab.address + start;
  vector.writeUInt32LE(at >>> 0, 0);
  vector.writeUInt32LE(Math.floor(at / 0x1_0000_0000), 4);
  vector.writeUInt32LE(length, 8);
}

/** Bytes read, from the page cache only (-1: none, would wait); the errno's name when it failed. */
export function readCached(fd: number, slab: Slab, start: number, length: number, offset: number): number | string {
  point(slab, start, length);
  return outcome(Number(preadvCall(fd, vector, 1, offset, NOWAIT)));
}

/** Bytes written, to the page cache without waiting (-1: would wait); the errno's name when it failed. */
export function writeCached(fd: number, slab: Slab, start: number, length: number, offset: number): number | string {
  point(slab, start, length);
  return outcome(Number(pwritevCall(fd, vector, 1, offset, NOWAIT)));
}

function outcome(result: number): number | string {
  if (result >= 0) return result;
  const code = errnoName();
  return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EINTR' ? -1 : code;
}
