import { expect, test } from '@jest/globals';
import { sharedRead } from '../../../src/control/shared-read.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('who asks while a read runs gets the next one, all of them the same', async () => {
  const ends: (() => void)[] = [];
  let reads = 0;
  const read = sharedRead(async () => {
    reads += 1;
    const mine = reads;
    await new Promise<void>((resolve) => ends.push(resolve));
    return mine;
  });
  const first = read();
  await turn();
  const [second, third] = [read(), read()];
  await turn();
  expect(reads).toBe(1);
  ends.shift()?.();
  expect(await first).toBe(1);
  await turn();
  ends.shift()?.();
  expect(await Promise.all([second, third])).toEqual([2, 2]);
});

test('a read that failed is no reason for the next one to fail', async () => {
  let reads = 0;
  const read = sharedRead(async () => {
    reads += 1;
    if (reads === 1) throw new Error('away');
    return reads;
  });
  await expect(read()).rejects.toThrow('away');
  expect(await read()).toBe(2);
});
