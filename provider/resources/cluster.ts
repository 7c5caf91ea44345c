/** `holdfast_cluster`: the first node of a cluster, with its certificate authority. What happens on it is in `cluster-apply.ts`. */
import { isUnknown, isWhollyKnown, UNKNOWN } from '../protocol/value.ts';
import { type PlanChange, type PlanContext } from '../framework/index.ts';
import { bootstrapOf, createCluster, deleteCluster, doingOf, readCluster, updateCluster } from './cluster-apply.ts';
import { clusterAttributes, type ClusterAttributes, type ClusterState } from './cluster-schema.ts';
import type { Connection } from './connection.ts';
import { holdfast } from './define.ts';
import { findMachine, IMPORT_HELP } from './machine-import.ts';
import { apiUrl, sortedRoles } from './machine-schema.ts';
import { machineIdOf } from '../bootstrap/holdfast-machine.ts';
import { controlOn } from '../bootstrap/control-host.ts';
import { remembered } from './observed.ts';
import { checkPackage, planPackage } from './package-plan.ts';
import { differs, keepPrior } from './plan-inputs.ts';
import { UNCHECKED } from './volume-plan-new.ts';

const INPUTS = ['name', 'node', 'control_hosts', 'package', 'store', 'from_embedded', 'admin', 'on_destroy', 'package_sha256'];
const FOLLOWS = ['cluster_id', 'node_id', 'machine_id', 'version', 'drift', 'ca_certificate', 'ca_sha256', 'admin_certificate', 'admin_expires_at', 'endpoints', 'bootstrap'] as const;
/** A certificate is made anew when it ends within this time. */
const RENEW_BEFORE_MS = 30 * 24 * 3_600_000;

export const cluster = holdfast.resource({
  name: 'cluster',
  description: 'A cluster: its first node, made over SSH on a machine that needs nothing but sshd, with the certificate authority and the control store. Further nodes are `holdfast_node`. It needs the provider\'s `ssh`, and no `endpoint`: volumes and pools of the cluster are declared through a second configuration of the provider, whose `endpoint` is an output that depends on all nodes.',
  example: `resource "holdfast_cluster" "prod" {
  name = "prod"

  node = {
    name = "n1"
    host = "10.77.0.11"
    zone = "rack-1"
  }

  package = {
    file = "holdfast_0.1.0_amd64.deb"
  }

  admin = {
    csr = file("admin.csr")
  }
}
`,
  attributes: clusterAttributes,
  identity: {
    attributes: { cluster_id: { type: 'string', description: 'Id of the cluster.' } },
    of: ({ cluster_id }: ClusterState) => ({ cluster_id }),
  },
  validate(config, report) {
    if (!isUnknown(config.package)) checkPackage(config.package, report);
    if (isUnknown(config.node) || config.node === null || isUnknown(config.node.roles)) return;
    if (config.node.roles !== null && !config.node.roles.some((role) => isUnknown(role) || role === 'control')) report.error('First node without control', 'The first node of a cluster has the role "control".', ['node', 'roles']);
  },
  modifyPlan: (change, context) => planCluster(change, context),
  planDestroy: (prior, context) => planClusterDestroy(prior, context),
  create: (plan, context) => createCluster(plan, context),
  read: (state, context) => readCluster(state, context),
  update: (plan, prior, context) => updateCluster(plan, prior, context),
  delete: (state, context) => deleteCluster(state, context),
  importHelp: IMPORT_HELP('holdfast_cluster.prod'),
  async import({ id }, context): Promise<Partial<ClusterState>> {
    const { host, port, user, clusterName, node, converged: { node: seen, ca_certificate, ca_sha256 } } = await findMachine(id, context, (name) => ({ init: { name } }));
    const first = { name: node.name, host, port, user, host_key: null, address: node.spec.address, zone: node.spec.zone === '' ? null : node.spec.zone, labels: Object.keys(node.labels).length === 0 ? null : { ...node.labels }, roles: sortedRoles(node.spec.roles) };
    const known = { cluster_id: seen?.cluster_id ?? '', ca_sha256: ca_sha256 ?? '' };
    return {
      name: clusterName, node: first, control_hosts: null, package: null, store: null, from_embedded: null, admin: null, on_destroy: 'refuse', ...known, node_id: node.id, machine_id: seen?.machine_id ?? '', version: seen?.version ?? '', drift: [],
      ca_certificate: ca_certificate ?? '', admin_certificate: null, admin_expires_at: null, endpoints: [apiUrl(first.address ?? host)], bootstrap: bootstrapOf({ node: first, control_hosts: null, store: null }, known), package_sha256: null, timeouts: null,
    };
  },
});

async function planCluster({ prior, config, plan, replaces }: PlanChange<ClusterAttributes>, context: PlanContext<Connection>): Promise<void> {
  plan.package_sha256 = await planPackage(config.package, context);
  if (prior === null) return;
  if (replaces) return planClusterDestroy(prior, context);
  const memory = remembered(context.private);
  const changed = differs(clusterAttributes, INPUTS, plan, prior);
  const moved = differs(clusterAttributes, ['node'], plan, prior);
  if (memory.unseen !== undefined && !moved) context.error(memory.unseen.summary, memory.unseen.detail, ['node', 'host']);
  if (memory.rebuilt !== undefined && !moved) {
    context.error('Machine is not the one that was', `The first node of cluster "${prior.name}" (${prior.node.host}): ${memory.rebuilt}. Making a cluster anew there would not bring this one back. If other nodes with the role "control" live, name one of them in "node", remove the lost one (holdfast node remove ${prior.node.name}), and join the machine as a holdfast_node. If none lives, restore a copy of the control store on it.`, ['node', 'host']);
  }
  keepPrior(FOLLOWS, plan, prior);
  const drifted = prior.drift.length > 0;
  if (drifted) context.warn('Machine is not as it should be', `Node "${prior.node.name}" (${prior.node.host}): ${prior.drift.join('; ')}. This apply mends it.`);
  if (drifted) plan.drift = [];
  if (drifted || differs(clusterAttributes, ['package', 'package_sha256', 'node'], plan, prior)) plan.version = UNKNOWN;
  if (moved) for (const name of ['node_id', 'machine_id'] as const) plan[name] = UNKNOWN;
  planAdmin(prior, plan);
  if (!changed) return;
  const known = !isUnknown(plan.node) && isWhollyKnown(plan.node) && isWhollyKnown(plan.control_hosts) && isWhollyKnown(plan.store);
  // Which cluster it is stays known: else every node would look like one of another cluster, to be replaced.
  plan.bootstrap = known ? bootstrapOf(plan as ClusterState, prior) : { cluster_id: prior.cluster_id, ca_sha256: prior.ca_sha256, endpoints: UNKNOWN, hosts: UNKNOWN, store: UNKNOWN };
  plan.endpoints = known ? [apiUrl((plan as ClusterState).node.address ?? (plan as ClusterState).node.host)] : UNKNOWN;
}

function planAdmin(prior: ClusterState, plan: PlanChange<ClusterAttributes>['plan']): void {
  const other = differs(clusterAttributes, ['admin'], plan, prior);
  const ends = prior.admin_expires_at === null ? Infinity : Date.parse(prior.admin_expires_at) - Date.now();
  if (plan.admin === null) {
    plan.admin_certificate = null;
    plan.admin_expires_at = null;
  } else if (other || prior.admin_certificate === null || ends < RENEW_BEFORE_MS) {
    plan.admin_certificate = UNKNOWN;
    plan.admin_expires_at = UNKNOWN;
  }
}

/** What stands in the way for certain: nodes of this run may still be planned to go before it. */
async function planClusterDestroy(prior: ClusterState, context: PlanContext<Connection>): Promise<void> {
  const connection = context.client;
  if (connection === undefined) return context.warn('Checks left out', UNCHECKED);
  if (prior.on_destroy === 'forget') return;
  const doing = doingOf(prior.node.name, context);
  try {
    await connection.machines.use(connection.machines.target(prior.node), async (machine) => {
      if (await machineIdOf(machine, context.signal) !== (remembered(context.private).machine_id ?? '')) return;
      const volumes = await controlOn(machine, doing).volumeCount();
      if (volumes > 0) context.warn('Cluster has volumes', `The cluster "${prior.name}" has ${volumes} volume(s). It is destroyed only when they are gone before it; those of a provider configuration that depends on the cluster go first.`);
    }, { signal: context.signal });
  } catch (error) {
    if (context.signal.aborted) throw error;
    context.warn('Checks left out', `Whether the cluster "${prior.name}" holds volumes could not be seen: ${error instanceof Error ? error.message : String(error)}`);
  }
}

