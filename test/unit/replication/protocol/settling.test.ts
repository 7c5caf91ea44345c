/** How the bits of regions are cleared again. */
import { expect, test } from '@jest/globals';
import { driven } from './driven.ts';

test('what nobody lacks any more is forgotten in messages of a bounded size, however much it is', () => {
  const missed = Array.from({ length: 150_000 }, (_, region) => 2 * region);
  const at = driven({ told: { r0: { missed } } });
  const sizes: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    for (const { request, replica } of at.open) if (request.kind === 'forget' && replica === 'r0') sizes.push(request.regions.length);
    at.answer(['forget', 'renew', 'flush', 'recovered']);
  }
  expect(sizes).toEqual([65_536, 65_536, 150_000 - 131_072]);
  expect(at.mirror.missed.size).toBe(0);
});

test('a region that is idle is settled after a flush on every replica, and not before', () => {
  const at = driven();
  at.answer();
  at.request(1, { kind: 'write', offset: 0, length: 512, data: 'x', fua: false });
  at.answer(['intend']);
  at.answer(['write']);
  for (let ms = 0; ms < 11_000; ms += 500) {
    at.pass(500);
    at.answer(['renew']);
  }
  expect([...new Set(at.open.map(({ request }) => request.kind))]).toEqual(['flush']);
  at.answer(['flush']);
  at.pass(500);
  at.answer(['renew']);
  expect(at.open.map(({ request }) => request)).toEqual([0, 1].map(() => ({ kind: 'settle', regions: [0], missed: false })));
  at.answer(['settle']);
  expect([...at.mirror.intents]).toEqual([]);
});
