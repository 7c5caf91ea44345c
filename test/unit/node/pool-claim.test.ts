import { describe, expect, test } from '@jest/globals';
import type { PoolRef } from '../../../src/control/ports/data-plane.ts';
import { checkClaim } from '../../../src/node/pool-claim.ts';
import { filesystemUuid, type PoolMarker } from '../../../src/node/pool-marker.ts';

const pool: PoolRef = { id: 'pool_new', name: 'fast', cluster_id: 'clu_a', spec: { kind: 'directory', path: '/srv', devices: [], overcommit: 1, class: 'any' }, filesystems: [] };
const marker = (change: Partial<PoolMarker>): PoolMarker => ({ format: 1, cluster_id: 'clu_a', pool_id: 'pool_old', filesystem_uuid: 'u', position: 0, created_at: '', released_at: null, ...change });
const claim = (found: PoolMarker | null, force = false, taken: readonly string[] = []) => () => checkClaim(pool, '/srv', found, { force, taken: new Set(taken) });

describe('the claim on a medium', () => {
  test('an unmarked one, its own, a released one and one of a removed pool of the cluster are free', () => {
    for (const found of [null, marker({ pool_id: 'pool_new' }), marker({ released_at: '2026-01-01', cluster_id: 'clu_b' }), marker({})]) expect(claim(found)).not.toThrow();
  });

  test('that of a pool that exists is never taken, not even by force', () => {
    expect(claim(marker({}), true, ['pool_old'])).toThrow(/belongs to pool pool_old/);
    expect(claim(marker({ released_at: '2026-01-01' }), true, ['pool_old'])).toThrow();
  });

  test('that of another cluster is taken by force only', () => {
    expect(claim(marker({ cluster_id: 'clu_b' }))).toThrow(/another cluster/);
    expect(claim(marker({ cluster_id: 'clu_b' }), true)).not.toThrow();
  });
});

test('the UUID of a pool\'s filesystem is the same at each try and differs by position', () => {
  expect(filesystemUuid('pool_x', 0)).toBe(filesystemUuid('pool_x', 0));
  expect(filesystemUuid('pool_x', 0)).not.toBe(filesystemUuid('pool_x', 1));
  expect(filesystemUuid('pool_x', 0)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
