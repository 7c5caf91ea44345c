/**
 * What was bound for a lost node and holds no data yet is placed elsewhere: the volume's record, its operation, the
 * bytes and the groups move in one transaction. What the lost node may have begun is rubbish on its medium.
 */
import { HoldfastError } from '../../model/errors.ts';
import { isOver, type Operation } from '../../model/operation.ts';
import type { Pool } from '../../model/pool.ts';
import { isVirgin, type Volume } from '../../model/volume.ts';
import { mintId, type Context } from '../context.ts';
import { regroup } from '../groups.ts';
import { placedWrites, unplacedWrites } from '../index-keys.ts';
import { KEYS } from '../keys.ts';
import { allocate } from '../ledger.ts';
import { choosePlaces } from '../placement/choose.ts';
import { createPlacementView } from '../placement/view.ts';
import { onlyReplica } from '../refs.ts';

export interface Replaced {
  readonly moved: number;
  /** Names of those that could go nowhere now; tried again. */
  readonly waiting: readonly string[];
}

const MAX_TRIES = 20;

export function createReplacement(ctx: Context): (lostNode: string) => Promise<Replaced> {
  const view = createPlacementView(ctx);

  /** true: moved; false: nowhere to go; null: nothing to move. */
  const move = async (operationId: string, lostNode: string): Promise<{ readonly name: string; readonly moved: boolean } | null> => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      // What lost a race may have lost it to the node itself, which is back.
      if (tries > 0 && (await ctx.store.get(KEYS.alive(lostNode))) !== null) return null;
      const operation = await ctx.store.get<Operation>(KEYS.operation(operationId));
      if (operation === null || isOver(operation.value) || operation.value.node !== lostNode || operation.value.kind !== 'volume.create') return null;
      const volume = await ctx.store.get<Volume>(KEYS.volume(operation.value.target.id));
      if (volume === null || volume.value.status.state !== 'creating' || !isVirgin(volume.value)) return null;
      const { value: before } = volume;
      const replica = onlyReplica(before);
      const { pools, nodes } = await view.look();
      const { groups: without } = await regroup(ctx.store, before, null);
      const find = (rule: string) => without.find((group) => group.rule === rule) ?? null;
      const wish = { name: before.name, size_bytes: before.spec.size_bytes, class: before.spec.class, pool: before.spec.pool, filesystem: null, rules: before.spec.placement ?? {} };
      let place;
      try {
        [place] = choosePlaces(wish, 1, [...pools.values()].map(({ seen }) => seen), nodes, { spread: find('spread_by'), antiAffinity: find('anti_affinity') });
      } catch (error) {
        if (error instanceof HoldfastError) return { name: before.name, moved: false };
        throw error;
      }
      const target = place === undefined ? undefined : pools.get(place.pool.id);
      if (place === undefined || target === undefined) return { name: before.name, moved: false };
      const after: Volume = { ...before, replication: { ...before.replication, replicas: [{ ...replica, id: mintId(ctx, 'replica'), node: place.node.id, pool: place.pool.id, filesystem: place.filesystem.uuid }] } };
      const next: Operation = { ...operation.value, node: place.node.id, state: 'pending', step: '', done: 0, total: 0 };
      const old = await ctx.store.get<Pool>(KEYS.pool(replica.pool));
      const grouped = await regroup(ctx.store, before, after);
      const taken = allocate(target.entry.value, place.filesystem.uuid, before.spec.size_bytes);
      const done = await ctx.store.txn([
        ...ctx.leader.guard(), { key: KEYS.alive(lostNode), revision: 0 }, { key: operation.key, revision: operation.revision }, { key: volume.key, revision: volume.revision }, { key: target.entry.key, revision: target.entry.revision }, ...target.fence,
        ...(old === null ? [] : [{ key: old.key, revision: old.revision }]), ...grouped.compare,
      ], [
        { op: 'put', key: operation.key, value: next }, { op: 'delete', key: KEYS.work(lostNode, operationId) }, { op: 'put', key: KEYS.work(place.node.id, operationId), value: 'do' },
        { op: 'put', key: volume.key, value: after }, ...unplacedWrites(before), ...placedWrites(after), { op: 'put', key: target.entry.key, value: taken },
        ...(old === null ? [] : [{ op: 'put', key: old.key, value: allocate(old.value, replica.filesystem, -before.spec.size_bytes) } as const]), ...grouped.writes,
      ]);
      if (done.committed) {
        view.learn({ key: target.entry.key, value: taken, revision: done.revision });
        await ctx.events.tell({ kind: 'volume', id: before.id, name: before.name }, 'PlacedElsewhere', `volume ${before.name} was bound for node ${lostNode}, which was lost; it is made on node ${place.node.name}`);
        return { name: before.name, moved: true };
      }
      await view.refresh(target.entry.value);
    }
    return null;
  };

  return async (lostNode) => {
    const { entries } = await ctx.store.list(KEYS.works(lostNode));
    let moved = 0;
    const waiting: string[] = [];
    for (const { key } of entries) {
      const done = await move(key.slice(key.lastIndexOf('/') + 1), lostNode);
      if (done?.moved === true) moved += 1;
      else if (done !== null) waiting.push(done.name);
    }
    return { moved, waiting };
  };
}
