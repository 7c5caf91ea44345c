/**
 * The `loop` engine and what stands on it: attach path 1 (reserve, fence, activate, release as every engine does; the
 * flock that the loop device holds stands for the grant), mount, publish and the way back. Every method is called
 * under the volume's lock, records its intent before the effect, and can be repeated after a crash.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Pool } from '../model/pool.ts';
import type { NodeLease, Publication, Volume } from '../model/volume.ts';
import { isoNow, type Context } from './context.ts';
import { KEYS } from './keys.ts';
import type { ReplicaRef } from './ports/data-plane.ts';
import type { ReplicationEngine } from './ports/replication-engine.ts';
import { isBehind } from './recover.ts';
import { isMade, onlyReplica, replicaMeta, replicaRef } from './refs.ts';
import { changeVolume } from './repository.ts';

export interface Attachment extends ReplicationEngine {
  publish(volume: Volume, request: { readonly consumer: string; readonly path: string | null; readonly read_only: boolean; readonly within?: readonly string[] }): Promise<{ readonly volume: Volume; readonly mount_path: string }>;
  unpublish(volume: Volume, which: (publication: Publication) => boolean): Promise<Volume>;
  /** After a start: what another boot or a crash left in the record is brought in line with what is there. */
  settle(volume: Volume): Promise<Volume>;
  replica(volume: Volume): Promise<ReplicaRef>;
}

export function createAttachment(ctx: Context): Attachment {
  const bootId = ctx.node.status.capabilities.boot_id;
  const self: NodeLease = { node: ctx.node.id, lease: bootId };
  const subject = (volume: Volume) => ({ kind: 'volume', id: volume.id, name: volume.name }) as const;
  const isMine = (lease: NodeLease | null): boolean => lease !== null && lease.node === self.node && lease.lease === self.lease;

  const poolOf = async (volume: Volume): Promise<Pool> => {
    const pool = await ctx.store.get<Pool>(KEYS.pool(onlyReplica(volume).pool));
    if (pool === null) throw new HoldfastError('failed_precondition', `the pool of volume ${volume.name} is gone`, { object: `volume ${volume.name}` });
    return pool.value;
  };

  /** For the way out: what is mounted can be unmounted, whatever has become of the pool. */
  const recordedReplica = async (volume: Volume): Promise<ReplicaRef> => replicaRef(volume, await poolOf(volume));

  const replica = async (volume: Volume): Promise<ReplicaRef> => {
    const seen = await ctx.observations.pool(await poolOf(volume), 1_000);
    if (seen.status.state !== 'ready') {
      const condition = seen.status.conditions[0];
      throw new HoldfastError('failed_precondition', `pool ${seen.name} cannot be used: ${condition?.message ?? `it is ${seen.status.state}`}`, { object: `pool ${seen.name}`, hint: condition?.hint ?? `holdfast pool inspect ${seen.name}` });
    }
    return replicaRef(volume, seen);
  };

  const replication = (volume: Volume, changes: Partial<Volume['replication']>): Volume => ({ ...volume, replication: { ...volume.replication, ...changes } });

  const refuseUnusable = async (volume: Volume, ref: ReplicaRef): Promise<void> => {
    const object = `volume ${volume.name}`;
    if (!isMade(volume)) throw new HoldfastError('failed_precondition', `${object} is ${volume.status.state}`, { object, hint: `holdfast volume inspect ${volume.name}` });
    const seen = await ctx.dataPlane.observeVolume(ref);
    // The record is written before the replica, so a replica that is ahead means that the store was set back.
    if (isBehind(volume, seen.meta)) throw new HoldfastError('failed_precondition', `the store knows less of ${object} than its replica: an older copy of the store is in place`, { object, hint: `Take over what the replica knows: holdfast volume recover ${volume.name}` });
    if (seen.image === null) throw new HoldfastError('failed_precondition', `the image of ${object} is missing; nothing is made in its place`, { object, hint: 'Put the file back, or restore a backup.' });
    if (seen.image.size_bytes < volume.replication.size) throw new HoldfastError('failed_precondition', `the image of ${object} is shorter than recorded: it was cut behind Holdfast's back`, { object, hint: `holdfast volume inspect ${volume.name}` });
  };

  const attach = async (volume: Volume): Promise<{ volume: Volume; device: string }> => {
    const ref = await replica(volume);
    await refuseUnusable(volume, ref);
    if (isMine(volume.replication.writer)) {
      const seen = await ctx.dataPlane.observeVolume(ref);
      if (seen.device !== null) return { volume, device: seen.device.path };
    } else if (volume.replication.writer !== null && volume.replication.writer.node !== self.node) {
      throw new HoldfastError('conflict', `volume ${volume.name} is attached on node ${volume.replication.writer.node}`, { object: `volume ${volume.name}` });
    }
    // Reserve: the new generation has exactly one owner. Fence: the older ones can write no more. Activate: serve.
    const reserved = await changeVolume(ctx.store, volume.id, (record) => replication(notLost(record), { generation: record.replication.generation + 1, attaching: self }));
    const generation = reserved.replication.generation;
    await ctx.dataPlane.fence(ref, replicaMeta(reserved, generation, bootId));
    const active = await changeVolume(ctx.store, volume.id, (record) => {
      if (record.replication.generation !== generation) throw new HoldfastError('conflict', `volume ${volume.name} was attached by another in between`, { object: `volume ${volume.name}` }, { retryable: true });
      return replication(notLost(record), { writer: self, attaching: null, clean: false });
    });
    const { device } = await ctx.dataPlane.attach({ replica: ref, size_bytes: active.replication.size });
    await ctx.events.tell(subject(volume), 'Attached', `volume ${volume.name} is attached as ${device}, generation ${generation}`);
    return { volume: active, device };
  };

  const detach = async (volume: Volume): Promise<Volume> => {
    const ref = await recordedReplica(volume);
    await ctx.dataPlane.unmount(ref);
    await ctx.dataPlane.detach(ref);
    if (volume.replication.writer === null && volume.replication.attaching === null) return volume;
    // Unmounted and flushed by the kernel: the image is whole.
    const released = await changeVolume(ctx.store, volume.id, (record) => replication(record, { writer: null, attaching: null, clean: true }));
    await ctx.events.tell(subject(volume), 'Detached', `volume ${volume.name} is detached`);
    return released;
  };

  const withPublications = (volume: Volume, publications: readonly Publication[]): Volume => ({ ...volume, status: { ...volume.status, publications } });

  return {
    name: 'loop',
    suits: (volume) => (volume.replication.replicas.length === 1 && volume.spec.access === 'single' ? { ok: true } : { ok: false, reason: 'the loop engine serves one local replica to one node' }),
    attach,
    detach,
    replica,

    async publish(volume, { consumer, path, read_only, within }) {
      const before = volume.status.publications.find((publication) => publication.consumer === consumer && publication.boot_id === bootId);
      if (before !== undefined && (before.read_only !== read_only || before.path !== path)) {
        throw new HoldfastError('conflict', `${consumer} has volume ${volume.name} mounted ${before.read_only ? 'read-only' : 'read-write'}${before.path === null ? '' : ` at ${before.path}`} already`, { object: `volume ${volume.name}`, hint: 'Unmount it there first.' });
      }
      const { volume: attached } = await attach(volume);
      const ref = await replica(attached);
      // The mount point first: what fails here leaves no publication behind, only an attached volume.
      const { mount_path } = await ctx.dataPlane.mount(ref, volume.spec.filesystem, false);
      const publication: Publication = before ?? { consumer, path, read_only, since: isoNow(ctx.clock), boot_id: bootId };
      const recorded = await changeVolume(ctx.store, volume.id, (record) => withPublications(record, [...record.status.publications.filter((other) => other.consumer !== consumer && other.boot_id === bootId), publication]));
      if (path === null) return { volume: recorded, mount_path };
      try {
        await ctx.dataPlane.publish(ref, path, read_only, within);
      } catch (error) {
        if (before === undefined) await changeVolume(ctx.store, volume.id, (record) => withPublications(record, record.status.publications.filter((other) => other.consumer !== consumer)));
        throw error;
      }
      return { volume: recorded, mount_path: path };
    },

    async unpublish(volume, which) {
      const ref = await recordedReplica(volume);
      const leaving = volume.status.publications.filter(which);
      for (const { path } of leaving) if (path !== null) await ctx.dataPlane.unpublish(ref, path);
      const staying = volume.status.publications.filter((publication) => !which(publication) && publication.boot_id === bootId);
      if (leaving.length === 0 && staying.length === volume.status.publications.length) return volume;
      if (staying.length === 0) await ctx.dataPlane.unmount(ref);
      const recorded = await changeVolume(ctx.store, volume.id, (record) => withPublications(record, staying));
      return staying.length === 0 ? detach(recorded) : recorded;
    },

    async settle(volume) {
      const lost = volume.status.publications.some(({ boot_id }) => boot_id !== bootId);
      const stale = [volume.replication.writer, volume.replication.attaching].some((lease) => lease !== null && lease.node === self.node && lease.lease !== bootId);
      let current = volume;
      if (lost || stale) {
        current = await changeVolume(ctx.store, volume.id, (record) => replication(withPublications(record, record.status.publications.filter(({ boot_id }) => boot_id === bootId)), stale ? { writer: null, attaching: null, clean: false } : {}));
        if (stale) await ctx.events.tell(subject(volume), 'Released', `volume ${volume.name} was attached when the machine went down; the next mount attaches it again`, 'warning');
      }
      const reserved = isMine(current.replication.attaching);
      const unused = isMine(current.replication.writer) && current.status.publications.length === 0;
      if (!reserved && !unused) return current;
      const ref = await recordedReplica(current);
      const seen = await ctx.dataPlane.observeVolume(ref);
      // An attach was cut off before anything was mounted: what there is of a device can go.
      if (reserved && seen.mount_path === null && seen.device !== null && current.replication.writer === null) await ctx.dataPlane.detach(ref);
      // Cut off between the record and the device, on the way in or out: nobody uses it, so it is released.
      const idle = unused && seen.device === null;
      return changeVolume(ctx.store, current.id, (record) => replication(record, { attaching: null, writer: idle ? null : record.replication.writer }));
    },
  };
}

/** Given up with its node in this moment: nothing is attached that the record does not know. */
function notLost(record: Volume): Volume {
  if (onlyReplica(record).state !== 'lost') return record;
  throw new HoldfastError('failed_precondition', `the only copy of volume ${record.name} was given up for lost`, { object: `volume ${record.name}`, hint: 'Restore it from a backup, or remove it.' });
}
