/**
 * A simulated cluster, as its records lie in the control store: nodes with a pool each, spread over zones, and volumes
 * spread over the pools. Written in bulk, beside every rule of placement: only the amount counts.
 */
import { randomBytes } from 'node:crypto';
import { groupsOf } from '../../../src/control/groups.ts';
import { hostedWrite, placedWrites } from '../../../src/control/index-keys.ts';
import { KEYS } from '../../../src/control/keys.ts';
import type { Lease, Store, Write } from '../../../src/control/ports/store.ts';
import { newId, type IdKind } from '../../../src/model/id.ts';
import { NODE_FEATURES, type Node } from '../../../src/model/node.ts';
import type { Pool } from '../../../src/model/pool.ts';
import type { Volume } from '../../../src/model/volume.ts';
import { VERSION } from '../../../src/model/version.ts';

export const GIB = 1024 ** 3;
const TIB = 1024 * GIB;
const ZONES = 10;
/** Writes in one transaction; the etcd of the bench takes 1024. */
const CHUNK = 600;

let last = 0;
/** Ids rise, as they do in a cluster. */
const mint = (kind: IdKind): string => {
  last = Math.max(last + 1, Date.now());
  return newId(kind, last, (length) => randomBytes(length));
};

export interface World {
  readonly cluster: { readonly id: string; readonly name: string };
  /** The one whose daemon is real: it holds the role control and no pool. */
  readonly self: Node;
  readonly nodes: readonly Node[];
  readonly pools: readonly Pool[];
}

function nodeOf(name: string, zone: string, roles: Node['spec']['roles']): Node {
  const features = Object.fromEntries(NODE_FEATURES.map((feature) => [feature, { available: true, reason: '' }])) as Node['status']['capabilities']['features'];
  return {
    id: mint('node'), name, version: 1, owner: '', labels: { disk: 'ssd' }, spec: { roles, zone, address: `${name}.example.org:7480`, cordoned: false },
    status: { state: 'ready', conditions: [], observed_at: new Date().toISOString(), daemon_version: VERSION, capabilities: { kernel: '6.1.0-28-amd64', boot_id: randomBytes(16).toString('hex'), machine_id: randomBytes(16).toString('hex'), features } },
    created_at: new Date().toISOString(),
  };
}

function poolOn(node: Node): Pool {
  const uuid = randomBytes(16).toString('hex');
  return {
    id: mint('pool'), name: `pool-${node.name}`, version: 1, owner: '', labels: {}, node: node.id, created_at: new Date().toISOString(),
    spec: { kind: 'device', path: null, devices: ['/dev/vdb'], overcommit: 1, class: 'ssd' },
    status: {
      state: 'ready', conditions: [], observed_at: new Date().toISOString(), capacity_bytes: TIB, used_bytes: 0, allocated_bytes: 0, allocated_by_filesystem: {}, reflink: true,
      filesystems: [{ uuid, device: '/dev/vdb', path: `/var/lib/holdfast/pools/${uuid}`, type: 'xfs', reflink: true, sector_bytes: 512, capacity_bytes: TIB, used_bytes: 0 }],
    },
  };
}

function volumeIn(pool: Pool, name: string): Volume {
  const filesystem = pool.status.filesystems[0]?.uuid ?? '';
  return {
    id: mint('volume'), name, version: 1, owner: 'terraform', labels: { app: `app-${name.slice(-3)}`, stage: 'production' }, created_at: new Date().toISOString(),
    spec: { size_bytes: GIB, filesystem: 'xfs', access: 'single', replicas: 1, class: 'any', pool: null, deletion_protection: false, trash_retention_ms: 604_800_000, source_snapshot: null, min_in_sync: 1, movable: false },
    status: { state: 'ready', conditions: [], observed_at: new Date().toISOString(), used_bytes: 7_340_032, written_at: new Date().toISOString(), device: null, mount_path: null, publications: [], trashed: null },
    replication: { history: 1, generation: 1, set_version: 1, size: GIB, writer: null, clean: true, attaching: null, snapshots: [], replicas: [{ id: mint('replica'), node: pool.node, pool: pool.id, filesystem, state: 'in-sync', home: null }] },
  };
}

const put = (key: string, value: unknown, lease?: string): Write => ({ op: 'put', key, value, ...(lease === undefined ? {} : { lease }) });

async function write(store: Store, writes: readonly Write[]): Promise<void> {
  for (let i = 0; i < writes.length; i += CHUNK) await store.txn([], writes.slice(i, i + CHUNK));
}

/** Nodes and pools, and the real daemon's own node. */
export async function makeWorld(store: Store, nodes: number): Promise<World> {
  const cluster = { id: mint('cluster'), name: 'bench' };
  const self = nodeOf('control', 'zone-0', ['control']);
  const others = Array.from({ length: nodes }, (_, i) => nodeOf(`n${i}`, `zone-${i % ZONES}`, ['storage']));
  const pools = others.map(poolOn);
  await store.txn([], [put(KEYS.cluster, { ...cluster, created_at: new Date().toISOString() })]);
  await write(store, [self, ...others].flatMap((node) => [put(KEYS.node(node.id), node), put(KEYS.nodeName(node.name), node.id)]));
  await write(store, pools.flatMap((pool) => [put(KEYS.pool(pool.id), pool), put(KEYS.poolName(pool.name), pool.id), hostedWrite(pool)]));
  return { cluster, self, nodes: others, pools };
}

/** Says that the nodes live, under the lease. */
export async function enliven(store: Store, nodes: readonly Node[], lease: Lease): Promise<void> {
  await write(store, nodes.map(({ id, spec, status }) => put(KEYS.alive(id), { boot_id: status.capabilities.boot_id, machine_id: status.capabilities.machine_id, daemon_version: VERSION, address: spec.address, at: new Date().toISOString() }, lease.id)));
}

/** Volumes `from` to `to`, in turn over the pools; the pools' accounts follow. */
export async function addVolumes(store: Store, { pools }: World, from: number, to: number): Promise<void> {
  let writes: Write[] = [];
  for (let i = from; i < to; i += 1) {
    const volume = volumeIn(pools[i % pools.length] as Pool, `volume-${String(i).padStart(6, '0')}`);
    if (groupsOf(volume.spec.placement, volume.labels).length > 0) throw new Error('volumes of the bench have no groups');
    writes.push(put(KEYS.volume(volume.id), volume), put(KEYS.volumeName(volume.name), volume.id), ...placedWrites(volume));
    if (writes.length < CHUNK && i + 1 < to) continue;
    await write(store, writes);
    writes = [];
  }
  await write(store, pools.map((pool, n) => {
    const bytes = Math.floor((to - n + pools.length - 1) / pools.length) * GIB;
    return put(KEYS.pool(pool.id), { ...pool, status: { ...pool.status, allocated_bytes: bytes, allocated_by_filesystem: { [pool.status.filesystems[0]?.uuid ?? '']: bytes } } });
  }));
}
