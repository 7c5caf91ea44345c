import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseSectorBytes } from '../../../src/node/image-sector.ts';

const xfs = (sector: number): Buffer => {
  const head = Buffer.alloc(2048);
  head.write('XFSB', 0, 'latin1');
  head.writeUInt16BE(sector, 102);
  return head;
};
const ext4 = (log: number): Buffer => {
  const head = Buffer.alloc(2048);
  head.writeUInt16LE(0xef53, 1024 + 56);
  head.writeUInt32LE(log, 1024 + 24);
  return head;
};

describe('the sector size of an image', () => {
  it('is the smallest unit that its filesystem writes, at most 4096', () => {
    expect([xfs(512), xfs(4096), xfs(32768), ext4(0), ext4(2), ext4(6)].map(parseSectorBytes)).toEqual([512, 4096, 4096, 1024, 4096, 4096]);
  });

  it('is a power of two from 512 to 4096 whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 0, maxLength: 4096 }), (bytes) => [512, 1024, 2048, 4096].includes(parseSectorBytes(bytes))));
  });
});
