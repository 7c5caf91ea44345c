/** One machine becomes a cluster, and two more join it: the real command, daemons and etcd over TLS. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeKeyAndRequest } from '../../../src/security/request.ts';
import { createMachines, nodeToken, type Answer, type Machine, type Machines } from './machines.ts';

let machines: Machines;
let [n1, n2, n3] = [] as unknown as [Machine, Machine, Machine];
const named = ({ changes }: Answer): string[] => changes.map(({ what, name, action }) => `${what} ${name} ${action}`);

beforeAll(() => {
  machines = createMachines();
  [n1, n2, n3] = [machines.add('n1'), machines.add('n2'), machines.add('n3')];
});
afterAll(() => machines.end());

describe('the first node', () => {
  it('is planned without touching anything', async () => {
    const { csr } = await makeKeyAndRequest('alice');
    n1.describe({ zone: 'z1', labels: { disk: 'ssd' }, cluster: { init: { name: 'prod', admin: { name: 'alice', csr } } } });
    const before = n1.files();
    const plan = await n1.converge({}, '--plan');
    expect(named(plan)).toEqual(['pki cluster prod create', 'etcd etcd.conf.yml create', 'service holdfast-etcd start', 'config holdfastd.json create', 'service holdfastd start', 'pki certificate of alice create']);
    expect(plan).toMatchObject({ plan: true, changed: 6, node: null });
    expect(n1.files()).toEqual(before);
  });
  it('is not made by a file that everybody may write', async () => {
    chmodSync(n1.nodeFile, 0o666);
    const { status, err } = await n1.holdfast(['node', 'converge', '--config', n1.nodeFile, '--root', n1.root, '--plan']);
    expect([status, err]).toEqual([4, expect.stringMatching(/can be written by everybody[^]*chmod o-w/)]);
    chmodSync(n1.nodeFile, 0o644);
  });
  it('is made, with etcd, certificates and a certificate for the admin', async () => {
    const done = await n1.converge();
    expect(done).toMatchObject({ plan: false, node: { name: 'n1', running: true, zone: 'z1', labels: { disk: 'ssd' } }, endpoints: [`https://${n1.address}:7480`] });
    expect(done.admin_certificate).toContain('-----BEGIN CERTIFICATE-----');
    expect(done.ca_sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await n1.client.cluster()).name).toBe('prod');
    for (const key of readdirSync(path.join(n1.root, 'etc/holdfast/pki')).filter((file) => file.endsWith('.key'))) expect(statSync(path.join(n1.root, 'etc/holdfast/pki', key)).mode & 0o777).toBe(0o600);
  });
  it('changes nothing when it is converged again, not even a file', async () => {
    const before = n1.files();
    expect(await n1.converge()).toMatchObject({ changed: 0 });
    expect(n1.files().filter((line) => !/^run\/holdfast /.test(line))).toEqual(before.filter((line) => !/^run\/holdfast /.test(line)));
  });
});

describe('a machine that joins', () => {
  it('is told what is wrong with its token, and is left as it was', async () => {
    n2.describe({ roles: ['control', 'storage'], zone: 'z2', cluster: { join: { endpoints: [n1.address] } } });
    const good = await nodeToken(n1);
    const [kind = '', id = '', , pin = ''] = good.split('.');
    const cases: readonly (readonly [token: string, status: number, message: RegExp])[] = [
      ['', 2, /there is no join token/],
      ['nonsense', 2, /not a join token/],
      [[kind, id, 'A'.repeat(43), pin].join('.'), 1, /token/],
      [good.slice(0, -64) + '0'.repeat(64), 1, /belongs to another cluster/],
    ];
    for (const [token, status, message] of cases) {
      const { status: got, err } = await n2.holdfast(['node', 'converge', '--config', n2.nodeFile, '--root', n2.root], { HOLDFAST_JOIN_TOKEN: token });
      expect(err).toMatch(message);
      expect(got).toBe(status);
      expect(readdirSync(path.join(n2.root, 'etc/holdfast'))).toEqual([]);
      if (token.length > 20) expect(err).not.toContain(token.split('.')[2]);
    }
  });
  it('is told that its keys have no place, before the token is spent', async () => {
    n2.describe({ cluster: { join: { endpoints: [n1.address] } } });
    const pki = path.join(n2.root, 'etc/holdfast/pki');
    const obstacles: readonly (readonly [make: () => void, words: RegExp])[] = [
      [() => { mkdirSync(path.join(n2.root, 'elsewhere')); symlinkSync('../../elsewhere', pki); }, /symbolic link/],
      [() => writeFileSync(pki, ''), /not a directory/],
      [() => { mkdirSync(pki); writeFileSync(path.join(pki, 'membership.json'), '{"by":'); }, /holds files \(membership\.json\)/],
    ];
    for (const [make, words] of obstacles) {
      make();
      for (const plan of [['--plan'], []]) {
        const { status, err } = await n2.holdfast(['node', 'converge', '--config', n2.nodeFile, '--root', n2.root, ...plan], { HOLDFAST_JOIN_TOKEN: 'hft1.never.looked.at' });
        expect([status, err]).toEqual([4, expect.stringMatching(words)]);
      }
      rmSync(pki, { recursive: true });
    }
  });
  it('is told when nobody answers, and when its name is taken', async () => {
    n2.describe({ cluster: { join: { endpoints: ['127.0.0.1:1'] } } });
    const token = await nodeToken(n1);
    const away = await n2.holdfast(['node', 'converge', '--config', n2.nodeFile, '--root', n2.root], { HOLDFAST_JOIN_TOKEN: token });
    expect([away.status, away.err]).toEqual([5, expect.stringMatching(/no endpoint answers the join/)]);
    n2.describe({ name: 'n1', cluster: { join: { endpoints: [n1.address] } } });
    const taken = await n2.holdfast(['node', 'converge', '--config', n2.nodeFile, '--root', n2.root], { HOLDFAST_JOIN_TOKEN: token });
    expect([taken.status, taken.err]).toEqual([4, expect.stringMatching(/there is a node n1 already/)]);
  });
  it('becomes a node with a vote in etcd; the token works once', async () => {
    for (const [machine, zone] of [[n2, 'z2'], [n3, 'z3']] as const) {
      machine.describe({ roles: ['control', 'storage'], zone, cluster: { join: { endpoints: [n1.address] } } });
      const token = await nodeToken(n1);
      expect(named(await machine.converge({ HOLDFAST_JOIN_TOKEN: token }))).toEqual(expect.arrayContaining([expect.stringMatching(/^join /), 'service holdfastd start']));
      expect(machine.log() + readFileSync(path.join(machine.root, 'etc/holdfast/pki/membership.json'), 'utf8')).not.toContain(token.split('.')[2]);
    }
    const members = await n1.client.members();
    expect(members.map(({ name, learner, healthy }) => ({ name, learner, healthy }))).toEqual(expect.arrayContaining(['n1', 'n2', 'n3'].map((name) => ({ name, learner: false, healthy: true }))));
    expect((await n3.client.nodes.list().all()).map(({ name }) => name).sort()).toEqual(['n1', 'n2', 'n3']);
  });
  it('changes nothing when any of them is converged again, without a token', async () => {
    for (const machine of [n1, n2, n3]) expect(await machine.converge()).toMatchObject({ changed: 0, node: { running: true } });
  });
  it('does not become another', async () => {
    n3.describe({ name: 'n4', cluster: { join: { endpoints: [n1.address] } } });
    const { status, err } = await n3.holdfast(['node', 'converge', '--config', n3.nodeFile, '--root', n3.root, '--plan']);
    expect([status, err]).toEqual([4, expect.stringMatching(/this machine is node n3 of cluster prod: a node keeps its name/)]);
    n3.describe({ roles: ['control', 'storage'], zone: 'z3', cluster: { join: { endpoints: [n1.address] } } });
  });
});

describe('what was changed by hand', () => {
  it('is shown by plan and put right: settings, zone, a stopped daemon', async () => {
    await n1.client.nodes.update('n2', { zone: 'elsewhere' });
    await n2.kill('holdfastd');
    expect(named(await n2.converge({}, '--plan'))).toEqual(['service holdfastd start']);
    expect(named(await n2.converge())).toEqual(['service holdfastd start', 'node n2 update']);
    n2.describe({ roles: ['control', 'storage'], zone: 'z2', cluster: { join: { endpoints: [n1.address] } }, daemon: { plugin_socket: null, log_level: 'debug' } });
    const plan = await n2.converge({}, '--plan');
    expect(named(plan)).toEqual(['config holdfastd.json update', 'service holdfastd restart']);
    expect(named(await n2.converge())).toEqual(named(plan));
    expect(await n2.converge()).toMatchObject({ changed: 0 });
  });
  it('is shown to people as it was and will be', async () => {
    n2.describe({ roles: ['control', 'storage'], zone: 'z2', cluster: { join: { endpoints: [n1.address] } }, daemon: { plugin_socket: null, log_level: 'warn' } });
    const { out } = await n2.holdfast(['node', 'converge', '--config', n2.nodeFile, '--root', n2.root, '--plan'], { LANG: 'C.UTF-8' });
    expect(out).toBe('~ config holdfastd.json update\n    log_level: debug → warn\n> service holdfastd restart  running → running anew: its configuration changed\n2 changes to make; nothing was done\n');
  });
});

it('a daemon goes on when the etcd beside it is killed: it has learned of the other members', async () => {
  await n1.kill('holdfast-etcd');
  // The outcome of what was on its way is unknown; what is asked anew is answered.
  let zone = '';
  while (zone !== 'z9') zone = await n1.client.nodes.update('n3', { zone: 'z9' }).then((node) => node.spec.zone, () => '');
  expect(named(await n1.converge())).toEqual(['service holdfast-etcd start']);
  expect(named(await n3.converge())).toEqual(['node n3 update']);
});

it('a daemon whose etcd is away says so, waits, and goes on when it is back', async () => {
  for (const machine of [n1, n2, n3]) await machine.kill('holdfastd');
  for (const machine of [n2, n3]) await machine.kill('holdfast-etcd');
  const waiting = n1.holdfast(['node', 'converge', '--config', n1.nodeFile, '--root', n1.root, '-o', 'json']);
  let said = '';
  while (!said.includes('waits for its control store')) {
    said = (await n1.holdfast(['status'])).err;
    if (said !== '') await new Promise((resolve) => { setTimeout(resolve, 200); });
  }
  expect(said).toMatch(/holdfastd waits for its control store/);
  // The majority comes back, and with it the daemon, by itself.
  const back = n2.holdfast(['node', 'converge', '--config', n2.nodeFile, '--root', n2.root, '-o', 'json']);
  expect((await waiting).status).toBe(0);
  expect((await back).status).toBe(0);
  await n3.converge();
  expect((await n1.client.status()).leader).not.toBeNull();
});

it('one node on its own has TLS and certificates with an embedded store, too, and can move to etcd later', async () => {
  const n4 = machines.add('n4');
  const cluster = { init: { name: 'small', from_embedded: true } };
  n4.describe({ cluster, store: { kind: 'sqlite' } });
  expect(named(await n4.converge())).toEqual(['pki cluster small create', 'config holdfastd.json create', 'service holdfastd start']);
  expect(await n4.client.members()).toEqual([]);
  const { id } = await n4.client.cluster();
  n4.describe({ cluster });
  expect(named(await n4.converge())).toEqual(['etcd etcd.conf.yml create', 'service holdfast-etcd start', 'config holdfastd.json update', 'service holdfastd restart']);
  expect((await n4.client.cluster()).id).toBe(id);
  expect(await n4.client.members()).toHaveLength(1);
  expect(await n4.converge()).toMatchObject({ changed: 0 });
});

it('no secret is anywhere but in key files', () => {
  for (const machine of [n1, n2, n3]) {
    expect(existsSync(path.join(machine.root, 'etc/holdfast/pki.joining'))).toBe(false);
    expect(machine.log()).not.toMatch(/PRIVATE KEY|hft1\./);
  }
});
