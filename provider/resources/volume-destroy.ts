/** Plans of destructions of volumes: protection refuses them, and the data that goes is named. */
import { formatBytes } from '../../src/model/bytes.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { Volume } from '../../src/model/volume.ts';
import type { PlanContext } from '../framework/index.ts';
import type { Connection } from './connection.ts';
import { isCode } from './failure.ts';
import type { VolumeState } from './volume-schema.ts';

type Context = PlanContext<Connection>;

export async function planVolumeDestroy(prior: VolumeState, context: Context): Promise<void> {
  context.client?.run.leave(prior.id);
  const volume = await lookUp(prior, context);
  if (volume === undefined ? prior.deletion_protection : volume?.spec.deletion_protection === true) {
    context.error('Volume is protected', `Volume "${prior.name}" (${prior.id}) would be destroyed, and is protected from that. To destroy it: set deletion_protection = false, apply, then destroy (a volume that is not in the configuration any more has to be put back for that). To stop managing it and keep it: a "removed" block with lifecycle { destroy = false }.`, ['deletion_protection']);
    return;
  }
  if (volume !== null) await warnOfDeletion(prior, context, volume);
}

/** The volume as it is; null: gone or trashed; undefined: cannot be asked. */
async function lookUp(prior: VolumeState, context: Context): Promise<Volume | null | undefined> {
  if (context.client === undefined) return undefined;
  await context.client.checkCluster(prior.cluster_id, `Volume "${prior.name}"`, { signal: context.signal });
  const volume = await context.client.client.volumes.find(prior.id, { signal: context.signal });
  return volume?.status.state === 'trashed' ? null : volume;
}

/** Says what goes: "deletes 3.2 GiB last written at T, 2 snapshots". Also frees its room in the ledger when nothing is kept. */
export async function warnOfDeletion(prior: VolumeState, context: Context, found?: Volume): Promise<void> {
  const connection = context.client;
  if (connection === undefined) {
    context.warn('Data of a volume will be deleted', `Volume "${prior.name}" (${prior.id}). How much it holds is not known: the provider is not configured yet.`);
    return;
  }
  const volume = found ?? (await lookUp(prior, context)) ?? null;
  if (volume === null) return;
  const snapshots = await connection.client.snapshots.list({ volume: volume.id }, { signal: context.signal }).all().catch((error: unknown) => {
    if (isCode(error, 'not_found')) return [];
    throw error;
  });
  const { filesystem } = volume.replication.replicas[0] ?? {};
  if (volume.spec.trash_retention_ms === 0 && filesystem !== undefined) {
    connection.run.ledger.free(`volume ${volume.name}`, filesystem, volume.spec.size_bytes + snapshots.reduce((sum, { status }) => sum + status.reserved_bytes, 0));
  }
  context.warn('Data of a volume will be deleted', deletionOf(volume, snapshots));
  if (volume.status.publications.length > 0) {
    const users = volume.status.publications.slice(0, 3).map(({ consumer, path }) => path ?? consumer).join(', ');
    context.warn('Volume is in use', `Volume "${volume.name}" is mounted by ${volume.status.publications.length} consumer(s) (${users}). The daemon refuses to delete it until they are stopped.`);
  }
}

export function deletionOf(volume: Volume, snapshots: readonly Snapshot[]): string {
  const { used_bytes: used, written_at: written } = volume.status;
  const data = volume.replication.generation === 0 && volume.spec.source_snapshot === null
    ? 'it was never attached and holds no data'
    : `deletes ${used === null ? 'what it holds' : formatBytes(used)}${written === null ? '' : ` last written at ${written}`}`;
  const taken = snapshots.length === 0 ? '' : `, ${snapshots.length} snapshot${snapshots.length === 1 ? '' : 's'} (${snapshots.slice(0, 5).map(({ name }) => name).join(', ')})`;
  const days = volume.spec.trash_retention_ms / 86_400_000;
  const kept = days === 0 ? 'Nothing is kept in the trash: there is no way back.' : `It is kept in the trash for ${Number(days.toFixed(1))} day(s): holdfast trash restore ${volume.id}`;
  return `Volume "${volume.name}" (${volume.id}): ${data}${taken}. ${kept}`;
}
