// The life of nodes by Terraform, with the real package on bare machines: an apply that is cut off goes on, upgrades go
// from node to node, and a machine that is replaced is left before it goes (rule 4).
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { JoinToken } from '../../../src/model/identity.ts';
import type { Node } from '../../../src/model/node.ts';
import { VERSION } from '../../../src/model/version.ts';
import { command, describeIf, filesystem, terraform } from '../../lab/needs.ts';
import { builtPackages, type Packages } from '../../lab/packages.ts';
import { startClusterStage, type ClusterStage } from './stage.ts';

const NEWER = '0.1.1~test';

describeIf([filesystem('overlay'), command('debootstrap'), command('dpkg-deb'), terraform], 'the life of nodes by Terraform', () => {
  let stage: ClusterStage;
  let newer: Packages;
  const nodes = (names: readonly string[], deb = stage.packages.deb): string => `package = { file = "${deb}" }\n nodes = {\n${names.map((name) => stage.node(name)).join('\n')}\n}`;
  const spare = (name: string, deb = stage.packages.deb): string => `
resource "holdfast_node" "spare" {
  cluster    = module.cluster.bootstrap
  name       = "${name}"
  host       = "${stage.lab.node(name).address}"
  machine_id = "instance-${name}"
  package    = { file = "${deb}" }
  lifecycle { create_before_destroy = true }
}`;
  const listed = async <T>(line: string): Promise<readonly T[]> => (JSON.parse(await stage.lab.node('n1').must(`holdfast ${line} -o json`)) as { readonly items: readonly T[] }).items;
  const names = async (): Promise<string[]> => (await listed<Node>('node list')).map(({ name, status }) => `${name} ${status.state}`).sort();

  beforeAll(async () => {
    newer = await builtPackages(NEWER);
    stage = await startClusterStage({ nodes: 4 });
  }, 900_000);
  afterAll(async () => stage?.end(), 120_000);

  it('a machine that is lost in the middle of an apply leaves nothing half joined, and the next apply goes on', async () => {
    stage.write(nodes(['n1', 'n2']));
    await stage.ok('init', '-no-color');
    const n2 = stage.lab.node('n2');
    const apply = stage.start('apply', '-auto-approve', '-no-color');
    // Its package is there: it is being made a node.
    while ((await n2.exec('command -v holdfast')).status !== 0 && apply.child.exitCode === null) await pause(100);
    await n2.kill();
    const { status, text } = await apply.ended;
    expect(status).toBe(1);
    expect(text).toContain('Machine cannot be reached');
    expect(stage.state()).not.toContain('holdfast_node');
    expect((await listed<JoinToken>('cluster token list')).filter(({ used_at: used }) => used === null)).toEqual([]);
    await n2.boot();
    await stage.ok('apply', '-auto-approve', '-no-color');
    expect(await names()).toEqual(['n1 ready', 'n2 ready']);
    expect((await stage.plan()).changes).toEqual([]);
  }, 600_000);

  it('an apply that is killed is finished by the next one', async () => {
    stage.write(nodes(['n1', 'n2']), spare('n3'));
    const n3 = stage.lab.node('n3');
    const apply = stage.start('apply', '-auto-approve', '-no-color');
    while ((await n3.exec('command -v holdfast')).status !== 0 && apply.child.exitCode === null) await pause(50);
    const ended = once(apply.child, 'exit');
    apply.child.kill('SIGKILL');
    await ended;
    await stage.ok('apply', '-auto-approve', '-no-color', '-lock=false');
    expect(await names()).toEqual(['n1 ready', 'n2 ready', 'n3 ready']);
    expect((await stage.plan('-lock=false')).changes).toEqual([]);
  }, 600_000);

  it('another package upgrades every node in place', async () => {
    stage.write(nodes(['n1', 'n2'], newer.deb), spare('n3', newer.deb));
    const { changes } = await stage.plan();
    expect(changes.map(({ actions }) => actions.join())).toEqual(['update', 'update', 'update']);
    await stage.ok('apply', '-auto-approve', '-no-color', '-parallelism=10');
    for (const name of ['n1', 'n2', 'n3']) expect(await stage.lab.node(name).must("dpkg-query -W -f '${Version}' holdfast")).toBe(NEWER);
    expect((await listed<Node>('node list')).map(({ status }) => status.daemon_version)).not.toContain(VERSION);
    expect((await stage.plan()).changes).toEqual([]);
  }, 600_000);

  it('another machine takes the place of one: it joins first, and the old one is left before it goes', async () => {
    stage.write(nodes(['n1', 'n2'], newer.deb), spare('n4', newer.deb));
    const { changes } = await stage.plan();
    expect(changes.map(({ address, actions }) => `${actions.join()} ${address}`)).toEqual(['create,delete holdfast_node.spare']);
    const { text } = await stage.ok('apply', '-auto-approve', '-no-color');
    const order = stage.order(text).filter((line) => line.includes('spare'));
    expect(order[0]).toMatch(/^create/);
    expect(order[1]).toMatch(/^destroy/);
    expect(await names()).toEqual(['n1 ready', 'n2 ready', 'n4 ready']);
    expect((await stage.lab.node('n3').exec('ls /etc/holdfast/pki')).status).not.toBe(0);
    expect((await stage.plan()).changes).toEqual([]);
  }, 600_000);

  it('a machine that was rebuilt shows as a replacement', async () => {
    const n4 = stage.lab.node('n4');
    await n4.must('dpkg -P holdfast >/dev/null 2>&1; rm -rf /etc/holdfast /var/lib/holdfast; rm -f /etc/machine-id; tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id');
    const plan = await stage.plan();
    expect(plan.changes.map(({ address, actions }) => `${actions.join()} ${address}`)).toEqual(['create,delete holdfast_node.spare']);
    expect(plan.text).toContain('Machine was rebuilt');
  }, 300_000);
});
