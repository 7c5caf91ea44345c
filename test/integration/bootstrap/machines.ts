/**
 * Machines that are roots below the temporary directory, each on a loopback address of its own: the real `holdfast`, the
 * real daemon and a real etcd run there as plain processes. Ending them leaves nothing behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createClient, type HoldfastClient } from '../../../src/client/client.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning'] as const;

export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Machine {
  readonly name: string;
  readonly root: string;
  readonly address: string;
  readonly client: HoldfastClient;
  readonly nodeFile: string;
  /** Writes node.json: name, addresses and no plug-in are there already. */
  describe(more: object): void;
  /** Runs `holdfast …` as the root of this machine. */
  holdfast(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Ran>;
  /** `node converge -o json`, read. @throws when it fails. */
  converge(env?: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<Answer>;
  /** Process id of a service; 0 when it does not run. */
  pidOf(service: 'holdfastd' | 'holdfast-etcd'): number;
  kill(service: 'holdfastd' | 'holdfast-etcd', signal?: NodeJS.Signals): Promise<void>;
  /** Every file below it with its size and time of change. */
  files(): readonly string[];
  log(): string;
}

export interface Answer {
  readonly changes: readonly { readonly what: string; readonly name: string; readonly action: string; readonly before: unknown; readonly after: unknown }[];
  readonly changed: number;
  readonly plan: boolean;
  readonly node: { readonly id: string; readonly name: string; readonly cluster_id: string; readonly running: boolean; readonly zone: string; readonly labels: Readonly<Record<string, string>> } | null;
  readonly admin_certificate: string | null;
  readonly ca_certificate: string | null;
  readonly ca_sha256: string | null;
  readonly endpoints: readonly string[];
}

export interface Machines {
  add(name: string): Machine;
  end(): Promise<void>;
}

let lab = 0;

export function createMachines(): Machines {
  const base = mkdtempSync(path.join(os.tmpdir(), 'holdfast-bootstrap-'));
  writeFileSync(path.join(base, '.holdfast-scratch'), '');
  lab += 1;
  // A network of its own on loopback, so that suites beside this one have other addresses.
  const network = `127.${10 + (process.pid % 200)}.${lab}`;
  const machines: Machine[] = [];
  return {
    add(name) {
      const machine = createMachine(name, path.join(base, name), `${network}.${machines.length + 1}`);
      machines.push(machine);
      return machine;
    },
    async end() {
      for (const service of ['holdfastd', 'holdfast-etcd'] as const) await Promise.all(machines.map((machine) => machine.kill(service, service === 'holdfastd' ? 'SIGTERM' : 'SIGKILL')));
      execFileSync(path.join(TOP, 'tools/scrub'), [base], { stdio: ['ignore', 'ignore', 'inherit'] });
    },
  };
}

function createMachine(name: string, root: string, address: string): Machine {
  mkdirSync(path.join(root, 'etc/holdfast'), { recursive: true });
  const nodeFile = path.join(root, 'node.json');
  const endpoint = `unix://${root}/run/holdfast/holdfast.sock`;
  const pidOf: Machine['pidOf'] = (service) => {
    try {
      const { pid, began } = JSON.parse(readFileSync(path.join(root, 'run/holdfast', `${service}.pid.json`), 'utf8')) as { readonly pid: number; readonly began: string };
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
      return fields[0] !== 'Z' && fields[19] === began ? pid : 0;
    } catch {
      return 0;
    }
  };
  const holdfast: Machine['holdfast'] = async (words, env = {}) => run([...NODE, path.join(TOP, 'src/cli/main.ts'), ...words], { HOLDFAST_ENDPOINT: endpoint, ...env });
  return {
    name, root, address, nodeFile, pidOf, holdfast,
    client: createClient({ endpoint }),
    describe(more) {
      writeFileSync(nodeFile, JSON.stringify({ name, advertise: address, listen: address, daemon: { plugin_socket: null, reconcile_interval_ms: 500 }, ...more }));
    },
    async converge(env, ...words) {
      const { status, out, err } = await holdfast(['node', 'converge', '--config', nodeFile, '--root', root, '-o', 'json', ...words], env);
      if (status !== 0) throw new Error(`converge of ${name} ended with ${status}: ${err}`);
      return JSON.parse(out) as Answer;
    },
    async kill(service, signal = 'SIGKILL') {
      const pid = pidOf(service);
      if (pid === 0) return;
      process.kill(pid, signal);
      while (pidOf(service) !== 0) await new Promise((resolve) => { setTimeout(resolve, 20); });
    },
    files() {
      return existsSync(root) ? execFileSync('find', [root, '-printf', '%P %s %T@ %C@\n'], { encoding: 'utf8' }).split('\n').filter((line) => !/ etcd\/|var\/lib\/holdfast\/etcd|var\/log|store\.db|^var\/lib\/holdfast\/store\//.test(line)).sort() : [];
    },
    log: () => readdirSync(path.join(root, 'var/log/holdfast')).map((file) => readFileSync(path.join(root, 'var/log/holdfast', file), 'utf8')).join('\n'),
  };
}

export function run([command = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString(); });
    child.once('close', (status) => resolve({ status, out, err }));
  });
}

export const nodeToken = async (of: Machine, more: object = {}): Promise<string> => {
  const { out, err } = await run(['curl', '-sS', '--fail-with-body', '--unix-socket', `${of.root}/run/holdfast/holdfast.sock`, '-H', 'content-type: application/json', '-d', JSON.stringify({ grants: 'node', node_roles: ['control', 'storage'], ...more }), 'http://localhost/v1/tokens'], {});
  if (err !== '') throw new Error(err + out);
  return (JSON.parse(out) as { readonly token: string }).token;
};
