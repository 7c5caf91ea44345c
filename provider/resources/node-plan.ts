/** Plans of `holdfast_node`, and its end: what a change means, when it is another machine, whether it may be taken out. */
import { leave, machineIdOf, type Doing } from '../bootstrap/holdfast-machine.ts';
import { MachineError } from '../bootstrap/machine-error.ts';
import { ProviderError, type PlanChange, type PlanContext, type ResourceContext } from '../framework/index.ts';
import { isUnknown, isWhollyKnown, UNKNOWN } from '../protocol/value.ts';
import { doingOf } from './cluster-apply.ts';
import type { Connection } from './connection.ts';
import { inTurn } from './lane.ts';
import { declaredTwice } from './existing.ts';
import { addressOf } from './machine-schema.ts';
import { inCluster, nameIn } from './node-apply.ts';
import { nodeAttributes, type NodeAttributes, type NodeDraft, type NodeState } from './node-schema.ts';
import { remembered } from './observed.ts';
import { planPackage } from './package-plan.ts';
import { differs, keepPrior } from './plan-inputs.ts';
import { UNCHECKED } from './volume-plan-new.ts';

type Context = PlanContext<Connection>;
const FOLLOWS = ['node_id', 'version', 'status', 'drift', 'last_copies'] as const;
const WAY = ['host', 'port', 'user', 'host_key'];

export async function planNode({ prior, config, plan, replaces, requireReplace }: PlanChange<NodeAttributes>, context: Context): Promise<void> {
  plan.package_sha256 = await planPackage(config.package, context);
  if (config.address === null) plan.address = isUnknown(plan.host) ? UNKNOWN : addressOf(plan.host);
  if (prior === null) return warnOfTwo(plan, context);
  const memory = remembered(context.private);
  const otherCluster = isUnknown(plan.cluster) || isUnknown(plan.cluster.cluster_id) || plan.cluster.cluster_id !== prior.cluster.cluster_id;
  const otherWay = differs(nodeAttributes, WAY, plan, prior);
  const rebuilt = memory.rebuilt ?? (otherWay ? await otherMachine(plan, prior, context) : undefined);
  if (otherCluster) requireReplace(['cluster']);
  if (rebuilt !== undefined && !replaces) {
    // Its id is what changes for certain; a configured machine_id may stay as it is.
    plan.node_id = UNKNOWN;
    requireReplace(['node_id']);
    context.warn('Machine was rebuilt', `Node "${prior.name}" (${prior.host}): ${rebuilt}. The node is replaced: the old one is taken out of the cluster, and the machine joins as a new one. If what the old one held is lost, set on_destroy = "forget" and apply with -refresh=false first.`);
  }
  if (replaces || otherCluster || rebuilt !== undefined) return planLeaving(prior, context, 'replaced');
  if (memory.unseen !== undefined && !otherWay) return context.error(memory.unseen.summary, memory.unseen.detail, ['host']);
  keepPrior(FOLLOWS, plan, prior);
  const unfinished = prior.status === 'incomplete' || prior.drift.length > 0;
  if (unfinished) context.warn('Machine is not as it should be', `Node "${prior.name}" (${prior.host}): ${prior.drift.join('; ') || 'an earlier apply was interrupted'}. This apply mends it.`);
  if (unfinished) plan.drift = [];
  if (unfinished || differs(nodeAttributes, ['package', 'package_sha256'], plan, prior)) plan.version = UNKNOWN;
  if (unfinished || differs(nodeAttributes, ['package', 'package_sha256', 'roles', 'zone', 'labels', 'address', ...WAY], plan, prior)) plan.status = UNKNOWN;
}

/** Names of two clusters do not meet; of clusters that are made in this run nothing is known yet, and apply looks. */
function warnOfTwo({ name, cluster }: NodeDraft, { client, warn }: Context): void {
  if (client === undefined || isUnknown(name) || isUnknown(cluster) || isUnknown(cluster.cluster_id)) return;
  if (!client.run.plan('node', nameIn({ cluster_id: cluster.cluster_id }, name))) warn('Name is declared twice', declaredTwice('node', name), ['name']);
}

/** Whether another machine answers where the node is said to be now; undefined: the same, or it cannot be seen. */
async function otherMachine(plan: NodeDraft, prior: NodeState, { client, signal, private: priv }: Context): Promise<string | undefined> {
  const { machine_id } = remembered(priv);
  const way = { host: plan.host, port: plan.port, user: plan.user, host_key: plan.host_key };
  if (client === undefined || machine_id === undefined || !isWhollyKnown(way)) return undefined;
  const known = way as { host: string; port: number | null; user: string | null; host_key: string | null };
  try {
    const found = await client.machines.use(client.machines.target(known), (machine) => machineIdOf(machine, signal), { signal });
    return found === machine_id ? undefined : `it is another machine: its machine id was ${machine_id} at ${prior.host}, and is ${found || '(none)'} at ${known.host}`;
  } catch (error) {
    // It may not have been started yet: apply waits for it, and refuses another one.
    if (error instanceof MachineError) return undefined;
    throw error;
  }
}

/** How many of the last copies on a node are asked whether they are protected: each is a question to a machine. */
const ASKED_AT_MOST = 20;

/** Refused while last copies of volumes would certainly go with it. */
export const planNodeDestroy = (prior: NodeState, context: Context): Promise<void> => planLeaving(prior, context, 'destroyed');

/**
 * Volumes that may be destroyed can be so in the same run, before their node: through another configuration of the provider,
 * of which nothing is known here. So they refuse a replacement only; apply looks again before it touches anything.
 */
async function planLeaving(prior: NodeState, context: Context, how: 'replaced' | 'destroyed'): Promise<void> {
  const connection = context.client;
  if (connection === undefined) return context.warn('Checks left out', UNCHECKED);
  if (prior.on_destroy === 'forget') return;
  let copies: readonly string[] = prior.last_copies;
  let mayGo = false;
  try {
    await inCluster(connection, prior, doingOf(prior.name, context), async (control) => {
      const found = await control.findNode(prior.node_id);
      copies = found === null ? [] : (await control.holdings(found.id)).filter(({ last_copy }) => last_copy).map(({ name }) => name);
      mayGo = how === 'destroyed' && !(await Promise.all(copies.slice(0, ASKED_AT_MOST).map((name) => control.isProtected(name)))).includes(true);
    });
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    context.warn('Checks left out', `What node "${prior.name}" holds was not seen just now: ${error.detail}`);
  }
  if (copies.length === 0) return;
  if (mayGo) context.warn('Node holds last copies', `Node "${prior.name}" holds the only copy of ${copies.length} volume(s): ${copies.slice(0, 20).join(', ')}${copies.length > 20 ? ', …' : ''}. It is destroyed only when they are gone before it; those of a provider configuration that depends on the node go first.`);
  else context.error('Node holds last copies', lastCopies(prior, copies), ['on_destroy']);
}

const lastCopies = ({ name }: Pick<NodeState, 'name'>, copies: readonly string[]): string =>
  `Node "${name}" holds the only copy of ${copies.length} volume(s): ${copies.slice(0, 20).join(', ')}${copies.length > 20 ? ', …' : ''}. Nothing was changed. Destroy these volumes first or move them to another node; or set on_destroy = "forget", apply, and destroy again: then they are given up.`;

export async function deleteNode(state: NodeState, context: ResourceContext<Connection>): Promise<void> {
  const { client: connection, signal } = context;
  const doing = doingOf(state.name, context);
  const forget = state.on_destroy === 'forget';
  if (!forget) await drain(connection, state, doing);
  // Members of the store leave one after another.
  await inTurn(state.cluster.cluster_id, signal, () => inCluster(connection, state, doing, async (control) => {
    if (await control.findNode(state.node_id) !== null) await control.remove(state.node_id, forget);
  }));
  await cleanMachine(connection, state, context, doing);
}

async function drain(connection: Connection, state: NodeState, doing: Doing): Promise<void> {
  await inCluster(connection, state, doing, async (control) => {
    const found = await control.findNode(state.node_id);
    if (found === null) return;
    const copies = (await control.holdings(found.id)).filter(({ last_copy }) => last_copy).map(({ name }) => name);
    if (copies.length > 0) throw new ProviderError('Node holds last copies', lastCopies(state, copies), ['on_destroy']);
    // Who is dead lets go of nothing: the cluster knows whether it may be taken out.
    if (found.status.state !== 'unavailable') await control.drain(found.id);
  });
}

/** Takes the identity from the machine, if it is still that machine and can be reached. */
async function cleanMachine({ machines }: Connection, state: NodeState, { warn, signal, private: priv }: ResourceContext<Connection>, doing: Doing): Promise<void> {
  try {
    await machines.use(machines.target(state), async (machine) => {
      const { machine_id } = remembered(priv);
      if (machine_id !== undefined && await machineIdOf(machine, signal) !== machine_id) return;
      await leave(machine, doing);
    }, { signal });
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    warn('Machine was not cleaned', `Node "${state.name}" was taken out of the cluster, and its certificates are worth nothing now, but Holdfast was not stopped on ${state.host}: ${error.detail}`);
  }
}
