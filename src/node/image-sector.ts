/**
 * The sector size that an image's loop device shall have: the smallest unit that the filesystem inside writes. Larger
 * sectors let the kernel use direct I/O where the medium asks for alignment: a disk of 4096-byte sectors, and every
 * image that shares blocks with a snapshot on XFS. Reads the filesystem's own superblock; changes nothing.
 */
import { open } from 'node:fs/promises';

const LEAST = 512;
const MOST = 4096;

/** @returns 512 to 4096; 512 where no filesystem is known. */
export async function imageSectorBytes(image: string): Promise<number> {
  const handle = await open(image, 'r');
  try {
    const head = Buffer.alloc(2048);
    await handle.read(head, 0, head.length, 0);
    return parseSectorBytes(head);
  } finally {
    await handle.close();
  }
}

/** Pure: the first 2048 bytes of an image. */
export function parseSectorBytes(head: Uint8Array): number {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength);
  if (bytes.length < 2048) return LEAST;
  // XFS: sb_sectsize. ext4: the superblock lies at 1024, its magic at 56; blocks have 1024 << s_log_block_size bytes.
  if (bytes.toString('latin1', 0, 4) === 'XFSB') return usable(bytes.readUInt16BE(102));
  if (bytes.readUInt16LE(1024 + 56) === 0xef53) return usable(1024 * 2 ** Math.min(16, bytes.readUInt32LE(1024 + 24)));
  return LEAST;
}

function usable(unit: number): number {
  const powerOfTwo = unit >= LEAST && (unit & (unit - 1)) === 0;
  return powerOfTwo ? Math.min(unit, MOST) : LEAST;
}
