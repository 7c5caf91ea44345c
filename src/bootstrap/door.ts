/**
 * What converge asks of the daemon of this machine, over its unix socket, where it is root. Looking changes nothing and
 * waits for nobody; a daemon that does not answer is a fact like others.
 */
import { createClient } from '../client/client.ts';
import { errorBody } from '../client/call.ts';
import { parseEndpoint } from '../client/endpoint.ts';
import { createTransport } from '../client/transport.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Step } from './change.ts';
import type { DaemonView, Membership, MemberView } from './facts.ts';
import type { WantedPool } from './wanted.ts';

type StepOf<D extends Step['do']> = Extract<Step, { readonly do: D }>;

export interface Door {
  /** @param membership of this machine in a cluster; null: a single machine. @returns null, and why in `silence()`, when the daemon of that membership does not answer. */
  look(membership: Pick<Membership, 'node_id' | 'cluster_id'> | null): Promise<DaemonView | null>;
  /** Why the last look found nobody: "" when it did. */
  silence(): string;
  members(): Promise<readonly MemberView[] | null>;
  /** `host:port` of all nodes. */
  addresses(): Promise<readonly string[]>;
  updateNode(nodeId: string, change: StepOf<'update-node'>['change']): Promise<void>;
  createPool(pool: WantedPool): Promise<void>;
  growPool(step: StepOf<'grow-pool'>): Promise<void>;
  updatePool(step: StepOf<'update-pool'>): Promise<void>;
  /** @returns the certificate with its chain, PEM. */
  signAdmin(name: string, csr: string): Promise<string>;
}

const LOOK_MS = 10_000;
const WORK_MS = 60_000;

export function createDoor(socket: string): Door {
  const endpoint = `unix://${socket}`;
  const quick = createClient({ endpoint, agent: 'converge', timeoutMs: LOOK_MS, attempts: 1 });
  const client = createClient({ endpoint, agent: 'converge', timeoutMs: WORK_MS });
  const transport = createTransport(parseEndpoint(endpoint));
  let silence = '';

  async function ask<T>(method: string, path: string, body?: object, timeoutMs = WORK_MS): Promise<T> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const answer = await transport.send({
      method, path, body: text, timeoutMs,
      headers: { accept: 'application/json', 'user-agent': 'holdfast-converge', ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }) },
    });
    if (answer.status >= 200 && answer.status < 300) return JSON.parse(answer.text) as T;
    const fault = errorBody(answer.text);
    throw fault === undefined ? new HoldfastError('internal', `the daemon answered ${method} ${path} with status ${answer.status}`) : HoldfastError.fromBody(fault);
  }

  async function members(): Promise<readonly MemberView[] | null> {
    try {
      const { items } = await ask<{ readonly items: readonly MemberView[] }>('GET', '/v1/members', undefined, LOOK_MS);
      return items.length === 0 ? null : items.map(({ name, learner, peer_urls }) => ({ name, learner, peer_urls }));
    } catch (error) {
      // An embedded store, or one of the user's own, has none to show.
      if (error instanceof HoldfastError && ['not_found', 'failed_precondition', 'unsupported'].includes(error.code)) return null;
      throw error;
    }
  }

  const ownNode = async (id: string): Promise<DaemonView['node']> => {
    const node = await quick.nodes.find(id);
    if (node !== null) return node;
    throw new HoldfastError('failed_precondition', `this machine (${id}) is not in the cluster any more: it was removed`, { object: `node ${id}`, hint: 'To join it as a new node: stop its services, empty /etc/holdfast/pki and /var/lib/holdfast/etcd, get a join token, and converge again. To leave it out: remove the package.' });
  };

  return {
    members,
    silence: () => silence,
    async look(membership) {
      try {
        const [{ daemon }, cluster] = await Promise.all([quick.version().then((version) => ({ daemon: version.version })), quick.cluster()]);
        // A machine that has just become a node is still served by the daemon of before, until that is started anew.
        if (membership !== null && cluster.id !== membership.cluster_id) {
          silence = `the daemon that runs is of ${cluster.id}, not of cluster ${membership.cluster_id}`;
          return null;
        }
        const status = membership === null ? await quick.status() : null;
        const [node, pools, etcd] = await Promise.all([status?.node ?? ownNode(membership?.node_id ?? ''), quick.pools.list().all(), membership === null ? null : members()]);
        silence = '';
        return { version: daemon, cluster: { id: cluster.id, name: cluster.name }, node, pools: pools.filter((pool) => pool.node === node.id), volumes: status === null ? null : status.counts.volumes + status.counts.trash, members: etcd };
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
        // Not to be had is a fact; anything else (no such node, no permission) is for the caller to know.
        if (error.code !== 'unavailable') throw error;
        silence = error.message;
        return null;
      }
    },
    addresses: async () => (await client.nodes.list().all()).flatMap(({ spec }) => (spec.address === null ? [] : [spec.address])).sort(),
    updateNode: async (nodeId, change) => { await ask('PATCH', `/v1/nodes/${encodeURIComponent(nodeId)}`, change); },
    async createPool({ name, path, devices, class: poolClass, overcommit, labels }) {
      await client.pools.create({ name, kind: path === null ? 'device' : 'directory', path: path ?? undefined, devices: path === null ? [...devices] : undefined, class: poolClass, overcommit, labels });
    },
    growPool: async ({ pool, devices }) => { await client.pools.grow(pool, { devices: [...devices] }); },
    updatePool: async ({ pool, change }) => { await client.pools.update(pool, change); },
    signAdmin: async (name, csr) => (await ask<{ readonly certificate: string }>('POST', '/v1/certificates', { role: 'admin', name, csr })).certificate,
  };
}
