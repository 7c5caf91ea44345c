/** The keyed lock, the shared reading and the XFS superblock. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { deviceNumber } from '../../../src/node/block-device.ts';
import { createKeyedLock } from '../../../src/node/keyed-lock.ts';
import { recent } from '../../../src/node/recent.ts';
import { parseXfsSuperblock } from '../../../src/node/xfs-superblock.ts';

describe('the keyed lock', () => {
  test('runs work of one key in order and never side by side, also after a failure', async () => {
    const lock = createKeyedLock();
    const log: string[] = [];
    const step = (key: string, name: string, fail = false): Promise<void> => lock.run(key, async () => {
      log.push(`${name}+`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name}-`);
      if (fail) throw new Error(name);
    });
    const results = await Promise.allSettled([step('a', '1'), step('a', '2', true), step('a', '3'), step('b', 'x')]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(log.filter((entry) => !entry.startsWith('x'))).toEqual(['1+', '1-', '2+', '2-', '3+', '3-']);
    expect(log.indexOf('x+')).toBeLessThan(log.indexOf('2+'));
  });
});

describe('a recent reading', () => {
  test('is read again when it is too old, or forgotten', () => {
    let now = 0;
    let reads = 0;
    const reading = recent({ monotonic: () => now }, 100, () => ++reads);
    expect([reading.get(), reading.get()]).toEqual([1, 1]);
    now = 101;
    expect(reading.get()).toBe(2);
    reading.forget();
    expect(reading.get()).toBe(3);
  });
});

describe('the XFS superblock', () => {
  test('tells UUID, label, size and whether mkfs was finished', () => {
    const sector = Buffer.alloc(512);
    sector.write('XFSB', 0, 'latin1');
    sector.writeUInt32BE(4096, 4);
    sector.writeBigUInt64BE(1000n, 8);
    Buffer.from('00112233445566778899aabbccddeeff', 'hex').copy(sector, 32);
    sector.write('holdfast', 108, 'latin1');
    expect(parseXfsSuperblock(sector)).toEqual({ uuid: '00112233-4455-6677-8899-aabbccddeeff', label: 'holdfast', size_bytes: 4_096_000, in_progress: false });
    sector[126] = 1;
    expect(parseXfsSuperblock(sector)?.in_progress).toBe(true);
  });

  test('is null for anything else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      expect(parseXfsSuperblock(bytes)).toBeNull();
    }));
  });
});

test.each([[0x0700, '7:0'], [0xfe00, '254:0'], [0x10_0807, '8:263']])('device number %i is %s', (rdev, wanted) => {
  expect(deviceNumber(rdev)).toBe(wanted);
});
