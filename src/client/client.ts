/**
 * The typed client of the REST API, for the command line, the console and the Terraform provider. Its types are
 * generated from the API's own document. It keeps no state but connections, reads no environment and ends no process.
 */
import type { Cluster } from '../model/node.ts';
import { VERSION } from '../model/version.ts';
import { createCall } from './call.ts';
import { DEFAULT_ENDPOINT, parseEndpoints } from './endpoint.ts';
import { createFailover } from './failover.ts';
import { createAudit, createCertificates, createTokens, type Audit, type Certificates, type Tokens } from './identities.ts';
import { createNodes, type Nodes } from './nodes.ts';
import { createEvents, createOperations, type Events, type Operations } from './operations.ts';
import { createPools, type Pools } from './pools.ts';
import { createSnapshots, type Snapshots } from './snapshots.ts';
import { createTransport, type TlsOptions } from './transport.ts';
import type { Capacity, ReadOptions, Status, StoreCheck, StoreMember, Version } from './types.ts';
import { createTrash, createVolumes, type Trash, type Volumes } from './volumes.ts';

export { DEFAULT_ENDPOINT } from './endpoint.ts';
export type { Listing } from './paging.ts';
export type { Audit, Certificates, Tokens } from './identities.ts';
export type { Nodes } from './nodes.ts';
export type { TlsOptions } from './transport.ts';
export type { Events, Operations } from './operations.ts';
export type { Pools } from './pools.ts';
export type { Snapshots } from './snapshots.ts';
export type { Trash, Volumes } from './volumes.ts';
export type * from './types.ts';

export interface ClientOptions {
  /**
   * `unix:///run/holdfast/holdfast.sock` (default), `http://host:port` or `https://host:port`; several nodes of one cluster
   * with commas between: when one does not answer, the next is asked.
   */
  readonly endpoint?: string | undefined;
  /** Time for one answer, ms, beyond what the call itself asks the daemon to wait. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  /** How often a request is sent at most while the daemon is too busy or just restarting. Default 6 (about 3 s). */
  readonly attempts?: number | undefined;
  /** Who calls, for the daemon's log and events: `holdfast-<agent>`. Default `client`. */
  readonly agent?: string | undefined;
  /** Certificates for https, each as PEM or as a file's path. */
  readonly tls?: TlsOptions | undefined;
}

export interface HoldfastClient {
  /** As it was given. */
  readonly endpoint: string;
  readonly volumes: Volumes;
  readonly trash: Trash;
  readonly pools: Pools;
  readonly snapshots: Snapshots;
  readonly nodes: Nodes;
  readonly operations: Operations;
  readonly events: Events;
  readonly tokens: Tokens;
  readonly certificates: Certificates;
  readonly audit: Audit;
  /** The machines that hold the control store; [] where it is embedded. */
  members(options?: ReadOptions): Promise<readonly StoreMember[]>;
  status(options?: ReadOptions): Promise<Status>;
  version(options?: ReadOptions): Promise<Version>;
  cluster(options?: ReadOptions): Promise<Cluster>;
  capacity(options?: ReadOptions): Promise<Capacity>;
  checkStore(options?: ReadOptions): Promise<StoreCheck>;
  /** Closes its connections. Idle ones do not keep the process alive, so this is for tidiness. */
  close(): void;
}

/**
 * A client of the daemon at `endpoint`. Nothing is sent before the first call; any number of calls may run at once.
 *
 * - Every call throws HoldfastError only (or the reason of an aborted signal): the daemon's own error; `unavailable` when
 *   it is not there or gives no answer; `permission_denied` when the socket may not be opened, a certificate
 *   is not good, or the role does not allow it.
 * - `get` throws not_found, `find` returns null then.
 * - Changes return when they are done, however long that takes: see `WaitOptions` for progress, limits and cancelling.
 * - Creates carry an Idempotency-Key, so that sending one again after a broken connection makes nothing twice.
 * - Lists are `for await (const volume of client.volumes.list())`, or `.all()`, or one `.page({ limit })`.
 * - Over https nothing but TLS 1.3 is spoken, and only with a node whose certificate is of the CA given and names the host.
 * - A daemon that is too busy or just starting is asked again with growing, random pauses.
 *
 * @throws invalid_argument when the endpoint cannot be understood.
 */
export function createClient(options: ClientOptions = {}): HoldfastClient {
  const endpoints = parseEndpoints(options.endpoint ?? DEFAULT_ENDPOINT);
  const timeoutMs = options.timeoutMs ?? 60_000;
  const userAgent = `holdfast-${options.agent ?? 'client'}/${VERSION}`;
  const transport = createFailover(endpoints.map((endpoint) => createTransport(endpoint, options.tls)));
  const call = createCall(transport, { timeoutMs, userAgent, attempts: Math.max(1, options.attempts ?? 6) });

  const volumes = createVolumes(call);
  return {
    endpoint: endpoints.map(({ text }) => text).join(','),
    volumes,
    trash: createTrash(call),
    pools: createPools(call),
    snapshots: createSnapshots(call, (id) => volumes.get(id)),
    nodes: createNodes(call),
    operations: createOperations(call),
    events: createEvents(call, (path, signal) => transport.open({ method: 'GET', path, headers: { accept: 'text/event-stream', 'user-agent': userAgent }, signal, timeoutMs })),
    tokens: createTokens(call),
    certificates: createCertificates(call),
    audit: createAudit(call),
    members: async ({ signal } = {}) => (await call('get', '/v1/members', { signal })).body.items,
    status: async ({ signal } = {}) => (await call('get', '/v1/status', { signal })).body,
    version: async ({ signal } = {}) => (await call('get', '/v1/version', { signal })).body,
    cluster: async ({ signal } = {}) => (await call('get', '/v1/cluster', { signal })).body,
    capacity: async ({ signal } = {}) => (await call('get', '/v1/capacity', { signal })).body,
    checkStore: async ({ signal } = {}) => (await call('post', '/v1/store/check', { signal })).body,
    close: () => transport.close(),
  };
}
