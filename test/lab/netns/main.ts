// The namespace lab by hand: what `make lab`, `lab-exec`, `lab-disk`, `lab-cut`, `lab-heal`, `lab-kill`, `lab-boot` and `lab-down`
// run. The lab that it makes stays until `down`; the labs of running tests are not its business.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { ADMIN_PATH } from '../run.ts';
import { createLab, openLab, type Lab } from './lab.ts';
import { numbers, tryRead } from './record.ts';
import { remove, removeOrphans } from './sweep.ts';

/** Takes up what is written to it. */
const DISK_BYTES = 2 * 2 ** 30;
const PACKAGES = path.resolve(import.meta.dirname, '../../../dist/packages');

/** Labs made by hand have no owner. */
const byHand = (): number[] => numbers().filter((number) => { const lab = tryRead(number); return lab !== undefined && lab.owner === undefined; });

function theLab(): Lab {
  const [number] = byHand();
  if (number === undefined) throw new Error("there is no lab; 'make lab NODES=3' makes one");
  return openLab(number);
}

function theNode(): { lab: Lab; name: string } {
  const lab = theLab();
  const name = process.env['NODE'] ?? '';
  if (name === '') throw new Error(`which node? NODE=${lab.nodes[0]?.name ?? 'n1'}`);
  return { lab, name };
}

async function up(words: readonly string[]): Promise<void> {
  if (byHand().length > 0) throw new Error("there is a lab already; 'make lab-down' ends it");
  const nodes = Number(words[0]);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 19) throw new Error('NODES is 1 to 19');
  const begun = Date.now();
  const bare = words.includes('--bare');
  const lab = await createLab({ nodes, keep: true, docker: words.includes('--docker'), bare });
  const packages = bare && existsSync(PACKAGES) ? readdirSync(PACKAGES).filter((name) => name.endsWith(`_${process.arch === 'arm64' ? 'arm64' : 'amd64'}.deb`)) : [];
  for (const name of packages) await lab.mirror.add(path.join(PACKAGES, name));
  const first = lab.nodes[0]?.name ?? 'n1';
  console.log(`${nodes} nodes in ${((Date.now() - begun) / 1000).toFixed(1)} s\n`);
  for (const node of lab.nodes) console.log(`  ${node.name.padEnd(4)} ${node.address}   ${node.hostKey}`);
  console.log(`\nthis machine in their network: ${lab.hostAddress}\nthe key that root of every node takes: ${lab.sshKey}\nknown hosts: ${lab.knownHosts}\n`);
  console.log(`  ssh -i ${lab.sshKey} -o UserKnownHostsFile=${lab.knownHosts} root@${lab.nodes[0]?.address ?? ''}`);
  console.log(`  make lab-exec NODE=${first} CMD='${bare ? 'apt-get update && apt-get install -y holdfast' : 'holdfast version'}'`);
  console.log(`  make lab-cut NODE=${first}    make lab-heal NODE=${first}    make lab-kill NODE=${first}    make lab-boot NODE=${first}    make lab-down`);
  if (bare && packages.length === 0) console.log("\nthere is no package of Holdfast in dist/packages for the nodes to install; 'make package' before 'make lab' makes one");
}

function exec(): number {
  const { lab, name } = theNode();
  const command = process.env['CMD'] ?? '';
  const address = lab.node(name).address;
  const { status } = spawnSync('ssh', ['-i', lab.sshKey, '-o', `UserKnownHostsFile=${lab.knownHosts}`, '-o', 'StrictHostKeyChecking=yes', '-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=10',
    ...(process.stdin.isTTY ? ['-t'] : []), `root@${address}`, ...(command === '' ? [] : [command])], { stdio: 'inherit', env: { ...process.env, PATH: ADMIN_PATH } });
  return status ?? 1;
}

async function down(): Promise<void> {
  for (const number of byHand()) await remove(number);
  await removeOrphans();
}

const [word = '', ...rest] = process.argv.slice(2);
const ACTIONS: Readonly<Record<string, () => Promise<number | void> | number>> = {
  up: () => up(rest),
  exec,
  disk: async () => { console.log(await theNode().lab.node(theNode().name).addDisk(DISK_BYTES)); },
  cut: () => theNode().lab.node(theNode().name).cut(),
  heal: () => theNode().lab.node(theNode().name).heal(),
  kill: () => theNode().lab.node(theNode().name).kill(),
  boot: () => theNode().lab.node(theNode().name).boot(),
  down,
};
try {
  const action = ACTIONS[word];
  if (action === undefined) throw new Error(`no such word: ${word}; there are ${Object.keys(ACTIONS).join(', ')}`);
  process.exitCode = (await action()) ?? 0;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
