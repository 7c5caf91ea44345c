import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isWithin, nodeLayout } from '../../../src/node/layout.ts';
import { checkTargetPath } from '../../../src/node/target-path.ts';

const layout = nodeLayout('/');

describe('a path to publish at', () => {
  test.each([['/srv/data', '/srv/data'], ['/srv/data/', '/srv/data'], ['/x', '/x'], ['/srv/..data', '/srv/..data']])('%s is fine', (given, wanted) => {
    expect(checkTargetPath(given, layout)).toBe(wanted);
  });

  test.each([
    ['', /not absolute/], ['srv/data', /not absolute/], ['/', /root directory/], ['//', /root directory/], ['/srv//data', /holds "\/\/"/], ['/srv/../etc', /holds "\.\."/], ['/srv/./x', /holds "\."/], ['/srv/a\0b', /NUL/],
    [`/${'x'.repeat(5000)}`, /longer than/], ['/var/lib/holdfast', /belongs to holdfastd/], ['/var/lib', /belongs to holdfastd/], ['/var/lib/holdfast/mounts/vol', /belongs to holdfastd/], ['/run/holdfast/x', /belongs to holdfastd/],
  ])('%j is refused', (given, why) => {
    expect(() => checkTargetPath(given, layout)).toThrow(why);
    expect(() => checkTargetPath(given, layout)).toThrow(expect.objectContaining({ code: 'invalid_argument', detail: expect.objectContaining({ field: 'path' }) }));
  });

  test('whatever is accepted is absolute, plain and outside of the daemon', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', '..', '.', '', 'var', 'lib', 'holdfast', 'srv', 'a b'), { maxLength: 6 }), (parts) => {
      let accepted: string;
      try {
        accepted = checkTargetPath(`/${parts.join('/')}`, layout);
      } catch {
        return;
      }
      expect(accepted).toMatch(/^(\/[^/]+)+$/);
      expect(accepted.split('/')).not.toContain('..');
      expect(layout.own.some((own) => isWithin(accepted, own))).toBe(false);
    }));
  });
});
