/** The attributes of `holdfast_node`. */
import { oneOf, t, timeouts, type DraftOf, type PlanOf, type StateOf } from '../framework/index.ts';
import { bootstrapInput } from './cluster-schema.ts';
import { addressForm, host, labels, login, nodeName, packageAttribute, roles, zoneForm } from './machine-schema.ts';

export const ON_DESTROY = ['drain', 'hand_over', 'forget'] as const;

export const nodeAttributes = {
  cluster: bootstrapInput.required().describe('The cluster to join: `holdfast_cluster.NAME.bootstrap`. Another cluster is another node.'),
  name: nodeName().required().requiresReplace().describe('Name of the node, one of its kind in the cluster: 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit. Another name is another node.'),
  host: host().required(),
  ...login,
  address: t.string().optionalComputed().validate(addressForm).describe('`host:port` where the other nodes and clients reach its REST API. Default: `host`, port 7480.'),
  zone: t.string().default('').validate(zoneForm).describe('Its failure domain: replicas are spread over zones. Default: none.'),
  labels: labels().default({}).describe('Labels of the node; placement may ask for them. Default: none.'),
  roles: roles().default(['storage']).describe('`storage`: holds replicas. `control`: holds the control store, signs certificates; a cluster has 1, 3 or 5 of these. Default: `storage`.'),
  package: packageAttribute(),
  machine_id: t.string().optionalComputed().keepsPrior().requiresReplace().describe('Which machine it is. A change replaces the node, so that the old one is left before its machine goes: give the id of the instance where Terraform makes the machine. Default: the `/etc/machine-id` of the machine.'),
  on_destroy: t.string().default('drain').validate(oneOf(...ON_DESTROY))
    .describe('What happens to what it holds when it is destroyed. `drain`: everything is moved away, and it is refused while it holds the last copy of a volume. `hand_over`: volumes are let go of and handed to other nodes; copies on media that can be carried to another machine stay on them. `forget`: it is taken out as it is, also a machine that is dead; last copies are given up. Default `drain`.'),
  node_id: t.string().computed().describe('Id: `node_…`.'),
  version: t.string().computed().describe('Version of Holdfast on it.'),
  status: t.string().computed().describe('`ready`, `unavailable`, `draining`, `drained`, or `incomplete`: begun, and finished by the next apply.'),
  drift: t.list(t.string()).computed().describe('What is not on the machine as it should be (the daemon is stopped, its configuration was edited, …); the next apply mends it.'),
  last_copies: t.list(t.string()).computed().describe('Volumes of which no other node that lives has a copy. While there are any, destroying it is refused, unless `on_destroy` is `forget`.'),
  package_sha256: t.string().computed().nullable().describe('SHA-256 of `package.file`.'),
  timeouts: timeouts({ create: '20m', read: '5m', update: '30m', delete: '30m' }),
};
export type NodeAttributes = typeof nodeAttributes;
export type NodeState = StateOf<NodeAttributes>;
export type NodePlan = PlanOf<NodeAttributes>;
export type NodeDraft = DraftOf<NodeAttributes>;
