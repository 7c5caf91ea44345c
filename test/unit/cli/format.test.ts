import { describe, expect, it } from '@jest/globals';
import { bar, formatAge, formatLeft, formatMoment, formatSpan, fullness, percent } from '../../../src/cli/format.ts';
import { createPaint, plain, wantsColours, wantsUnicode, widthOf } from '../../../src/cli/paint.ts';
import { NOW } from './fake-host.ts';

describe('spans of time', () => {
  it('are one unit, rounded down, and never negative', () => {
    expect([0, 999, 59_000, 119_999, 120_000, 7_199_999, 7_200_000, 172_800_000, 63_072_000_000, -5].map(formatSpan)).toEqual(['0s', '0s', '59s', '119s', '2m', '119m', '2h', '2d', '2y', '0s']);
  });
  it('that are still to come are rounded to the nearest', () => {
    expect(formatLeft(new Date(NOW + 7 * 86_400_000 - 1000).toISOString(), NOW)).toBe('7d');
    expect(formatLeft(new Date(NOW - 1000).toISOString(), NOW)).toBe('0s');
  });
  it('say when it was and how long ago, or how long it still is', () => {
    expect(formatMoment('2026-11-22T20:06:03.500Z', NOW)).toBe('2026-11-22 20:06:03 UTC, 4m ago');
    expect(formatMoment('2026-11-29T20:11:02.000Z', NOW)).toBe('2026-11-29 20:11:02 UTC, in 7d');
    expect(formatAge(null, NOW)).toBe('');
  });
});

describe('shares', () => {
  it('never show something as nothing, nor less than all as all', () => {
    expect([percent(0, 10), percent(1, 10_000), percent(5, 10), percent(9_999, 10_000), percent(10, 10), percent(12, 10), percent(1, 0)]).toEqual(['0 %', '<1 %', '50 %', '99 %', '100 %', '120 %', '0 %']);
  });
  it('are drawn to scale, and what is there can be seen', () => {
    const paint = createPaint(false, true);
    expect(bar([{ value: 25, colour: 'green' }, { value: 25, colour: 'green' }], 100, 8, paint)).toBe('[██▒▒░░░░]');
    expect(bar([{ value: 1, colour: 'green' }], 1000, 8, paint)).toBe('[█░░░░░░░]');
    expect(bar([{ value: 900, colour: 'red' }, { value: 900, colour: 'red' }], 1000, 8, paint)).toBe('[███████▒]');
    expect(bar([{ value: 0, colour: undefined }], 0, 4, createPaint(false, false))).toBe('[....]');
  });
  it('alarm as they fill up', () => {
    expect([fullness(10, 100), fullness(80, 100), fullness(95, 100), fullness(1, 0)]).toEqual(['green', 'yellow', 'red', 'red']);
  });
});

describe('colours', () => {
  it('are there on a terminal that can, unless NO_COLOR says no, or where FORCE_COLOR says yes', () => {
    expect(wantsColours({ TERM: 'xterm' }, true)).toBe(true);
    expect(wantsColours({ TERM: 'dumb' }, true)).toBe(false);
    expect(wantsColours({}, false)).toBe(false);
    expect(wantsColours({ NO_COLOR: '1' }, true)).toBe(false);
    expect(wantsColours({ NO_COLOR: '' }, true)).toBe(true);
    expect(wantsColours({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(wantsColours({ FORCE_COLOR: '0' }, true)).toBe(false);
    expect(wantsColours({ FORCE_COLOR: '1', NO_COLOR: '1' }, true)).toBe(false);
  });
  it('count no width, and glyphs beyond ASCII are used where the locale has them', () => {
    expect(widthOf(createPaint(true, true)('red', 'four'))).toBe(4);
    expect([wantsUnicode({ LANG: 'de_DE.UTF-8' }), wantsUnicode({ LANG: 'C' }), wantsUnicode({ LC_ALL: 'C', LANG: 'C.UTF-8' }), wantsUnicode({})]).toEqual([true, false, false, false]);
  });
});

it('foreign text cannot steer the terminal', () => {
  expect(plain('a\u001b[2Jb\nc\u202ed')).toBe('a�[2Jb c�d');
});
