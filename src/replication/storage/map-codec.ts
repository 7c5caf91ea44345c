/**
 * A block of a replica's `map`: 4 KiB that hold two bits for each of 16,128 regions (15.75 GiB of the volume), with a checksum
 * that also binds them to the replica and to their place in the file. Pure. A block that is torn, rotten, misplaced or of
 * another replica is simply not one; what that means is the reader's to know (all bits are set).
 */
import { createHash } from 'node:crypto';

export const MAP_BLOCK_BYTES = 4096;
/** Magic, number of the block, SHA-256 over identity and the block without it, then the two bitmaps. */
const MAGIC = Buffer.from('HFMAP\0\0\x01', 'latin1');
const AT = { index: 8, hash: 16, intent: 64, missed: 64 + 2016 } as const;
/** Bytes of each of the two bitmaps. */
export const BITMAP_BYTES = 2016;
export const REGIONS_PER_BLOCK = BITMAP_BYTES * 8;

/** Blocks for so many regions; at least one. */
export const blocksFor = (regions: number): number => Math.max(1, Math.ceil(regions / REGIONS_PER_BLOCK));

export interface MapBits {
  readonly intent: Uint8Array;
  readonly missed: Uint8Array;
}

/** @param identity of the replica (and whatever else must match). Shorter bitmaps are filled with zeroes. */
export function encodeMapBlock(identity: string, index: number, bits: MapBits): Buffer {
  const block = Buffer.alloc(MAP_BLOCK_BYTES);
  MAGIC.copy(block);
  block.writeUInt32LE(index, AT.index);
  block.set(bits.intent, AT.intent);
  block.set(bits.missed, AT.missed);
  hashOf(identity, block).copy(block, AT.hash);
  return block;
}

/** null: no sound block of this replica at this place. */
export function decodeMapBlock(identity: string, index: number, bytes: Uint8Array): MapBits | null {
  if (bytes.length !== MAP_BLOCK_BYTES) return null;
  const block = Buffer.from(bytes);
  if (!block.subarray(0, MAGIC.length).equals(MAGIC) || block.readUInt32LE(AT.index) !== index) return null;
  if (!hashOf(identity, block).equals(block.subarray(AT.hash, AT.hash + 32))) return null;
  return { intent: block.subarray(AT.intent, AT.intent + BITMAP_BYTES), missed: block.subarray(AT.missed, AT.missed + BITMAP_BYTES) };
}

const hashOf = (identity: string, block: Buffer): Buffer =>
  createHash('sha256').update(`${identity}\n`).update(block.subarray(0, AT.hash)).update(block.subarray(AT.hash + 32)).digest();
