/**
 * Use cases of nodes: look, change, drain, remove. Decided anywhere; drain and removal are operations that the leader
 * carries out, so that a dead node can be drained and removed, too, and a node can be removed by itself.
 */
import { HoldfastError } from '../model/errors.ts';
import { checkLabels, isName } from '../model/name.ts';
import { NODE_ROLES, type Node } from '../model/node.ts';
import { isOver } from '../model/operation.ts';
import type { Volume } from '../model/volume.ts';
import type { NodeControl, NodeHolding, UpdateNode } from './cluster-control.ts';
import type { Members } from './cluster/members.ts';
import type { Context } from './context.ts';
import type { Accepted, CallOptions } from './control.ts';
import { KEYS } from './keys.ts';
import { registerDrain } from './node-drain.ts';
import { registerRemoval, type Removal } from './node-remove.ts';
import type { Entry } from './ports/store.ts';
import { changeNode, checkVersion, needNode, page, volumesOn } from './repository.ts';

export interface NodeSettings extends Removal {
  /** Ids of nodes that are being removed and therefore lead no more. */
  readonly leaving: Set<string>;
}

const DRAIN_ENDS_MS = 5_000;

export const nodeSubject = (node: Pick<Node, 'id' | 'name'>) => ({ kind: 'node', id: node.id, name: node.name }) as const;

/** Whether a container or a person has it on its node, as the record says. */
export const isAttached = ({ replication, status }: Volume): boolean => replication.writer !== null || replication.attaching !== null || status.publications.length > 0;

/** The live volumes with a replica on the node. */
export async function holdingsOf(ctx: { readonly store: Context['store']; readonly members: Members }, nodeId: string): Promise<readonly NodeHolding[]> {
  const volumes = (await volumesOn(ctx.store, nodeId)).map(({ value }) => value);
  return volumes.filter(({ status }) => status.state !== 'trashed').map((volume) => ({
    volume: volume.id, name: volume.name, size_bytes: volume.spec.size_bytes,
    last_copy: !volume.replication.replicas.some(({ node, state }) => node !== nodeId && state === 'in-sync' && ctx.members.isAlive(node)),
    attached: isAttached(volume),
    consumers: volume.status.publications.map(({ consumer, path }) => path ?? consumer),
  }));
}

export function createNodeUseCases(ctx: Context, settings: NodeSettings): NodeControl {
  registerDrain(ctx);
  const removal = registerRemoval(ctx, settings);

  const find = async (ref: string): Promise<Entry<Node>> => {
    const entry = await needNode(ctx.store, ref);
    ctx.members.learn(entry);
    return entry;
  };
  const seen = (node: Node): Node => {
    const shown = ctx.members.shown(node);
    return node.id === ctx.node.id ? { ...shown, status: { ...shown.status, observed_at: new Date(ctx.clock.now()).toISOString() } } : shown;
  };

  const change = async (id: string, mutate: (node: Node) => Node): Promise<Node> => {
    const entry = await changeNode(ctx.store, id, mutate);
    ctx.members.learn(entry);
    return entry.value;
  };

  return {
    async listNodes(query = {}) {
      const found = await page<Node>(ctx.store, KEYS.nodes, query, (node) => query.name === undefined || node.name === query.name);
      return { ...found, items: found.items.map(seen) };
    },
    getNode: async (ref) => seen((await find(ref)).value),

    async updateNode(ref, requested, options = {}) {
      const { value: found } = await find(ref);
      const object = `node ${found.name}`;
      checkNodeChange(object, found, requested);
      if (requested.roles !== undefined && !requested.roles.includes('storage') && found.spec.roles.includes('storage')) await refuseHolding(ctx, found, 'keeps the role storage');
      const changed = await change(found.id, (node) => {
        checkVersion(object, node.version, options.expectedVersion);
        const next: Node = {
          ...node, labels: requested.labels ?? node.labels, owner: requested.owner ?? node.owner,
          spec: { ...node.spec, zone: requested.zone ?? node.spec.zone, address: requested.address ?? node.spec.address, roles: requested.roles === undefined ? node.spec.roles : NODE_ROLES.filter((role) => requested.roles?.includes(role)) },
        };
        return JSON.stringify(next) === JSON.stringify(node) ? node : { ...next, version: node.version + 1 };
      });
      if (changed.version !== found.version) await ctx.events.tell(nodeSubject(changed), 'Updated', `node ${changed.name} was changed`);
      return seen(changed);
    },

    nodeHoldings: async (ref) => holdingsOf(ctx, (await find(ref)).value.id),

    async drainNode(ref, options = {}): Promise<Accepted<Node>> {
      for (;;) {
        const { value: node, key, revision } = await find(ref);
        const object = `node ${node.name}`;
        checkVersion(object, node.version, options.expectedVersion);
        const running = await ctx.operations.runningOf(node.id);
        if (running?.kind === 'node.drain') {
          if (node.spec.cordoned && !running.cancel_requested) return { object: seen(node), operation: running, warnings: [] };
          // One that was cancelled or undone is no drain any more: it ends soon, and another begins.
          if (isOver(await ctx.operations.wait(running.id, DRAIN_ENDS_MS))) continue;
        }
        await ctx.operations.refuseWhileRunning(node.id, object, running);
        if (node.spec.cordoned && node.status.state === 'drained') return { object: seen(node), operation: null, warnings: [] };
        const attached = (await holdingsOf(ctx, node.id)).filter((holding) => holding.attached);
        const cordoned: Node = { ...node, version: node.version + (node.spec.cordoned ? 0 : 1), spec: { ...node.spec, cordoned: true }, status: { ...node.status, state: 'draining' } };
        const operation = ctx.operations.draft({ kind: 'node.drain', node: ctx.leader.current() ?? ctx.node.id, target: nodeSubject(node) });
        const begun = await ctx.operations.begin(operation, [{ key, revision }], [{ op: 'put', key, value: cordoned }]);
        if (begun === null) continue;
        ctx.members.learn({ key, value: cordoned, revision: begun });
        await ctx.events.tell(nodeSubject(node), 'Draining', `node ${node.name} takes no new work`);
        const warnings = attached.length === 0 ? [] : [`${attached.length} volume(s) are attached there and wait for their consumers to let go: ${some(attached.map(({ name }) => name))}`];
        return { object: seen(cordoned), operation, warnings };
      }
    },

    async undrainNode(ref, options = {}) {
      const { value: found } = await find(ref);
      const object = `node ${found.name}`;
      checkVersion(object, found.version, options.expectedVersion);
      const running = await ctx.operations.runningOf(found.id);
      if (running?.kind === 'node.remove') await ctx.operations.refuseWhileRunning(found.id, object);
      // The drain ends by itself when it sees that the node takes work again; asked to stop, it does so at once.
      const changed = await change(found.id, (node) => (node.spec.cordoned ? { ...node, version: node.version + 1, spec: { ...node.spec, cordoned: false }, status: { ...node.status, state: 'ready' } } : node));
      if (running?.kind === 'node.drain') await ctx.operations.cancel(running.id).catch(() => undefined);
      if (changed.version !== found.version) await ctx.events.tell(nodeSubject(changed), 'Undrained', `node ${changed.name} takes work again`);
      return seen(changed);
    },

    async removeNode(ref, request = {}, options: CallOptions = {}): Promise<Accepted<Node>> {
      for (;;) {
        const { value: node, key, revision } = await find(ref);
        const object = `node ${node.name}`;
        checkVersion(object, node.version, options.expectedVersion);
        const running = await ctx.operations.runningOf(node.id);
        if (running?.kind === 'node.remove') return { object: seen(node), operation: running, warnings: [] };
        // The drain of a node that is gone ends by itself, soon.
        const ending = running?.kind === 'node.drain' && !ctx.members.isAlive(node.id);
        if (ending && isOver(await ctx.operations.wait(running.id, DRAIN_ENDS_MS))) continue;
        await ctx.operations.refuseWhileRunning(node.id, object, running);
        const compare = await removal.refuse(node, request.abandon ?? false);
        const leaving: Node = { ...node, version: node.version + (node.spec.cordoned ? 0 : 1), spec: { ...node.spec, cordoned: true } };
        const operation = ctx.operations.draft({ kind: 'node.remove', node: ctx.leader.current() ?? ctx.node.id, target: nodeSubject(node), args: { abandon: request.abandon ?? false } });
        const begun = await ctx.operations.begin(operation, [{ key, revision }, ...compare], [{ op: 'put', key, value: leaving }]);
        if (begun === null) continue;
        ctx.members.learn({ key, value: leaving, revision: begun });
        return { object: seen(leaving), operation, warnings: [] };
      }
    },
  };
}

export const some = (names: readonly string[]): string => `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;

function checkNodeChange(object: string, node: Node, { labels, zone, address, roles }: UpdateNode): void {
  const bad = (field: string, message: string, hint: string): never => { throw new HoldfastError('invalid_argument', `${field}: ${message}`, { object, field, hint }); };
  if (labels !== undefined) checkLabels(object, labels);
  if (zone !== undefined && zone !== '' && !isName(zone)) bad('zone', `${JSON.stringify(zone.slice(0, 80))} is not a name`, 'A name such as rack-1; "" for none.');
  if (address !== undefined && !isAddress(address)) bad('address', `${JSON.stringify(address.slice(0, 80))} is not host:port`, 'For example 10.77.0.11:7480.');
  if (roles === undefined) return;
  if (roles.length === 0 || roles.some((role) => !NODE_ROLES.includes(role))) bad('roles', 'one or more of control and storage', 'For example: control, storage.');
  if (roles.includes('control') !== node.spec.roles.includes('control')) {
    throw new HoldfastError('failed_precondition', `roles: control is ${roles.includes('control') ? 'given' : 'taken away'} on the machine itself, with its member of the control store`, { object, field: 'roles', hint: 'Change "roles" in its node.json, then: holdfast node converge' });
  }
}

export const isAddress = (text: string): boolean => {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})$/.exec(text);
  return match !== null && Number(match[2]) >= 1 && Number(match[2]) <= 65_535;
};

async function refuseHolding(ctx: Context, node: Node, what: string): Promise<void> {
  const volumes = await volumesOn(ctx.store, node.id);
  if (volumes.length === 0) return;
  throw new HoldfastError('failed_precondition', `node ${node.name} ${what}: ${volumes.length} replica(s) are there, trash included: ${some(volumes.map(({ value }) => value.status.trashed?.name ?? value.name))}`, {
    object: `node ${node.name}`, field: 'roles', hint: `Remove them first; see: holdfast node inspect ${node.name}`,
  });
}
