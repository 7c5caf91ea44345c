/**
 * The performer: carries out one change of the plan. Each is idempotent, and safe to be killed in at any point: what it
 * leaves then is found by the next look, and planned again.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '../model/errors.ts';
import type { Change } from './change.ts';
import { installEtcd } from './etcd-package.ts';
import type { Facts, ServiceName } from './facts.ts';
import { writeDurably } from './files.ts';
import { readMembership, sha256, type Machine } from './observe.ts';
import { installPackage } from './package-file.ts';
import { beginCluster, joinCluster } from './pki.ts';
import { adminFile, etcdPathsOf } from './places.ts';
import { withMember } from './plan.ts';
import { daemonSettings, etcdSettings, renderConfig, renderEtcdConfig } from './settings.ts';
import type { Wanted } from './wanted.ts';

export interface PerformOptions {
  /** The join token, asked for only when it is needed. @throws invalid_argument when there is none. */
  readonly token: () => Promise<string>;
  /** For services to become ready, ms. Default 120,000. */
  readonly patienceMs: number;
  /** Told while something is waited for. */
  readonly onWaiting?: (what: string) => void;
}

/** @throws HoldfastError that says what went wrong, with the log's tail where a service does not come up. */
export async function perform({ step }: Change, wanted: Wanted, facts: Facts, machine: Machine, options: PerformOptions): Promise<void> {
  const { places, door } = machine;
  switch (step.do) {
    case 'install': return installPackage(wanted, facts, places);
    case 'install-etcd': return installEtcd();
    case 'init': return beginCluster(wanted, places, step);
    case 'join': return joinCluster(wanted, facts, places, await options.token());
    case 'write-etcd-config': {
      const membership = await readMembership(places);
      if (membership !== null) await writeDurably(places.etcdConfig, renderEtcdConfig(etcdSettings(wanted, withMember(wanted, membership), etcdPathsOf(places))), 0o600);
      return;
    }
    case 'write-config': return writeDurably(places.config, renderConfig(daemonSettings(wanted, await readMembership(places), facts.config?.settings ?? null)), 0o644);
    case 'start':
    case 'restart': return step.service === 'holdfastd' ? runDaemon(step.do, machine, options) : runEtcd(step.do, machine);
    case 'update-node': return door.updateNode((await readMembership(places))?.node_id ?? facts.daemon?.node.id ?? wanted.name, step.change);
    case 'create-pool': return door.createPool(step.pool);
    case 'grow-pool': return door.growPool(step);
    case 'update-pool': return door.updatePool(step);
    case 'await-voter': return awaitVoter(wanted.name, machine, options);
    case 'sign-admin': {
      const admin = wanted.cluster?.by === 'init' ? wanted.cluster.admin : null;
      if (admin !== null) await writeDurably(adminFile(places, admin.name), await door.signAdmin(admin.name, admin.csr), 0o644);
      return;
    }
  }
}

async function runEtcd(how: 'start' | 'restart', { places, services }: Machine): Promise<void> {
  const config = await readFile(places.etcdConfig, 'utf8');
  await services[how]('holdfast-etcd');
  // It ends at once when it cannot have its ports, its data or its certificates.
  await pause(500);
  if (!(await services.isRunning('holdfast-etcd'))) throw await notUp('holdfast-etcd', 'it ended at once', services);
  await writeDurably(places.etcdNote, JSON.stringify({ config_sha256: sha256(config) }), 0o644);
}

async function runDaemon(how: 'start' | 'restart', { places, services, door }: Machine, { patienceMs, onWaiting }: PerformOptions): Promise<void> {
  await services[how]('holdfastd');
  const membership = await readMembership(places);
  const deadline = performance.now() + patienceMs;
  for (let turn = 1; (await door.look(membership)) === null; turn += 1) {
    if (!(await services.isRunning('holdfastd'))) throw await notUp('holdfastd', 'it ended', services);
    if (performance.now() > deadline) throw await notUp('holdfastd', `it is not ready after ${Math.round(patienceMs / 1000)} s: ${door.silence()}`, services);
    if (turn % 10 === 0) onWaiting?.(door.silence());
    await pause(Math.min(1_000, 50 * turn));
  }
}

async function notUp(name: ServiceName, what: string, services: Machine['services']): Promise<HoldfastError> {
  const tail = await services.tail(name, 8);
  return new HoldfastError('unavailable', `${name} does not come up: ${what}${tail === '' ? '' : `\nIts log ends with:\n${tail}`}`, { object: `service ${name}`, hint: 'What is mounted goes on working. Mend what the log says, and converge again: it goes on where it stopped.' });
}

const VOTER_MS = 300_000;

async function awaitVoter(name: string, { door }: Machine, { onWaiting }: PerformOptions): Promise<void> {
  const deadline = performance.now() + VOTER_MS;
  for (let turn = 1; ; turn += 1) {
    const own = (await door.members())?.find((member) => member.name === name);
    if (own?.learner === false) return;
    if (performance.now() > deadline) throw new HoldfastError('unavailable', `the etcd member of ${name} is still a learner after ${VOTER_MS / 60_000} minutes`, { object: `etcd member ${name}`, hint: 'The leader promotes it when it has caught up: see holdfast cluster status and the log of holdfast-etcd. Converge again: it goes on waiting.' });
    if (turn % 10 === 0) onWaiting?.('the etcd member catches up');
    await pause(Math.min(1_000, 100 * turn));
  }
}
