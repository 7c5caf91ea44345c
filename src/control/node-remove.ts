/**
 * Removing a node: its operations are ended, what is recorded on it is given up, it leaves the control store's members,
 * its certificates are revoked, its record goes. Each step can be repeated by the next leader.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Node } from '../model/node.ts';
import type { Operation } from '../model/operation.ts';
import type { Volume } from '../model/volume.ts';
import { abandonVolume } from './abandon.ts';
import { membersOf, otherControlLives, otherControls } from './cluster/control-nodes.ts';
import type { Context } from './context.ts';
import { poolDeletions } from './index-keys.ts';
import { KEYS } from './keys.ts';
import { holdingsOf, isAttached, some } from './nodes.ts';
import type { StoreMembers } from './ports/store-members.ts';
import type { Compare } from './ports/store.ts';
import { forgetVolume } from './pools.ts';
import { poolsOn, volumesOn } from './repository.ts';

export interface Removal {
  readonly storeMembers: StoreMembers | null;
  readonly revokeNode: (nodeId: string) => Promise<void>;
  /** Lets another node lead. */
  readonly resign: () => Promise<void>;
  readonly leaving: Set<string>;
}

/** `refuse` gives what the transaction that begins the removal compares. */
export function registerRemoval(ctx: Context, settings: Removal): { refuse(node: Node, abandon: boolean): Promise<readonly Compare[]> } {
  const { storeMembers } = settings;

  const refuse = async (node: Node, abandon: boolean): Promise<readonly Compare[]> => {
    const object = `node ${node.name}`;
    const state = ctx.members.shown(node).status.state;
    const holdings = await holdingsOf(ctx, node.id);
    const attached = holdings.filter((holding) => holding.attached);
    if (ctx.members.isAlive(node.id)) {
      if (attached.length > 0) throw new HoldfastError('failed_precondition', `${attached.length} volume(s) are attached on ${object}: ${some(attached.map(({ name, consumers }) => (consumers.length === 0 ? name : `${name} (${some(consumers)})`)))}`, { object, hint: `Drain it first: holdfast node drain ${node.name}` });
      if (state !== 'drained') throw new HoldfastError('failed_precondition', `${object} is ${state}: a node that lives is drained before it is removed`, { object, hint: `holdfast node drain ${node.name}` });
    }
    const last = holdings.filter(({ last_copy }) => last_copy);
    if (last.length > 0 && !abandon) {
      throw new HoldfastError('failed_precondition', `${object} holds the last copy of ${last.length} volume(s): ${some(last.map(({ name }) => name))}`, { object, field: 'abandon', hint: `Move or remove them first (holdfast node inspect ${node.name} lists all), or give them up for lost: holdfast node remove ${node.name} --abandon` });
    }
    return refuseMinority(node);
  };

  /** A control node that lives and is not being removed itself. Its record is compared, so that two do not each rely on the other. */
  const staying = async (node: Node): Promise<Compare | null> => {
    for (const { id } of otherControls(ctx.members, node.id).filter((other) => ctx.members.isAlive(other.id))) {
      await ctx.members.refresh(id);
      const entry = ctx.members.entry(id);
      if (entry !== null && (await ctx.operations.runningOf(id))?.kind !== 'node.remove') return { key: entry.key, revision: entry.revision };
    }
    return null;
  };

  /** Said at once; the members themselves refuse it, too. */
  const refuseMinority = async (node: Node): Promise<readonly Compare[]> => {
    if (!node.spec.roles.includes('control')) return [];
    const object = `node ${node.name}`;
    const others = otherControls(ctx.members, node.id);
    if (others.length === 0) throw new HoldfastError('failed_precondition', `${object} is the only one with the role control`, { object, hint: 'Give another node the role control first.' });
    const stays = await staying(node);
    if (stays === null) throw new HoldfastError('failed_precondition', `without ${object} no node with the role control would be left: ${some(others.map(({ name }) => name))} cannot be reached, or is being removed`, { object, hint: 'Bring one of them back, or give another node the role control first.' });
    if (storeMembers === null) return [stays];
    const rest = (await storeMembers.list()).filter(({ name, learner }) => name !== node.name && !learner);
    const healthy = rest.filter((member) => member.healthy).length;
    if (healthy * 2 > rest.length) return [stays];
    throw new HoldfastError('failed_precondition', `without ${object} the control store would have ${healthy} healthy member(s) of ${rest.length}: no majority`, { object, hint: 'Bring the other control nodes back, or join another one first.' });
  };

  const abandoned = (operation: Operation): boolean => operation.args.abandon === true;

  ctx.operations.register('node.remove', {
    carrier: 'leader',
    cancellable: false,
    unit: 'steps',
    steps: [
      {
        name: 'hand-over',
        async run({ target }, work) {
          // Another control node takes the leader's part, and goes on from here.
          if (target.id !== ctx.node.id || settings.leaving.has(target.id)) return;
          if (!otherControlLives(ctx.members, target.id)) throw new HoldfastError('unavailable', `no other node with the role control lives that could take over from node ${target.name}`, { object: `node ${target.name}`, hint: 'Bring another control node back, and ask again.' });
          settings.leaving.add(target.id);
          void settings.resign();
          await ctx.clock.sleep(HAND_OVER_MS, work.signal);
        },
      },
      {
        name: 'operations',
        async run({ target }) {
          const { entries } = await ctx.store.list(KEYS.works(target.id));
          for (const { key } of entries) await ctx.operations.endAbandoned(key.slice(key.lastIndexOf('/') + 1), `node ${target.name}, which should carry it out, was removed from the cluster`);
        },
      },
      {
        name: 'volumes',
        async run(operation, work) {
          const { target } = operation;
          const holdings = await holdingsOf(ctx, target.id);
          const last = holdings.filter(({ last_copy }) => last_copy);
          // Placed or mounted since it was asked for: nothing was given up for that.
          if (last.length > 0 && !abandoned(operation)) throw new HoldfastError('failed_precondition', `node ${target.name} holds the last copy of ${last.length} volume(s): ${some(last.map(({ name }) => name))}`, { object: `node ${target.name}` });
          // Before any is given up; and each time, for one may be mounted in this moment.
          refuseMounted(target, holdings.filter(({ attached }) => attached));
          const all = await volumesOn(ctx.store, target.id);
          for (const [i, { value: volume }] of all.entries()) {
            ctx.leader.guard();
            await giveUp(target, volume);
            work.progress(i + 1, all.length);
          }
          if (last.length > 0) await ctx.events.tell(target, 'Abandoned', `${last.length} volume(s) were given up with node ${target.name}: ${some(last.map(({ name }) => name))}`, 'warning');
        },
      },
      {
        name: 'pools',
        async run({ target }) {
          for (;;) {
            const left = await poolsOn(ctx.store, target.id);
            if (left.length === 0) return;
            for (const { key, revision, value } of left) await ctx.store.txn([...ctx.leader.guard(), { key, revision }], poolDeletions(value));
          }
        },
      },
      {
        name: 'members',
        async run({ target }) {
          if (storeMembers === null) return;
          const listed = await storeMembers.list();
          // Without its record its name may be another machine's already.
          const node = await ctx.store.get<Node>(KEYS.node(target.id));
          ctx.leader.guard();
          for (const { id } of node === null ? [] : membersOf(node.value, listed)) await storeMembers.remove(id);
        },
      },
      { name: 'identity', run: ({ target }) => settings.revokeNode(target.id) },
      {
        name: 'forget',
        async run({ target }) {
          for (;;) {
            const [node, name] = [await ctx.store.get<Node>(KEYS.node(target.id)), await ctx.store.get<string>(KEYS.nodeName(target.name))];
            const compare = [...ctx.leader.guard(), { key: KEYS.node(target.id), revision: node?.revision ?? 0 }, { key: KEYS.nodeName(target.name), revision: name?.revision ?? 0 }];
            // Done before, by this leader or another: the name may be another machine's by now.
            const named = name?.value === target.id ? [{ op: 'delete', key: KEYS.nodeName(target.name) } as const] : [];
            if ((await ctx.store.txn(compare, [{ op: 'delete', key: KEYS.node(target.id) }, { op: 'delete', key: KEYS.alive(target.id) }, ...named])).committed) break;
          }
          await ctx.members.refresh(target.id);
          await ctx.events.tell(target, 'Removed', `node ${target.name} was removed from the cluster`);
        },
      },
    ],
    async undo({ target }, error) {
      await ctx.events.tell(target, 'RemoveFailed', `node ${target.name} was not removed: ${error.message}; it takes no new work`, 'warning');
    },
  });

  /** Trash goes with its node: its records are dropped. Of a live volume the replica is marked lost. */
  const giveUp = async (target: Operation['target'], volume: Volume): Promise<void> =>
    volume.status.state === 'trashed' ? forgetVolume(ctx, volume) : abandonVolume(ctx, volume, (record) => refuseMounted(target, isAttached(record) ? [record] : []));

  /** What a dead node had mounted is given up with it. */
  const refuseMounted = (target: Operation['target'], mounted: readonly { readonly name: string }[]): void => {
    if (mounted.length === 0 || !ctx.members.isAlive(target.id)) return;
    throw new HoldfastError('failed_precondition', `${mounted.length} volume(s) are attached on node ${target.name} again: ${some(mounted.map(({ name }) => name))}`, { object: `node ${target.name}`, hint: 'Let their consumers go, and ask again.' });
  };

  return { refuse };
}

const HAND_OVER_MS = 1_000;
