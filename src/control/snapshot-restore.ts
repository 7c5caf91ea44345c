/**
 * Restore in place (rule 17 of the replication protocol, with one replica): the volume is detached; a new history's
 * image is built beside the old one; one compare-and-swap makes the record name it; what was there becomes a snapshot.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Operation } from '../model/operation.ts';
import type { Volume } from '../model/volume.ts';
import type { Attachment } from './attachment.ts';
import { allocating } from './allocation.ts';
import { carrierOf, type Context } from './context.ts';
import type { Control } from './control.ts';
import type { ReplicaRef } from './ports/data-plane.ts';
import { isMade, onlyReplica } from './refs.ts';
import { changeVolume, findVolume, needSnapshot, needVolume } from './repository.ts';
import { draftSnapshot, dropSnapshot, settleSnapshot, shown, usedBytes } from './snapshots.ts';
import { describe } from './trash.ts';

interface Args { readonly snapshot: string; readonly kept: string; readonly from: number; readonly to: number }
const argsOf = (operation: Operation): Args => operation.args as unknown as Args;

export function registerRestore(ctx: Context, attachment: Attachment): Control['restoreSnapshot'] {
  const volumeOf = async (operation: Operation): Promise<Volume> => (await needVolume(ctx.store, operation.target.id)).value;
  const at = (replica: ReplicaRef, history: number): ReplicaRef => ({ ...replica, history });

  ctx.operations.register('volume.restore', {
    cancellable: true,
    unit: 'bytes',
    steps: [
      {
        name: 'detach',
        async run(operation) {
          const volume = await volumeOf(operation);
          refuseUsed(volume);
          if (volume.replication.writer !== null || volume.replication.attaching !== null) await attachment.detach(volume);
        },
      },
      {
        name: 'build',
        async run(operation, work) {
          const volume = await volumeOf(operation);
          const { snapshot, from, to } = argsOf(operation);
          if (volume.replication.history === from) await ctx.dataPlane.buildHistory(at(await attachment.replica(volume), from), snapshot, to, volume.replication.size, work);
        },
      },
      {
        name: 'switch',
        async run(operation) {
          const { from, to } = argsOf(operation);
          await changeVolume(ctx.store, operation.target.id, (volume) => {
            if (volume.replication.history === to) return volume;
            if (volume.replication.history !== from) throw new HoldfastError('conflict', `volume ${volume.name} was restored by another in between`, { object: `volume ${volume.name}` });
            return { ...volume, version: volume.version + 1, replication: { ...volume.replication, history: to, generation: volume.replication.generation + 1, set_version: volume.replication.set_version + 1, clean: true } };
          });
        },
      },
      {
        name: 'keep',
        async run(operation, work) {
          const volume = await volumeOf(operation);
          const { kept, from } = argsOf(operation);
          const replica = await attachment.replica(volume);
          await ctx.dataPlane.keepHistory(replica, from, kept);
          await ctx.dataPlane.grow(replica, volume.replication.size, volume.spec.filesystem, work);
          await settleSnapshot(ctx, kept, { method: 'reflink', consistency: 'filesystem' }, null);
          await describe(ctx, volume);
          ctx.observations.forgetVolume(volume.id);
          const [{ value: source }, { value: keep }] = await Promise.all([needSnapshot(ctx.store, argsOf(operation).snapshot), needSnapshot(ctx.store, kept)]);
          await ctx.events.tell(operation.target, 'SnapshotRestored', `volume ${volume.name} was restored to ${shown(source)}; what was there is kept as ${shown(keep)}`);
        },
      },
    ],
    async undo(operation, error, medium) {
      const found = await findVolume(ctx.store, operation.target.id);
      const { kept, from, to } = argsOf(operation);
      // Past the switch there is no way back, and no need: the next start goes on forward.
      if (found === null || found.value.replication.history === to) return;
      if (medium === 'here') await ctx.dataPlane.keepHistory(at(await attachment.replica(found.value), from), to, null);
      await dropSnapshot(ctx, kept);
      await ctx.events.tell(operation.target, 'RestoreFailed', `volume ${operation.target.name} was not restored: ${error.message}`, 'warning');
    },
  });

  return async (ref) => {
    const { value: snapshot } = await needSnapshot(ctx.store, ref);
    if (snapshot.status.state !== 'ready') throw new HoldfastError('failed_precondition', `snapshot ${shown(snapshot)} is ${snapshot.status.state}`, { object: `snapshot ${shown(snapshot)}` });
    const { pool } = onlyReplica((await needVolume(ctx.store, snapshot.spec.volume)).value);
    return allocating(ctx, pool, `volume ${snapshot.volume_name}`, async () => {
      const { value: volume, key, revision } = await needVolume(ctx.store, snapshot.spec.volume);
      if (!isMade(volume)) throw new HoldfastError('failed_precondition', `volume ${volume.name} is ${volume.status.state}`, { object: `volume ${volume.name}`, hint: volume.status.state === 'trashed' ? `Take it back first: holdfast trash restore ${volume.id}` : `holdfast volume inspect ${volume.name}` });
      refuseUsed(volume);
      await ctx.operations.refuseWhileRunning(volume.id, `volume ${volume.name}`);
      const used = await usedBytes(ctx, attachment, volume);
      const stamp = new Date(ctx.clock.now()).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-').toLowerCase();
      const kept = await draftSnapshot(ctx, volume, `before-restore-${stamp}-${volume.replication.history}`, used ?? 0, {});
      const operation = ctx.operations.draft({
        kind: 'volume.restore', node: carrierOf(ctx, volume), target: { kind: 'volume', id: volume.id, name: volume.name },
        args: { snapshot: snapshot.id, kept: kept.snapshot.id, from: volume.replication.history, to: volume.replication.history + 1 } satisfies Args,
      });
      const begun = await ctx.operations.begin(operation, [...kept.compare, { key, revision }], kept.writes);
      return begun ? { object: volume, operation, warnings: [`what is in volume ${volume.name} now is kept as ${shown(kept.snapshot)}`] } : null;
    });
  };
}

function refuseUsed(volume: Volume): void {
  const { publications } = volume.status;
  if (publications.length === 0) return;
  throw new HoldfastError('failed_precondition', `volume ${volume.name} is in use by ${publications.length} consumer(s): ${publications.slice(0, 5).map(({ consumer, path }) => path ?? consumer).join(', ')}`, { object: `volume ${volume.name}`, hint: 'Stop the containers or unmount it, restore, then start them again.' });
}
