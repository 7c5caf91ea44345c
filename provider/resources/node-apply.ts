/** Create, read and update of `holdfast_node`, over SSH: on the machine itself, and through a machine of the cluster. */
import { throughControl, type ControlHost, type Token } from '../bootstrap/control-host.ts';
import { awaitOthers, bringPackage, converge, dropPackage, identityOf, leave, look, machineIdOf, type Doing } from '../bootstrap/holdfast-machine.ts';
import { MachineError } from '../bootstrap/machine-error.ts';
import type { Converged, Node, NodeJson } from '../bootstrap/node-json.ts';
import type { Machine } from '../bootstrap/shell.ts';
import { ProviderError, type ApplyContext, type ResourceContext } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import { doingOf, storeJson } from './cluster-apply.ts';
import type { Connection } from './connection.ts';
import { declaredTwice } from './existing.ts';
import { inTurn } from './lane.ts';
import { addressOf, sortedRoles } from './machine-schema.ts';
import type { NodeAttributes, NodePlan, NodeState } from './node-schema.ts';
import { driftOf, keepUnseen, recognise, remember } from './observed.ts';
import { packageOf } from './package-plan.ts';
import { settled } from './plan-inputs.ts';
import { inTurnWhenFit, waitUntilFit } from './rolling.ts';

type Context = ResourceContext<Connection>;
type Applying = ApplyContext<NodeAttributes, Connection>;
type Declared = Pick<NodeState, 'name' | 'host' | 'zone' | 'labels' | 'roles' | 'cluster'> & { readonly address: NodePlan['address'] };

function nodeJson({ name, host, address, zone, labels, roles, cluster }: Declared): NodeJson {
  return {
    name, advertise: addressOf(isUnknown(address) ? host : address), zone, labels, roles: sortedRoles(roles),
    cluster: { join: { endpoints: cluster.endpoints } }, ...(cluster.store === null ? {} : { store: storeJson(cluster.store) }),
  };
}

/** Runs `action` on a machine of the cluster, the first that answers. */
export const inCluster = <T>({ machines }: Connection, { cluster }: Pick<NodeState, 'cluster'>, doing: Doing, action: (control: ControlHost) => Promise<T>): Promise<T> =>
  throughControl(machines, cluster.hosts.map((host) => machines.target(host)), doing, async (control) => {
    await control.checkCluster(cluster.cluster_id);
    return action(control);
  });

/** What the cluster says about the node; null: certainly not in it. */
async function member(connection: Connection, node: Pick<NodeState, 'cluster'> & { readonly ref: string }, doing: Doing): Promise<{ readonly status: string; readonly lastCopies: string[] } | null> {
  return inCluster(connection, node, doing, async (control) => {
    const found = await control.findNode(node.ref);
    if (found === null) return null;
    return { status: found.status.state, lastCopies: (await control.holdings(found.id)).filter(({ last_copy }) => last_copy).map(({ name }) => name).sort() };
  });
}

/** A node's name within all that one run may see. */
export const nameIn = ({ cluster_id }: { readonly cluster_id: string }, name: string): string => `${cluster_id}/${name}`;

export async function createNode(plan: NodePlan, context: Applying): Promise<NodeState> {
  const { client: connection, signal } = context;
  const doing = doingOf(plan.name, context);
  const target = connection.machines.target(plan);
  if (!connection.run.begin('node', nameIn(plan.cluster, plan.name))) throw new ProviderError('Name is declared twice', declaredTwice('node', plan.name), ['name']);
  const wanted = await packageOf(plan.package, plan.package_sha256);
  return connection.machines.use(target, async (machine) => {
    await awaitOthers(machine, doing);
    await dropRemovedIdentity(machine, plan, doing, context);
    const json = nodeJson(plan);
    const brought = wanted === null ? undefined : await bringPackage(machine, wanted, doing);
    const before = (await look(machine, json, doing)).converged;
    const joined = before?.node != null && before.ca_sha256 !== null;
    if (joined) await refuseForeign(connection, plan, before.node, doing, context);
    const full = { ...json, ...(brought === undefined ? {} : { package: brought }) };
    // etcd takes one new member at a time; nodes that only store join at once.
    const done = sortedRoles(plan.roles).includes('control')
      ? await inTurn(plan.cluster.cluster_id, signal, () => join(machine, full, plan, joined, context))
      : await join(machine, full, plan, joined, context);
    if (wanted !== null) await dropPackage(machine, wanted);
    return finished(plan, done, wanted !== null && 'sha256' in wanted ? wanted.sha256 : null, context);
  }, { signal, wait: true, onWait: (reason) => { doing.onLine(`waiting: ${reason}`); } });
}

/** Who was taken out of the cluster by somebody else may still believe to be in it. */
async function dropRemovedIdentity(machine: Machine, { name, cluster }: NodePlan, doing: Doing, { client, warn }: Applying): Promise<void> {
  const identity = await identityOf(machine, doing.signal);
  if (identity === null || identity.cluster_id !== cluster.cluster_id) return;
  if (await inCluster(client, { cluster }, doing, (control) => control.findNode(identity.node_id)) !== null) return;
  warn('Machine of a removed node joins anew', `${machine.name} was node ${identity.node_id} of this cluster, which was removed. What was left of it is taken away, and the machine joins as "${name}". No disk is touched.`);
  await leave(machine, doing);
}

/** Joins with a token that nobody else ever sees; what a failure leaves is taken away again. */
async function join(machine: Machine, json: NodeJson, plan: NodePlan, joined: boolean, context: Applying): Promise<Converged> {
  const { client: connection } = context;
  const doing = doingOf(plan.name, context);
  if (joined) return converge(machine, json, null, doing);
  const token = await inCluster(connection, plan, doing, async (control) => {
    await clearName(control, plan, machine, context);
    return control.createToken(plan.name, sortedRoles(plan.roles));
  });
  try {
    const done = await converge(machine, json, token.token, doing);
    await forgetToken(connection, plan, token, context);
    return done;
  } catch (error) {
    await undo(machine, plan, token, context);
    throw error;
  }
}

/** The name must be free. A node that began to join and never reported is what a run that was cut off left. */
async function clearName(control: ControlHost, plan: NodePlan, machine: Machine, { warn }: Applying): Promise<void> {
  const found = await control.findNode(plan.name);
  if (found === null) return;
  if (found.status.state === 'joining') {
    warn('Node of an interrupted run is made anew', `A node "${plan.name}" (${found.id}) began to join and never reported: an interrupted apply left it. It is taken out, and joins again.`);
    return control.remove(found.id, true);
  }
  throw new ProviderError('Node exists already', `The cluster has a node "${plan.name}" (${found.id}, ${found.status.state}) already, which is not ${machine.name}. Nothing was changed. Give another name; or, if that machine is dead, take it out first: holdfast node remove ${plan.name}`, ['name']);
}

/** A machine that is a node already is taken only when it holds nothing: then an interrupted create left it. */
async function refuseForeign(connection: Connection, plan: NodePlan, found: NonNullable<Converged['node']>, doing: Doing, { warn }: Applying): Promise<void> {
  const other = found.cluster_id !== plan.cluster.cluster_id ? `it is in another cluster, ${found.cluster_id}` : found.name !== plan.name ? `it is the node "${found.name}"` : null;
  const holds = other === null ? await inCluster(connection, plan, doing, (control) => control.holdings(found.id)) : [];
  const because = other ?? (holds.length > 0 ? `it holds ${holds.length} volume(s)` : null);
  if (because !== null) throw new ProviderError('Machine is a node already', `${plan.host} is a node already, and ${because}: it is not taken over in silence. Nothing was changed. Give another machine, or take this one out of its cluster first (holdfast node drain, holdfast node remove).`, ['host']);
  warn('Node of an interrupted run is taken', `${plan.host} is the node "${plan.name}" (${found.id}) of this cluster already and holds nothing: an interrupted apply made it, and it is finished.`);
}

async function forgetToken(connection: Connection, plan: NodePlan, { id }: Token, { log }: Applying): Promise<void> {
  const doing: Doing = { signal: AbortSignal.timeout(60_000), onLine: () => { /* of no interest */ } };
  await inCluster(connection, plan, doing, (control) => control.removeToken(id)).catch((error: unknown) => { log.warn('the join token was not removed; it ends by itself', { error: String(error) }); });
}

/** Takes back what a failed join left: token, record, services. What cannot be taken back now is found by the next create. */
async function undo(machine: Machine, plan: NodePlan, token: Token, context: Applying): Promise<void> {
  const { client: connection, log } = context;
  const doing: Doing = { signal: AbortSignal.timeout(120_000), onLine: (line) => { log.info(line, { machine: plan.name }); } };
  await forgetToken(connection, plan, token, context);
  try {
    const kept = await inCluster(connection, plan, doing, async (control) => {
      const found = await control.findNode(plan.name);
      // Another machine that joins under this name is not ours to take out.
      if (found === null || !await isOf(found, machine, doing.signal)) return false;
      // It reported: it is a node, and what is missing is finished by the next apply.
      if (found.status.state !== 'joining') return true;
      await control.remove(found.id, true);
      return false;
    });
    if (!kept) await leave(machine, doing);
  } catch (error) {
    log.warn('what was begun could not be taken back', { machine: plan.name, error: error instanceof Error ? error.message : String(error) });
  }
}

/** Whether the record is this machine's; one that says nothing counts as its. */
async function isOf({ status: { capabilities } }: Node, machine: Machine, signal: AbortSignal): Promise<boolean> {
  const recorded = capabilities?.machine_id ?? '';
  return recorded === '' || recorded === await machineIdOf(machine, signal);
}

async function finished(plan: NodePlan, done: Converged, sha256: string | null, context: Applying): Promise<NodeState> {
  const { client: connection, warn } = context;
  const { node } = done;
  if (node === null) throw new MachineError('failed', `${plan.host} answered that it converged, but not that it is a node.`);
  remember(done, context.private);
  const known = { node_id: node.id, version: node.version, drift: [], package_sha256: sha256, address: isUnknown(plan.address) ? addressOf(plan.host) : plan.address, machine_id: isUnknown(plan.machine_id) ? node.machine_id : plan.machine_id };
  try {
    const seen = await member(connection, { cluster: plan.cluster, ref: node.id }, doingOf(plan.name, context));
    return settled(plan, { ...plan, ...known, status: seen?.status ?? 'incomplete', last_copies: seen?.lastCopies ?? [] });
  } catch (error) {
    // It is a node: an error would make Terraform forget it, or destroy it.
    warn('Node is incomplete', `Node "${plan.name}" (${node.id}) joined, but the cluster could not be asked about it: ${error instanceof Error ? error.message : String(error)} The next apply finishes it.`);
    return settled(plan, { ...plan, ...known, status: 'incomplete', last_copies: [] });
  }
}

export async function readNode(state: NodeState, context: Context): Promise<NodeState | null> {
  const { client: connection, signal } = context;
  const doing = doingOf(state.name, context);
  const [machine, seen] = await Promise.all([
    connection.machines.use(connection.machines.target(state), (there) => look(there, nodeJson(state), doing), { signal }).then((found) => ({ found }), (error: unknown) => ({ error })),
    askCluster(state, context, doing),
  ]);
  // Removed by somebody: then it does not matter what its machine says.
  if (seen === null) return null;
  if ('error' in machine) keepUnseen(machine.error, context.private, context.warn);
  const looked = 'error' in machine ? null : machine.found;
  const { status, lastCopies } = seen ?? { status: state.status, lastCopies: state.last_copies };
  const common = { ...state, status, last_copies: lastCopies };
  if (looked === null) return common;
  if (recognise(looked, context.private) === 'rebuilt') return common;
  const drift = driftOf(looked, context.private);
  const node = looked.converged?.node;
  if (node == null) return { ...common, drift };
  const roles = sortedRoles(node.roles);
  return { ...common, drift, version: node.version, zone: node.zone, labels: { ...node.labels }, roles: roles.join() === sortedRoles(state.roles).join() ? state.roles : roles };
}

/** Null: the cluster says that it has no such node. Undefined: Holdfast answers on no machine that was asked. */
async function askCluster(state: NodeState, { client, warn }: Context, doing: Doing): Promise<Awaited<ReturnType<typeof member>> | undefined> {
  try {
    return await member(client, { cluster: state.cluster, ref: state.node_id }, doing);
  } catch (error) {
    if (!(error instanceof MachineError) || !['unreachable', 'stopped', 'untrusted', 'denied'].includes(error.kind)) throw error;
    // A stopped daemon there is a difference of its own node, which the same apply mends.
    warn('Cluster could not be asked', `${error.detail} Status and last copies of node "${state.name}" are shown as they were last seen.`);
    return undefined;
  }
}

export async function updateNode(plan: NodePlan, prior: NodeState, context: Applying): Promise<NodeState> {
  const { client: connection, signal } = context;
  const doing = doingOf(plan.name, context);
  const wanted = await packageOf(plan.package, plan.package_sha256);
  const upgrades = wanted !== null && (isUnknown(plan.version) || prior.package_sha256 !== plan.package_sha256);
  return connection.machines.use(connection.machines.target(plan), async (machine) => {
    await awaitOthers(machine, doing);
    const id = await machineIdOf(machine, signal);
    const before = context.private['machine_id'];
    if (typeof before === 'string' && id !== before) throw new ProviderError('Machine is not the one that was', `${machine.name} is another machine than the one that is node "${prior.name}": its machine id was ${before}, and is ${id} now. Nothing was done to it. Replace the node: terraform apply -replace=ADDRESS`, ['host']);
    // Brought to all at once; installed on one after another.
    const brought = wanted === null || !upgrades ? undefined : await bringPackage(machine, wanted, doing);
    const full = { ...nodeJson(plan), ...(brought === undefined ? {} : { package: brought }) };
    const ask = <T>(action: (control: ControlHost) => Promise<T>): Promise<T> => inCluster(connection, plan, doing, action);
    const done = upgrades
      ? await inTurnWhenFit(plan.cluster.cluster_id, plan.name, doing, ask, async () => {
        const changed = await converge(machine, full, null, doing);
        await waitUntilFit(plan.name, doing, ask, 'upgraded');
        return changed;
      })
      : await inTurn(plan.cluster.cluster_id, signal, () => converge(machine, full, null, doing));
    if (wanted !== null && brought !== undefined) await dropPackage(machine, wanted);
    return finished(plan, done, wanted !== null && 'sha256' in wanted ? wanted.sha256 : null, context);
  }, { signal, wait: true });
}
