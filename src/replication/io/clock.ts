/** Milliseconds of CLOCK_BOOTTIME: a clock that nobody sets, and that counts the time a machine was suspended. Grants live by it. */
import koffi from 'koffi';

const CLOCK_BOOTTIME = 7;
const gettime = koffi.load(null).func('clock_gettime', 'int', ['int', 'void *']) as unknown as (clock: number, into: Buffer) => number;
const now = Buffer.alloc(16);
const words = new DataView(now.buffer, now.byteOffset, now.length);

export function boottime(): number {
  if (gettime(CLOCK_BOOTTIME, now) !== 0) throw new Error('the kernel has no CLOCK_BOOTTIME');
  return (words.getUint32(0, true) + words.getInt32(4, true) * 0x1_0000_0000) * 1000 + words.getUint32(8, true) / 1_000_000;
}
