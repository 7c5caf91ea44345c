/** The two configuration files that converge writes, made of what is wanted and of the machine's membership. Pure. */
import type { Membership } from './facts.ts';
import { formatAddress, rolesAtBirth, type Wanted } from './wanted.ts';

/** What a member of the cluster's own etcd may take on its disk. */
export const ETCD_QUOTA_BYTES = 4 * 1024 ** 3;

export type Settings = Readonly<Record<string, unknown>>;

export const CLIENT_PORT = 2379;
export const PEER_PORT = 2380;

const urlOf = (host: string, port: number): string => `https://${formatAddress({ host, port })}`;

/** Whether an etcd member runs on this machine. */
export const holdsMember = (wanted: Wanted): boolean => wanted.store.kind === 'own' && rolesAtBirth(wanted).includes('control');

/** What the member of a cluster's first node begins with: it alone. */
export function firstMember(wanted: Wanted): Membership['member'] {
  if (!holdsMember(wanted) || wanted.advertise === null) return null;
  return { name: wanted.name, initial_cluster: `${wanted.name}=${urlOf(wanted.advertise.host, PEER_PORT)}`, initial_state: 'new' };
}

/** Where the first node's control store is; [] for an embedded one. */
export function firstEndpoints(wanted: Wanted): readonly string[] {
  if (wanted.store.kind === 'external') return wanted.store.endpoints;
  return wanted.store.kind === 'own' && wanted.advertise !== null ? [urlOf(wanted.advertise.host, CLIENT_PORT)] : [];
}

/**
 * holdfastd.json. Endpoints that stand there already stay: the daemon learns of further members by itself.
 * @param membership null before a join: what it will tell is left out.
 */
export function daemonSettings(wanted: Wanted, membership: Membership | null, present: Settings | null): Settings {
  const cluster = wanted.cluster;
  return {
    ...wanted.daemon,
    node_name: wanted.name,
    ...(membership !== null ? { cluster_name: membership.cluster_name } : cluster?.by === 'init' ? { cluster_name: cluster.name } : {}),
    ...(wanted.listen === null ? {} : { listen: formatAddress(wanted.listen) }),
    ...(wanted.advertise === null ? {} : { advertise: formatAddress(wanted.advertise) }),
    ...(wanted.store.kind === 'sqlite' ? {} : { store: storeSettings(wanted, membership, present) }),
    ...(wanted.store.kind !== 'sqlite' && cluster?.by === 'init' && cluster.from_embedded ? { import_embedded: true } : {}),
  };
}

function storeSettings(wanted: Wanted, membership: Membership | null, present: Settings | null): Settings {
  if (wanted.store.kind === 'external') {
    const { endpoints, ca, cert, key } = wanted.store;
    return { kind: 'etcd', endpoints, ca, cert, key };
  }
  const before = present?.['store'] as { readonly kind?: unknown; readonly endpoints?: unknown } | undefined;
  if (before?.kind === 'etcd' && Array.isArray(before.endpoints)) return { kind: 'etcd', endpoints: before.endpoints as string[] };
  const known = membership?.store_endpoints ?? [];
  const first = firstEndpoints(wanted);
  // A control node asks its own member first; the others of the cluster stand behind it.
  const own = holdsMember(wanted) ? first : [];
  return { kind: 'etcd', endpoints: [...own, ...(membership === null ? first : known)].filter((one, index, all) => all.indexOf(one) === index) };
}

/** Paths that etcd.conf.yml names. */
export interface EtcdPaths {
  readonly data: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** etcd.conf.yml of this machine's member. */
export function etcdSettings(wanted: Wanted, membership: Membership, paths: EtcdPaths): Settings {
  const host = wanted.advertise?.host ?? '';
  const bind = wanted.listen?.host ?? '0.0.0.0';
  const security = { 'cert-file': paths.cert, 'key-file': paths.key, 'trusted-ca-file': paths.ca, 'client-cert-auth': true };
  return {
    name: membership.member?.name ?? wanted.name,
    'data-dir': paths.data,
    'listen-peer-urls': urlOf(bind, PEER_PORT),
    'listen-client-urls': urlOf(bind, CLIENT_PORT),
    'initial-advertise-peer-urls': urlOf(host, PEER_PORT),
    'advertise-client-urls': urlOf(host, CLIENT_PORT),
    'initial-cluster': membership.member?.initial_cluster ?? '',
    'initial-cluster-state': membership.member?.initial_state ?? 'existing',
    'initial-cluster-token': membership.cluster_id,
    'client-transport-security': security,
    'peer-transport-security': security,
    'auto-compaction-mode': 'periodic',
    'auto-compaction-retention': '1h',
    'quota-backend-bytes': ETCD_QUOTA_BYTES,
    logger: 'zap',
    'log-outputs': ['stderr'],
  };
}

const ETCD_HEAD = '# Written by `holdfast node converge`: changes by hand are undone. JSON is YAML.\n';

export const renderConfig = (settings: Settings): string => `${JSON.stringify(settings, null, 2)}\n`;
export const renderEtcdConfig = (settings: Settings): string => `${ETCD_HEAD}${renderConfig(settings)}`;

/** A file of ours read back; null: it is not. */
export function parseSettings(text: string): Settings | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^#.*\n/gm, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Settings : null;
  } catch {
    return null;
  }
}
