/** The attributes of `holdfast_cluster`. */
import { checkName } from '../../src/model/name.ts';
import { matching, oneOf, t, timeouts, type DraftOf, type PlanOf, type StateOf } from '../framework/index.ts';
import { understood } from './check.ts';
import { addressForm, host, labels, login, nodeName, packageAttribute, roles, storeAttribute, zoneForm } from './machine-schema.ts';

/** Of what nodes are made known to a cluster: an input of `holdfast_node`, an output of `holdfast_cluster`. */
const hostsDescription = 'Machines of the cluster through which it is asked over SSH, in this order.';
export const bootstrapComputed = t.object({
  cluster_id: t.string().computed().describe('Id of the cluster.'),
  ca_sha256: t.string().computed().describe('SHA-256 of its authority\'s certificate.'),
  endpoints: t.list(t.string()).computed().describe('REST endpoint of its first node, as a list.'),
  hosts: t.listOf({
    host: t.string().computed().describe('Name or address.'),
    port: t.int().computed().nullable().describe('Port of its sshd.'),
    user: t.string().computed().nullable().describe('Who logs in.'),
    host_key: t.string().computed().nullable().describe('Its public host key.'),
  }).computed().describe(hostsDescription),
  store: t.object({
    kind: t.string().computed().nullable().describe('As `store.kind` of the cluster.'),
    endpoints: t.list(t.string()).computed().nullable().describe('As `store.endpoints` of the cluster.'),
    ca: t.string().computed().nullable().describe('As `store.ca` of the cluster.'),
    cert: t.string().computed().nullable().describe('As `store.cert` of the cluster.'),
    key: t.string().computed().nullable().describe('As `store.key` of the cluster: a path.'),
  }).computed().nullable().describe('The control store, where it was said.'),
});
export const bootstrapInput = t.object({
  cluster_id: t.string().required().describe('Id of the cluster.'),
  ca_sha256: t.string().required().describe('SHA-256 of its authority\'s certificate.'),
  endpoints: t.list(t.string()).required().describe('REST endpoints of nodes that are in it.'),
  hosts: t.listOf({ host: host().required(), ...login }).required().describe(hostsDescription),
  store: storeAttribute().describe('The control store, where it was said.'),
});

export const clusterAttributes = {
  name: t.string().required().requiresReplace().validate(understood((name: string) => checkName('cluster', name)))
    .describe('What people call it: 1 to 63 of `a-z`, `0-9`, `.`, `_` and `-`, beginning with a letter or digit. Another name is another cluster.'),
  node: t.object({
    name: nodeName().required().describe('Name of the node.'),
    host: host().required(),
    ...login,
    address: t.string().validate(addressForm).describe('`host` or `host:port` where the other nodes and clients reach its REST API. Default: `host`, port 7480.'),
    zone: t.string().validate(zoneForm).describe('Its failure domain: replicas are spread over zones. Default: none.'),
    labels: labels().describe('Labels of the node; placement may ask for them. Default: none.'),
    roles: roles().describe('`control` (which the first node has to have) and `storage`. Default: both.'),
  }).required().describe('The first node. Where it is lost for good, another node of the cluster with the role `control` can be named in its place.'),
  control_hosts: t.listOf({ host: host().required(), ...login }).describe('Further machines of the cluster with the role `control`, through which nodes are joined and removed while the first one is down. Default: none.'),
  package: packageAttribute(),
  store: storeAttribute().requiresReplace().describe('Where the cluster keeps its records. It cannot be changed here. Default: etcd on the nodes with the role `control`.'),
  from_embedded: t.bool().describe('Whether the machine runs Holdfast alone already, and what it has is taken over into the cluster: counts when the cluster is made. Default `false`: a machine that holds volumes is refused.'),
  admin: t.object({
    name: t.string().validate(understood((name: string) => checkName('client', name))).describe('Who gets the certificate. Default `admin`.'),
    csr: t.string().required().validate(matching(/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/, 'be a certificate request in PEM')).describe('Certificate request, PEM. It is made beside its key, which stays where it was made: `holdfast cert request --name admin --key admin.key --out admin.csr`.'),
  }).describe('A client certificate with the role `admin`, to reach the cluster with. Signed anew when it ends within 30 days. Default: none is made.'),
  on_destroy: t.string().default('refuse').validate(oneOf('refuse', 'forget'))
    .describe('When it is destroyed: `refuse` while volumes are in it, or `forget`: their records go, and their images stay on the machines\' media. Default `refuse`.'),
  cluster_id: t.string().computed().describe('Id: `clu_…`. Never changes.'),
  node_id: t.string().computed().describe('Id of the first node: `node_…`.'),
  machine_id: t.string().computed().describe('Machine id of the first node.'),
  version: t.string().computed().describe('Version of Holdfast on the first node.'),
  drift: t.list(t.string()).computed().describe('What is not on the first node as it should be; the next apply mends it.'),
  ca_certificate: t.string().computed().describe('Certificate of its authority, PEM. Not secret.'),
  ca_sha256: t.string().computed().describe('SHA-256 of that certificate.'),
  admin_certificate: t.string().computed().nullable().describe('The certificate for `admin`, with its chain, PEM. Not secret: worth nothing without its key.'),
  admin_expires_at: t.string().computed().nullable().describe('When that certificate ends: ISO 8601, UTC.'),
  endpoints: t.list(t.string()).computed().describe('REST endpoint of the first node, as a list.'),
  bootstrap: bootstrapComputed.computed().describe('What `holdfast_node` needs to join: give it as `cluster`.'),
  package_sha256: t.string().computed().nullable().describe('SHA-256 of `package.file`.'),
  timeouts: timeouts({ create: '20m', read: '5m', update: '20m', delete: '10m' }),
};
export type ClusterAttributes = typeof clusterAttributes;
export type ClusterState = StateOf<ClusterAttributes>;
export type ClusterPlan = PlanOf<ClusterAttributes>;
export type ClusterDraft = DraftOf<ClusterAttributes>;
export type Bootstrap = ClusterState['bootstrap'];
