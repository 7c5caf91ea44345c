/** The in-memory DataPlane keeps the contract, and does what tests of control ask of it. */
import { describe, expect, test } from '@jest/globals';
import { createMemoryDataPlane, type MemoryDataPlane } from './memory-data-plane.ts';
import { dataPlaneContract, newPoolRef, work } from './data-plane.contract.ts';
import { MemoryMachine } from './memory-machine.ts';

dataPlaneContract('in memory', async () => {
  const machine = new MemoryMachine();
  let plane: MemoryDataPlane = createMemoryDataPlane({ machine });
  let next = 0;
  const path = (kind: string): string => `/srv/${kind}-${next++}`;
  return {
    root: '',
    plane: () => plane,
    restart: async () => {
      plane = createMemoryDataPlane({ machine });
    },
    emptyDirectory: async () => path('directory'),
    fullDirectory: async () => {
      const at = path('full');
      machine.paths.set(at, 'full');
      return at;
    },
    file: async () => {
      const at = path('file');
      machine.paths.set(at, 'file');
      machine.set(at, { kind: 'file' });
      return at;
    },
    freePath: async () => path('free'),
    missingPath: async () => {
      const at = path('missing');
      machine.set(at, { kind: 'missing' });
      return at;
    },
    poolSpec: async () => ({ kind: 'device', path: null, devices: ['/dev/sdx'], overcommit: 1, class: 'any' }),
    loseMarker: async (pool) => machine.set(pool.spec.path ?? '', { marker: null }),
    growsMounted: () => true,
    write: async (mountPath, file, text) => plane.write(mountPath, file, text),
    read: async (mountPath, file) => plane.read(mountPath, file),
    close: async () => undefined,
  };
}, ['ext4', 'xfs']);

describe('the in-memory DataPlane', () => {
  test('throws what a test tells it to, once, and changes nothing by that', async () => {
    const plane = createMemoryDataPlane();
    const pool = newPoolRef({ kind: 'directory', path: '/data', devices: [], overcommit: 1, class: 'any' });
    plane.failNext('makePool', new Error('the disk is on fire'));
    await expect(plane.makePool(pool, { force: false }, work())).rejects.toThrow('the disk is on fire');
    expect(plane.machine.medium('/data').marker).toBeNull();
    await plane.makePool(pool, { force: false }, work());
    expect(plane.calls).toEqual(['makePool', 'makePool']);
  });

  test('crashes before or after the effect', async () => {
    const plane = createMemoryDataPlane();
    const pool = newPoolRef({ kind: 'directory', path: '/data', devices: [], overcommit: 1, class: 'any' });
    plane.crashAt = (method, when) => {
      if (method === 'makePool' && when === 'after') throw new Error('killed');
    };
    await expect(plane.makePool(pool, { force: false }, work())).rejects.toThrow('killed');
    expect(plane.machine.medium('/data').marker).toMatchObject({ pool_id: pool.id });
  });
});
