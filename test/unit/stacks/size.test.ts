import { describe, expect, it } from '@jest/globals';
import { Retention } from '../../../stacks/constructs/retention.ts';
import { Size } from '../../../stacks/constructs/size.ts';

describe('Size', () => {
  it('is written with its binary unit', () => {
    expect([Size.mebibytes(512), Size.gibibytes(10), Size.tebibytes(2)].map(String)).toEqual(['512M', '10G', '2T']);
    expect(Size.gibibytes(1).bytes).toBe(2 ** 30);
  });

  it.each([['10G', 10 * 2 ** 30], ['512MiB', 2 ** 29], ['1tb', 2 ** 40], ['3gIb', 3 * 2 ** 30]])('reads %s', (text, bytes) => {
    expect(Size.parse(text).bytes).toBe(bytes);
  });

  it.each(['10', '1.5G', '-1G', '10X', '', 'G', '10 G'])('refuses %j and shows the form', (text) => {
    expect(() => Size.parse(text)).toThrow(`"${text}" is not a size: write a whole number and a unit, as in 512M, 10G or 2T`);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a count of %d', (count) => {
    expect(() => Size.gibibytes(count)).toThrow('has to be a whole number, 1 or more');
  });

  it('refuses what cannot be counted exactly', () => {
    expect(() => Size.tebibytes(2 ** 20)).toThrow('more than can be counted');
  });
});

describe('Retention', () => {
  it('is written with its unit, and none as 0', () => {
    expect([Retention.days(7), Retention.hours(12), Retention.none()].map(String)).toEqual(['7d', '12h', '0']);
  });

  it.each([0, -1, 0.5])('refuses %d days: none() says what is meant', (count) => {
    expect(() => Retention.days(count)).toThrow('Retention.none()');
  });
});
