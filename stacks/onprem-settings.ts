// What `context.onprem` of cdktf.json may say, checked: a misspelt key must not be a silently ignored one. Files are
// named, never read: they are where whoever deploys keeps them, relative ones beside cdktf.json.
import os from 'node:os';
import path from 'node:path';
import { checked, count, labels, object, objects, oneOf, someOf, text, texts, truth, type Form } from './checked.ts';
import type { MachineProps, Package } from './constructs/node.ts';
import { Size } from './constructs/size.ts';
import type { Bastion, SshProps } from './constructs/ssh.ts';

/** `context.onprem` of cdktf.json. */
export interface OnpremSettings {
  /** What people call the cluster. Default: onprem. */
  readonly cluster: string;
  /** How the machines are reached. Default: as root, with your keys and your known_hosts. */
  readonly ssh: SshProps;
  /** Where Holdfast comes from: `file` or `apt`. Default: it is on the machines already. */
  readonly package?: Package;
  /** The administrator's files, as `holdfast cert request` makes them. */
  readonly admin: AdminSettings;
  readonly nodes: readonly NodeSettings[];
  /** Name of the first node. Default: the first in the list. */
  readonly first: string;
  /** Default: none. */
  readonly volumes: readonly VolumeSettings[];
  /** When the cluster is destroyed: refuse while volumes are in it, or forget them. Default: refuse. */
  readonly onDestroy?: 'refuse' | 'forget';
}

export interface AdminSettings {
  /** Who gets the certificate. Default: admin. */
  readonly name?: string;
  readonly csrFile: string;
  /** Read when it is used; it is in no state. */
  readonly keyFile: string;
}

export interface NodeSettings extends MachineProps {
  readonly name: string;
  /** Which machine it is; a change replaces the node. Not for the first one. */
  readonly machineId?: string;
  readonly onDestroy?: 'drain' | 'hand_over' | 'forget';
  /** Default: none. */
  readonly pools: readonly PoolSettings[];
}

/** A pool of a node: on devices, or in a directory. */
export interface PoolSettings {
  /** Unique in the cluster. Default: pool-NODE, of further ones pool-2-NODE and so on. */
  readonly name: string;
  readonly devices?: readonly string[];
  readonly path?: string;
  readonly class?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface VolumeSettings {
  readonly name: string;
  /** Such as `10G`. */
  readonly size: string;
  /** Only in this class of pool, on this node, in one of these zones. Default: anywhere. */
  readonly class?: string;
  readonly node?: string;
  readonly zones?: readonly string[];
  readonly filesystem?: 'xfs' | 'ext4';
  readonly labels?: Readonly<Record<string, string>>;
  /** `destroy` may take it with its data, at once. Default: false: that is refused. */
  readonly disposable?: boolean;
}

const HOST = text('a name or an address');
const FILE = text('the path of a file');
const NAME = text('a name');

const FORM: Record<keyof OnpremSettings, Form> = {
  cluster: NAME, ssh: object, package: object, admin: object, nodes: objects, first: NAME, volumes: objects, onDestroy: oneOf('refuse', 'forget'),
};
const SSH: Record<keyof SshProps, Form> = {
  user: NAME, port: count, keyFile: FILE, knownHostsFiles: texts('a list of paths of files'), sudo: truth, transport: oneOf('ssh2', 'openssh'), configFile: FILE,
  options: texts('a list of options of ssh'), bastion: object, wait: text('a time such as "5m"'),
};
const BASTION: Record<keyof Bastion, Form> = { host: HOST, port: count, user: NAME, hostKey: text('a host key or its fingerprint'), keyFile: FILE };
const PACKAGE: Record<'file' | 'apt', Form> = { file: text('the path of a package'), apt: text('a version') };
const ADMIN: Record<keyof AdminSettings, Form> = { name: NAME, csrFile: FILE, keyFile: FILE };
const NODE: Record<keyof NodeSettings, Form> = {
  name: NAME, host: HOST, port: count, user: NAME, hostKey: text('a host key or its fingerprint'), address: text('host or host:port'), zone: NAME, labels, roles: someOf('control', 'storage'),
  machineId: text('the id of a machine'), onDestroy: oneOf('drain', 'hand_over', 'forget'), pools: objects,
};
const POOL: Record<keyof PoolSettings, Form> = { name: NAME, devices: texts('a list of paths of block devices'), path: text('the path of a directory'), class: NAME, labels };
const VOLUME: Record<keyof VolumeSettings, Form> = {
  name: NAME, size: text('a size such as "10G"'), class: NAME, node: NAME, zones: texts('a list of zones'), filesystem: oneOf('xfs', 'ext4'), labels, disposable: truth,
};

/**
 * The settings of the stack from what cdktf.json holds, with defaults filled in and paths made absolute.
 * @throws Error naming the key and what it has to be.
 */
export function onpremSettings(context: unknown): OnpremSettings {
  const { nodes: listed = [], volumes = [], admin: files, package: source, ssh, ...given } = checked<OnpremSettings>('context.onprem', context, FORM, ['nodes', 'admin']);
  const nodes = listed.map((one, index) => nodeSettings(`context.onprem.nodes[${index}]`, one));
  const first = given.first ?? nodes[0]?.name ?? '';
  refuseDouble('nodes', nodes);
  refuseDouble('pools', nodes.flatMap(({ pools }) => pools));
  refuseDouble('volumes', volumes);
  checkRoles(first, nodes);
  const admin = required<AdminSettings>('context.onprem.admin', files, ADMIN, ['csrFile', 'keyFile']);
  return {
    cluster: 'onprem', ...given, first, nodes,
    admin: { ...admin, csrFile: file(admin.csrFile), keyFile: file(admin.keyFile) },
    ssh: sshSettings(ssh ?? {}),
    ...(source === undefined ? {} : { package: packageOf(source) }),
    volumes: volumes.map((one, index) => volumeSettings(`context.onprem.volumes[${index}]`, one, nodes)),
  };
}

function nodeSettings(where: string, value: unknown): NodeSettings {
  const { pools = [], ...node } = required<Omit<NodeSettings, 'pools'> & { readonly pools?: readonly PoolSettings[] }>(where, value, NODE, ['name', 'host']);
  return { ...node, pools: pools.map((one, index) => poolSettings(`${where}.pools[${index}]`, one, index === 0 ? `pool-${node.name}` : `pool-${index + 1}-${node.name}`)) };
}

function poolSettings(where: string, value: unknown, name: string): PoolSettings {
  const pool = checked<PoolSettings>(where, value, POOL);
  if ((pool.path === undefined) === (pool.devices === undefined) || pool.devices?.length === 0) throw new Error(`cdktf.json: ${where} has to have either devices or a path`);
  return { name, ...pool };
}

function volumeSettings(where: string, value: unknown, nodes: readonly NodeSettings[]): VolumeSettings {
  const volume = required<VolumeSettings>(where, value, VOLUME, ['name', 'size']);
  Size.parse(volume.size);
  if (volume.node !== undefined && !nodes.some(({ name }) => name === volume.node)) throw new Error(`cdktf.json: ${where}.node is ${volume.node}, which is none of the nodes`);
  return volume;
}

function sshSettings(value: unknown): SshProps {
  const { keyFile, knownHostsFiles, bastion: way, ...rest } = checked<SshProps>('context.onprem.ssh', value, SSH);
  const bastion = way === undefined ? undefined : required<Bastion>('context.onprem.ssh.bastion', way, BASTION, ['host']);
  return {
    ...rest,
    ...(keyFile === undefined ? {} : { keyFile: file(keyFile) }),
    ...(knownHostsFiles === undefined ? {} : { knownHostsFiles: knownHostsFiles.map(file) }),
    ...(bastion === undefined ? {} : { bastion: { ...bastion, ...(bastion.keyFile === undefined ? {} : { keyFile: file(bastion.keyFile) }) } }),
  };
}

function packageOf(value: unknown): Package {
  const { file: name, apt } = checked<{ readonly file: string; readonly apt: string }>('context.onprem.package', value, PACKAGE);
  if ((name === undefined) === (apt === undefined)) throw new Error('cdktf.json: context.onprem.package has to have either file or apt');
  return name === undefined ? { apt: apt ?? '' } : { file: file(name) };
}

/** The rule of the control store, before any machine is asked: it needs a majority. */
function checkRoles(first: string, nodes: readonly NodeSettings[]): void {
  const one = nodes.find(({ name }) => name === first);
  if (one === undefined) throw new Error(`cdktf.json: context.onprem.first is "${first}", which is none of the nodes`);
  if (one.roles?.includes('control') === false) throw new Error(`cdktf.json: the first node, ${first}, has to have the role "control"`);
  const control = nodes.filter((node) => node === one || node.roles?.includes('control') === true).length;
  if (![1, 3, 5].includes(control)) throw new Error(`cdktf.json: ${control} of the nodes have the role "control" (the first one always has); there have to be 1, 3 or 5`);
}

function refuseDouble(what: string, all: readonly { readonly name: string }[]): void {
  const double = all.find(({ name }, index) => all.findIndex((other) => other.name === name) !== index);
  if (double !== undefined) throw new Error(`cdktf.json: two of the ${what} of context.onprem have the name ${double.name}`);
}

const required = <T extends object>(where: string, value: unknown, forms: Record<keyof T & string, Form>, needed: readonly (keyof T & string)[]): T => checked<T>(where, value, forms, needed) as T;

/** As Terraform needs it, which runs in another directory. */
const file = (name: string): string => (name.startsWith('~/') ? path.join(os.homedir(), name.slice(2)) : path.resolve(name));
