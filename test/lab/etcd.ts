// A real etcd of one or several members on loopback ports, each with its own data directory below the system's
// temporary one, for tests of what stands on it. Members can be killed, frozen, cut off from the others and started
// again; disposing leaves no process and no file. The peers talk through proxies, which is how they are cut off.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeCertificates, type TestCertificates } from './certificates.ts';
import { freePort, startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

export interface EtcdOptions {
  /** Default 1. */
  readonly members?: number;
  /** Mutual TLS for clients and peers. Default false: plain, on loopback. */
  readonly tls?: boolean;
  /** Further flags of etcd. `--max-txn-ops` is 1024, as Holdfast's own etcd has it. */
  readonly flags?: readonly string[];
}

export interface EtcdMember {
  readonly name: string;
  readonly endpoint: string;
  readonly peerUrl: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
}

export interface EtcdLab {
  /** Of all members, in their order. */
  readonly endpoints: readonly string[];
  /** What a client shows and trusts, PEM; null without TLS. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string } | null;
  readonly members: readonly EtcdMember[];
  /** SIGKILL. */
  kill(i: number): Promise<void>;
  /** Kills it and removes its data. */
  wipe(i: number): Promise<void>;
  /** SIGSTOP: it accepts connections and does not answer. */
  pause(i: number): void;
  resume(i: number): void;
  /** Starts it on the data that it has; waits until it serves, unless told not to. */
  restart(i: number, options?: { readonly wait?: boolean }): Promise<void>;
  /** Takes the other members away from it, and it from them. Clients still reach it. */
  cut(i: number): void;
  heal(i: number): void;
  /** The member that leads, as the members that answer say; waits until there is one. */
  leader(): Promise<number>;
  /** Prepares one more member, which `restart` starts once the cluster knows its peer URL. Gives its number. */
  prepare(name: string): Promise<number>;
  /** Starts a prepared member with what adding it answered. */
  join(i: number, initialCluster: string, options?: { readonly wait?: boolean }): Promise<void>;
  dispose(): Promise<void>;
}

interface Running {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly proxy: TcpProxy;
  cluster: { readonly state: 'new' | 'existing'; readonly members: string };
  process: ChildProcess | null;
  cutOff: boolean;
}

/** @throws Error with the end of the member's log when one does not serve within 60 s */
export async function startEtcd({ members: count = 1, tls: secure = false, flags = [] }: EtcdOptions = {}): Promise<EtcdLab> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-etcd-'));
  const certificates = secure ? makeCertificates(dir) : null;
  const scheme = secure ? 'https' : 'http';
  const members: Running[] = [];
  const endpointOf = (member: Running): string => `${scheme}://127.0.0.1:${member.clientPort}`;
  const peerUrlOf = (member: Running): string => `${scheme}://127.0.0.1:${member.proxy.port}`;

  const prepare = async (name: string): Promise<number> => {
    const peerPort = await freePort();
    const proxy = await startTcpProxy(() => peerPort, (fromPort) => !member.cutOff && !members.some((one) => one.cutOff && ownsPort(one.process?.pid, fromPort)));
    const member: Running = { name, clientPort: await freePort(), peerPort, proxy, cluster: { state: 'new', members: '' }, process: null, cutOff: false };
    return members.push(member) - 1;
  };
  const at = (i: number): Running => {
    const member = members[i];
    if (member === undefined) throw new Error(`there is no member ${i}`);
    return member;
  };
  const launch = (member: Running): void => {
    const log = openSync(path.join(dir, `${member.name}.log`), 'a');
    const security = certificates === null ? [] : ['', 'peer-'].flatMap((kind) => [`--${kind}cert-file=${certificates.files.cert}`, `--${kind}key-file=${certificates.files.key}`, `--${kind}trusted-ca-file=${certificates.files.ca}`, `--${kind}client-cert-auth`]);
    // It ends with the test's process, however that ends.
    member.process = spawn('setpriv', ['--pdeathsig', 'KILL', 'etcd', `--name=${member.name}`, `--data-dir=${path.join(dir, member.name)}`,
      `--listen-client-urls=${endpointOf(member)}`, `--advertise-client-urls=${endpointOf(member)}`,
      `--listen-peer-urls=${scheme}://127.0.0.1:${member.peerPort}`, `--initial-advertise-peer-urls=${peerUrlOf(member)}`,
      `--initial-cluster=${member.cluster.members}`, `--initial-cluster-state=${member.cluster.state}`, '--max-txn-ops=1024', '--logger=zap', '--log-level=warn', ...security, ...flags], { stdio: ['ignore', log, log] });
    closeSync(log);
  };
  const logOf = (member: Running): string => readFileSync(path.join(dir, `${member.name}.log`), 'utf8').split('\n').slice(-20).join('\n');
  const serving = async (member: Running): Promise<void> => {
    const deadline = Date.now() + 60_000;
    while (!(await healthy(endpointOf(member), certificates))) {
      if (member.process?.exitCode !== null || Date.now() > deadline) throw new Error(`etcd ${member.name} does not serve:\n${logOf(member)}`);
      await pause(50);
    }
  };
  const end = async (member: Running): Promise<void> => {
    const child = member.process;
    member.process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const start = async (i: number, { wait = true } = {}): Promise<void> => {
    const member = at(i);
    await end(member);
    launch(member);
    if (wait) await serving(member);
  };

  const lab: EtcdLab = {
    get endpoints() {
      return members.map(endpointOf);
    },
    tls: certificates === null ? null : { ca: certificates.ca, cert: certificates.cert, key: certificates.key },
    get members() {
      return members.map((member) => ({ name: member.name, endpoint: endpointOf(member), peerUrl: peerUrlOf(member), pid: member.process?.pid }));
    },
    kill: (i) => end(at(i)),
    async wipe(i) {
      await end(at(i));
      rmSync(path.join(dir, at(i).name), { recursive: true, force: true });
    },
    pause: (i) => void at(i).process?.kill('SIGSTOP'),
    resume: (i) => void at(i).process?.kill('SIGCONT'),
    restart: start,
    cut(i) {
      at(i).cutOff = true;
      for (const member of members) member.proxy.breakConnections();
    },
    heal: (i) => void (at(i).cutOff = false),
    async leader() {
      for (const deadline = Date.now() + 60_000; Date.now() < deadline; await pause(50)) {
        const answers = await Promise.all(members.map(async (member) => member.process !== null && (await leads(endpointOf(member), certificates))));
        if (answers.filter(Boolean).length === 1) return answers.indexOf(true);
      }
      throw new Error('no member leads');
    },
    prepare,
    join(i, initialCluster, options) {
      at(i).cluster = { state: 'existing', members: initialCluster };
      return start(i, options);
    },
    async dispose() {
      await Promise.all(members.map(end));
      await Promise.all(members.map((member) => member.proxy.dispose()));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  try {
    for (let i = 0; i < count; i += 1) await prepare(`m${i}`);
    const initial = members.map((member) => `${member.name}=${peerUrlOf(member)}`).join(',');
    for (const member of members) member.cluster = { state: 'new', members: initial };
    members.forEach(launch);
    await Promise.all(members.map(serving));
    return lab;
  } catch (error) {
    await lab.dispose();
    throw error;
  }
}

/** The body of one answer of the member's plain HTTP interface; null when there was none within a second. */
function ask(url: string, certificates: TestCertificates | null): Promise<string | null> {
  return new Promise((resolve) => {
    const options = { timeout: 1_000, agent: false as const, ...(certificates === null ? {} : { ca: certificates.ca, cert: certificates.cert, key: certificates.key }) };
    const request = (certificates === null ? http : https).get(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve(text));
      response.on('error', () => resolve(null));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(null));
    request.on('close', () => resolve(null));
  });
}

const healthy = async (endpoint: string, certificates: TestCertificates | null): Promise<boolean> => (await ask(`${endpoint}/health`, certificates))?.includes('"health":"true"') === true;
const leads = async (endpoint: string, certificates: TestCertificates | null): Promise<boolean> => /^etcd_server_is_leader 1$/m.test((await ask(`${endpoint}/metrics`, certificates)) ?? '');

/** Whether the TCP connection that comes from this loopback port belongs to the process. */
function ownsPort(pid: number | undefined, port: number): boolean {
  if (pid === undefined) return false;
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const row = readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/)).find((columns) => columns[1]?.endsWith(local));
  if (row === undefined) return false;
  const socket = `socket:[${row[9]}]`;
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === socket;
    } catch {
      return false;
    }
  });
}

