/**
 * Whether a volume that exists under the wanted name may be taken: only what an interrupted create of this very
 * configuration left, which holds no data. Decides, and changes nothing.
 */
import { formatSize } from '../../src/model/bytes.ts';
import type { CreateVolume } from '../../src/client/client.ts';
import { isVirgin, type Volume } from '../../src/model/volume.ts';
import type { Connection } from './connection.ts';

/** Null when it may be taken, else why not, as half a sentence. `poolId`: of the pool that was asked for, or null. */
export function whyNotTaken(volume: Volume, request: Omit<CreateVolume, 'labels'>, poolId: string | null, connection: Connection): string | null {
  const { owner, run } = connection;
  const { spec, status, replication } = volume;
  if (run.isHeld(volume.id) || run.isLeaving(volume.id)) return 'this state holds it already';
  if (owner === '') return 'the provider has no "owner", so that it cannot be told whether an interrupted run of this configuration made it';
  if (volume.owner !== owner) return volume.owner === '' ? 'it has no owner' : `its owner is "${volume.owner}", not "${owner}"`;
  if (!isVirgin(volume)) return spec.source_snapshot === null ? `it was attached before (generation ${replication.generation}), so it may hold data` : 'it is a clone, so it holds data';
  if (replication.snapshots.length > 0) return 'it has snapshots';
  if (status.state !== 'ready' && status.state !== 'creating' && status.state !== 'degraded') return `it is ${status.state}`;
  const size = request.size_bytes ?? 0;
  const differences = [
    Math.ceil(size / 4096) * 4096 === spec.size_bytes ? '' : `size is ${formatSize(spec.size_bytes)}, not ${formatSize(size)}`,
    request.filesystem === undefined || request.filesystem === spec.filesystem ? '' : `fs is ${spec.filesystem}, not ${request.filesystem}`,
    request.access === spec.access ? '' : `access is ${spec.access}`,
    request.replicas === spec.replicas ? '' : `replicas is ${spec.replicas}, not ${request.replicas ?? 1}`,
    (request.class ?? 'any') === spec.class ? '' : `class is ${spec.class}, not ${request.class ?? 'any'}`,
    poolId === null || replication.replicas.every(({ pool }) => pool === poolId) ? '' : 'it is in another pool',
    JSON.stringify(request.placement ?? {}) === JSON.stringify(spec.placement ?? {}) ? '' : 'its placement differs',
    request.source_snapshot === undefined ? '' : 'it is empty, not a clone',
  ].filter((one) => one !== '');
  return differences.length === 0 ? null : `it differs: ${differences.join('; ')}`;
}
