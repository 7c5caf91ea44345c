/** The record of this node and of its cluster: made at the first start of a single machine, found on a cluster (join made it). */
import { HoldfastError } from '../../model/errors.ts';
import type { Cluster, Node, NodeCapabilities } from '../../model/node.ts';
import { isoNow, mintId, type Seams } from '../context.ts';
import { KEYS } from '../keys.ts';
import { changeNode } from '../repository.ts';

export interface SelfSettings {
  /** Name of this node on a single machine; on a cluster the record tells. */
  readonly node_name: string;
  /** Id from its certificate; absent on a single machine. */
  readonly node_id?: string;
  /** Id and name of the cluster from its certificates; absent on a single machine. */
  readonly cluster?: { readonly id: string; readonly name: string };
  /** `host:port` where others reach its REST API; absent: as recorded. */
  readonly address?: string | null;
  readonly daemon_version: string;
}

/** Made once; never changes. Answers from another cluster are told apart by it. @throws failed_precondition when the store belongs to another cluster. */
export async function ensureCluster(seams: Seams, wanted: SelfSettings['cluster']): Promise<Cluster> {
  const existing = await seams.store.get<Cluster>(KEYS.cluster);
  if (existing !== null) {
    if (wanted !== undefined && wanted.id !== existing.value.id) {
      throw new HoldfastError('failed_precondition', `the store belongs to cluster ${existing.value.name} (${existing.value.id}), this node's certificate to cluster ${wanted.id}`, { object: 'store', hint: 'Point the daemon to the store of its own cluster, or join the node anew.' });
    }
    return existing.value;
  }
  const cluster: Cluster = { id: wanted?.id ?? mintId(seams, 'cluster'), name: wanted?.name ?? 'holdfast', created_at: isoNow(seams.clock) };
  await seams.store.txn([{ key: KEYS.cluster, revision: 0 }], [{ op: 'put', key: KEYS.cluster, value: cluster }]);
  return (await seams.store.get<Cluster>(KEYS.cluster))?.value ?? cluster;
}

/**
 * The record of this node; made when there is none at all. One that is there is not written yet: whether this machine
 * may speak for the node is asked first (`presence.ts`), then `reportSelf` does.
 * @throws failed_precondition when the node was removed from the cluster, or cannot be told among several.
 */
export async function findSelf(seams: Seams, settings: SelfSettings, capabilities: NodeCapabilities): Promise<Node> {
  const { entries } = await seams.store.list<Node>(KEYS.nodes);
  const { node_id } = settings;
  const before = node_id === undefined ? entries[0]?.value : entries.find(({ value }) => value.id === node_id)?.value;
  if (node_id === undefined && entries.length > 1) {
    throw new HoldfastError('failed_precondition', `the store knows ${entries.length} nodes, and this daemon has no node certificate that says which one it is`, { object: 'node', hint: 'Put its certificate and key back into <root>/etc/holdfast/pki, or join it anew.' });
  }
  if (before === undefined && node_id !== undefined && entries.length > 0) {
    throw new HoldfastError('failed_precondition', `this node (${node_id}) is not in the cluster any more: it was removed`, { object: `node ${node_id}`, hint: 'Join it as a new node: empty <root>/etc/holdfast/pki, get a join token (holdfast cluster token create), and converge it again.' });
  }
  if (before !== undefined) return { ...before, name: node_id === undefined ? settings.node_name : before.name, status: { ...before.status, capabilities } };
  const node: Node = {
    id: node_id ?? mintId(seams, 'node'), name: settings.node_name, version: 1, owner: '', labels: {},
    spec: { roles: ['control', 'storage'], zone: '', address: settings.address ?? null, cordoned: false },
    status: { state: 'ready', conditions: [], observed_at: isoNow(seams.clock), daemon_version: settings.daemon_version, capabilities }, created_at: isoNow(seams.clock),
  };
  await seams.store.txn([{ key: KEYS.node(node.id), revision: 0 }], [{ op: 'put', key: KEYS.node(node.id), value: node }, { op: 'put', key: KEYS.nodeName(node.name), value: node.id }]);
  return node;
}

/** What this daemon knows of itself goes into the record: at start, and when it is back after it was taken for lost. */
export async function reportSelf(seams: Seams, id: string, settings: SelfSettings, capabilities: NodeCapabilities): Promise<Node> {
  let oldName = '';
  const { value } = await changeNode(seams.store, id, (node) => {
    oldName = node.name;
    const name = settings.node_id === undefined ? settings.node_name : node.name;
    const address = settings.address === undefined ? node.spec.address : settings.address;
    const changed = name !== node.name || address !== node.spec.address;
    const { state } = node.status;
    return {
      ...node, name, version: node.version + (changed ? 1 : 0), spec: { ...node.spec, address },
      status: {
        state: state === 'drained' && node.spec.cordoned ? state : node.spec.cordoned ? 'draining' : 'ready',
        conditions: node.status.conditions.filter(({ type }) => type !== 'NodeUnreachable'),
        observed_at: isoNow(seams.clock), daemon_version: settings.daemon_version, capabilities,
      },
    };
  });
  // A single machine takes the name that is configured; older stores have no index of node names.
  if (value.name !== oldName) await seams.store.txn([], [{ op: 'delete', key: KEYS.nodeName(oldName) }]);
  await seams.store.txn([{ key: KEYS.nodeName(value.name), revision: 0 }], [{ op: 'put', key: KEYS.nodeName(value.name), value: value.id }]);
  return value;
}
