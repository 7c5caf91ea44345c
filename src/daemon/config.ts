/** The daemon's configuration: a JSON file, then flags over it. Unknown keys are errors: a misspelt setting must not pass silently. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { HoldfastError } from '../model/errors.ts';
import { pathsBelow } from './paths.ts';

const Schema = Type.Object({
  node_name: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$', description: 'Name of this node. Default: the host name.' })),
  socket: Type.Optional(Type.String({ pattern: '^/', description: 'Unix socket of the REST API. Default: <root>/run/holdfast/holdfast.sock.' })),
  plugin_socket: Type.Optional(Type.Union([Type.String({ pattern: '^/' }), Type.Null()], { description: 'Unix socket of the Docker volume driver; its file name is the driver\'s name. null: no driver. Default: <root>/run/docker/plugins/holdfast.sock.' })),
  plugin_paths: Type.Optional(Type.Array(Type.String({ pattern: '^(/[^/\\u0000]+)+$' }), { maxItems: 64, description: 'Directories below which a client of the role plugin may have volumes mounted. Default: /mnt, /media, /srv.' })),
  log_level: Type.Optional(Type.Union([Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')], { description: 'Default: info.' })),
  reconcile_interval_ms: Type.Optional(Type.Integer({ minimum: 100, maximum: 600_000, description: 'Between two looks of the loop. Default: 5000.' })),
  listen: Type.Optional(Type.Union([Type.String({ pattern: '^(\\[[0-9a-fA-F:.]+\\]|[0-9.]+):[0-9]{1,5}$' }), Type.Null()], { description: 'Address and port of the REST API over TLS, such as 0.0.0.0:7480. Needs the certificates of a cluster. Default: null, not served.' })),
  advertise: Type.Optional(Type.String({ pattern: '^(\\[[0-9a-fA-F:.]+\\]|[A-Za-z0-9._-]{1,253}):[0-9]{1,5}$', description: 'host:port at which other nodes and clients reach the REST API. Default: as the node\'s record says.' })),
  cluster_name: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$', description: 'Name of the cluster, for its first start. Default: holdfast.' })),
  store: Type.Optional(Type.Union([
    Type.Object({ kind: Type.Literal('sqlite') }, { additionalProperties: false }),
    Type.Object({
      kind: Type.Literal('etcd'), endpoints: Type.Array(Type.String({ pattern: '^https://[^/]+$' }), { minItems: 1 }),
      ca: Type.Optional(Type.String({ pattern: '^/' })), cert: Type.Optional(Type.String({ pattern: '^/' })), key: Type.Optional(Type.String({ pattern: '^/' })),
    }, { additionalProperties: false }),
  ], { description: 'Control store: {"kind": "sqlite"} (default), or {"kind": "etcd", "endpoints": ["https://host:2379"]} with "ca", "cert" and "key" (files) where the etcd is not run by Holdfast.' })),
  import_embedded: Type.Optional(Type.Boolean({ description: 'An embedded store that lies here is taken over into an empty etcd at start, and put aside. Default: false.' })),
  lease_ttl_ms: Type.Optional(Type.Integer({ minimum: 2_000, maximum: 60_000, description: 'After so long without a sign of life a node is taken for lost. Default: 10000.' })),
  consumer_grace_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000, description: 'How long a Docker mount that no container uses is waited for. Default: 120000.' })),
}, { additionalProperties: false });

type File = Static<typeof Schema>;
export type StoreConfig =
  | { readonly kind: 'sqlite' }
  /** `own`: run by Holdfast, whose members it knows. */
  | { readonly kind: 'etcd'; readonly endpoints: readonly string[]; readonly ca: string; readonly cert: string; readonly key: string; readonly own: boolean };

export interface Config extends Required<Omit<File, 'plugin_socket' | 'listen' | 'advertise' | 'cluster_name' | 'store'>> {
  readonly root: string;
  readonly plugin_socket: string | null;
  readonly listen: { readonly host: string; readonly port: number } | null;
  /** null: as the node's record says. */
  readonly advertise: string | null;
  readonly cluster_name: string | null;
  readonly store: StoreConfig;
  /** SHA-256 of the file as it was read; null when there is none. */
  readonly sha256: string | null;
}

const checker = Compile(Schema);

/**
 * @param file the configuration file; a missing one is an error only when it was named (`required`).
 * @param overrides from flags; undefined leaves the file's value.
 */
export function loadConfig(root: string, file: { readonly path: string; readonly required: boolean }, overrides: Partial<File>): Config {
  const paths = pathsBelow(root);
  const text = readText(file.path, file.required);
  const given = { ...(text === null ? {} : parseFile(file.path, text)), ...Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined)) };
  if (!checker.Check(given)) {
    const [fault] = checker.Errors(given);
    const extra = Object.keys(given).find((key) => !(key in Schema.properties));
    throw new HoldfastError('invalid_argument', `${file.path}: ${extra === undefined ? `${fault?.instancePath.slice(1) ?? ''} ${fault?.message ?? 'is wrong'}` : `"${extra}" is not a setting`}`, {
      object: 'configuration', field: extra ?? fault?.instancePath.slice(1) ?? '', hint: `The settings are: ${Object.keys(Schema.properties).join(', ')}.`,
    });
  }
  return {
    root,
    node_name: given.node_name ?? nameOfHost(),
    socket: given.socket ?? paths.socket,
    plugin_socket: given.plugin_socket === undefined ? paths.pluginSocket : given.plugin_socket,
    plugin_paths: given.plugin_paths ?? ['/mnt', '/media', '/srv'],
    log_level: given.log_level ?? 'info',
    reconcile_interval_ms: given.reconcile_interval_ms ?? 5_000,
    consumer_grace_ms: given.consumer_grace_ms ?? 120_000,
    listen: addressOf(given.listen ?? null),
    advertise: given.advertise ?? null,
    cluster_name: given.cluster_name ?? null,
    store: storeOf(given.store ?? { kind: 'sqlite' }, paths.pki),
    import_embedded: given.import_embedded ?? false,
    lease_ttl_ms: given.lease_ttl_ms ?? 10_000,
    sha256: text === null ? null : createHash('sha256').update(text).digest('hex'),
  };
}

function addressOf(text: string | null): Config['listen'] {
  if (text === null) return null;
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

function storeOf(store: NonNullable<File['store']>, pki: string): StoreConfig {
  if (store.kind === 'sqlite') return store;
  const { endpoints, ca, cert, key } = store;
  return { kind: 'etcd', endpoints, ca: ca ?? path.join(pki, 'store-ca.crt'), cert: cert ?? path.join(pki, 'store.crt'), key: key ?? path.join(pki, 'store.key'), own: ca === undefined };
}

function readText(path: string, required: boolean): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!required && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new HoldfastError('invalid_argument', `${path} cannot be read: ${(error as Error).message}`, { object: 'configuration', hint: 'Name another with --config.' }, { cause: error });
  }
}

function parseFile(path: string, text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch (error) {
    throw new HoldfastError('invalid_argument', `${path} is not JSON: ${(error as Error).message}`, { object: 'configuration' }, { cause: error });
  }
  throw new HoldfastError('invalid_argument', `${path} must hold a JSON object`, { object: 'configuration' });
}

/** A host name that is no name of ours becomes one. */
function nameOfHost(): string {
  const name = hostname().toLowerCase().replace(/[^a-z0-9._-]/g, '-').replace(/^[^a-z0-9]+/, '').slice(0, 63);
  return name === '' ? 'node' : name;
}
