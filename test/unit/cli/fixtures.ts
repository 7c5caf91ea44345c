/** Objects as the API gives them, always the same. */
import type { HoldfastEvent, Node } from '../../../src/model/node.ts';
import type { Operation } from '../../../src/model/operation.ts';
import type { Pool } from '../../../src/model/pool.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { Volume } from '../../../src/model/volume.ts';
import type { Status } from '../../../src/client/client.ts';
import { GIB, MIB } from '../../../src/model/bytes.ts';

const id = (prefix: string, last: string): string => `${prefix}_01JD9Z3QK7W5T8X2M4N6P0R1${last}`;
const boot = '0b3a5f0e-7c1d-4a52-9d0e-2f7f3b8f1c11';

export const pool: Pool = {
  id: id('pool', 'SA'), name: 'main', version: 1, owner: '', labels: { rack: '7' }, node: id('node', 'SB'), created_at: '2026-11-20T08:00:00.000Z',
  spec: { kind: 'directory', path: '/srv/holdfast', devices: [], overcommit: 1, class: 'ssd' },
  status: {
    state: 'ready', conditions: [], observed_at: '2026-11-22T20:11:00.000Z', capacity_bytes: 100 * GIB, used_bytes: 12 * GIB, allocated_bytes: 40 * GIB, reflink: true,
    allocated_by_filesystem: { 'eb80a917-c817-8b45-b92c-83e5c40e4cd6': 40 * GIB },
    filesystems: [{ uuid: 'eb80a917-c817-8b45-b92c-83e5c40e4cd6', device: null, path: '/srv/holdfast', type: 'xfs', reflink: true, sector_bytes: 512, capacity_bytes: 100 * GIB, used_bytes: 12 * GIB }],
  },
};

export const volume: Volume = {
  id: id('vol', 'SA'), name: 'db', version: 4, owner: 'shop', labels: { app: 'shop', tier: 'gold' }, created_at: '2026-11-22T17:11:03.000Z',
  spec: { size_bytes: 10 * GIB, filesystem: 'xfs', access: 'single', replicas: 1, class: 'any', pool: null, deletion_protection: true, trash_retention_ms: 7 * 86_400_000, source_snapshot: null, min_in_sync: 1, movable: false },
  status: {
    state: 'ready', conditions: [], observed_at: '2026-11-22T20:11:00.000Z', used_bytes: 1.25 * GIB, written_at: '2026-11-22T20:10:41.000Z', device: '/dev/loop3', mount_path: `/var/lib/holdfast/mounts/${id('vol', 'SA')}`,
    publications: [
      { consumer: 'docker:5f1c', path: null, read_only: false, since: '2026-11-22T19:11:03.000Z', boot_id: boot },
      { consumer: 'path:/srv/db', path: '/srv/db', read_only: true, since: '2026-11-22T20:06:03.000Z', boot_id: boot },
    ],
    trashed: null,
  },
  replication: {
    history: 1, generation: 3, set_version: 1, size: 10 * GIB, writer: { node: id('node', 'SB'), lease: boot }, clean: false, attaching: null,
    replicas: [{ id: id('rep', 'SA'), node: id('node', 'SB'), pool: id('pool', 'SA'), filesystem: 'eb80a917-c817-8b45-b92c-83e5c40e4cd6', state: 'in-sync', home: null }], snapshots: [],
  },
};

/** Nobody uses it, and its image is gone. */
export const broken: Volume = {
  ...volume, id: id('vol', 'SC'), name: 'cache', labels: {}, owner: '',
  spec: { ...volume.spec, size_bytes: 64 * MIB, filesystem: 'ext4', deletion_protection: false, trash_retention_ms: 0 },
  status: {
    ...volume.status, state: 'unavailable', used_bytes: null, written_at: null, device: null, mount_path: null, publications: [],
    conditions: [
      { type: 'ImageMissing', message: 'the image of volume cache is not in pool main', hint: 'Nothing is re-created by itself. Put the file back, restore a backup, or remove the volume.', since: '2026-11-22T20:09:03.000Z' },
      { type: 'PoolLow', message: 'the medium of pool main has less than 64 MiB left', hint: 'Empty the trash.', since: '2026-11-22T20:09:03.000Z' },
    ],
  },
  replication: { ...volume.replication, generation: 0, writer: null, clean: true },
};

export const trashed: Volume = {
  ...broken, id: id('vol', 'SD'), name: 'old', status: { ...broken.status, state: 'trashed', conditions: [], used_bytes: 12 * MIB, trashed: { at: '2026-11-21T20:11:03.000Z', purge_at: '2026-11-28T20:11:02.000Z', name: 'old' } },
};

export const snapshot: Snapshot = {
  id: id('snap', 'SA'), name: 'before-upgrade', version: 1, owner: '', labels: {}, volume_name: 'db', created_at: '2026-11-22T20:08:03.000Z',
  spec: { volume: id('vol', 'SA'), filesystem: 'xfs', size_bytes: 10 * GIB },
  status: { state: 'ready', conditions: [], observed_at: null, consistency: 'filesystem', method: 'reflink', reserved_bytes: 1.25 * GIB },
};

export const node: Node = {
  id: id('node', 'SB'), name: 'node-1', version: 1, owner: '', labels: {}, created_at: '2026-11-01T00:00:00.000Z', spec: { roles: ['control', 'storage'], zone: '', address: null, cordoned: false },
  status: {
    state: 'ready', conditions: [], observed_at: '2026-11-22T20:11:00.000Z', daemon_version: '0.1.0',
    capabilities: {
      kernel: '6.1.0-44', boot_id: boot, machine_id: '4a52',
      features: {
        loop: { available: true, reason: '' }, loop_direct_io: { available: true, reason: '' }, xfs: { available: true, reason: '' }, ext4: { available: true, reason: '' }, fuse: { available: true, reason: '' },
        nbd: { available: false, reason: 'the kernel has no nbd module' }, nfs_client: { available: true, reason: '' }, device_mapper: { available: true, reason: '' }, mount_propagation: { available: true, reason: '' },
      },
    },
  },
};

export const operation: Operation = {
  id: id('op', 'SA'), kind: 'volume.restore', target: { kind: 'volume', id: volume.id, name: 'db' }, node: 'node_01JD9Z3QK7W5T8X2M4N6P0R1SA', state: 'running', step: 'build', args: {}, done: 4 * GIB, total: 10 * GIB, unit: 'bytes',
  cancellable: true, cancel_requested: false, error: null, created_at: '2026-11-22T20:10:03.000Z', updated_at: '2026-11-22T20:11:02.000Z', finished_at: null,
};
export const failedOperation: Operation = {
  ...operation, id: id('op', 'SC'), kind: 'volume.create', state: 'failed', unit: 'steps', done: 1, total: 4, finished_at: '2026-11-22T20:10:04.250Z',
  error: { code: 'resource_exhausted', message: 'no place for volume db', detail: { hint: 'Grow the pool.' }, retryable: false },
};

export const event: HoldfastEvent = { id: id('evt', 'SA'), at: '2026-11-22T20:09:03.123Z', object: { kind: 'volume', id: broken.id, name: 'cache' }, reason: 'ImageMissing', message: 'the image of volume cache is not in pool main. Put the file back, restore a backup, or remove the volume.', severity: 'warning' };

const amounts = { capacity_bytes: 100 * GIB, allocated_bytes: 40 * GIB, used_bytes: 12 * GIB, available_bytes: 60 * GIB, trash_bytes: 64 * MIB };
export const status: Status = {
  cluster: { id: id('clu', 'SA'), name: 'holdfast', created_at: node.created_at }, node: node as Status['node'], daemon_version: '0.1.0',
  leader: node.id, nodes: { joining: 0, ready: 1, unavailable: 0, draining: 0, drained: 0 },
  counts: { pools: 1, volumes: 2, snapshots: 1, trash: 1, operations_running: 1 }, volumes_by_state: { ready: 1, unavailable: 1 },
  capacity: { ...amounts, pools: [{ pool: pool.id, name: 'main', class: 'ssd', ...amounts }] },
  problems: [{ object: { kind: 'volume', id: broken.id, name: 'cache' }, condition: 'ImageMissing', message: 'the image of volume cache is not in pool main', hint: 'Put the file back.' }],
};
