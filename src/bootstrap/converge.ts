/**
 * Converge: makes this machine what node.json says. Looks, plans, carries out, looks again until nothing is left to do.
 * `plan` changes nothing at all and needs no daemon. Killed anywhere, the next run goes on; a second run changes nothing.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { VERSION } from '../model/version.ts';
import { keyOf, opensEyes, type Change } from './change.ts';
import { createDoor } from './door.ts';
import type { Facts, ServiceName } from './facts.ts';
import { diskFault, readIfThere, writeDurably } from './files.ts';
import { alone } from './lock.ts';
import { observe, type Machine } from './observe.ts';
import type { PerformOptions } from './perform.ts';
import { adminFile, etcdPathsOf, placesBelow, type Places } from './places.ts';
import { planConverge } from './plan.ts';
import { chooseServices } from './services.ts';
import { formatAddress, rolesAtBirth, type Wanted } from './wanted.ts';

export interface ConvergeOptions {
  readonly wanted: Wanted;
  /** Everything lies below it. Default "/". */
  readonly root?: string;
  /** Only tell what would be done. */
  readonly plan: boolean;
  /** The join token; asked for only when the machine has not joined yet. null: there is none. */
  readonly token: () => Promise<string | null>;
  /** Command lines of the services, where neither systemd nor init scripts keep them. */
  readonly programs: Readonly<Record<ServiceName, readonly string[]>>;
  readonly onBegin?: (change: Change) => void;
  readonly onDone?: (change: Change) => void;
  readonly onWaiting?: (what: string) => void;
  /** For services to become ready, ms. Default 120,000. */
  readonly patienceMs?: number;
  /** The program that runs is part of what may be installed: it ends once that is done, and the new one goes on. Default: false. */
  readonly handOver?: boolean;
}

export interface Converged {
  /** Done, or with `plan` to be done. */
  readonly changes: readonly Change[];
  readonly plan: boolean;
  /** Another version of this program was just installed, and has to do the rest. */
  readonly handOver: boolean;
  readonly node: ConvergedNode | null;
  readonly admin_certificate: string | null;
  readonly ca_certificate: string | null;
  readonly ca_sha256: string | null;
  /** `https://host:port` of the nodes that are known. */
  readonly endpoints: readonly string[];
}

export interface ConvergedNode {
  readonly id: string;
  readonly name: string;
  readonly cluster_id: string;
  readonly machine_id: string;
  readonly version: string;
  readonly running: boolean;
  readonly roles: readonly string[];
  readonly zone: string;
  readonly labels: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 120_000;
/** More looks than any plan needs: what is planned and never takes is a fault, not a reason to go on for ever. */
const MAX_ROUNDS = 16;

/** @throws HoldfastError: what was wrong and what to do. What was done until then stays, and the next run goes on from it. */
export async function converge(options: ConvergeOptions): Promise<Converged> {
  const { wanted } = options;
  const places = placesBelow(options.root ?? '/');
  const machine: Machine = { places, services: chooseServices(places, options.programs), door: createDoor(typeof wanted.daemon['socket'] === 'string' ? wanted.daemon['socket'] : places.socket) };
  const look = (): Promise<Facts> => observe(wanted, machine).catch((thrown: unknown) => { throw diskFault(thrown, 'looking at this machine'); });
  if (options.plan) {
    const facts = await look();
    return outcome(wanted, facts, machine, planConverge(wanted, facts, etcdPathsOf(places)), true);
  }
  return alone(places.lock, async () => {
    const done: Change[] = [];
    let hands: typeof import('./perform.ts') | undefined;
    for (let round = 0; ; round += 1) {
      const facts = await look();
      const plan = planConverge(wanted, facts, etcdPathsOf(places));
      if (plan.length === 0) {
        await notePackage(facts, places);
        return outcome(wanted, facts, machine, done, false);
      }
      const again = plan.find((change) => done.filter((one) => keyOf(one) === keyOf(change)).length > 1);
      if (again !== undefined || round === MAX_ROUNDS) {
        throw new HoldfastError('internal', `${keyOf(again ?? plan[0] as Change)} was done, and is still to be done`, { object: 'this machine', hint: 'Somebody else may change it at the same time. See what is planned: holdfast node converge --plan' });
      }
      // Most runs find nothing to do, and need nothing of what makes keys and certificates; all of it is read before a package is replaced.
      hands ??= await import('./perform.ts');
      for (const change of plan) {
        options.onBegin?.(change);
        await hands.perform(change, wanted, facts, machine, performing(options)).catch((thrown: unknown) => { throw diskFault(thrown, keyOf(change)); });
        done.push(change);
        options.onDone?.(change);
        if (change.step.do === 'install' && options.handOver === true) return { ...(await outcome(wanted, facts, machine, done, false)), handOver: true };
        if (opensEyes(change)) break;
      }
    }
  });
}

const performing = ({ wanted, token, patienceMs = PATIENCE_MS, onWaiting }: ConvergeOptions): PerformOptions => ({
  patienceMs, ...(onWaiting === undefined ? {} : { onWaiting }),
  async token() {
    const text = await token();
    if (text !== null && text.trim() !== '') return text.trim();
    throw new HoldfastError('invalid_argument', `${wanted.name} has not joined yet, and there is no join token`, { object: 'join token', field: 'cluster.join.token_file', hint: 'Make one on a node of the cluster (holdfast cluster token create --for node), and give it by HOLDFAST_JOIN_TOKEN or token_file.' });
  },
});

/** A package that was installed by another way is known from now on. */
async function notePackage(facts: Facts, places: Places): Promise<void> {
  if (facts.offered !== null && facts.installed_file === null && facts.package === facts.offered.version) await writeDurably(places.packageNote, JSON.stringify(facts.offered), 0o644);
}

async function outcome(wanted: Wanted, facts: Facts, { places, door }: Machine, changes: readonly Change[], plan: boolean): Promise<Converged> {
  const { membership, daemon } = facts;
  const admin = wanted.cluster?.by === 'init' ? wanted.cluster.admin : null;
  const own = wanted.advertise === null ? [] : [formatAddress(wanted.advertise)];
  const known = daemon === null || membership === null ? membership?.addresses ?? [] : await door.addresses();
  const id = membership?.node_id ?? daemon?.node.id;
  return {
    changes, plan, handOver: false,
    node: id === undefined ? null : {
      id, name: daemon?.node.name ?? wanted.name, cluster_id: membership?.cluster_id ?? daemon?.cluster.id ?? '', machine_id: facts.machine_id, version: facts.package ?? daemon?.version ?? VERSION,
      running: daemon !== null, roles: daemon?.node.spec.roles ?? rolesAtBirth(wanted), zone: daemon?.node.spec.zone ?? wanted.zone ?? '', labels: daemon?.node.labels ?? wanted.labels ?? {},
    },
    admin_certificate: admin === null || facts.admin === null ? null : await readFile(adminFile(places, admin.name), 'utf8'),
    ca_certificate: membership === null ? null : await readIfThere(path.join(places.pki, 'ca.crt')),
    ca_sha256: membership?.ca_sha256 ?? null,
    endpoints: membership === null ? [] : [...new Set([...own, ...known])].map((address) => `https://${address}`),
  };
}
