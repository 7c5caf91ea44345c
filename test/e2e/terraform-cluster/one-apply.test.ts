// Three bare machines to a cluster with volumes in one apply, and back: rules 3 and 4 of the life cycle, with the real
// package on machines that have nothing but sshd.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { command, describeIf, filesystem, loopDevices, terraform } from '../../lab/needs.ts';
import { startClusterStage, type ClusterStage } from './stage.ts';

const OUTPUTS = `
output "endpoint" { value = module.cluster.endpoint }
output "ca" { value = module.cluster.ca_certificate }
output "cert" { value = module.cluster.admin_certificate }
`;
const DATA = `
resource "holdfast_pool" "bulk" {
  provider = holdfast.data
  for_each = { DISKS }
  name     = "bulk-\${each.key}"
  node     = each.key
  devices  = [each.value]
}
resource "holdfast_volume" "db" {
  provider            = holdfast.data
  name                = "db"
  size                = "32M"
  deletion_protection = false
  trash_retention     = "0"
  placement           = { node = "n2" }
  depends_on          = [holdfast_pool.bulk]
}
resource "holdfast_client" "monitor" {
  provider = holdfast.data
  role     = "read-only"
  name     = "monitor"
  csr      = file("\${path.module}/../admin.csr")
}
data "holdfast_nodes" "all" {
  provider   = holdfast.data
  depends_on = [holdfast_volume.db]
}
output "nodes" { value = { for node in data.holdfast_nodes.all.nodes : node.name => "\${node.state} \${node.zone}" } }
`;

describeIf([loopDevices, filesystem('overlay'), command('debootstrap'), command('dpkg-deb'), terraform], 'a cluster by Terraform', () => {
  let stage: ClusterStage;
  const disks = new Map<string, string>();
  const data = (...names: string[]): string => OUTPUTS + DATA.replace('DISKS', names.map((name) => `${name} = "${disks.get(name) ?? ''}"`).join(', '));
  const wanted = (more = ''): string => `
  package = { file = "${stage.packages.deb}" }
  nodes = {
    ${stage.node('n1', ', zone = "a", roles = ["control", "storage"]')}
    ${stage.node('n2', ', zone = "b", roles = ["control", "storage"]')}
    ${stage.node('n3', `, zone = "c", roles = ["control", "storage"] ${more}`)}
  }`;

  beforeAll(async () => {
    stage = await startClusterStage({ nodes: 3 });
    for (const node of stage.lab.nodes) disks.set(node.name, await node.addDisk(512 * 2 ** 20));
  }, 900_000);
  afterAll(async () => stage?.end(), 120_000);

  it('the plan says that the data could not be checked yet, and plans all of it', async () => {
    stage.write(wanted(), data('n1', 'n2', 'n3'));
    await stage.ok('init', '-no-color');
    const { changes, text } = await stage.plan();
    expect(changes.map(({ address }) => address)).toEqual(expect.arrayContaining(['module.cluster.holdfast_cluster.this', 'module.cluster.module.node["n2"].holdfast_node.this', 'holdfast_volume.db', 'holdfast_pool.bulk["n1"]']));
    expect(text.match(/Warning: Provider configuration is not known yet/g)).toHaveLength(1);
    expect(text).toContain('Checks left out');
  }, 300_000);

  it('one apply makes the first node, then the others, then what is in the cluster', async () => {
    const { text } = await stage.ok('apply', '-auto-approve', '-no-color');
    const order = stage.order(text);
    const at = (what: string): number => order.findIndex((line) => line.includes(what));
    expect(order).toHaveLength(8);
    expect(at('holdfast_cluster.this')).toBe(0);
    expect(Math.max(at('node["n2"]'), at('node["n3"]'))).toBe(2);
    expect(at('holdfast_volume.db')).toBeGreaterThan(Math.max(...['n1', 'n2', 'n3'].map((name) => at(`bulk["${name}"]`))));
    expect(text).toMatch(/"n1" = "ready a"[^]*"n2" = "ready b"[^]*"n3" = "ready c"/);
  }, 600_000);

  it('keeps no secret in the state, and none on the machines', async () => {
    const state = stage.state();
    expect(state).not.toMatch(/PRIVATE KEY|hft1\./);
    expect(state).not.toContain(stage.lab.sshKey);
    for (const node of stage.lab.nodes) expect((await node.exec('ls -A /run/holdfast | grep -E "converge|sign"; ls -A /var/cache/holdfast')).stdout).toBe('');
  });

  it('the second plan changes nothing', async () => {
    const { changes, text } = await stage.plan();
    expect(changes).toEqual([]);
    expect(text).toContain('No changes');
  }, 300_000);

  it('a daemon that was stopped, a zone that was changed and a file that was edited show, and are mended', async () => {
    const n2 = stage.lab.node('n2');
    await n2.must('/etc/init.d/holdfastd stop');
    await stage.lab.node('n1').must('holdfast node update n3 --zone elsewhere');
    const { changes, text } = await stage.plan();
    expect(changes.map(({ address, actions }) => `${actions.join()} ${address}`).sort()).toEqual(['update module.cluster.module.node["n2"].holdfast_node.this', 'update module.cluster.module.node["n3"].holdfast_node.this']);
    expect(text).toMatch(/service holdfastd: start/);
    await stage.ok('apply', '-auto-approve', '-no-color');
    expect((await n2.exec('/etc/init.d/holdfastd status')).status).toBe(0);
    expect((await stage.plan()).changes).toEqual([]);
  }, 600_000);

  it('a node that holds the last copy of a volume is not destroyed', async () => {
    stage.write(wanted().replace(/\n\s*n2 = .*/, '').replace(', roles = ["control", "storage"] \n', '\n').replace(/(n3 = .*), roles = \["control", "storage"\]/, '$1'), data('n1', 'n3'));
    const refused = await stage.terraform('plan', '-no-color');
    expect(refused.status).not.toBe(0);
    expect(refused.text).toMatch(/Node holds last copies[^]*only copy of 1 volume\(s\): db|Pool is not empty/);
  }, 300_000);

  it('destroy goes the other way, and takes the identities but no data', async () => {
    stage.write(wanted(), data('n1', 'n2', 'n3'));
    const { text } = await stage.ok('destroy', '-auto-approve', '-no-color');
    const order = stage.order(text);
    const at = (what: string): number => order.findIndex((line) => line.includes(what));
    expect(order).toHaveLength(8);
    expect(at('holdfast_volume.db')).toBeLessThan(at('bulk["n2"]'));
    expect(Math.max(...['n1', 'n2', 'n3'].map((name) => at(`bulk["${name}"]`)))).toBeLessThan(Math.min(at('node["n2"]'), at('node["n3"]')));
    expect(at('holdfast_cluster.this')).toBe(7);
    for (const node of stage.lab.nodes) {
      expect((await node.exec('ls /etc/holdfast/pki')).status).not.toBe(0);
      expect((await node.exec('/etc/init.d/holdfastd status')).status).not.toBe(0);
      expect((await node.exec(['blkid', '-o', 'value', '-s', 'TYPE', disks.get(node.name) ?? ''])).stdout.trim()).toBe('xfs');
    }
  }, 600_000);
});
