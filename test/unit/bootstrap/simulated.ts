/** A machine as facts alone, on which changes are carried out as the performer would: for properties of the plan. */
import type { Change } from '../../../src/bootstrap/change.ts';
import type { DaemonView, Facts, Membership } from '../../../src/bootstrap/facts.ts';
import { withMember } from '../../../src/bootstrap/plan.ts';
import { daemonSettings, etcdSettings, firstEndpoints, firstMember, holdsMember, type EtcdPaths } from '../../../src/bootstrap/settings.ts';
import { formatAddress, rolesAtBirth, type Wanted } from '../../../src/bootstrap/wanted.ts';
import type { Node } from '../../../src/model/node.ts';
import type { Pool } from '../../../src/model/pool.ts';
import { node as someNode, pool as somePool } from '../cli/fixtures.ts';

export const PATHS: EtcdPaths = { data: '/var/lib/holdfast/etcd', ca: '/pki/store-ca.crt', cert: '/pki/store.crt', key: '/pki/store.key' };

const idle = { running: false, config_sha256: null, version: null };
export const bare: Facts = {
  now: Date.parse('2026-11-22T20:00:00Z'), machine_id: 'm1', package: null, offered: null, installed_file: null, etcd_installed: false, membership: null, pki_obstacle: null, certificate: null, joining: false,
  config: null, etcd_config: null, embedded_store: false, services: { holdfastd: idle, 'holdfast-etcd': idle }, daemon: null, admin: null,
};

const digest = (settings: unknown): string => JSON.stringify(settings);
const YEAR = 365 * 86_400_000;

/** The facts after this change. Records of a node and its pools survive in `kept` while the daemon is down. */
export function applied(wanted: Wanted, facts: Facts, { step }: Change, kept: { daemon: DaemonView | null }): Facts {
  const daemon = (change: (view: DaemonView) => DaemonView): Facts => {
    if (facts.daemon === null) throw new Error(`${step.do} without a daemon`);
    kept.daemon = change(facts.daemon);
    return { ...facts, daemon: kept.daemon };
  };
  const member = (by: 'init' | 'join', cluster_id: string, node_id: string): Membership => ({
    by, cluster_id, cluster_name: wanted.cluster?.by === 'init' ? wanted.cluster.name : 'prod', node_id, node_name: wanted.name, ca_sha256: 'ca',
    store_endpoints: by === 'init' ? firstEndpoints(wanted) : ['https://10.0.0.1:2379'],
    member: by === 'init' ? firstMember(wanted) : holdsMember(wanted) ? { name: wanted.name, initial_cluster: 'n1=https://10.0.0.1:2380', initial_state: 'existing' } : null, addresses: [],
  });
  switch (step.do) {
    case 'install': {
      const version = wanted.package?.from === 'apt' ? wanted.package.version : facts.offered?.version ?? '';
      return { ...facts, package: version, installed_file: facts.offered };
    }
    case 'install-etcd': return { ...facts, etcd_installed: true };
    case 'init':
    case 'join':
      return { ...facts, joining: false, certificate: { not_after: facts.now + YEAR, hosts: [wanted.advertise?.host ?? ''] }, membership: step.do === 'init' ? member('init', step.cluster_id ?? 'clu', step.node_id ?? 'node') : member('join', 'clu', 'node') };
    case 'write-etcd-config': {
      if (facts.membership === null) throw new Error('etcd is configured before there is a cluster');
      const settings = etcdSettings(wanted, withMember(wanted, facts.membership), PATHS);
      return { ...facts, etcd_config: { settings, sha256: digest(settings) } };
    }
    case 'write-config': {
      const settings = daemonSettings(wanted, facts.membership, facts.config?.settings ?? null);
      return { ...facts, config: { settings, sha256: digest(settings) } };
    }
    case 'start':
    case 'restart': {
      if (step.service === 'holdfast-etcd') return { ...facts, services: { ...facts.services, 'holdfast-etcd': { running: true, config_sha256: facts.etcd_config?.sha256 ?? null, version: null } } };
      if (wanted.cluster !== null && facts.membership !== null && holdsMember(wanted) && !facts.services['holdfast-etcd'].running) throw new Error('the daemon starts before its store');
      kept.daemon = started(wanted, facts, kept.daemon);
      return { ...facts, embedded_store: facts.embedded_store || facts.config?.settings['store'] === undefined, daemon: kept.daemon, services: { ...facts.services, holdfastd: { running: true, config_sha256: facts.config?.sha256 ?? null, version: facts.package } } };
    }
    case 'update-node': return daemon((view) => ({ ...view, node: { ...view.node, labels: step.change.labels ?? view.node.labels, spec: { ...view.node.spec, zone: step.change.zone ?? view.node.spec.zone, roles: step.change.roles ?? view.node.spec.roles, address: step.change.address ?? view.node.spec.address } } }));
    case 'create-pool': return daemon((view) => ({ ...view, pools: [...view.pools, poolOf(step.pool.name, step.pool.path, step.pool.devices, step.pool)] }));
    case 'grow-pool': return daemon((view) => ({ ...view, pools: view.pools.map((pool) => (pool.name === step.pool ? { ...pool, spec: { ...pool.spec, devices: [...pool.spec.devices, ...step.devices] } } : pool)) }));
    case 'update-pool': return daemon((view) => ({ ...view, pools: view.pools.map((pool) => (pool.name === step.pool ? { ...pool, labels: step.change.labels ?? pool.labels, spec: { ...pool.spec, class: step.change.class ?? pool.spec.class, overcommit: step.change.overcommit ?? pool.spec.overcommit } } : pool)) }));
    case 'await-voter': return daemon((view) => ({ ...view, members: (view.members ?? []).map((one) => ({ ...one, learner: false })) }));
    case 'sign-admin': return { ...facts, admin: { not_after: facts.now + 90 * 86_400_000 } };
  }
}

function started(wanted: Wanted, facts: Facts, before: DaemonView | null): DaemonView {
  const address = wanted.cluster === null || wanted.advertise === null ? null : formatAddress(wanted.advertise);
  const node: Node = before?.node ?? { ...someNode, id: facts.membership?.node_id ?? 'node_local', name: wanted.name, labels: {}, spec: { roles: rolesAtBirth(wanted), zone: '', address: null, cordoned: false } };
  return {
    version: facts.package ?? '0.1.0', pools: before?.pools ?? [], volumes: facts.membership === null ? before?.volumes ?? 0 : null,
    cluster: { id: facts.membership?.cluster_id ?? 'clu_local', name: facts.membership?.cluster_name ?? 'holdfast' },
    node: { ...node, spec: { ...node.spec, address } },
    members: facts.membership !== null && holdsMember(wanted) ? before?.members ?? [{ name: wanted.name, learner: facts.membership.by === 'join', peer_urls: [] }] : null,
  };
}

export const poolOf = (name: string, path: string | null, devices: readonly string[], more: { readonly class?: string | undefined; readonly overcommit?: number | undefined; readonly labels?: Pool['labels'] | undefined } = {}): Pool => ({
  ...somePool, name, labels: more.labels ?? {}, spec: { kind: path === null ? 'device' : 'directory', path, devices, class: more.class ?? 'any', overcommit: more.overcommit ?? 1 },
});
