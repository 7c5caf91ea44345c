/** Bare Debian machines (sshd only, no systemd) get Holdfast from its package, by node.json alone, and become a cluster. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { builtPackages, type Packages } from '../../lab/packages.ts';

const DEB = '/var/tmp/holdfast.deb';
let lab: Lab;
let packages: Packages;
let [n1, n2] = [] as unknown as [LabNode, LabNode];

beforeAll(async () => {
  packages = await builtPackages();
  lab = await createLab({ nodes: 2, bare: true });
  [n1, n2] = lab.nodes as [LabNode, LabNode];
  await lab.mirror.add(packages.deb);
  for (const node of lab.nodes) await node.must('apt-get -q update');
}, 900_000);
afterAll(() => lab.dispose());

interface Answer { readonly changes: readonly { readonly what: string; readonly name: string; readonly action: string }[]; readonly changed: number; readonly node: { readonly version: string; readonly running: boolean } }

async function converge(node: LabNode, more: object, token = ''): Promise<Answer> {
  await node.put('/etc/holdfast/node.json', JSON.stringify({ name: node.name, advertise: node.address, roles: ['control', 'storage'], ...more }));
  return JSON.parse(await node.must(['holdfast', 'node', 'converge', '-o', 'json'], { env: { HOLDFAST_JOIN_TOKEN: token }, timeoutMs: 600_000 })) as Answer;
}
const named = ({ changes }: Answer): string[] => changes.map(({ what, name, action }) => `${what} ${name} ${action}`);

it('the first one: Debian\'s etcd is installed and never started by itself; services are kept by init scripts', async () => {
  await n1.must('apt-get -q -y --no-install-recommends install holdfast', { timeoutMs: 600_000 });
  const done = await converge(n1, { cluster: { init: { name: 'prod' } } });
  expect(named(done)).toEqual(expect.arrayContaining(['package etcd-server install', 'pki cluster prod create', 'service holdfast-etcd start', 'service holdfastd restart']));
  expect(done.node.running).toBe(true);
  expect((await n1.exec('/etc/init.d/holdfast-etcd status')).status).toBe(0);
  expect((await n1.exec('/etc/init.d/etcd status')).status).not.toBe(0);
  expect((await n1.exec('test -e /usr/sbin/policy-rc.d')).status).toBe(1);
  expect(await converge(n1, { cluster: { init: { name: 'prod' } } })).toMatchObject({ changed: 0 });
}, 900_000);

it('an installation of etcd that was cut off before Debian\'s own service was put aside is gone on with', async () => {
  // As it is when converge is killed while apt-get still works: the package is there, and its service would start with the machine.
  await n1.must('update-rc.d etcd enable');
  await n1.put('/usr/sbin/policy-rc.d', '#!/bin/sh\n# by holdfast node converge, while etcd-server is installed\n[ "$1" = etcd ] && exit 101\nexit 0\n', 0o755);
  expect(named(await converge(n1, { cluster: { init: { name: 'prod' } } }))).toEqual(['package etcd-server install']);
  expect((await n1.exec('ls /etc/rc?.d/S??etcd /usr/sbin/policy-rc.d')).stdout).toBe('');
  expect(await converge(n1, { cluster: { init: { name: 'prod' } } })).toMatchObject({ changed: 0 });
}, 900_000);

it('the second one installs the package that node.json names, checked against its SHA-256, and joins', async () => {
  // Whatever carries it there has an older Holdfast, or an archive of it, to begin with; here: the same package.
  const content = readFileSync(packages.deb);
  await n2.put(DEB, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await n2.must(`apt-get -q -y --no-install-recommends install ${DEB}`, { timeoutMs: 600_000 });
  await n2.put('/etc/holdfast/node.json', JSON.stringify({ name: 'n2', package: { file: DEB, sha256: sha256.replace(/^./, (first) => (first === '0' ? '1' : '0')) } }));
  const wrong = await n2.exec(['holdfast', 'node', 'converge']);
  expect([wrong.status, wrong.stderr]).toEqual([4, expect.stringMatching(/Nothing was installed/)]);
  const token = JSON.parse(await n1.must(['holdfast', 'cluster', 'token', 'create', '--for', 'node', '--node-role', 'control', '--node-role', 'storage', '-o', 'json'])) as { readonly token: string };
  const more = { package: { file: DEB, sha256 }, cluster: { join: { endpoints: [n1.address] } } };
  expect(named(await converge(n2, more, token.token))).toEqual(expect.arrayContaining(['join n2 join', 'service holdfast-etcd start', 'service holdfastd restart']));
  await n2.must(`rm ${DEB}`);
  expect(await converge(n2, more)).toMatchObject({ changed: 0, node: { version: packages.version, running: true } });
  const status = JSON.parse(await n2.must(['holdfast', 'cluster', 'status', '-o', 'json'])) as { readonly members: readonly { readonly learner: boolean }[] };
  expect(status.members.map(({ learner }) => learner)).toEqual([false, false]);
}, 900_000);

it('an upgrade by node.json: the version that is installed goes on in the place of the one that began', async () => {
  const newer = await builtPackages('0.1.1');
  await n2.put(DEB, readFileSync(newer.deb));
  const more = { package: { file: DEB }, cluster: { join: { endpoints: [n1.address] } } };
  const done = await converge(n2, more);
  // The package itself starts its daemon anew.
  expect(named(done)).toEqual(['package holdfast upgrade']);
  expect(done).toMatchObject({ changed: 1, node: { version: '0.1.1', running: true } });
  expect(await n2.must('holdfast version')).toMatch(/holdfastd +0\.1\.1/);
  expect(await converge(n2, more)).toMatchObject({ changed: 0 });
}, 900_000);

it('a node that lost power comes back by itself', async () => {
  await n2.kill();
  await n2.boot();
  await n2.must('/etc/init.d/holdfast-etcd start; /etc/init.d/holdfastd start');
  expect(await converge(n2, { cluster: { join: { endpoints: [n1.address] } } })).toMatchObject({ changed: 0, node: { running: true } });
}, 900_000);
