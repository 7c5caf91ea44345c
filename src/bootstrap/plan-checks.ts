/** What converge refuses before it changes anything: a machine that is something else, or would lose what it holds. Pure. */
import { HoldfastError } from '../model/errors.ts';
import type { Facts } from './facts.ts';
import { rolesAtBirth, type Wanted } from './wanted.ts';

const refuse = (message: string, field: string, hint: string): HoldfastError => new HoldfastError('failed_precondition', message, { object: 'node.json', field, hint });

/** @throws failed_precondition for the first reason found. */
export function checkPossible(wanted: Wanted, facts: Facts): void {
  if (facts.membership === null) checkNew(wanted, facts);
  else checkMember(wanted, facts, facts.membership);
  for (const pool of wanted.pools) {
    const there = facts.daemon?.pools.find(({ name }) => name === pool.name);
    if (there === undefined) continue;
    const object = `pools.${pool.name}`;
    if ((pool.path === null) !== (there.spec.path === null)) throw refuse(`${object}: the pool is of kind ${there.spec.kind}, and stays so`, object, 'Give the new pool another name; remove the old one when it is empty: holdfast pool remove');
    if (pool.path !== null && pool.path !== there.spec.path) throw refuse(`${object}: the pool lies in ${there.spec.path ?? ''}, not in ${pool.path}: a pool does not move`, object, 'Give the new pool another name.');
    const gone = there.spec.devices.find((device) => !pool.devices.includes(device));
    if (pool.path === null && gone !== undefined) throw refuse(`${object}: ${gone} is part of the pool and not in node.json: devices are never taken out of a pool`, object, `Add "${gone}" to its devices.`);
  }
}

function checkNew(wanted: Wanted, facts: Facts): void {
  // Also before a token is spent.
  if (wanted.cluster !== null && facts.pki_obstacle !== null) throw refuse(`the directory pki, in which this machine would have its keys, ${facts.pki_obstacle}`, 'cluster', 'Move it aside and converge again: a directory of its own is made there.');
  if (wanted.cluster === null || facts.daemon === null || facts.config?.settings['store'] !== undefined) return;
  const { pools, volumes } = facts.daemon;
  if (pools.length === 0 && (volumes ?? 0) === 0) return;
  const holds = `this machine holds ${pools.length} pool${pools.length === 1 ? '' : 's'} and ${volumes ?? 0} volume${volumes === 1 ? '' : 's'} of its own`;
  if (wanted.cluster.by === 'join') throw refuse(`${holds}, which would not come along into the cluster`, 'cluster.join', 'Begin the cluster on this machine (cluster init --from-embedded) and let the others join, or remove its volumes and pools first.');
  if (!wanted.cluster.from_embedded && wanted.store.kind !== 'sqlite') throw refuse(holds, 'cluster.init.from_embedded', 'Say "from_embedded": true to take them over into the new control store, mounted ones included.');
}

function checkMember(wanted: Wanted, facts: Facts, membership: NonNullable<Facts['membership']>): void {
  const { cluster } = wanted;
  const is = `this machine is node ${membership.node_name} of cluster ${membership.cluster_name}`;
  if (cluster === null) throw refuse(`${is}, and node.json describes a single machine`, 'cluster', 'Name the cluster. To take the machine out: holdfast node drain, holdfast node remove, then remove its state by hand.');
  if (membership.node_name !== wanted.name) throw refuse(`${is}: a node keeps its name`, 'name', `Say "name": "${membership.node_name}", or remove the node and let it join anew.`);
  if (cluster.by === 'init' && membership.by === 'join') throw refuse(`${is}, which it joined: it cannot begin another`, 'cluster.init', 'Say "join".');
  if (cluster.by === 'init' && cluster.name !== membership.cluster_name) throw refuse(`${is}: a cluster keeps its name`, 'cluster.init.name', `Say "name": "${membership.cluster_name}".`);
  if (cluster.by === 'join' && membership.by === 'init') throw refuse(`${is}, which began here: it cannot join another`, 'cluster.join', 'Say "init".');
  const host = wanted.advertise?.host ?? '';
  if (facts.certificate !== null && !facts.certificate.hosts.includes(host)) {
    throw refuse(`${is}, and its certificate does not hold for ${host}`, 'advertise', `It holds for ${facts.certificate.hosts.join(', ')}. Keep the address, or remove the node and let it join anew under another.`);
  }
  if (facts.certificate !== null && facts.certificate.not_after <= facts.now && facts.daemon === null) {
    throw refuse(`${is}, and its certificate ran out at ${new Date(facts.certificate.not_after).toISOString()}`, 'cluster', 'If the clock is right: make a token that replaces this node (holdfast cluster token create --replaces), move the directory pki aside and converge again.');
  }
  const present = facts.config?.settings['store'] as { readonly kind?: unknown } | undefined;
  if (present?.kind === 'etcd' && wanted.store.kind === 'sqlite') throw refuse(`${is}, whose control store is etcd: it does not go back to an embedded one`, 'store', 'Leave "store" out.');
  if (cluster.by === 'init' && facts.config !== null && present?.kind !== 'etcd' && wanted.store.kind !== 'sqlite' && facts.embedded_store && !cluster.from_embedded) {
    throw refuse(`${is}, whose control store is embedded`, 'cluster.init.from_embedded', 'Say "from_embedded": true to move it to etcd.');
  }
  const roles = facts.daemon?.node.spec.roles;
  if (wanted.roles !== undefined && roles !== undefined && roles.includes('control') !== rolesAtBirth(wanted).includes('control')) {
    throw refuse(`${is} with the roles ${roles.join(', ')}: the role control is given when a node joins, and taken when it is removed`, 'roles', 'Drain and remove the node, and let it join with the roles that it shall have.');
  }
}
