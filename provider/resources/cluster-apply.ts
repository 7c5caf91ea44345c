/** Create, read, update and delete of `holdfast_cluster`: everything happens on its first node, over SSH. */
import { X509Certificate } from 'node:crypto';
import { controlOn } from '../bootstrap/control-host.ts';
import { awaitOthers, bringPackage, converge, dropPackage, leave, look, machineIdOf, type Doing } from '../bootstrap/holdfast-machine.ts';
import { MachineError } from '../bootstrap/machine-error.ts';
import type { Converged, NodeJson } from '../bootstrap/node-json.ts';
import type { Machine } from '../bootstrap/shell.ts';
import { ProviderError, type ApplyContext, type ResourceContext } from '../framework/index.ts';
import { isUnknown } from '../protocol/value.ts';
import type { Bootstrap, ClusterAttributes, ClusterPlan, ClusterState } from './cluster-schema.ts';
import type { Connection } from './connection.ts';
import { inTurn } from './lane.ts';
import { addressOf, apiUrl, sortedRoles } from './machine-schema.ts';
import { driftOf, keepUnseen, recognise, remember, remembered } from './observed.ts';
import { packageOf } from './package-plan.ts';
import { settled } from './plan-inputs.ts';
import { waitUntilFit } from './rolling.ts';

type Context = ResourceContext<Connection>;
type Applying = ApplyContext<ClusterAttributes, Connection>;

/** What the user decides about the machine; the rest of a plan follows. */
type Declared = Pick<ClusterState, 'name' | 'node' | 'store' | 'from_embedded' | 'admin'>;

export const doingOf = (name: string, { signal, log }: Pick<Context, 'signal' | 'log'>): Doing => ({ signal, onLine: (line) => { log.info(line, { machine: name }); } });

export function clusterNodeJson({ name, node, store, from_embedded, admin }: Declared): NodeJson {
  return {
    name: node.name, advertise: addressOf(node.address ?? node.host), zone: node.zone ?? '', labels: node.labels ?? {}, roles: sortedRoles(node.roles ?? ['control', 'storage']),
    cluster: { init: { name, ...(from_embedded === true ? { from_embedded } : {}), ...(admin === null ? {} : { admin: { name: admin.name ?? 'admin', csr: admin.csr } }) } },
    ...(store === null ? {} : { store: storeJson(store) }),
  };
}

export const storeJson = ({ kind, endpoints, ca, cert, key }: NonNullable<ClusterState['store']>): NonNullable<NodeJson['store']> => ({
  kind: kind ?? 'etcd', ...(endpoints === null ? {} : { endpoints }), ...(ca === null ? {} : { ca }), ...(cert === null ? {} : { cert }), ...(key === null ? {} : { key }),
});

/** What is given to nodes: follows from the configuration and what never changes, so that it is the same in every plan. */
export function bootstrapOf({ node, control_hosts, store }: Pick<ClusterState, 'node' | 'control_hosts' | 'store'>, cluster: { readonly cluster_id: string; readonly ca_sha256: string }): Bootstrap {
  const hostOf = ({ host, port, user, host_key }: { host: string; port: number | null; user: string | null; host_key: string | null }) => ({ host, port, user, host_key });
  return {
    cluster_id: cluster.cluster_id, ca_sha256: cluster.ca_sha256, endpoints: [apiUrl(node.address ?? node.host)], hosts: [hostOf(node), ...(control_hosts ?? []).map(hostOf)],
    store: store === null ? null : { ...store },
  };
}

const expiryOf = (pem: string | null): string | null => (pem === null ? null : new Date(new X509Certificate(pem).validTo).toISOString());

function stateOf(plan: ClusterPlan, done: Converged, adminCertificate: string | null, sha256: string | null): ClusterState {
  const { node, ca_certificate, ca_sha256 } = done;
  if (node === null || ca_certificate === null || ca_sha256 === null) throw new MachineError('failed', 'The machine answered that it converged, but not that it is in a cluster.');
  return settled(plan, {
    ...plan, cluster_id: node.cluster_id, node_id: node.id, machine_id: node.machine_id, version: node.version, drift: [], ca_certificate, ca_sha256,
    admin_certificate: adminCertificate, admin_expires_at: expiryOf(adminCertificate), endpoints: [apiUrl(plan.node.address ?? plan.node.host)],
    bootstrap: bootstrapOf(plan, { cluster_id: node.cluster_id, ca_sha256 }), package_sha256: sha256,
  });
}

export async function createCluster(plan: ClusterPlan, context: Applying): Promise<ClusterState> {
  const { client: { machines }, signal } = context;
  const doing = doingOf(plan.node.name, context);
  const wanted = await packageOf(plan.package, plan.package_sha256);
  return machines.use(machines.target(plan.node), async (machine) => {
    await awaitOthers(machine, doing);
    const json = clusterNodeJson(plan);
    const brought = wanted === null ? undefined : await bringPackage(machine, wanted, doing);
    const before = await look(machine, json, doing);
    const fresh = before.converged === null || before.converged.ca_sha256 === null;
    if (!fresh) await refuseForeign(machine, plan, await running(machine, json, before.converged, doing), doing, context);
    try {
      const done = await converge(machine, { ...json, ...(brought === undefined ? {} : { package: brought }) }, null, doing);
      if (wanted !== null) await dropPackage(machine, wanted);
      // A certificate is made once; a run that was killed may have taken the answer with it.
      const certificate = plan.admin === null ? null : done.admin_certificate ?? await controlOn(machine, doing).sign('admin', plan.admin.name ?? 'admin', plan.admin.csr);
      const state = stateOf(plan, done, certificate, wanted !== null && 'sha256' in wanted ? wanted.sha256 : null);
      remember(done, context.private);
      return state;
    } catch (error) {
      // What ran alone before keeps what it has: converge resumes the move to the cluster.
      if (fresh && plan.from_embedded !== true) await undo(machine, context);
      throw error;
    }
  }, { signal, wait: true, onWait: (reason) => { doing.onLine(`waiting: ${reason}`); } });
}

/**
 * A cluster whose daemon does not run cannot say what is in it: it was stopped, or never started by a run that was cut off.
 * Converge starts it, after it has refused what is not this cluster and this node; no other package is installed for that.
 */
async function running(machine: Machine, json: NodeJson, found: Converged | null, doing: Doing): Promise<Converged | null> {
  return found?.node?.running === false ? converge(machine, json, null, doing) : found;
}

/** Best effort: what could not be taken back is taken up by the next create. */
async function undo(machine: Machine, { log }: Applying): Promise<void> {
  const patience = AbortSignal.timeout(60_000);
  await leave(machine, { signal: patience, onLine: (line) => { log.info(line, { machine: machine.name }); } }).catch((error: unknown) => { log.warn('what was begun could not be taken back', { machine: machine.name, error: String(error) }); });
}

/** A cluster that is there is taken only when it is what an interrupted create leaves: the same names, alone, without volumes. */
async function refuseForeign(machine: Machine, plan: ClusterPlan, found: Converged | null, doing: Doing, { warn }: Applying): Promise<void> {
  const control = controlOn(machine, doing);
  const status = await control.status();
  const because = status.name !== plan.name ? `it is the cluster "${status.name}"`
    : found?.node?.name !== plan.node.name ? `the node is called "${found?.node?.name ?? ''}"`
      : status.nodes.length > 1 ? 'it has further nodes'
        : (await control.volumeCount()) > 0 ? 'volumes are in it' : null;
  if (because !== null) throw new ProviderError('Cluster exists already', `${machine.name} is in the cluster ${status.id} already, and ${because}: it is not taken over in silence. Nothing was changed. Give another machine; or, if this cluster shall be managed here:\n  import {\n    to = holdfast_cluster.NAME\n    id = "${plan.node.host}"\n  }`, ['node', 'host']);
  warn('Cluster of an interrupted run is taken', `${machine.name} is in the cluster "${plan.name}" (${status.id}) already, which has no other node and no volume: an interrupted apply made it, and it is finished.`);
}

export async function readCluster(state: ClusterState, context: Context): Promise<ClusterState> {
  const { client: { machines }, signal } = context;
  const doing = doingOf(state.node.name, context);
  let looked;
  try {
    looked = await machines.use(machines.target(state.node), (machine) => look(machine, clusterNodeJson(state), doing), { signal });
  } catch (error) {
    keepUnseen(error, context.private, context.warn);
    return state;
  }
  if (recognise(looked, context.private) === 'rebuilt') {
    context.warn('Machine is not the one that was', `The first node of cluster "${state.name}" (${state.node.host}): ${remembered(context.private).rebuilt ?? ''}.`);
    return state;
  }
  const { converged } = looked;
  if (converged?.node != null && converged.node.cluster_id !== state.cluster_id) throw otherCluster(state, converged.node.cluster_id);
  const seen = converged?.node;
  const same = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();
  const { node } = state;
  return {
    ...state, drift: driftOf(looked, context.private),
    ...(seen == null ? {} : {
      version: seen.version,
      node: {
        ...node, zone: seen.zone === (node.zone ?? '') ? node.zone : seen.zone, labels: JSON.stringify(Object.entries(seen.labels).sort()) === JSON.stringify(Object.entries(node.labels ?? {}).sort()) ? node.labels : { ...seen.labels },
        roles: same(sortedRoles(seen.roles), sortedRoles(node.roles ?? ['control', 'storage'])) ? node.roles : sortedRoles(seen.roles),
      },
    }),
  };
}

const otherCluster = (state: Pick<ClusterState, 'name' | 'cluster_id' | 'node'>, found: string): ProviderError =>
  new ProviderError('Another cluster answered', `The cluster "${state.name}" is ${state.cluster_id}, but ${state.node.host} is in ${found}. Nothing was changed. Name a machine of the cluster in "node"; or, if it is gone for good, stop managing it with a "removed" block.`, ['node', 'host']);

export async function updateCluster(plan: ClusterPlan, prior: ClusterState, context: Applying): Promise<ClusterState> {
  const { client: { machines }, signal } = context;
  const doing = doingOf(plan.node.name, context);
  const wanted = await packageOf(plan.package, plan.package_sha256);
  return inTurn(prior.cluster_id, signal, () => machines.use(machines.target(plan.node), async (machine) => {
    const json = clusterNodeJson(plan);
    await awaitOthers(machine, doing);
    const { converged: found } = await look(machine, json, doing);
    if (found?.node != null && found.node.cluster_id !== prior.cluster_id) throw otherCluster(prior, found.node.cluster_id);
    if (found !== null && found.node === null) throw new ProviderError('Machine is in no cluster', `${machine.name} is not in cluster "${prior.name}". A new cluster is not made in its place: name a node of the cluster in "node", or destroy this resource first.`, ['node', 'host']);
    const brought = wanted === null ? undefined : await bringPackage(machine, wanted, doing);
    const upgrades = wanted !== null && (isUnknown(plan.version) || prior.package_sha256 !== plan.package_sha256);
    // Where its daemon is stopped nobody can be asked through it, and nothing is taken away by starting it anew.
    if (upgrades && found?.node?.running === true) await waitUntilFit(plan.node.name, doing, (action) => action(controlOn(machine, doing)));
    const done = await converge(machine, { ...json, ...(brought === undefined ? {} : { package: brought }) }, null, doing);
    if (wanted !== null) await dropPackage(machine, wanted);
    const keeps = !isUnknown(plan.admin_certificate);
    const certificate = keeps ? plan.admin_certificate as string | null : plan.admin === null ? null : await controlOn(machine, doing).sign('admin', plan.admin.name ?? 'admin', plan.admin.csr);
    const state = stateOf(plan, done, certificate, wanted !== null && 'sha256' in wanted ? wanted.sha256 : null);
    remember(done, context.private);
    return state;
  }, { signal, wait: true }));
}

export async function deleteCluster(state: ClusterState, context: Context): Promise<void> {
  const { client: { machines }, signal } = context;
  const doing = doingOf(state.node.name, context);
  await inTurn(state.cluster_id, signal, () => machines.use(machines.target(state.node), async (machine) => {
    const found = await machineIdOf(machine, signal);
    const expected = remembered(context.private).machine_id;
    if (expected !== undefined && found !== expected) return context.warn('Machine was left alone', `${machine.name} is not the machine that was the first node of cluster "${state.name}" any more; nothing was done to it.`);
    await refuseWhileUsed(machine, state, doing);
    await leave(machine, doing);
  }, { signal })).catch((error: unknown) => {
    if (!(error instanceof MachineError) || error.kind !== 'unreachable') throw error;
    throw new MachineError(error.kind, `${error.detail}\nThe cluster "${state.name}" stays in the state. If its machines are gone for good, stop managing it:\n  removed {\n    from = holdfast_cluster.NAME\n    lifecycle { destroy = false }\n  }`, { cause: error });
  });
}

/** The last look before the control store goes: nodes that would be left behind, volumes whose records would be lost. */
async function refuseWhileUsed(machine: Machine, state: ClusterState, doing: Doing): Promise<void> {
  if (state.on_destroy === 'forget') return;
  const control = controlOn(machine, doing);
  const others = (await control.status()).nodes.filter(({ name }) => name !== state.node.name).map(({ name }) => name);
  if (others.length > 0) throw new ProviderError('Cluster has nodes', `The cluster "${state.name}" still has ${others.length} other node(s): ${others.slice(0, 10).join(', ')}. Destroy them first (those of this configuration go before it when they say cluster = holdfast_cluster.NAME.bootstrap), or take them out: holdfast node remove NAME.`);
  const volumes = await control.volumeCount();
  if (volumes > 0) throw new ProviderError('Cluster has volumes', `The cluster "${state.name}" still has ${volumes} volume(s), whose records would go with it. Destroy them first, or set on_destroy = "forget", apply, and destroy again: their images stay on the media.`);
}
