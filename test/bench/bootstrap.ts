/**
 * The bootstrap, on bare machines of the lab over real SSH: three of them to a ready cluster beside the same SSH and
 * package steps alone; converge with nothing to do beside an SSH round trip and the package query; and the longest time
 * that a writer on a mounted volume waits while etcd loses its leader, beside the same without.
 * By itself: `node test/bench/bootstrap.ts [--quick]`; as a part of `make bench` its table goes into docs/bench.md.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createLab, type Lab, type LabNode } from '../lab/netns/lab.ts';
import { builtPackages } from '../lab/packages.ts';
import { must } from '../lab/run.ts';

export interface BootstrapResult {
  /** Three bare machines until all nodes are ready and all members of etcd vote, ms. */
  readonly whole_ms: number;
  /** The same connections and the same packages by apt-get, on three machines of their own, ms. */
  readonly steps_ms: number;
  /** Medians over `rounds`, ms. */
  readonly rounds: number;
  readonly ssh_ms: number;
  readonly query_ms: number;
  readonly idle_ms: number;
  /** Longest fdatasync of a writer, ms: while nothing happens, and while etcd's leader is killed. */
  readonly calm_gap_ms: number;
  readonly leader_gap_ms: number;
}

const NODE = '/usr/lib/holdfast/bin/node';
const INSTALL = 'DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install';
/** As a provider of machines hands them over: nothing but sshd, and the lists of packages not fetched yet. */
const FIRST = `apt-get -q update >/dev/null && ${INSTALL} holdfast >/dev/null`;
const LONG_MS = 900_000;

/** @throws Error with what a machine said when a step fails. */
export async function measureBootstrap({ quick = false }: { readonly quick?: boolean } = {}, say: (line: string) => void = () => undefined): Promise<BootstrapResult> {
  const { deb } = await builtPackages();
  say('bootstrap: the steps alone …');
  const stepsMs = await withLab(deb, async (lab) => timed(() => stepsAlone(lab)));
  say('bootstrap: three bare machines to a cluster …');
  return withLab(deb, async (lab) => {
    const wholeMs = await timed(() => cluster(lab));
    say('converge with nothing to do …');
    const idle = await idleConverge(lab, quick ? 5 : 15);
    say('a writer while etcd loses its leader …');
    const gaps = await writerGaps(lab, quick ? 1 : 3);
    return { whole_ms: wholeMs, steps_ms: stepsMs, ...idle, ...gaps };
  });
}

async function withLab<T>(deb: string, act: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await createLab({ nodes: 3, bare: true });
  try {
    await lab.mirror.add(deb);
    return await act(lab);
  } finally {
    await lab.dispose();
  }
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await act();
  return performance.now() - began;
}

const ssh = (lab: Lab, node: LabNode, line: string, input = ''): Promise<string> => must(['ssh', '-i', lab.sshKey, '-o', `UserKnownHostsFile=${lab.knownHosts}`, '-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR', `root@${node.address}`, line], { input, timeoutMs: LONG_MS });

const three = (lab: Lab): [LabNode, LabNode, LabNode] => lab.nodes as unknown as [LabNode, LabNode, LabNode];
const described = (node: LabNode, more: object): string => JSON.stringify({ name: node.name, advertise: node.address, roles: ['control', 'storage'], ...more });
const TOKEN = 'holdfast cluster token create --for node --node-role control --node-role storage -o json';

/** In the order and with the parallelism of the provider: the first begins the cluster, the others join it at once. */
async function cluster(lab: Lab): Promise<void> {
  const [n1, n2, n3] = three(lab);
  const describe = 'mkdir -p /etc/holdfast && cat >/etc/holdfast/node.json';
  await Promise.all(lab.nodes.map((node) => ssh(lab, node, FIRST)));
  await ssh(lab, n1, describe, described(n1, { cluster: { init: { name: 'bench' } } }));
  await ssh(lab, n1, 'holdfast node converge -o json');
  await Promise.all([n2, n3].map(async (node) => {
    const { token } = JSON.parse(await ssh(lab, n1, TOKEN)) as { readonly token: string };
    await ssh(lab, node, describe, described(node, { cluster: { join: { endpoints: [n1.address] } } }));
    await ssh(lab, node, 'HOLDFAST_JOIN_TOKEN=$(cat) holdfast node converge -o json', token);
  }));
  for (const until = performance.now() + 120_000; ;) {
    const { nodes, members } = JSON.parse(await n1.must('holdfast cluster status -o json')) as { readonly nodes: readonly { readonly status: { readonly state: string } }[]; readonly members: readonly { readonly learner: boolean }[] };
    if (nodes.filter(({ status }) => status.state === 'ready').length === 3 && members.filter(({ learner }) => !learner).length === 3) return;
    if (performance.now() > until) throw new Error('the cluster did not become ready');
    await pause(100);
  }
}

async function stepsAlone(lab: Lab): Promise<void> {
  const [n1, n2, n3] = three(lab);
  const etcd = `${INSTALL} etcd-server >/dev/null`;
  await Promise.all(lab.nodes.map((node) => ssh(lab, node, FIRST)));
  await ssh(lab, n1, 'true');
  await ssh(lab, n1, etcd);
  await Promise.all([n2, n3].map(async (node) => {
    await ssh(lab, n1, 'true');
    await ssh(lab, node, 'true');
    await ssh(lab, node, etcd);
  }));
}

/** In turns, so that what else the machine does falls on all three. */
async function idleConverge(lab: Lab, rounds: number): Promise<Pick<BootstrapResult, 'rounds' | 'ssh_ms' | 'query_ms' | 'idle_ms'>> {
  const [, n2] = three(lab);
  const took: { readonly trip: number; readonly query: number; readonly converge: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const trip = await timed(() => ssh(lab, n2, 'true'));
    const query = Number(await ssh(lab, n2, 'from=$(date +%s%N); dpkg-query -W holdfast >/dev/null; echo $(($(date +%s%N) - from))')) / 1e6;
    const converge = await timed(async () => {
      const { changed } = JSON.parse(await ssh(lab, n2, 'holdfast node converge -o json')) as { readonly changed: number };
      if (changed !== 0) throw new Error('converge found something to do');
    });
    took.push({ trip, query, converge });
  }
  return { rounds, ssh_ms: median(took.map(({ trip }) => trip)), query_ms: median(took.map(({ query }) => query)), idle_ms: median(took.map(({ converge }) => converge)) };
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Writes 4 KiB and waits for the medium, again and again; prints the longest wait in ms. */
const WRITER = `const fs = require('fs'); const f = fs.openSync('/srv/db/writes', 'w'); const b = Buffer.alloc(4096, 1); let longest = 0;
for (const end = performance.now() + Number(process.argv[1]); performance.now() < end;) { const t = performance.now(); fs.writeSync(f, b, 0, 4096, 0); fs.fdatasyncSync(f); longest = Math.max(longest, performance.now() - t); }
console.log(longest);`;
/** Ends with 0 on the machine whose member leads. */
const LEADS = `const fs = require('fs'); const at = (name) => fs.readFileSync('/etc/holdfast/pki/' + name);
require('https').get({ host: process.argv[1], port: 2379, path: '/metrics', ca: at('store-ca.crt'), cert: at('store.crt'), key: at('store.key') }, (answer) => {
  let text = ''; answer.on('data', (chunk) => { text += chunk; }); answer.on('end', () => process.exit(/^etcd_server_is_leader 1$/m.test(text) ? 0 : 3));
}).on('error', () => process.exit(4));`;
const WRITING_MS = 6_000;

async function writerGaps(lab: Lab, rounds: number): Promise<Pick<BootstrapResult, 'calm_gap_ms' | 'leader_gap_ms'>> {
  const [n1] = three(lab);
  const disk = await n1.addDisk(2 ** 30);
  await n1.must(`holdfast pool create bench --device ${disk} && holdfast volume create db --size 512M && mkdir -p /srv/db && holdfast volume mount db /srv/db`);
  try {
    const [calm, without]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      calm.push(await writing(n1));
      without.push(await writing(n1, async () => {
        const leader = await leaderOf(lab);
        await leader.must('kill -KILL $(pidof etcd)');
        await pause(WRITING_MS / 2);
        await leader.must('/etc/init.d/holdfast-etcd start');
      }));
    }
    return { calm_gap_ms: Math.max(...calm), leader_gap_ms: Math.max(...without) };
  } finally {
    await n1.exec('holdfast volume unmount /srv/db');
  }
}

async function writing(node: LabNode, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<number> {
  const writer = node.must([NODE, '-e', WRITER, String(WRITING_MS)]);
  await pause(1_000);
  const [text] = await Promise.all([writer, meanwhile()]);
  return Number(text);
}

async function leaderOf(lab: Lab): Promise<LabNode> {
  for (const until = performance.now() + 30_000; performance.now() < until; await pause(100)) {
    for (const node of lab.nodes) if ((await node.exec([NODE, '-e', LEADS, node.address])).status === 0) return node;
  }
  throw new Error('no member of etcd leads');
}

export function bootstrapReport({ whole_ms: whole, steps_ms: steps, rounds, ssh_ms: trip, query_ms: query, idle_ms: idle, calm_gap_ms: calm, leader_gap_ms: leader }: BootstrapResult): string {
  const target = 3 * trip + query;
  return `## Bootstrap

Three machines with nothing but sshd (namespaces of this one, a package mirror beside them) to a ready cluster over SSH, all of
them with the role \`control\`: **${(whole / 1000).toFixed(1)} s**. The same connections and packages alone (apt-get, no step of Holdfast): ${(steps / 1000).toFixed(1)} s.

Converge with nothing to do, over SSH, median of ${rounds}: **${idle.toFixed(0)} ms**; an SSH round trip: ${trip.toFixed(0)} ms, the package query: ${query.toFixed(0)} ms.
That is **${(idle / target).toFixed(2)}×** of three round trips and the query (target ≤ 1×).

A writer on a mounted volume (4 KiB, fdatasync each) waited **${leader.toFixed(0)} ms** at most while etcd's leader was killed and started
again, ${calm.toFixed(0)} ms at most while nothing happened.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const result = await measureBootstrap({ quick: process.argv.includes('--quick') }, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(bootstrapReport(result));
}
