/**
 * From a request to a volume with its places: completes it, asks placement, and takes the places in one transaction
 * together with the volume's record, its name and the operation that makes it. Also tells where it would be, and why.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Volume, VolumeSpec } from '../model/volume.ts';
import { isoNow, mintId, type Context } from './context.ts';
import type { Accepted, CreateVolume, PlacementExplanation } from './control.ts';
import { groupsOf, regroup, type GroupName } from './groups.ts';
import type { Claimer } from './idempotency.ts';
import { placedWrites } from './index-keys.ts';
import { KEYS } from './keys.ts';
import { allocate } from './ledger.ts';
import { storageNodes, type Place } from './placement/choose.ts';
import { explain } from './placement/explain.ts';
import type { PlacementWish } from './placement/judge.ts';
import { createPlacer } from './placement/placer.ts';
import { createPlacementView } from './placement/view.ts';
import { onlyReplica } from './refs.ts';
import { findVolume, needPool, needSnapshot, needVolume } from './repository.ts';
import { checkRuleNode, completeVolume } from './requests.ts';

/** A request, complete and well-formed. */
export interface Order {
  readonly request: CreateVolume;
  readonly name: string;
  readonly spec: VolumeSpec;
  readonly wish: PlacementWish;
  readonly groups: readonly GroupName[];
}

export interface VolumePlacing {
  /** @throws what is wrong with the request itself. */
  order(request: CreateVolume): Promise<Order>;
  /** Takes the places and begins to make it. @param taken the error when the name is another volume's. */
  begin(order: Order, claim: Claimer, taken: (by: Volume) => HoldfastError): Promise<Accepted<Volume>>;
  /** The volume as it would be; nothing is taken. */
  preview(order: Order): Promise<Volume>;
  explain(volume: Volume): Promise<PlacementExplanation>;
}

export function createVolumePlacing(ctx: Context): VolumePlacing {
  const view = createPlacementView(ctx);
  const placer = createPlacer(view);

  const volumeAt = ({ request, name, spec }: Order, places: readonly Place[]): Volume => ({
    id: mintId(ctx, 'volume'), name, version: 1, owner: request.owner ?? '', labels: request.labels ?? {}, created_at: isoNow(ctx.clock), spec,
    status: { state: 'creating', conditions: [], observed_at: null, used_bytes: null, written_at: null, device: null, mount_path: null, publications: [], trashed: null },
    replication: {
      history: 1, generation: 0, set_version: 1, size: spec.size_bytes, writer: null, clean: true, attaching: null, snapshots: [],
      replicas: places.map(({ pool, filesystem }) => ({ id: mintId(ctx, 'replica'), node: pool.node, pool: pool.id, filesystem: filesystem.uuid, state: 'in-sync', home: null })),
    },
  });

  return {
    async order(request) {
      const source = request.source_snapshot === undefined ? null : (await needSnapshot(ctx.store, request.source_snapshot)).value;
      if (source !== null && source.status.state !== 'ready') throw new HoldfastError('failed_precondition', `snapshot ${source.volume_name}@${source.name} is ${source.status.state}`, { object: `snapshot ${source.id}` });
      const asked = request.pool === undefined ? null : (await needPool(ctx.store, request.pool)).value;
      const nodes = await view.nodes();
      const { name, spec } = completeVolume(request, asked?.id ?? null, source, () => storageNodes(nodes));
      const object = `volume ${name}`;
      checkRuleNode(object, spec.placement, nodes.values());
      // A clone shares blocks with its snapshot, so it is made beside it.
      const home = source === null ? null : onlyReplica((await needVolume(ctx.store, source.spec.volume)).value);
      if (home !== null && asked !== null && asked.id !== home.pool) {
        throw new HoldfastError('failed_precondition', `a clone is made in its snapshot's pool, not in ${asked.name}`, { object, field: 'pool', hint: 'Leave the pool out.' });
      }
      const wish: PlacementWish = { name, size_bytes: spec.size_bytes, class: home === null ? spec.class : 'any', pool: home?.pool ?? spec.pool, filesystem: home?.filesystem ?? null, rules: spec.placement ?? {} };
      return { request, name, spec, wish, groups: groupsOf(spec.placement, request.labels ?? {}) };
    },

    async begin(order, claim, taken) {
      const { name, spec, wish, groups } = order;
      let claims = false;
      const { result: { volume, operation }, revision } = await placer.place({
        wish, replicas: spec.replicas, groups,
        draft(places) {
          const volume = volumeAt(order, places);
          const operation = ctx.operations.draft({ kind: 'volume.create', node: onlyReplica(volume).node, target: { kind: 'volume', id: volume.id, name } });
          const own = ctx.operations.prepare(operation);
          const claimed = claim(operation.id, volume.id);
          claims = claimed.compare.length > 0;
          return {
            compare: [{ key: KEYS.volumeName(name), revision: 0 }, ...own.compare, ...claimed.compare],
            writes: [{ op: 'put', key: KEYS.volume(volume.id), value: volume }, { op: 'put', key: KEYS.volumeName(name), value: volume.id }, ...placedWrites(volume), ...own.writes, ...claimed.writes],
            result: { volume, operation },
          };
        },
        async lost() {
          const by = await findVolume(ctx.store, name);
          if (by !== null) return taken(by.value);
          return claims ? new HoldfastError('conflict', 'another request with this Idempotency-Key is being carried out', { field: 'Idempotency-Key', hint: 'Try again.' }, { retryable: true }) : null;
        },
      });
      ctx.operations.begun(operation, revision);
      return { object: volume, operation, warnings: [] };
    },

    preview: async (order) => volumeAt(order, await placer.preview(order.wish, order.spec.replicas, order.groups)),

    async explain(volume) {
      await view.refreshAll();
      const { pools, nodes } = await view.look();
      // Without itself: its own bytes and its own place in its groups do not stand in its way.
      const { groups } = await regroup(ctx.store, volume, null);
      const { spec, replication: { replicas } } = volume;
      const without = [...pools.values()].map(({ seen }) => replicas.filter(({ pool }) => pool === seen.id).reduce((pool, { filesystem }) => allocate(pool, filesystem, -spec.size_bytes), seen));
      const wish: PlacementWish = { name: volume.name, size_bytes: spec.size_bytes, class: spec.class, pool: spec.pool, filesystem: null, rules: spec.placement ?? {} };
      const of = (rule: GroupName['rule']) => groups.find((group) => group.rule === rule) ?? null;
      return explain(wish, spec.replicas, without, nodes, { spread: of('spread_by'), antiAffinity: of('anti_affinity') }, replicas.map(({ pool }) => pool));
    },
  };
}
