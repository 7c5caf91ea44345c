/**
 * The control plane at size: a simulated 1,000 nodes and up to 100,000 volumes on a real etcd. How long a page of a list
 * takes, how many volumes are placed in a second, how soon the loss of a node is dealt with, and what all of it weighs.
 * By itself: `node test/bench/control-plane.ts [--quick]`; as a part of `make bench` its table goes into docs/bench.md.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { KEYS } from '../../src/control/keys.ts';
import type { Lease, Store } from '../../src/control/ports/store.ts';
import { systemClock } from '../../src/daemon/system.ts';
import type { Node } from '../../src/model/node.ts';
import { openEtcdStore } from '../../src/store/etcd/open.ts';
import { startEtcd, type EtcdLab } from '../lab/etcd.ts';
import { silentLog } from '../lab/silent-log.ts';
import type { Answer, Task } from './cluster/daemon.ts';
import { addVolumes, enliven, makeWorld, type World } from './cluster/world.ts';

export interface AtSize {
  readonly volumes: number;
  readonly page_p50_ms: number;
  readonly page_p99_ms: number;
  /** What the daemon's records and code take, and what the process holds (run from its sources: the bundle takes less). */
  readonly daemon_live_bytes: number;
  readonly daemon_bytes: number;
  readonly etcd_memory_bytes: number;
  readonly etcd_file_bytes: number;
}
export interface ControlPlaneResult {
  readonly nodes: number;
  readonly sizes: readonly AtSize[];
  /** Volumes placed in a second, at the largest size. */
  readonly placements: number;
  /** The same with a spread rule: volumes of 50 groups. */
  readonly spread_placements: number;
  /** From the end of a node's lease until its loss was written down and what could be made elsewhere was placed anew. */
  readonly loss_ms: number;
  readonly lost_volumes: number;
}

const PAGE = 500;
const LEASE_MS = 60_000;

/** @throws Error when etcd cannot be started. */
export async function measureControlPlane({ quick = false }: { readonly quick?: boolean } = {}, say: (line: string) => void = () => undefined): Promise<ControlPlaneResult> {
  const [nodes, steps, placed] = quick ? [100, [1_000, 3_000, 10_000], 1_000] as const : [1_000, [10_000, 30_000, 100_000], 5_000] as const;
  const dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-bench-'));
  const etcd = await startEtcd({ tls: true, flags: ['--quota-backend-bytes=8589934592'] });
  const store = await openEtcdStore({ endpoints: etcd.endpoints, tls: etcd.tls, clock: systemClock, log: silentLog, deadlineMs: 60_000 });
  const daemon = fork(path.join(import.meta.dirname, 'cluster/daemon.ts'), { execArgv: ['--disable-warning=ExperimentalWarning', '--expose-gc'] });
  const stopped = new AbortController();
  try {
    say(`${nodes} nodes …`);
    const world = await makeWorld(store, nodes);
    const [lease, last] = [await store.grantLease(LEASE_MS), await store.grantLease(LEASE_MS)];
    const victim = world.nodes.at(-1) as Node;
    await enliven(store, world.nodes.slice(0, -1), lease);
    await enliven(store, [victim], last);
    void keep(store, [lease, last], stopped.signal);
    await tell(daemon, { do: 'start', with: { endpoints: etcd.endpoints, tls: etcd.tls, node_id: world.self.id, cluster: world.cluster, socket: path.join(dir, 'api.sock') } });
    const sizes: AtSize[] = [];
    for (const volumes of steps) {
      say(`${volumes} volumes …`);
      await addVolumes(store, world, sizes.at(-1)?.volumes ?? 0, volumes);
      sizes.push({ volumes, ...(await pages(path.join(dir, 'api.sock'))), ...(await memoryOf(daemon)), ...etcdSize(etcd) });
    }
    say(`placing ${placed} volumes …`);
    await rate(daemon, 'warm', 500, false);
    const placements = await rate(daemon, 'placed', placed, false);
    const spread_placements = await rate(daemon, 'spread', placed, true);
    say('losing a node …');
    const lost_volumes = (await store.list(KEYS.placedOn(victim.id))).entries.length;
    const loss_ms = await lose(store, world, victim, last);
    const gone = once(daemon, 'exit');
    await tell(daemon, { do: 'stop' });
    await Promise.race([gone, pause(10_000)]);
    return { nodes, sizes, placements, spread_placements, loss_ms, lost_volumes };
  } finally {
    stopped.abort();
    daemon.kill('SIGKILL');
    await store.close();
    await etcd.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function tell(daemon: ChildProcess, task: Task): Promise<Exclude<Answer, { readonly error: string }>> {
  daemon.send(task);
  const [answer] = await Promise.race([once(daemon, 'message'), once(daemon, 'exit').then(() => [{ error: 'the daemon of the benchmark ended' }])]) as [Answer];
  if ('error' in answer) throw new Error(answer.error);
  return answer;
}

async function rate(daemon: ChildProcess, prefix: string, count: number, spread: boolean): Promise<number> {
  const answer = await tell(daemon, { do: 'place', prefix, count, atOnce: 256, spread });
  return 'ms' in answer ? count / (answer.ms / 1000) : Number.NaN;
}

async function memoryOf(daemon: ChildProcess): Promise<Pick<AtSize, 'daemon_bytes' | 'daemon_live_bytes'>> {
  const answer = await tell(daemon, { do: 'memory' });
  return 'bytes' in answer ? { daemon_bytes: answer.bytes, daemon_live_bytes: answer.live } : { daemon_bytes: Number.NaN, daemon_live_bytes: Number.NaN };
}

async function keep(store: Store, leases: readonly Lease[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // The one that is given up is refused; that is meant.
    await Promise.all(leases.map((lease) => store.keepAlive(lease).catch(() => undefined)));
    await pause(5_000, undefined, { signal }).catch(() => undefined);
  }
}

/** Reads the whole list page by page, at least 200 pages. */
async function pages(socketPath: string): Promise<{ readonly page_p50_ms: number; readonly page_p99_ms: number }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  let cursor = '';
  while (times.length < 200 || cursor !== '') {
    const began = performance.now();
    const text = await ask(socketPath, agent, `/v1/volumes?limit=${PAGE}${cursor === '' ? '' : `&cursor=${cursor}`}`);
    times.push(performance.now() - began);
    cursor = (JSON.parse(text) as { readonly next: string | null }).next ?? '';
  }
  agent.destroy();
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
  return { page_p50_ms: at(0.5), page_p99_ms: at(0.99) };
}

function ask(socketPath: string, agent: http.Agent, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http.get({ socketPath, path: url, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${response.statusCode} ${text.slice(0, 500)}`))));
    }).on('error', reject);
  });
}

function etcdSize(etcd: EtcdLab): { readonly etcd_memory_bytes: number; readonly etcd_file_bytes: number } {
  const pid = etcd.members[0]?.pid ?? 0;
  const rss = Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN) * 1024;
  const data = /--data-dir=([^\0]+)/.exec(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))?.[1] ?? '';
  return { etcd_memory_bytes: rss, etcd_file_bytes: statSync(path.join(data, 'member/snap/db')).size };
}

/** The node's lease ends; waits until its record says so and no volume that could be elsewhere is bound for it. */
async function lose(store: Store, { pools }: World, victim: Node, lease: Lease): Promise<number> {
  const bound = async (): Promise<number> => (await store.list(KEYS.works(victim.id))).entries.length;
  const began = performance.now();
  await store.revokeLease(lease);
  for (const deadline = began + 120_000; performance.now() < deadline; await pause(20)) {
    const node = await store.get<Node>(KEYS.node(victim.id));
    const marked = node?.value.status.conditions.some(({ type }) => type === 'NodeUnreachable') === true;
    if (marked && (await bound()) === 0) return performance.now() - began;
  }
  throw new Error(`the loss of a node was not dealt with in two minutes: ${await bound()} of its volumes are still bound for it, of ${pools.length} pools`);
}

const mib = (bytes: number): string => (bytes / 1024 ** 2).toFixed(0);

/** The section of docs/bench.md. */
export function controlPlaneReport({ nodes, sizes, placements, spread_placements: spread, loss_ms: lossMs, lost_volumes: lost }: ControlPlaneResult): string {
  const [first, final] = [sizes[0], sizes.at(-1)];
  const growth = (of: (size: AtSize) => number): string => first === undefined || final === undefined ? '' : `${((of(final) - of(first)) / (final.volumes - first.volumes) / 1024).toFixed(1)} KiB`;
  return `## Control plane

A simulated cluster of ${nodes.toLocaleString('en')} nodes with a pool each, on a real etcd (one member, mutual TLS) on the same machine. The daemon
is the real control plane and REST API; only the disks below are simulated.

| volumes | list, page of ${PAGE}: p50 | p99 (target < 100 ms) | daemon: live | resident | etcd: resident | its file |
|---:|---:|---:|---:|---:|---:|---:|
${sizes.map((size) => `| ${size.volumes.toLocaleString('en')} | ${size.page_p50_ms.toFixed(0)} ms | **${size.page_p99_ms.toFixed(0)} ms** | ${mib(size.daemon_live_bytes)} MiB | ${mib(size.daemon_bytes)} MiB | ${mib(size.etcd_memory_bytes)} MiB | ${mib(size.etcd_file_bytes)} MiB |`).join('\n')}

For each volume more: ${growth((size) => size.daemon_live_bytes)} live in the daemon, ${growth((size) => size.etcd_memory_bytes)} in etcd's memory, ${growth((size) => size.etcd_file_bytes)} in its file.

Placed and durable, asked for by 256 at once: **${placements.toFixed(0)} volumes a second** (target ≥ 1,000); with a spread rule, in 50 groups: ${spread.toFixed(0)}.

A node is lost that holds or was to hold ${lost.toLocaleString('en')} volumes: dealt with **${(lossMs / 1000).toFixed(1)} s** after its lease ended (target < 10 s).
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await measureControlPlane({ quick: process.argv.includes('--quick') }, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(controlPlaneReport(result));
}
