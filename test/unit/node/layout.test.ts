import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { historyOfImage, isWithin, nodeLayout, replicaPaths } from '../../../src/node/layout.ts';

const ULID = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const filesystem = { uuid: 'u', path: '/pool', sector_bytes: 512, reflink: true };

describe('the layout on disk', () => {
  test('a replica has its own directory, one image per history, and its snapshots', () => {
    const paths = replicaPaths({ volume_id: `vol_${ULID}`, replica_id: `rep_${ULID}`, history: 3, filesystem });
    const directory = `/pool/volumes/vol_${ULID}/rep_${ULID}`;
    expect(paths).toMatchObject({ directory, image: `${directory}/data.3.img`, meta: `${directory}/meta`, descriptor: `${directory}/descriptor.json` });
    expect(paths.snapshotOf(`snap_${ULID}`)).toBe(`${directory}/snapshots/snap_${ULID}.img`);
  });

  test('nothing but an id becomes part of a path', () => {
    fc.assert(fc.property(fc.string(), (name) => {
      expect(() => replicaPaths({ volume_id: name, replica_id: `rep_${ULID}`, history: 1, filesystem })).toThrow(/not the id of a volume/);
      expect(() => nodeLayout('/').mountOf(name)).toThrow(/not the id of a volume/);
    }));
    expect(() => nodeLayout('/').mountOf(`vol_${ULID}/../x`)).toThrow();
  });

  test('a root moves every path', () => {
    expect(nodeLayout('/tmp/t').mountOf(`vol_${ULID}`)).toBe(`/tmp/t/var/lib/holdfast/mounts/vol_${ULID}`);
    expect(nodeLayout('/').poolMountOf(`pool_${ULID}`, 2)).toBe(`/var/lib/holdfast/pools/pool_${ULID}/2`);
  });

  test.each([['data.1.img', 1], ['data.12.img', 12], ['data..img', null], ['.partial-data.1.img', null], ['data.1.img.bak', null]])('%s is of history %s', (name, history) => {
    expect(historyOfImage(name)).toBe(history);
  });

  test.each([['/a/b', '/a', true], ['/a', '/a', true], ['/ab', '/a', false], ['/', '/a', false], ['/a', '/', true], ['/a/..b', '/a', true]])('%s within %s: %s', (inner, outer, wanted) => {
    expect(isWithin(inner, outer)).toBe(wanted);
  });
});
