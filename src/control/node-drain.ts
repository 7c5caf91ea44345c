/** Draining: no new work is placed on the node; ends when nothing is attached there any more. Carried out by the leader. */
import { HoldfastError } from '../model/errors.ts';
import type { Operation } from '../model/operation.ts';
import { createPlaced } from './cluster/placed.ts';
import type { Context } from './context.ts';
import { KEYS } from './keys.ts';
import { isAttached, some } from './nodes.ts';
import type { Work } from './ports/data-plane.ts';
import { changeNode } from './repository.ts';
import type { Node } from '../model/node.ts';

const LOOK_MS = 1_000;

export function registerDrain(ctx: Context): void {
  const cordonedOf = async (operation: Operation): Promise<Node> => {
    const entry = await ctx.store.get<Node>(KEYS.node(operation.target.id));
    if (entry === null) throw new HoldfastError('not_found', `node ${operation.target.name} is not in the cluster any more`, { object: `node ${operation.target.name}` });
    if (!entry.value.spec.cordoned) throw new HoldfastError('failed_precondition', `node ${operation.target.name} takes work again`, { object: `node ${operation.target.name}` });
    return entry.value;
  };

  ctx.operations.register('node.drain', {
    carrier: 'leader',
    cancellable: true,
    unit: 'steps',
    steps: [
      {
        name: 'wait',
        async run(operation: Operation, work: Work) {
          const placed = createPlaced(ctx.store, operation.target.id);
          let total = 0;
          let told = false;
          for (;;) {
            work.signal.throwIfAborted();
            const node = await cordonedOf(operation);
            const attached = (await placed.read()).map(({ value }) => value).filter(isAttached);
            total = Math.max(total, attached.length, operation.total);
            work.progress(total - attached.length, total);
            if (attached.length === 0) return;
            if (!ctx.members.isAlive(node.id)) {
              await ctx.events.tell(operation.target, 'DrainedDead', `node ${node.name} does not answer; ${attached.length} volume(s) were attached there when it was last heard of: ${some(attached.map(({ name }) => name))}`, 'warning');
              return;
            }
            if (!told) await ctx.events.tell(operation.target, 'DrainWaits', `${attached.length} volume(s) on node ${node.name} wait for their consumers to let go: ${some(attached.map(({ name }) => name))}`);
            told = true;
            await ctx.clock.sleep(LOOK_MS, work.signal);
          }
        },
      },
      {
        name: 'drained',
        async run(operation) {
          await cordonedOf(operation);
          const { value: node, revision, key } = await changeNode(ctx.store, operation.target.id, (record) => (record.spec.cordoned && record.status.state !== 'drained' ? { ...record, status: { ...record.status, state: 'drained' } } : record), () => ctx.leader.guard());
          ctx.members.learn({ key, value: node, revision });
          await ctx.events.tell(operation.target, 'Drained', `nothing is attached on node ${node.name} any more`);
        },
      },
    ],
    async undo(operation) {
      const entry = await ctx.store.get<Node>(KEYS.node(operation.target.id));
      if (entry === null || !entry.value.spec.cordoned) return;
      ctx.members.learn(await changeNode(ctx.store, operation.target.id, (node) => (node.spec.cordoned ? { ...node, version: node.version + 1, spec: { ...node.spec, cordoned: false }, status: { ...node.status, state: 'ready' } } : node)));
      await ctx.events.tell(operation.target, 'Undrained', `the drain of node ${operation.target.name} was cancelled; it takes work again`);
    },
  });
}
