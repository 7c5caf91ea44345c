import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../../../src/model/id.ts';
import { Narrowing } from '../../../../src/store/etcd/narrowing.ts';

/** As etcd answers, counting the keys that it walks. */
function read(narrowing: Narrowing, sorted: readonly string[], prefix: string, after: string, limit: number, cost: { walked: number; requests: number }): readonly string[] {
  const found: string[] = [];
  const walk = narrowing.walk(prefix, after);
  while (found.length < limit) {
    const piece = walk.next();
    if (piece === null) break;
    const inPiece = sorted.filter((key) => key >= piece.from && key < piece.end);
    const answer = inPiece.slice(0, limit - found.length);
    cost.walked += inPiece.length;
    cost.requests += 1;
    found.push(...answer);
    walk.got(answer.length === 0 ? null : { first: answer[0] as string, last: answer.at(-1) as string }, inPiece.length > answer.length, inPiece.length);
  }
  return found;
}

let noise = 1;
const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => {
  noise = (Math.imul(noise, 1664525) + 1013904223) >>> 0;
  return noise >>> 24;
});

describe('a list that is read in narrow pieces', () => {
  test('has every key once and in order, wherever keys lie and whatever was learned before', () => {
    const key = fc.stringMatching(/^[ab01]{1,8}$/).map((text) => `/v/${text}`);
    fc.assert(fc.property(fc.array(fc.tuple(fc.uniqueArray(key, { maxLength: 40 }), fc.nat(12), fc.option(key, { nil: '' })), { minLength: 1, maxLength: 4 }), (rounds) => {
      const narrowing = new Narrowing();
      // As if the lists were long, so that it narrows.
      for (const [keys, limit, after] of rounds) {
        const sorted = [...new Set([...keys, '/u/before', '/w/behind'])].sort();
        const expected = sorted.filter((one) => one.startsWith('/v/') && one > after).slice(0, limit + 1);
        const walk = narrowing.walk('/v/', after);
        const found: string[] = [];
        for (let piece = walk.next(); piece !== null && found.length < limit + 1; piece = walk.next()) {
          const { from, end } = piece;
          const inPiece = sorted.filter((one) => one >= from && one < end);
          const answer = inPiece.slice(0, limit + 1 - found.length);
          found.push(...answer);
          walk.got(answer.length === 0 ? null : { first: answer[0] as string, last: answer.at(-1) as string }, inPiece.length > answer.length, inPiece.length * 10_000);
        }
        expect(found).toEqual(expected);
      }
    }), { numRuns: 500 });
  });

  test('of ids costs about what its pages hold, from the second page on', () => {
    const sorted = Array.from({ length: 30_000 }, (_, i) => `/volumes/${newId('volume', 1_790_000_000_000 + i * 37, random)}`).sort();
    const narrowing = new Narrowing();
    read(narrowing, sorted, '/volumes/', '', 500, { walked: 0, requests: 0 });
    for (const cost of [{ walked: 0, requests: 0 }, { walked: 0, requests: 0 }]) {
      const all: string[] = [];
      for (let after = ''; ;) {
        const page = read(narrowing, sorted, '/volumes/', after, 500, cost);
        all.push(...page);
        if (page.length < 500) break;
        after = page.at(-1) as string;
      }
      expect(all).toEqual(sorted);
      expect(cost.walked).toBeLessThan(8 * sorted.length);
      expect(cost.requests).toBeLessThan(3 * 61);
    }
  });
});
