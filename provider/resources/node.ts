/** `holdfast_node`: a machine in a cluster. Plans and its end are in `node-plan.ts`, what is done on it in `node-apply.ts`. */
import { isUnknown } from '../protocol/value.ts';
import { holdfast } from './define.ts';
import { createNode, readNode, updateNode } from './node-apply.ts';
import { deleteNode, planNode, planNodeDestroy } from './node-plan.ts';
import { findMachine, IMPORT_HELP } from './machine-import.ts';
import { apiUrl, sortedRoles } from './machine-schema.ts';
import { nodeAttributes, type NodeState } from './node-schema.ts';
import { checkPackage } from './package-plan.ts';

export const node = holdfast.resource({
  name: 'node',
  description: 'A node: a machine that joins a cluster over SSH. Nodes are made at the same time, upgraded one after another (nodes of one cluster belong into one configuration of the provider), and left in good order before their machines go. What was changed on the machine by hand shows in the plan, and is mended.',
  example: `resource "holdfast_node" "storage" {
  for_each = { n2 = "10.77.0.12", n3 = "10.77.0.13" }

  cluster = holdfast_cluster.prod.bootstrap
  name    = each.key
  host    = each.value
  zone    = "rack-2"
  package = { file = "holdfast_0.1.0_amd64.deb" }
}
`,
  attributes: nodeAttributes,
  identity: {
    attributes: { cluster_id: { type: 'string', description: 'Id of the cluster.' }, id: { type: 'string', description: 'Id of the node.' } },
    of: ({ cluster, node_id }: NodeState) => ({ cluster_id: cluster.cluster_id, id: node_id }),
  },
  validate(config, report) {
    if (!isUnknown(config.package)) checkPackage(config.package, report);
  },
  modifyPlan: (change, context) => planNode(change, context),
  planDestroy: (prior, context) => planNodeDestroy(prior, context),
  create: (plan, context) => createNode(plan, context),
  read: (state, context) => readNode(state, context),
  update: (plan, prior, context) => updateNode(plan, prior, context),
  delete: (state, context) => deleteNode(state, context),
  importHelp: IMPORT_HELP('holdfast_node.n2'),
  async import({ id }, context): Promise<Partial<NodeState>> {
    const { host, port, user, node: found, converged: { node: seen, ca_sha256 } } = await findMachine(id, context, (_name, address) => ({ join: { endpoints: [`https://${address}`] } }));
    const address = found.spec.address ?? '';
    return {
      // Until it is known by which machines the cluster is asked, this one is asked.
      cluster: { cluster_id: seen?.cluster_id ?? '', ca_sha256: ca_sha256 ?? '', endpoints: [apiUrl(address)], hosts: [{ host, port, user, host_key: null }], store: null },
      name: found.name, host, port, user, host_key: null, address, zone: found.spec.zone, labels: { ...found.labels }, roles: sortedRoles(found.spec.roles), package: null, machine_id: seen?.machine_id ?? '',
      on_destroy: 'drain', node_id: found.id, version: seen?.version ?? '', status: found.status.state, drift: [], last_copies: [], package_sha256: null, timeouts: null,
    };
  },
});
