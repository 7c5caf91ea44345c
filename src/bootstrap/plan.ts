/**
 * The plan: from what is wanted and how the machine is, what is to be done, in order. Pure. After its changes were
 * carried out it finds nothing more to do; what cannot be done is refused before anything is changed.
 */
import { keyOf, type Change } from './change.ts';
import type { Facts, ServiceName } from './facts.ts';
import { checkPossible } from './plan-checks.ts';
import { planDaemon } from './plan-daemon.ts';
import { daemonSettings, etcdSettings, firstEndpoints, firstMember, holdsMember, type EtcdPaths, type Settings } from './settings.ts';
import { sameVersion, versionStep } from './version-step.ts';
import { rolesAtBirth, type Wanted } from './wanted.ts';

/** An admin's certificate with less than this left is signed anew. */
const ADMIN_MARGIN_MS = 30 * 24 * 3_600_000;

/** @throws failed_precondition or conflict when the machine is something else than what is wanted, naming the way out. */
export function planConverge(wanted: Wanted, facts: Facts, paths: EtcdPaths): readonly Change[] {
  checkPossible(wanted, facts);
  const changes: Change[] = [...planPackages(wanted, facts)];
  if (mustLookInside(wanted, facts)) return [...changes, service('holdfastd', 'start', 'to see what its store holds')];
  const beginning = planMembership(wanted, facts);
  changes.push(...beginning);
  const etcd = planEtcd(wanted, facts, paths);
  changes.push(...etcd);
  const config = planConfig(wanted, facts);
  changes.push(...config);
  const begun = facts.services.holdfastd;
  const other = config.length > 0 || (begun.config_sha256 !== null && facts.config !== null && begun.config_sha256 !== facts.config.sha256);
  const newer = begun.version !== null && facts.package !== null && !facts.package.startsWith(begun.version);
  const replaced = changes.some(({ step }) => step.do === 'install') || newer;
  if (!begun.running) changes.push(service('holdfastd', 'start'));
  else if (other || replaced || beginning.length > 0) changes.push(service('holdfastd', 'restart', replaced ? 'another version is installed' : 'its configuration changed'));
  else if (facts.daemon === null) changes.push({ ...service('holdfastd', 'start'), before: 'running, and does not answer' });
  changes.push(...planDaemon(wanted, facts));
  changes.push(...planAdmin(wanted, facts));
  return changes.filter((change, index) => changes.findIndex((one) => keyOf(one) === keyOf(change)) === index);
}

function planPackages(wanted: Wanted, facts: Facts): Change[] {
  const changes: Change[] = [];
  const target = wantedVersion(wanted, facts);
  if (target !== null) {
    const action = facts.package === null ? 'install' : versionStep(facts.package, target, wanted.package?.downgrade ?? false);
    changes.push({ what: 'package', name: 'holdfast', action, before: facts.package, after: target, step: { do: 'install' } });
  }
  if (holdsMember(wanted) && !facts.etcd_installed) changes.push({ what: 'package', name: 'etcd-server', action: 'install', before: null, after: 'as the distribution has it', step: { do: 'install-etcd' } });
  return changes;
}

/** The version to install; null: nothing is to be done. */
function wantedVersion({ package: wanted }: Wanted, facts: Facts): string | null {
  if (wanted === null) return null;
  if (wanted.from === 'apt') return sameVersion(facts.package, wanted.version) ? null : wanted.version;
  if (facts.offered === null) return null;
  const same = facts.package === facts.offered.version && (facts.installed_file === null || facts.installed_file.sha256 === facts.offered.sha256);
  return same ? null : facts.offered.version;
}

/** An embedded store that nobody serves may hold pools and volumes: it is looked into before it is decided on. */
const mustLookInside = (wanted: Wanted, facts: Facts): boolean =>
  wanted.cluster !== null && facts.membership === null && facts.embedded_store && facts.daemon === null && isSingle(facts);

const isSingle = ({ config }: Facts): boolean => config?.settings['store'] === undefined;

function planMembership(wanted: Wanted, facts: Facts): Change[] {
  const { cluster } = wanted;
  if (cluster === null || facts.membership !== null) return [];
  if (cluster.by === 'join') {
    return [{
      what: 'join', name: wanted.name, action: facts.joining ? 'resume' : 'join', before: null,
      after: { endpoints: cluster.endpoints, roles: rolesAtBirth(wanted), zone: wanted.zone ?? '', labels: wanted.labels ?? {} }, step: { do: 'join' },
    }];
  }
  const taken = facts.embedded_store ? facts.daemon : null;
  return [{
    what: 'pki', name: `cluster ${cluster.name}`, action: 'create', before: null,
    after: { cluster: cluster.name, node: wanted.name, ...(taken === null ? {} : { cluster_id: taken.cluster.id, node_id: taken.node.id }) },
    step: { do: 'init', cluster_id: taken?.cluster.id ?? null, node_id: taken?.node.id ?? null },
  }];
}

function planEtcd(wanted: Wanted, facts: Facts, paths: EtcdPaths): Change[] {
  if (!holdsMember(wanted)) return [];
  const { membership } = facts;
  // The answer to a join tells whether there is a member at all; what it begins with is known then.
  if (membership !== null && membership.by === 'join' && membership.member === null) return [];
  const settings = membership === null ? null : etcdSettings(wanted, withMember(wanted, membership), paths);
  const known = settings !== null && facts.etcd_config !== null && equal(settings, facts.etcd_config.settings);
  const changes: Change[] = [];
  if (!known) {
    const after = settings ?? (wanted.cluster?.by === 'init' ? etcdSettings(wanted, predicted(wanted), paths) : { name: wanted.name });
    changes.push({ what: 'etcd', name: 'etcd.conf.yml', action: facts.etcd_config === null ? 'create' : 'update', before: facts.etcd_config?.settings ?? null, after, step: { do: 'write-etcd-config' } });
  }
  const now = facts.services['holdfast-etcd'];
  const stale = !known || (now.config_sha256 !== null && now.config_sha256 !== facts.etcd_config?.sha256);
  if (!now.running) changes.push(service('holdfast-etcd', 'start'));
  else if (stale) changes.push(service('holdfast-etcd', 'restart', 'its configuration changed'));
  return changes;
}

const predicted = (wanted: Wanted) => ({
  by: 'init' as const, cluster_id: '', cluster_name: wanted.cluster?.by === 'init' ? wanted.cluster.name : '', node_id: '', node_name: wanted.name, ca_sha256: '', store_endpoints: firstEndpoints(wanted), member: firstMember(wanted), addresses: [],
});

/** A cluster that began on an embedded store has no member in its record; it gets one when it moves to etcd. */
export const withMember = (wanted: Wanted, membership: NonNullable<Facts['membership']>): NonNullable<Facts['membership']> =>
  membership.by === 'init' && membership.member === null ? { ...membership, member: firstMember(wanted), store_endpoints: firstEndpoints(wanted) } : membership;

function planConfig(wanted: Wanted, facts: Facts): Change[] {
  const settings = daemonSettings(wanted, facts.membership, facts.config?.settings ?? null);
  if (facts.config !== null && equal(settings, facts.config.settings)) return [];
  return [{ what: 'config', name: 'holdfastd.json', action: facts.config === null ? 'create' : 'update', before: facts.config?.settings ?? null, after: settings, step: { do: 'write-config' } }];
}

function planAdmin(wanted: Wanted, facts: Facts): Change[] {
  const admin = wanted.cluster?.by === 'init' ? wanted.cluster.admin : null;
  if (admin === null || (facts.admin !== null && facts.admin.not_after - facts.now > ADMIN_MARGIN_MS)) return [];
  return [{ what: 'pki', name: `certificate of ${admin.name}`, action: facts.admin === null ? 'create' : 'renew', before: facts.admin === null ? null : { not_after: new Date(facts.admin.not_after).toISOString() }, after: { role: 'admin', name: admin.name }, step: { do: 'sign-admin' } }];
}

const service = (name: ServiceName, action: 'start' | 'restart', why?: string): Change => ({
  what: 'service', name, action, before: action === 'start' ? 'stopped' : 'running', after: why === undefined || action === 'start' ? 'running' : `running anew: ${why}`, step: { do: action, service: name },
});

/** Equal as JSON, whatever the order of keys. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Settings, b as Settings];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && equal(left[key], right[key]));
}
