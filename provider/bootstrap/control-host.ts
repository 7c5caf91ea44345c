/**
 * What is asked of the cluster through a machine that is in it: `holdfast` there, as root, over its local socket. So a
 * cluster can be built and taken apart without any credential of its API.
 */
import { MachineError } from './machine-error.ts';
import type { Machines } from './connect.ts';
import type { Doing } from './holdfast-machine.ts';
import { parseJson, type Node } from './node-json.ts';
import type { Target } from './settings.ts';
import { lastLines, type Machine } from './shell.ts';

/** Exit statuses of `holdfast`. */
const NOT_FOUND = 3;
const UNAVAILABLE = 5;

export interface Token { readonly id: string; readonly token: string }
export interface Holding { readonly name: string; readonly size_bytes: number; readonly last_copy: boolean; readonly attached: boolean; readonly consumers: readonly string[] }
interface ClusterStatus { readonly id: string; readonly name: string; readonly nodes: readonly Node[]; readonly members: readonly Member[] }
interface Member { readonly name: string; readonly healthy: boolean; readonly learner: boolean }

export interface ControlHost {
  readonly machine: Machine;
  status(): Promise<ClusterStatus>;
  /** Volumes in the cluster, trash included; at least 1 when there are any. */
  volumeCount(): Promise<number>;
  /** @throws MachineError when another cluster answers. */
  checkCluster(id: string): Promise<void>;
  /** A token that lets this node join; it lasts as long as an apply may take. */
  createToken(node: string, roles: readonly string[]): Promise<Token>;
  /** Succeeds when it is gone already. */
  removeToken(id: string): Promise<void>;
  /** The node that the machine itself is. */
  self(): Promise<Node>;
  /** Null: certainly none of this name or id. */
  findNode(ref: string): Promise<Node | null>;
  holdings(ref: string): Promise<readonly Holding[]>;
  /** Whether the volume may not be destroyed; one that is not there may. */
  isProtected(volume: string): Promise<boolean>;
  /** Returns when nothing is attached there any more. */
  drain(ref: string): Promise<void>;
  /** @param abandon its last copies are given up. Succeeds when it is gone already. */
  remove(ref: string, abandon: boolean): Promise<void>;
  /** Why the cluster should not lose a node just now; [] when it may. `except`: the node that is about to go down. */
  unfit(except: string): Promise<readonly string[]>;
  /** A client certificate, PEM, for a request. */
  sign(role: string, name: string, csr: string): Promise<string>;
}

/**
 * Runs `action` through the first of the hosts that can be reached.
 * @throws MachineError saying why for each of them, when none can or Holdfast answers on none.
 */
export async function throughControl<T>(machines: Machines, hosts: readonly Target[], doing: Doing, action: (control: ControlHost) => Promise<T>): Promise<T> {
  const silent: MachineError[] = [];
  for (const host of hosts) {
    let reached = false;
    try {
      return await machines.use(host, (machine) => { reached = true; return action(controlOn(machine, doing)); }, { signal: doing.signal });
    } catch (error) {
      // What was asked of a host that was lost meanwhile may have been done: it is not asked again of another.
      if (!(error instanceof MachineError) || (error.kind !== 'unreachable' && error.kind !== 'stopped') || (reached && error.kind === 'unreachable')) throw error;
      doing.onLine(error.detail);
      silent.push(error);
    }
  }
  const last = silent.at(-1);
  if (last !== undefined) throw silent.length === 1 ? last : new MachineError(last.kind, [...new Set(silent.map(({ detail }) => detail))].join('\n'));
  throw new MachineError('settings', 'No machine of the cluster is known (cluster.hosts is empty).');
}

export function controlOn(machine: Machine, { signal, onLine }: Doing): ControlHost {
  const holdfast = async (doing: string, args: readonly string[], tell?: Doing['onLine']): Promise<{ status: number; stdout: string; stderr: string }> => {
    const ran = await machine.run('exec holdfast "$@"', { args, signal, onLine: tell });
    if (ran.status !== 0 && ran.status !== NOT_FOUND) throw new MachineError(ran.status === UNAVAILABLE ? 'stopped' : 'failed', `${machine.name}: ${doing} failed (status ${ran.status}): ${lastLines(ran.stderr, 12)}`);
    return ran;
  };
  // What is asked is no progress: that there is no such node is an answer like others.
  const asked = async <T>(doing: string, args: readonly string[]): Promise<T | null> => {
    const ran = await holdfast(doing, [...args, '-o', 'json']);
    return ran.status === NOT_FOUND ? null : parseJson(ran.stdout, machine.name) as T;
  };
  const listed = async <T>(doing: string, args: readonly string[]): Promise<readonly T[]> => (await asked<{ readonly items: readonly T[] }>(doing, args))?.items ?? [];
  const status: ControlHost['status'] = async () => {
    const found = await asked<ClusterStatus>('asking for the cluster', ['cluster', 'status']);
    if (found === null) throw new MachineError('failed', `${machine.name} is in no cluster.`);
    return found;
  };
  return {
    machine, status,
    volumeCount: async () => (await listed('listing the volumes', ['volume', 'list'])).length + (await listed('listing the trash', ['trash', 'list'])).length,
    async checkCluster(id) {
      const found = await status();
      if (found.id !== id) throw new MachineError('failed', `${machine.name} is a machine of cluster ${found.id}, not of ${id}. Nothing was changed. Correct the hosts of the cluster.`);
    },
    async createToken(node, roles) {
      const made = await asked<{ readonly token: string; readonly record: { readonly id: string } }>(`making a join token for "${node}"`, ['cluster', 'token', 'create', '--for', 'node', '--name', node, ...roles.flatMap((role) => ['--node-role', role])]);
      if (made === null) throw new MachineError('failed', `${machine.name}: no join token was made.`);
      return { id: made.record.id, token: made.token };
    },
    async removeToken(id) { await holdfast('removing a join token', ['cluster', 'token', 'remove', id]); },
    async self() {
      const found = await asked<Node>('asking for its node', ['node', 'inspect']);
      if (found === null) throw new MachineError('failed', `${machine.name} is no node.`);
      return found;
    },
    findNode: (ref) => asked<Node>(`looking for the node "${ref}"`, ['node', 'inspect', ref]),
    holdings: (ref) => listed<Holding>(`asking what "${ref}" holds`, ['node', 'holdings', ref]),
    async isProtected(volume) {
      const found = await asked<{ readonly spec?: { readonly deletion_protection?: boolean } }>(`asking for volume "${volume}"`, ['volume', 'inspect', volume]);
      return found !== null && found.spec?.deletion_protection !== false;
    },
    async drain(ref) { await holdfast(`draining "${ref}"`, ['node', 'drain', ref], onLine); },
    async remove(ref, abandon) { await holdfast(`removing "${ref}"`, ['node', 'remove', ref, '--yes', ...(abandon ? ['--abandon'] : [])], onLine); },
    async unfit(except) {
      const { nodes, members } = await status();
      const isDown = nodes.some(({ name, status }) => name === except && status.state === 'unavailable');
      return [
        // Where the node is down itself, nothing is taken away by starting it anew: of several, one has to begin.
        ...nodes.filter(({ name, status }) => !isDown && name !== except && status.state === 'unavailable').map(({ name }) => `node "${name}" is unavailable`),
        ...members.filter(({ name, healthy }) => name !== except && !healthy).map(({ name }) => `the store's member on "${name}" does not answer`),
      ];
    },
    async sign(role, name, csr) {
      return machine.must(`signing the certificate of "${name}"`, 'set -e; umask 077; d=$(mktemp -d /run/holdfast/sign.XXXXXX); trap \'rm -rf "$d"\' EXIT; cat > "$d/csr"; holdfast cert sign --role "$1" --name "$2" --csr "$d/csr" --out "$d/crt" >&2; cat "$d/crt"', { args: [role, name], input: csr, signal, onLine });
    },
  };
}
