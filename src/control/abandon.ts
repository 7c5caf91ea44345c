/** Giving a replica up for lost: its node is gone for good. The volume stays, unavailable, until somebody removes it. */
import type { Volume } from '../model/volume.ts';
import { isoNow, type Context } from './context.ts';
import { unplacedWrites } from './index-keys.ts';
import { KEYS } from './keys.ts';

/** By the leader. @param refuse throws when the record, as it is then, may not be given up. */
export async function abandonVolume(ctx: Context, volume: Volume, refuse: (record: Volume) => void): Promise<void> {
  for (;;) {
    const entry = await ctx.store.get<Volume>(KEYS.volume(volume.id));
    if (entry === null || entry.value.replication.replicas.every(({ state }) => state === 'lost')) return;
    const { value: before } = entry;
    refuse(before);
    const after: Volume = {
      ...before,
      status: { ...before.status, state: 'unavailable', publications: [], device: null, mount_path: null, observed_at: isoNow(ctx.clock) },
      replication: { ...before.replication, writer: null, attaching: null, clean: false, replicas: before.replication.replicas.map((replica) => ({ ...replica, state: 'lost' })) },
    };
    if ((await ctx.store.txn([...ctx.leader.guard(), { key: entry.key, revision: entry.revision }], [{ op: 'put', key: entry.key, value: after }, ...unplacedWrites(before)])).committed) return;
  }
}
