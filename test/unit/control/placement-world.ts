/** Pools, nodes and wishes for tests of placement. */
import type { Node } from '../../../src/model/node.ts';
import type { Pool } from '../../../src/model/pool.ts';
import type { PlacementWish } from '../../../src/control/placement/judge.ts';

export const GIB = 1024 ** 3;
const id = (kind: string, n: number): string => `${kind}_${String(n).padStart(26, '0')}`;
export const nodeId = (n: number): string => id('node', n);
export const poolId = (n: number): string => id('pool', n);

export function node(n: number, change: { readonly zone?: string; readonly state?: Node['status']['state']; readonly cordoned?: boolean; readonly roles?: Node['spec']['roles']; readonly labels?: Node['labels'] } = {}): Node {
  const { zone = '', state = 'ready', cordoned = false, roles = ['storage'], labels = {} } = change;
  return {
    id: nodeId(n), name: `n${n}`, version: 1, owner: '', labels, created_at: '2026-11-22T00:00:00.000Z', spec: { roles, zone, address: null, cordoned },
    status: { state, conditions: [], observed_at: null, daemon_version: '0.1.0', capabilities: { kernel: '', boot_id: '', machine_id: '', features: {} as Node['status']['capabilities']['features'] } },
  };
}

export function pool(n: number, on: number, change: { readonly capacity?: number; readonly allocated?: number; readonly class?: string; readonly labels?: Pool['labels']; readonly state?: Pool['status']['state']; readonly overcommit?: number } = {}): Pool {
  const { capacity = 100 * GIB, allocated = 0, labels = {}, state = 'ready', overcommit = 1 } = change;
  const uuid = `fs-${n}`;
  return {
    id: poolId(n), name: `p${n}`, version: 1, owner: '', labels, node: nodeId(on), created_at: '2026-11-22T00:00:00.000Z',
    spec: { kind: 'directory', path: '/srv', devices: [], overcommit, class: change.class ?? 'any' },
    status: {
      state, conditions: [], observed_at: null, capacity_bytes: capacity, used_bytes: 0, allocated_bytes: allocated, allocated_by_filesystem: { [uuid]: allocated }, reflink: true,
      filesystems: [{ uuid, device: null, path: '/srv', type: 'xfs', reflink: true, sector_bytes: 512, capacity_bytes: capacity, used_bytes: 0 }],
    },
  };
}

export const nodesOf = (...nodes: readonly Node[]): ReadonlyMap<string, Node> => new Map(nodes.map((one) => [one.id, one]));

export const wish = (change: Partial<PlacementWish> = {}): PlacementWish => ({ name: 'db', size_bytes: GIB, class: 'any', pool: null, filesystem: null, rules: {}, ...change });
