/** What data sources show of each noun: the attributes, and the object of the daemon as their values. */
import { formatDuration } from '../../src/model/duration.ts';
import type { Node } from '../../src/model/node.ts';
import { availableBytes, type Pool } from '../../src/model/pool.ts';
import type { Condition } from '../../src/model/record.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Volume } from '../../src/model/volume.ts';
import { t, type StateOf } from '../framework/index.ts';
import { copies } from '../resources/volume-schema.ts';

const text = (description: string) => t.string().computed().describe(description);
const count = (description: string) => t.int().computed().describe(description);
const record = (noun: string) => ({
  id: text(`Id of the ${noun}.`),
  name: text(`Name of the ${noun}.`),
  owner: text('Who manages it; "" when nobody said.'),
  labels: t.map(t.string()).computed().describe('All its labels.'),
  created_at: text('When it was made: ISO 8601, UTC.'),
  conditions: t.listOf({
    type: text('What kind of fault, as one word, such as `ImageMissing`.'),
    message: text('What was observed.'),
    hint: text('What to do about it.'),
    since: text('When it was first seen: ISO 8601, UTC.'),
  }).computed().describe('What is not as it should be; empty when all is well.'),
});
const common = ({ id, name, owner, labels, created_at, status }: { readonly id: string; readonly name: string; readonly owner: string; readonly labels: Readonly<Record<string, string>>; readonly created_at: string; readonly status: { readonly conditions: readonly Condition[] } }) => ({
  id, name, owner, labels: { ...labels }, created_at, conditions: status.conditions.map((condition) => ({ type: condition.type, message: condition.message, hint: condition.hint, since: condition.since })),
});

export const poolFacts = {
  ...record('pool'),
  kind: text('`directory` or `device`.'),
  path: t.string().computed().nullable().describe('The directory; null for devices.'),
  devices: t.list(t.string()).computed().describe('The block devices; empty for a directory.'),
  overcommit: t.float().computed().describe('Sizes of volumes may add up to capacity × overcommit.'),
  class: text('What volumes can ask for instead of the name; `any` when nothing was said.'),
  node: text('Id of its node.'),
  state: text('`ready`, `unavailable`, `creating` or `removing`.'),
  reflink: t.bool().computed().describe('Whether snapshots and clones are instant and share blocks.'),
  capacity_bytes: count('What its filesystems can hold, in bytes.'),
  allocated_bytes: count('Sum of the sizes of its volumes (trash included) and of what snapshots reserve, in bytes.'),
  used_bytes: count('What replicas and snapshots really take, in bytes.'),
  available_bytes: count('What volumes can still be given, in bytes.'),
};
export const factsOfPool = (pool: Pool): StateOf<typeof poolFacts> => ({
  ...common(pool), kind: pool.spec.kind, path: pool.spec.path, devices: [...pool.spec.devices], overcommit: pool.spec.overcommit, class: pool.spec.class, node: pool.node,
  state: pool.status.state, reflink: pool.status.reflink, capacity_bytes: pool.status.capacity_bytes, allocated_bytes: pool.status.allocated_bytes, used_bytes: pool.status.used_bytes, available_bytes: availableBytes(pool),
});

export const volumeFacts = {
  ...record('volume'),
  size_bytes: count('Its size, in bytes.'),
  fs: text('`xfs` or `ext4`.'),
  access: text('`single` or `shared`.'),
  replicas: count('Number of copies.'),
  class: text('Class of pool that it was made for.'),
  deletion_protection: t.bool().computed().describe('Whether deleting it is refused.'),
  trash_retention: text('How long its data is kept after deletion, such as `7d`; `0` is not at all.'),
  source_snapshot: t.string().computed().nullable().describe('Id of the snapshot that it was cloned from, else null.'),
  state: text('`ready`, `degraded`, `unavailable`, `creating` or `incomplete`.'),
  generation: count('How often it was attached; 0 was never.'),
  used_bytes: t.int().computed().nullable().describe('What its image takes on the medium, in bytes; null before it was seen.'),
  written_at: t.string().computed().nullable().describe('Last modification of its image: ISO 8601, UTC; null before it was seen.'),
  device: t.string().computed().nullable().describe('Its block device while it is attached, else null.'),
  mount_path: t.string().computed().nullable().describe('Where it is mounted on its node, else null.'),
  copies: copies.computed().describe('Where its replicas are.'),
};
export const factsOfVolume = (volume: Volume): StateOf<typeof volumeFacts> => {
  const { spec, status, replication } = volume;
  return {
    ...common(volume), size_bytes: spec.size_bytes, fs: spec.filesystem, access: spec.access, replicas: spec.replicas, class: spec.class, deletion_protection: spec.deletion_protection,
    trash_retention: formatDuration(spec.trash_retention_ms), source_snapshot: spec.source_snapshot, state: status.state, generation: replication.generation,
    used_bytes: status.used_bytes, written_at: status.written_at, device: status.device, mount_path: status.mount_path,
    copies: replication.replicas.map(({ id, node, pool, state }) => ({ id, node, pool, state })),
  };
};

export const snapshotFacts = {
  ...record('snapshot'),
  volume_id: text('Id of its volume.'),
  volume_name: text('Name that the volume had when it was taken.'),
  fs: text('Filesystem of the volume.'),
  size_bytes: count('Size that the volume had, in bytes.'),
  reserved_bytes: count('What it counts for in its pool, in bytes.'),
  consistency: text('`filesystem`: taken of a frozen or unmounted filesystem. `crash`: as after a power loss.'),
  method: t.string().computed().nullable().describe('`reflink` shares blocks with the volume, `copy` is a sparse copy; null until it is taken.'),
  state: text('`ready`, `unavailable`, `creating` or `removing`.'),
};
export const factsOfSnapshot = (snapshot: Snapshot): StateOf<typeof snapshotFacts> => ({
  ...common(snapshot), volume_id: snapshot.spec.volume, volume_name: snapshot.volume_name, fs: snapshot.spec.filesystem, size_bytes: snapshot.spec.size_bytes,
  reserved_bytes: snapshot.status.reserved_bytes, consistency: snapshot.status.consistency, method: snapshot.status.method, state: snapshot.status.state,
});

export const nodeFacts = {
  ...record('node'),
  roles: t.list(t.string()).computed().describe('What it does: `control`, `storage`.'),
  state: text('`ready`, `joining`, `unavailable`, `draining` or `drained`.'),
  zone: text('Its failure domain; "" for none.'),
  address: t.string().computed().nullable().describe('`host:port` of its REST API over TLS; null on a single machine.'),
  cordoned: t.bool().computed().describe('Whether it takes no new work: it is being drained, or is drained.'),
  daemon_version: text('Version of its daemon.'),
  kernel: text('Release of its kernel.'),
  features: t.mapOf({
    available: t.bool().computed().describe('Whether it can be used on this node.'),
    reason: text('Why not; "" when it can.'),
  }).computed().describe('What the kernel and the tools of the node offer, by name: `loop`, `xfs`, `ext4`, …'),
};
export const factsOfNode = (node: Node): StateOf<typeof nodeFacts> => ({
  ...common(node), roles: [...node.spec.roles], state: node.status.state, zone: node.spec.zone, address: node.spec.address, cordoned: node.spec.cordoned, daemon_version: node.status.daemon_version, kernel: node.status.capabilities.kernel,
  features: Object.fromEntries(Object.entries(node.status.capabilities.features).map(([name, { available, reason }]) => [name, { available, reason }])),
});
