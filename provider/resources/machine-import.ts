/** Importing what lives on a machine: it is found by its host, and tells by itself which node of which cluster it is. */
import { controlOn } from '../bootstrap/control-host.ts';
import { look } from '../bootstrap/holdfast-machine.ts';
import type { Converged, Node, NodeJson } from '../bootstrap/node-json.ts';
import { ProviderError, type ResourceContext } from '../framework/index.ts';
import type { Connection } from './connection.ts';
import { doingOf } from './cluster-apply.ts';
import { remember } from './observed.ts';

export const IMPORT_HELP = (type: string): string => `Import by the machine, as SSH reaches it: \`[user@]host[:port]\`. Its host key has to be in known_hosts.\n\n\`\`\`terraform\nimport {\n  to = ${type}\n  id = "10.77.0.11"\n}\n\`\`\``;

export interface Found {
  readonly host: string;
  readonly port: number | null;
  readonly user: string | null;
  readonly clusterName: string;
  readonly node: Node;
  readonly converged: Converged;
}

/** `[user@]host[:port]`; an IPv6 address with a port stands in brackets. @throws ProviderError. */
export function parseMachine(text: string): Pick<Found, 'host' | 'port' | 'user'> {
  const match = /^(?:([^@\s]+)@)?(?:\[([^\]\s]+)\]|([^@\s:]+|[0-9a-fA-F:]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[2] ?? match?.[3];
  if (match === null || host === undefined) throw new ProviderError('Nothing to import', `"${text}" is not [user@]host[:port]: give the machine, as SSH reaches it.`);
  return { host, port: match[4] === undefined ? null : Number(match[4]), user: match[1] ?? null };
}

/**
 * Asks the machine what it is.
 * @param clusterOf what node.json says about the cluster.
 */
export async function findMachine(id: string | undefined, context: ResourceContext<Connection>, clusterOf: (name: string, address: string) => NodeJson['cluster']): Promise<Found> {
  if (id === undefined) throw new ProviderError('Nothing to import', 'Give the machine as the id of the import: [user@]host[:port].');
  const way = parseMachine(id);
  const { machines } = context.client;
  const doing = doingOf(way.host, context);
  return machines.use(machines.target(way), async (machine) => {
    const control = controlOn(machine, doing);
    const [{ name: clusterName }, node] = await Promise.all([control.status(), control.self()]);
    const address = node.spec.address;
    if (address === null) throw new ProviderError('Nothing to import', `${machine.name} is a single machine, and in no cluster. To make it the first node of one: holdfast_cluster with from_embedded = true.`);
    const { converged } = await look(machine, { name: node.name, advertise: address, zone: node.spec.zone, labels: node.labels, roles: node.spec.roles, cluster: clusterOf(clusterName, address) }, doing);
    if (converged?.node == null || converged.ca_sha256 === null || converged.ca_certificate === null) throw new ProviderError('Nothing to import', `${machine.name} has no identity of a cluster.`);
    remember(converged, context.private);
    return { ...way, clusterName, node, converged };
  }, { signal: context.signal });
}
