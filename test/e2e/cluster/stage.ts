/**
 * A whole cluster in the lab: machines of their own, the real daemons and etcd on them, made by `holdfast node converge` as
 * an administrator makes it, each node with a pool on a disk of its own. Disposing of it leaves nothing behind.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type HoldfastClient, type TlsOptions } from '../../../src/client/client.ts';
import type { Store } from '../../../src/control/ports/store.ts';
import { systemClock } from '../../../src/daemon/system.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { openEtcdStore } from '../../../src/store/etcd/open.ts';
import { createLab, type Lab } from '../../lab/netns/lab.ts';
import type { RunResult } from '../../lab/run.ts';
import { silentLog } from '../../lab/silent-log.ts';
import { builtPrograms } from './programs.ts';

export type Service = 'holdfastd' | 'holdfast-etcd';

export interface Converged {
  readonly changes: readonly { readonly what: string; readonly name: string; readonly action: string }[];
  readonly changed: number;
  readonly node: { readonly id: string; readonly name: string; readonly version: string; readonly running: boolean } | null;
  readonly admin_certificate: string | null;
  readonly ca_certificate: string | null;
}

export interface StageOptions {
  readonly nodes: number;
  /** So many of the first ones become a cluster at once, with the roles control and storage. Default: all. */
  readonly members?: number;
  /** Settings of every daemon, over the stage's own. */
  readonly daemon?: object;
}

export interface Stage {
  readonly lab: Lab;
  /** The disk that each node's pool is made of. */
  readonly disks: ReadonlyMap<string, string>;
  /** The first admin's certificates, for clients of this process. */
  readonly tls: TlsOptions;
  /** A client of that node's daemon over TLS, as the first admin. */
  client(name: string, options?: { readonly timeoutMs?: number; readonly attempts?: number; readonly tls?: TlsOptions }): HoldfastClient;
  /** A client of the daemon's own socket: root on that node. */
  root(name: string): HoldfastClient;
  /** Writes node.json; name, address, roles, pool and settings are there already. */
  describe(name: string, more?: object): Promise<void>;
  /** `holdfast node converge`, whatever comes of it. */
  tryConverge(name: string, token?: string, options?: { readonly plan?: boolean; readonly env?: Readonly<Record<string, string>> }): Promise<RunResult>;
  /** The same, read. @throws when it fails. */
  converge(name: string, token?: string): Promise<Converged>;
  /** Describes it as one that joins through n1 (or another), and converges. */
  join(name: string, more?: object, request?: Parameters<HoldfastClient['tokens']['create']>[0]): Promise<Converged>;
  /** A token for a node with both roles. @param at the node that makes it; default n1. */
  token(request?: object, at?: string): Promise<string>;
  /** kill -9. */
  kill(name: string, service: Service): Promise<void>;
  /** Starts what the machine keeps and does not run. */
  start(name: string, service?: Service): Promise<void>;
  runs(name: string, service: Service): boolean;
  /** The member that leads etcd, by its node's name. */
  etcdLeader(): Promise<string>;
  /** The control store behind the daemons' backs, by the etcd of that node and its certificates. */
  store(name: string): Promise<Store>;
  /** A file of the node as it is now, "" where there is none. */
  file(name: string, file: string): string;
  /** Lays another version of the programs on a node; nothing is restarted. */
  install(name: string, version: string): Promise<void>;
  dispose(): Promise<void>;
}

const PATIENCE_MS = 180_000;
/** Shorter than the defaults, so that a test need not wait long for what happens by itself. */
const SETTINGS = { plugin_socket: null, reconcile_interval_ms: 500, lease_ttl_ms: 5_000 };
const DISK_BYTES = 2 * 2 ** 30;

/** @throws what stops it from being made; nothing is left then. */
export async function createStage({ nodes, members = nodes, daemon = {} }: StageOptions): Promise<Stage> {
  const home = await builtPrograms();
  const lab = await createLab({ nodes });
  const kept = mkdtempSync(path.join(os.tmpdir(), 'holdfast-stage-'));
  const clients: HoldfastClient[] = [];
  const disks = new Map<string, string>();
  const admin = { ca: path.join(kept, 'ca.crt'), cert: path.join(kept, 'admin.crt'), key: path.join(kept, 'admin.key') };

  const seen = (name: string, file: string): string => `/proc/${lab.node(name).pid ?? 0}/root${file}`;
  const keep = (client: HoldfastClient): HoldfastClient => {
    clients.push(client);
    return client;
  };
  const file: Stage['file'] = (name, where) => {
    try { return readFileSync(seen(name, where), 'utf8'); } catch { return ''; }
  };
  const pidOf = (name: string, service: Service): number => Number((JSON.parse(file(name, `/run/holdfast/${service}.pid.json`) || '{"pid":0}') as { readonly pid: number }).pid);
  const runs: Stage['runs'] = (name, service) => {
    const pid = pidOf(name, service);
    return pid !== 0 && file(name, `/proc/${pid}/cmdline`).includes(service.replace('holdfast-', '')) && !/\) Z /.test(file(name, `/proc/${pid}/stat`));
  };
  const lay = async (name: string, from: string): Promise<void> => {
    await lab.node(name).must(['sh', '-ec', 'ln -sfn "$1/bin/holdfast" /usr/local/bin/holdfast; ln -sfn "$1/bin/holdfastd" /usr/local/bin/holdfastd', 'lay', from]);
  };

  const stage: Stage = {
    lab, disks, tls: admin, file, runs,
    client: (name, { tls = admin, ...options } = {}) => keep(createClient({ endpoint: `https://${lab.node(name).address}:7480`, tls, timeoutMs: 30_000, ...options })),
    root: (name) => keep(createClient({ endpoint: `unix://${seen(name, '/run/holdfast/holdfast.sock')}`, timeoutMs: 30_000 })),
    async describe(name, more = {}) {
      const disk = disks.get(name);
      await lab.node(name).put('/etc/holdfast/node.json', JSON.stringify({
        name, advertise: lab.node(name).address, roles: ['control', 'storage'], daemon: { ...SETTINGS, ...daemon },
        ...(disk === undefined ? {} : { pools: [{ name: `pool-${name}`, devices: [disk] }] }), ...more,
      }));
    },
    tryConverge: (name, token = '', { plan = false, env = {} } = {}) => lab.node(name).exec(['holdfast', 'node', 'converge', '-o', 'json', ...(plan ? ['--plan'] : [])], { env: { ...(token === '' ? {} : { HOLDFAST_JOIN_TOKEN: token }), ...env } }),
    async converge(name, token) {
      const { status, stdout, stderr } = await stage.tryConverge(name, token);
      if (status !== 0) throw new Error(`converge of ${name} ended with ${status}: ${stderr}\n${file(name, '/var/log/holdfast/holdfastd.log').slice(-3000)}`);
      return JSON.parse(stdout) as Converged;
    },
    async join(name, more = {}, request) {
      await stage.describe(name, { cluster: { join: { endpoints: [lab.node('n1').address] } }, ...more });
      return stage.converge(name, await stage.token(request));
    },
    token: async (request = {}, at = 'n1') => (await stage.root(at).tokens.create({ grants: 'node', node_roles: ['control', 'storage'], ...request })).token,
    async kill(name, service) {
      const pid = pidOf(name, service);
      if (!runs(name, service)) throw new Error(`${service} does not run on ${name}`);
      await lab.node(name).must(['kill', '-9', String(pid)]);
      await until(`${service} on ${name} is gone`, () => !runs(name, service));
    },
    async start(name, service) {
      // etcd alone: converge would wait for a daemon that may not be able to come up yet.
      if (service === 'holdfast-etcd') {
        const script = 'etcd --config-file /etc/holdfast/etcd.conf.yml >>/var/log/holdfast/holdfast-etcd.log 2>&1 & pid=$!; printf "{\\"pid\\":%s,\\"began\\":\\"%s\\"}" $pid "$(sed "s/.*) //" /proc/$pid/stat | cut -d" " -f20)" >/run/holdfast/holdfast-etcd.pid.json';
        await lab.node(name).must(['sh', '-c', `setsid sh -c '${script.replaceAll("'", "'\\''")}' >/dev/null 2>&1 </dev/null`]);
      } else await stage.converge(name);
    },
    async etcdLeader() {
      let leader = '';
      await until('etcd has a leader', async () => {
        for (const { name } of lab.nodes.filter((node) => node.pid !== undefined && runs(node.name, 'holdfast-etcd'))) {
          const pki = '/etc/holdfast/pki';
          const { stdout } = await lab.node(name).exec(['curl', '-sS', '--max-time', '3', '--cacert', `${pki}/store-ca.crt`, '--cert', `${pki}/store.crt`, '--key', `${pki}/store.key`, `https://${lab.node(name).address}:2379/metrics`]);
          if (/^etcd_server_is_leader 1$/m.test(stdout)) leader = name;
        }
        return leader !== '';
      });
      return leader;
    },
    store(name) {
      const [ca, cert, key] = ['store-ca.crt', 'store.crt', 'store.key'].map((one) => file(name, `/etc/holdfast/pki/${one}`)) as [string, string, string];
      return openEtcdStore({ endpoints: [`https://${lab.node(name).address}:2379`], tls: { ca, cert, key }, clock: systemClock, log: silentLog });
    },
    install: async (name, version) => lay(name, await builtPrograms(version)),
    async dispose() {
      for (const client of clients) client.close();
      rmSync(kept, { recursive: true, force: true });
      await lab.dispose();
    },
  };

  try {
    for (const { name } of lab.nodes) {
      await lay(name, home);
      disks.set(name, await lab.node(name).addDisk(DISK_BYTES));
    }
    const { key, csr } = await makeKeyAndRequest('admin');
    writeFileSync(admin.key, key, { mode: 0o600 });
    await stage.describe('n1', { cluster: { init: { name: 'prod', admin: { name: 'admin', csr } } } });
    const first = await stage.converge('n1');
    writeFileSync(admin.cert, first.admin_certificate ?? '');
    writeFileSync(admin.ca, first.ca_certificate ?? '');
    await Promise.all(lab.nodes.slice(1, members).map(({ name }) => stage.join(name)));
    return stage;
  } catch (error) {
    await stage.dispose();
    throw error;
  }
}

/** Waits until it is so. @throws naming `what` when it is not after three minutes, with the last error. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
  let last: unknown;
  for (const deadline = Date.now() + patienceMs; ; await pause(100)) {
    try {
      if (await holds()) return;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) throw new Error(`not so after ${patienceMs / 1000} s: ${what}`, { cause: last });
  }
}

/** The error of a call that must fail. */
export async function failureOf(call: Promise<unknown>): Promise<HoldfastError> {
  const result = await call.then((value) => ({ value }), (error: unknown) => error);
  if (result instanceof HoldfastError) return result;
  throw new Error(`it did not fail: ${JSON.stringify(result)}`, { cause: result });
}
