/** A volume of the daemon as Terraform's state, and a plan as a request to the daemon. Translation only. */
import type { CreateVolume } from '../../src/client/client.ts';
import { formatSize, parseSize } from '../../src/model/bytes.ts';
import { formatDuration, parseDuration } from '../../src/model/duration.ts';
import type { Pool } from '../../src/model/pool.ts';
import type { Volume, Filesystem, Access, PlacementRules } from '../../src/model/volume.ts';
import { ProviderError } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import type { Connection, IfTrashed } from './connection.ts';
import { ownLabels } from './labels.ts';
import { refersTo, type VolumePlan, type VolumeState } from './volume-schema.ts';

/** What a state may lack: everything, after an import. */
export type Before = { readonly [K in keyof VolumeState]: VolumeState[K] | null };

/** The pool a volume is in, as far as it can be told. */
export async function poolOf(volume: Volume, connection: Connection): Promise<Pick<Pool, 'id' | 'name'>> {
  const id = volume.replication.replicas[0]?.pool ?? volume.spec.pool ?? '';
  const pools = await connection.pools();
  return pools.find((pool) => pool.id === id) ?? (await connection.client.pools.find(id)) ?? { id, name: id };
}

/**
 * The state of a volume. What the user wrote stays as it was written while it means what the volume has; what is null
 * (after an import) becomes what the volume has.
 */
export function volumeState(volume: Volume, pool: Pick<Pool, 'id' | 'name'>, before: Before, connection: Connection, clusterId: string): VolumeState {
  const { spec, status, replication } = volume;
  const declared = before.size === null ? null : parseSize(before.size);
  const retention = before.trash_retention === null ? null : parseDuration(before.trash_retention, 'trash_retention');
  return {
    name: volume.name,
    // The declared minimum; only a volume smaller than that is a difference.
    size: declared !== null && before.size !== null && declared <= spec.size_bytes ? before.size : formatSize(spec.size_bytes),
    pool: before.pool !== null && refersTo(before.pool, pool) ? before.pool : pool.name,
    class: spec.class,
    fs: spec.filesystem,
    access: spec.access,
    replicas: spec.replicas,
    labels: ownLabels(volume.labels, before, connection.defaults.labels),
    labels_all: { ...volume.labels },
    deletion_protection: spec.deletion_protection,
    trash_retention: before.trash_retention !== null && retention === spec.trash_retention_ms ? before.trash_retention : formatDuration(spec.trash_retention_ms),
    if_trashed: before.if_trashed ?? connection.defaults.if_trashed,
    placement: writtenPlacement(spec.placement, before.placement),
    source_snapshot: before.source_snapshot ?? spec.source_snapshot,
    id: volume.id,
    cluster_id: clusterId,
    size_bytes: spec.size_bytes,
    state: status.state,
    generation: replication.generation,
    data_effects: before.data_effects ?? NO_EFFECT,
    device: status.device,
    mount_path: status.mount_path,
    copies: replication.replicas.map(({ id, node, pool: home, state }) => ({ id, node, pool: home, state })),
    timeouts: before.timeouts,
  };
}

type Placement = VolumeState['placement'];

/** As it was written, while it means what the volume has. */
function writtenPlacement(rules: PlacementRules | undefined, before: Placement): Placement {
  if (JSON.stringify(placementRequest(before) ?? {}) === JSON.stringify(placementRequest(stateOfRules(rules)) ?? {})) return before;
  return stateOfRules(rules);
}
function stateOfRules(rules: PlacementRules | undefined): Placement {
  if (rules === undefined || Object.keys(rules).length === 0) return null;
  const { zones, labels, node, spread_by, anti_affinity } = rules;
  return { zones: zones === undefined ? null : [...zones], labels: labels === undefined ? null : { ...labels }, node: node ?? null, spread_by: spread_by ?? null, anti_affinity: anti_affinity ?? null };
}

/** The rules of a plan or state as the daemon takes them; undefined: none. */
function placementRequest(placement: Placement): PlacementRules | undefined {
  if (placement === null) return undefined;
  const rules = Object.fromEntries(Object.entries(placement).filter(([, value]) => value !== null && (typeof value !== 'object' || Object.keys(value).length > 0)));
  if (placement.labels !== null && rules['labels'] !== undefined) rules['labels'] = Object.fromEntries(Object.entries(placement.labels).sort(([a], [b]) => (a < b ? -1 : 1)));
  return Object.keys(rules).length === 0 ? undefined : rules;
}

/** `data_effects` of changes that touch no data. */
export const NO_EFFECT = 'changes no data';

/** What create asks the daemon for. Everything the user decides is known at apply. */
export function createRequest(plan: VolumePlan, connection: Connection): CreateVolume {
  const labels = decided(plan.labels_all, 'labels_all');
  return {
    name: plan.name,
    size_bytes: parseSize(plan.size),
    access: plan.access as Access,
    replicas: plan.replicas,
    ...(isUnknown(plan.fs) ? {} : { filesystem: plan.fs as Filesystem }),
    ...(isUnknown(plan.pool) ? {} : { pool: plan.pool }),
    ...(isUnknown(plan.class) ? {} : { class: plan.class }),
    ...(isUnknown(plan.source_snapshot) || plan.source_snapshot === null ? {} : { source_snapshot: plan.source_snapshot }),
    ...(plan.placement === null ? {} : { placement: placementRequest(plan.placement) as CreateVolume['placement'] }),
    labels: labels,
    owner: connection.owner,
    deletion_protection: decided(plan.deletion_protection, 'deletion_protection'),
    trash_retention_ms: parseDuration(plan.trash_retention, 'trash_retention'),
    if_trashed: decided(plan.if_trashed, 'if_trashed') as IfTrashed,
  };
}

function decided<T>(value: T, name: string): Exclude<T, { toJSON(): string }> {
  if (isUnknown(value)) throw new ProviderError('Value is not known', `${name} is still not known, although everything before it was applied.`, [name]);
  return value as Exclude<T, { toJSON(): string }>;
}
