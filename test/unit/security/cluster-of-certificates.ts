/** A cluster's PKI and daemon surface on loopback, with real certificates: the API over a control in memory. Ends all that it began. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { createHttpApi, type HttpApi, type HttpApiOptions, type HttpLimits } from '../../../src/api/http/http-api.ts';
import { audited } from '../../../src/control/audit.ts';
import type { ClusterControl } from '../../../src/control/cluster-control.ts';
import { createIdentity, type Identity, type IdentitySeams } from '../../../src/control/identity.ts';
import type { Authority } from '../../../src/control/ports/authority.ts';
import type { StoreMembers } from '../../../src/control/ports/store-members.ts';
import type { Clock, Log } from '../../../src/control/ports/system.ts';
import type { Role } from '../../../src/model/identity.ts';
import { createClusterPki, openAuthority, pkiPath } from '../../../src/security/pki.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { createTokenCodec } from '../../../src/security/token.ts';
import type { Store } from '../../../src/control/ports/store.ts';
import { createMemoryStore } from '../../contract/memory-store.ts';

export const CLUSTER = 'clu_01JD9Z3QK7W5T8X2M4N6P0R1SA';
export const NODE = 'node_01JD9Z3QK7W5T8X2M4N6P0R1SA';
export const OTHER_CLUSTER = 'clu_01JD9Z3QK7W5T8X2M4N6P0R1SB';

export interface Logged { readonly level: string; readonly fields: Readonly<Record<string, unknown>>; readonly message: string }
export interface Credentials { readonly ca: string; readonly cert: string; readonly key: string }

/** A wall clock that a test moves. */
export interface SetClock extends Clock { ms: number }
export const setClock = (ms: number = Date.now()): SetClock => ({ ms, now() { return this.ms; }, monotonic: () => performance.now(), sleep: (wait, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, wait);
  signal?.addEventListener('abort', () => { clearTimeout(timer); reject(signal.reason as Error); }, { once: true });
}) });

export interface World {
  readonly dir: string;
  readonly pki: string;
  readonly authority: Authority;
  readonly store: Store;
  readonly clock: SetClock;
  readonly identity: Identity;
  readonly alive: Set<string>;
  readonly logged: Logged[];
  readonly seams: IdentitySeams;
  /** Credentials of a client of this cluster. */
  client(role: Role, name?: string, ttlMs?: number): Promise<Credentials & { readonly serial: string }>;
  /** A second view of the same store: another node. */
  node(options: { readonly authority?: Authority | null; readonly id?: string; readonly name?: string }): Identity;
  end(): void;
}

export async function createWorld(options: { readonly members?: StoreMembers; readonly clockMs?: number } = {}): Promise<World> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-security-'));
  const pki = path.join(dir, 'pki');
  await createClusterPki(pki, { cluster_id: CLUSTER, cluster_name: 'prod', node_id: NODE, node_name: 'n1', address: '127.0.0.1:7480' });
  const clock = setClock(options.clockMs);
  const authority = await openAuthority(pki, () => clock.now());
  const store = createMemoryStore({ clock });
  const logged: Logged[] = [];
  const line = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) => void logged.push({ level, fields, message });
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  const seams: IdentitySeams = { store, clock, random: (length) => randomBytes(length), log, authority, tokens: createTokenCodec(authority.caSha256), members: options.members ?? null };
  await store.txn([], [
    { op: 'put', key: '/cluster', value: { id: CLUSTER, name: 'prod', created_at: new Date(clock.now()).toISOString() } },
    { op: 'put', key: `/nodes/${NODE}`, value: { id: NODE, name: 'n1', version: 1, owner: '', labels: {}, spec: { roles: ['control', 'storage'], zone: '', address: '127.0.0.1:7480', cordoned: false }, status: { state: 'ready', conditions: [], observed_at: null, daemon_version: '0.1.0', capabilities: {} }, created_at: '' } },
  ]);
  const alive = new Set([NODE]);
  const begun: Identity[] = [];
  const node: World['node'] = ({ authority: own = authority, id = NODE, name = 'n1' }) => {
    const identity = createIdentity({ ...seams, authority: own }, { node: { id, name }, isAlive: (one) => alive.has(one), storeEndpoints: () => ['https://127.0.0.1:2379'] });
    begun.push(identity);
    return identity;
  };
  const identity = node({});
  await identity.begin();
  return {
    dir, pki, authority, store, clock, identity, alive, logged, seams, node,
    async client(role, name = role, ttlMs) {
      const { key, csr } = await makeKeyAndRequest(name);
      const { certificate, ca, record } = await identity.signClient({ role, name, csr, ...(ttlMs === undefined ? {} : { ttl_ms: ttlMs }) });
      return { key, cert: certificate, ca, serial: record.serial };
    },
    end() {
      for (const one of begun) one.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export interface ServedWorld { readonly api: HttpApi; readonly port: number; readonly endpoint: string; renew(files: Credentials): void; end(): Promise<void> }

export const nodeFiles = (pki: string): Credentials => ({ ca: readFileSync(pkiPath(pki, 'ca'), 'utf8'), cert: readFileSync(pkiPath(pki, 'node'), 'utf8'), key: readFileSync(pkiPath(pki, 'nodeKey'), 'utf8') });

/** The API over TLS: identities are real, everything else is `rest`. */
export async function serveWorld(world: World, rest: object = {}, limits: Partial<HttpLimits> = {}, more: Partial<HttpApiOptions> = {}): Promise<ServedWorld> {
  // `rest` may answer to any name, so it is inherited from, not copied.
  const base = Object.assign(Object.create(rest) as object, { cluster: async () => ({ id: CLUSTER, name: 'prod', created_at: '' }) });
  const whole = Object.assign(Object.create(base) as object, world.identity) as unknown as ClusterControl;
  const api = createHttpApi({ control: audited(whole, world.seams, 'holdfastd on n1'), log: world.seams.log, version: '0.1.0', node: 'n1', limits, ...more });
  const surface = await api.listenTls({ host: '127.0.0.1', port: 0, ...nodeFiles(world.pki), trust: world.identity.trust });
  return { api, port: surface.port, endpoint: `https://127.0.0.1:${surface.port}`, renew: (files) => surface.renew(files), end: () => api.close() };
}
