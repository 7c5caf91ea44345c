/**
 * Which use cases the audit log tells of, and how: a row for each that changes something. A test holds it against the
 * interfaces, so that none is forgotten. It reads records as they lie in the store, not what is observed.
 */
import type { AuditEntry } from '../model/identity.ts';
import type { ClusterControl } from './cluster-control.ts';
import { KEYS } from './keys.ts';
import type { Store } from './ports/store.ts';
import { findPool, findSnapshot, findVolume, needNode } from './repository.ts';

export interface Before {
  readonly object: { readonly id?: string; readonly name?: string } | null;
  /** How the caller named it. */
  readonly ref: string;
}

export interface Audited {
  readonly action: string;
  readonly kind: AuditEntry['object']['kind'];
  /** Place of the CallOptions among the arguments. */
  readonly options: number;
  before(store: Store, args: readonly unknown[]): Promise<Before>;
  /** The request's fields. */
  request(args: readonly unknown[]): unknown;
  /** The object after it, of the result. */
  after(result: unknown): unknown;
  /** Who it was, where no options tell. */
  readonly actor?: (args: readonly unknown[]) => string;
  /** Anybody may try it: only what succeeded is told, so that strangers cannot push the log out of its bounds. */
  readonly strangers?: true;
}

type Reader = (store: Store, ref: string) => Promise<{ readonly value: unknown } | null>;
const volume: Reader = findVolume;
const pool: Reader = findPool;
const snapshot: Reader = findSnapshot;
const node: Reader = (store, ref) => needNode(store, ref).catch(() => null);
const keyed = (key: (id: string) => string): Reader => (store, id) => (/^[\w-]{1,80}$/.test(id) ? store.get<unknown>(key(id)) : Promise.resolve(null));

const object = (value: unknown): Before['object'] => (typeof value === 'object' && value !== null ? value : null);
const field = (value: unknown, name: string): unknown => (typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined);
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 1_024) : '');

/** The object of an Accepted; with the operation that carries it on. */
const accepted = (result: unknown): unknown => {
  const operation = text(field(field(result, 'operation'), 'id'));
  const after = field(result, 'object');
  return operation === '' || object(after) === null ? after ?? null : { ...object(after), operation };
};
const itself = (result: unknown): unknown => result ?? null;

/** Of an object that is there, named by the first argument. */
const ofRef = (action: string, kind: string, read: Reader, options: number, after: Audited['after'] = accepted): Audited => ({
  action, kind, options, after,
  async before(store, [ref]) {
    return { object: object((await read(store, text(ref)))?.value), ref: text(ref) };
  },
  request: (args) => (options > 1 ? (typeof args[1] === 'object' ? args[1] : { value: args[1] }) : {}),
});
/** Of an object that the request names; there may be one of that name. */
const ofName = (action: string, kind: string, read: Reader | null, after: Audited['after'] = accepted): Audited => ({
  action, kind, options: 1, after,
  async before(store, [request]) {
    const name = text(field(request, 'name'));
    return { object: read === null ? null : object((await read(store, name))?.value), ref: name };
  },
  request: ([request]) => request,
});
/** Certificate requests are long and say nothing: the certificate's record tells. */
const without = (request: unknown, ...names: readonly string[]): unknown => Object.fromEntries(Object.entries(object(request) ?? {}).filter(([name]) => !names.includes(name)));
const CSRS = ['csr', 'store_csr', 'issuer_csr', 'store_issuer_csr', 'token'];

export const AUDITED: { readonly [M in keyof ClusterControl]?: Audited } = {
  createPool: ofName('pool.create', 'pool', pool),
  updatePool: ofRef('pool.update', 'pool', pool, 2, itself),
  growPool: ofRef('pool.grow', 'pool', pool, 2),
  removePool: ofRef('pool.remove', 'pool', pool, 1),
  wipePool: { action: 'pool.wipe', kind: 'pool', options: 1, after: () => null, before: async (_store, [request]) => ({ object: null, ref: text(field(request, 'path') ?? field(request, 'device')) }), request: ([request]) => request },

  createVolume: ofName('volume.create', 'volume', volume),
  ensureVolume: ofName('volume.ensure', 'volume', volume),
  updateVolume: ofRef('volume.update', 'volume', volume, 2, itself),
  resizeVolume: { ...ofRef('volume.resize', 'volume', volume, 2), request: (args) => ({ size_bytes: args[1] }) },
  attachVolume: ofRef('volume.attach', 'volume', volume, 1, itself),
  detachVolume: ofRef('volume.detach', 'volume', volume, 1, itself),
  publishVolume: ofRef('volume.publish', 'volume', volume, 2, (result) => field(result, 'volume') ?? null),
  unpublishVolume: ofRef('volume.unpublish', 'volume', volume, 2, itself),
  removeVolume: ofRef('volume.remove', 'volume', volume, 2),
  recoverVolume: ofRef('volume.recover', 'volume', volume, 1, itself),
  restoreTrash: ofRef('trash.restore', 'volume', volume, 2, itself),
  purgeTrash: ofRef('trash.purge', 'volume', volume, 1),

  createSnapshot: { ...ofName('snapshot.create', 'snapshot', null), before: async (_store, [request]) => ({ object: null, ref: `${text(field(request, 'volume'))}@${text(field(request, 'name'))}` }) },
  updateSnapshot: ofRef('snapshot.update', 'snapshot', snapshot, 2, itself),
  removeSnapshot: ofRef('snapshot.remove', 'snapshot', snapshot, 1),
  restoreSnapshot: ofRef('snapshot.restore', 'snapshot', snapshot, 1),
  cancelOperation: ofRef('operation.cancel', 'operation', keyed(KEYS.operation), 1, itself),

  updateNode: ofRef('node.update', 'node', node, 2, itself),
  drainNode: ofRef('node.drain', 'node', node, 1),
  undrainNode: ofRef('node.undrain', 'node', node, 1, itself),
  removeNode: ofRef('node.remove', 'node', node, 2),

  createToken: { ...ofName('token.create', 'token', null, (result) => field(result, 'record') ?? null), before: async () => ({ object: null, ref: '' }) },
  removeToken: { ...ofRef('token.remove', 'token', keyed(KEYS.token), 1, () => null), before: async (store, [id]) => ({ object: object(field((await keyed(KEYS.token)(store, text(id)))?.value, 'record')), ref: text(id) }) },
  joinNode: { ...ofName('node.join', 'node', node, (result) => ({ id: field(result, 'node_id') })), options: 9, strangers: true, request: ([request]) => without(request, ...CSRS), actor: ([request]) => tokenHolder(request) },
  joinClient: { ...ofName('client.join', 'client', null, () => null), options: 9, strangers: true, request: ([request]) => without(request, ...CSRS), actor: ([request]) => tokenHolder(request) },
  signClient: { ...ofName('certificate.sign', 'certificate', null, (result) => certificate(field(result, 'record'))), request: ([request]) => without(request, ...CSRS) },
  renewCertificate: {
    action: 'certificate.renew', kind: 'certificate', options: 9, after: () => null, request: () => ({}),
    before: async (_store, [, caller]) => ({ object: null, ref: text(field(caller, 'serial')) }),
    actor: ([, caller]) => (field(caller, 'kind') === 'node' ? `node ${text(field(caller, 'name'))}` : field(caller, 'kind') === 'client' ? `${text(field(caller, 'name'))} (${text(field(caller, 'role'))})` : 'root'),
  },
  revokeCertificate: { ...ofRef('certificate.revoke', 'certificate', keyed(KEYS.certificate), 1, certificate), before: async (store, [serial]) => ({ object: object(certificate(field((await keyed(KEYS.certificate)(store, text(serial)))?.value, 'certificate'))), ref: text(serial) }) },
};

function certificate(record: unknown): unknown {
  return object(record) === null ? null : { id: field(record, 'serial'), ...object(record) };
}

/** The public part of the token says which it was. */
function tokenHolder(request: unknown): string {
  const id = /^\s*hft1\.([0-9A-Z]{26})\./.exec(text(field(request, 'token')))?.[1];
  return id === undefined ? 'somebody with a join token' : `holder of tok_${id}`;
}
