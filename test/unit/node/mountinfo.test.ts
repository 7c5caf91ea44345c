import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mountAt, mountOf, parseMountinfo } from '../../../src/node/mountinfo.ts';

const line = (device: string, mountPoint: string, rest = 'rw,nodev shared:7 master:2 - xfs /dev/loop3 rw,nouuid'): string => `42 27 ${device} / ${mountPoint} ${rest}`;
const escape = (text: string): string => [...text].map((c) => (' \t\n\\'.includes(c) ? `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}` : c)).join('');

describe('mountinfo', () => {
  test('a line gives device, mount point, options and the peer group', () => {
    expect(parseMountinfo(`${line('7:3', '/mnt/a')}\n`)).toEqual([{ device: '7:3', rootPath: '/', mountPoint: '/mnt/a', options: ['rw', 'nodev'], type: 'xfs', source: '/dev/loop3', superOptions: ['rw', 'nouuid'], sharedGroup: 7 }]);
  });

  test('a mount without optional fields propagates nowhere', () => {
    expect(parseMountinfo(line('7:3', '/a', 'ro - ext4 /dev/sda1 ro'))[0]).toMatchObject({ sharedGroup: null, options: ['ro'], superOptions: ['ro'] });
  });

  test('what is no line of mountinfo is left out', () => {
    expect(parseMountinfo('garbage\n\n1 2 3\n42 27 7:3 / /a rw shared:1\n')).toEqual([]);
  });

  test('any path survives the escapes of the kernel', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('a', ' ', '\t', '\n', '\\', '/', 'ü', '-', '0', '4', '1'), { minLength: 1, maxLength: 30 }), (characters) => {
      const mountPoint = `/${characters.join('')}`;
      expect(parseMountinfo(line('7:3', escape(mountPoint)))[0]?.mountPoint).toBe(mountPoint);
    }));
  });

  test('no text makes the parser throw', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => {
      parseMountinfo(text);
    }));
  });

  test('of two mounts at one place the later is on top', () => {
    const mounts = parseMountinfo([line('7:1', '/a'), line('7:2', '/a')].join('\n'));
    expect(mountAt(mounts, '/a')?.device).toBe('7:2');
    expect(mountAt(mounts, '/a/b')).toBeUndefined();
  });

  test('a path lies in the mount with the longest mount point above it', () => {
    const mounts = parseMountinfo([line('8:1', '/'), line('8:2', '/srv'), line('8:3', '/srv/pool')].join('\n'));
    expect([mountOf(mounts, '/srv/pool/x')?.device, mountOf(mounts, '/srv/poolish')?.device, mountOf(mounts, '/etc')?.device]).toEqual(['8:3', '8:2', '8:1']);
  });
});
