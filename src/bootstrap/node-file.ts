/**
 * node.json: the description of one machine, read strictly. Every error names the key. docs/node-json.md has the whole
 * table. It reads no file; relative paths are taken from the directory that it is told.
 */
import path from 'node:path';
import { clip } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { checkLabels, checkName } from '../model/name.ts';
import { NODE_ROLES, type NodeRole } from '../model/node.ts';
import type { Labels } from '../model/record.ts';
import { booleanOf, distinct, fieldsOf, isGiven, numberOf, oneOf, optional, refined, textOf, wrong, type Field } from './checked.ts';
import { API_PORT, type Address, type Wanted, type WantedCluster, type WantedPackage, type WantedPool, type WantedStore } from './wanted.ts';

const KEYS = ['name', 'advertise', 'listen', 'zone', 'labels', 'roles', 'package', 'cluster', 'store', 'daemon', 'pools'] as const;
/** Settings of the daemon that follow from the other keys. */
export const DERIVED_SETTINGS: readonly string[] = ['node_name', 'cluster_name', 'listen', 'advertise', 'store', 'import_embedded'];

/**
 * @param directory what relative paths are below.
 * @throws invalid_argument naming the key that is wrong and what would be right.
 */
export function parseNodeFile(text: string, directory: string): Wanted {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new HoldfastError('invalid_argument', `node.json is not JSON: ${(cause as Error).message}`, { object: 'node.json', hint: 'It is a JSON object: {"name": "n1", …}. Comments and trailing commas are not allowed.' }, { cause });
  }
  return readWanted(value, directory);
}

/** As `parseNodeFile`, of a value that was read already. */
export function readWanted(value: unknown, directory: string): Wanted {
  const given = fieldsOf({ at: '', value }, KEYS);
  const absolute = (field: Field): string => path.resolve(directory, textOf(field));
  const cluster = optional(given.cluster, (field) => clusterOf(field, absolute)) ?? null;
  const advertise = optional(given.advertise, addressOf) ?? null;
  if (cluster !== null && advertise === null) throw wrong('advertise', 'is missing: nodes of a cluster reach each other', 'The address of this machine that the other nodes reach: "10.77.0.11", or host:port.');
  const store = storeOf(given.store, cluster, absolute);
  const roles = optional(given.roles, rolesOf);
  if (roles?.includes('control') === false && (cluster === null || cluster.by === 'init')) throw wrong('roles', `"control" is missing: ${cluster === null ? 'a single machine' : 'the first node of a cluster'} has it`);
  return {
    name: refined(given.name, textOf(given.name), (name) => checkName('node', name)),
    advertise,
    listen: given.listen.value === null ? null : optional(given.listen, listenOf) ?? (cluster === null ? null : { host: '0.0.0.0', port: advertise?.port ?? API_PORT }),
    zone: optional(given.zone, zoneOf),
    labels: optional(given.labels, labelsOf),
    roles,
    package: optional(given.package, (field) => packageOf(field, absolute)) ?? null,
    cluster, store,
    daemon: optional(given.daemon, daemonOf) ?? {},
    pools: optional(given.pools, (field) => (Array.isArray(field.value) && field.value.length === 0 ? [] : distinct(field, (one) => poolOf(one, absolute), ({ name }) => name))) ?? [],
  };
}

function packageOf(field: Field, absolute: (field: Field) => string): WantedPackage {
  const given = fieldsOf(field, ['file', 'sha256', 'apt', 'downgrade']);
  if (isGiven(given.file) === isGiven(given.apt)) throw wrong(field.at, 'needs one of "file" and "apt"', 'For example {"file": "/tmp/holdfast.deb", "sha256": "…"}, or {"apt": "0.1.0"}.');
  const downgrade = optional(given.downgrade, booleanOf) ?? false;
  if (isGiven(given.apt)) {
    if (isGiven(given.sha256)) throw wrong(given.sha256.at, 'goes with "file": apt checks its packages itself');
    const version = textOf(given.apt);
    if (!/^[0-9][A-Za-z0-9.+~:-]*$/.test(version)) throw wrong(given.apt.at, `"${clip(version)}" is not a version`, 'For example "0.1.0".');
    return { from: 'apt', version, downgrade };
  }
  const sha256 = optional(given.sha256, textOf) ?? null;
  if (sha256 !== null && !/^[0-9a-f]{64}$/i.test(sha256)) throw wrong(given.sha256.at, 'is not a SHA-256', '64 hexadecimal digits, as sha256sum prints them.');
  return { from: 'file', file: absolute(given.file), sha256: sha256?.toLowerCase() ?? null, downgrade };
}

function clusterOf(field: Field, absolute: (field: Field) => string): WantedCluster {
  const given = fieldsOf(field, ['init', 'join']);
  if (isGiven(given.init) === isGiven(given.join)) throw wrong(field.at, 'needs one of "init" and "join"', '{"init": {"name": …}} on the first node, {"join": {"endpoints": […]}} on the others; leave "cluster" out for a single machine.');
  if (isGiven(given.init)) {
    const init = fieldsOf(given.init, ['name', 'from_embedded', 'admin']);
    return { by: 'init', name: refined(init.name, textOf(init.name), (name) => checkName('cluster', name)), from_embedded: optional(init.from_embedded, booleanOf) ?? false, admin: init.admin.value === null ? null : optional(init.admin, adminOf) ?? null };
  }
  const join = fieldsOf(given.join, ['endpoints', 'token_file']);
  if (!isGiven(join.endpoints)) throw wrong(join.endpoints.at, 'is missing', 'The addresses of nodes that are in the cluster: ["https://10.77.0.11:7480"].');
  return { by: 'join', endpoints: distinct(join.endpoints, (one) => urlOf(one, API_PORT)), token_file: optional(join.token_file, absolute) ?? null };
}

function adminOf(field: Field): { readonly name: string; readonly csr: string } {
  const given = fieldsOf(field, ['name', 'csr']);
  const csr = textOf(given.csr);
  if (!/^-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s/.test(csr.trimStart())) throw wrong(given.csr.at, 'is not a certificate request in PEM', 'Make one with: holdfast cert request --name admin --key admin.key --out admin.csr');
  return { name: refined(given.name, optional(given.name, textOf) ?? 'admin', (name) => checkName('client', name)), csr };
}

function storeOf(field: Field, cluster: WantedCluster | null, absolute: (field: Field) => string): WantedStore {
  if (!isGiven(field)) return { kind: cluster === null ? 'sqlite' : 'own' };
  const given = fieldsOf(field, ['kind', 'endpoints', 'ca', 'cert', 'key']);
  const kind = oneOf(given.kind, ['sqlite', 'etcd']);
  const files = [given.ca, given.cert, given.key];
  if (kind === 'sqlite') {
    const extra = [given.endpoints, ...files].find(isGiven);
    if (extra !== undefined) throw wrong(extra.at, 'goes with the kind etcd');
    if (cluster?.by === 'join') throw wrong(given.kind.at, 'an embedded store is for one node alone', 'Leave "store" out: the node uses the store of the cluster that it joins.');
    return { kind: 'sqlite' };
  }
  if (cluster === null) throw wrong(given.kind.at, 'a single machine has an embedded store', 'Say "cluster": {"init": …} to begin a cluster on etcd.');
  if (!isGiven(given.endpoints)) {
    const extra = files.find(isGiven);
    if (extra !== undefined) throw wrong(extra.at, 'goes with "endpoints"', 'Without endpoints Holdfast runs etcd itself, with certificates of its own.');
    return { kind: 'own' };
  }
  const missing = files.find((one) => !isGiven(one));
  if (missing !== undefined) throw wrong(missing.at, 'is missing: an etcd of your own needs "ca", "cert" and "key"', 'Paths of PEM files. etcd is only used with certificates on both sides.');
  return { kind: 'external', endpoints: distinct(given.endpoints, (one) => urlOf(one, 2379)), ca: absolute(given.ca), cert: absolute(given.cert), key: absolute(given.key) };
}

function poolOf(field: Field, absolute: (field: Field) => string): WantedPool {
  const given = fieldsOf(field, ['name', 'path', 'devices', 'class', 'overcommit', 'labels']);
  if (isGiven(given.path) === isGiven(given.devices)) throw wrong(field.at, 'needs one of "path" and "devices"', '{"name": "fast", "devices": ["/dev/vdb"]}, or {"name": "bulk", "path": "/srv/holdfast"}.');
  const rooted = (one: Field): string => {
    if (!textOf(one).startsWith('/')) throw wrong(one.at, `"${clip(textOf(one))}" is not an absolute path`);
    return absolute(one);
  };
  return {
    name: refined(given.name, textOf(given.name), (name) => checkName('pool', name)),
    path: optional(given.path, rooted) ?? null,
    devices: optional(given.devices, (one) => distinct(one, rooted)) ?? [],
    class: optional(given.class, (one) => refined(one, textOf(one), (text) => checkName('class', text))),
    overcommit: optional(given.overcommit, (one) => numberOf(one, 0.1, 100)),
    labels: optional(given.labels, labelsOf),
  };
}

const rolesOf = (field: Field): readonly NodeRole[] => {
  const roles = distinct(field, (one) => oneOf(one, NODE_ROLES));
  return NODE_ROLES.filter((role) => roles.includes(role));
};

/** "" is no zone. */
const zoneOf = (field: Field): string => (field.value === '' ? '' : refined(field, textOf(field), (zone) => checkName('zone', zone)));

function labelsOf(field: Field): Labels {
  if (typeof field.value !== 'object' || field.value === null || Array.isArray(field.value)) throw wrong(field.at, 'is not an object of texts', '{"disk": "ssd"}');
  const labels = Object.fromEntries(Object.entries(field.value).map(([key, value]) => {
    if (typeof value !== 'string') throw wrong(`${field.at}.${key}`, 'is not a text');
    return [key, value];
  }));
  return refined(field, labels, (all) => checkLabels('node', all));
}

function daemonOf(field: Field): Readonly<Record<string, unknown>> {
  if (typeof field.value !== 'object' || field.value === null || Array.isArray(field.value)) throw wrong(field.at, 'is not an object', 'Settings of holdfastd.json: {"log_level": "debug"}.');
  const derived = Object.keys(field.value).find((key) => DERIVED_SETTINGS.includes(key));
  if (derived !== undefined) throw wrong(`${field.at}.${derived}`, 'follows from the other keys of node.json', 'Leave it out here.');
  return field.value as Readonly<Record<string, unknown>>;
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?))(?::(\d{1,5}))?$/;

function addressAt(at: string, text: string, port: number): Address {
  const bare = /^[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text) ? `[${text}]` : text;
  const match = ADDRESS.exec(bare);
  const chosen = match?.[3] === undefined ? port : Number(match[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || chosen < 1 || chosen > 65_535) throw wrong(at, `"${clip(text)}" is not host or host:port`, `For example "10.77.0.11" or "n1.example:${API_PORT}".`);
  return { host, port: chosen };
}

function addressOf(field: Field): Address {
  const address = addressAt(field.at, textOf(field), API_PORT);
  if (address.host === '0.0.0.0' || address.host === '::') throw wrong(field.at, 'is not an address that others can reach', 'Give the address of this machine in the network of the nodes.');
  return address;
}

function listenOf(field: Field): Address {
  const address = addressAt(field.at, textOf(field), API_PORT);
  if (!/^[0-9.]+$|:/.test(address.host)) throw wrong(field.at, 'needs an IP address of this machine, or 0.0.0.0 for all', `"0.0.0.0:${API_PORT}"`);
  return address;
}

/** `https://host:port`, completed; a bare host is taken too. */
function urlOf(field: Field, port: number): string {
  const text = textOf(field);
  if (/^http:\/\//i.test(text)) throw wrong(field.at, 'is not https', 'Nodes speak with each other over TLS only.');
  const { host, port: chosen } = addressAt(field.at, text.replace(/^https:\/\//i, '').replace(/\/$/, ''), port);
  return `https://${host.includes(':') ? `[${host}]` : host}:${chosen}`;
}

