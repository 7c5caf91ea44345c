// From machines that have nothing but sshd to a cluster with pools and a mounted volume, in one deploy, and back: the
// stack onprem by cdktf, then the same machines again by the HCL of examples/onprem.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { bareLab, describeIf, loopDevices, terraform } from '../../lab/needs.ts';
import type { LabNode } from '../../lab/netns/lab.ts';
import { finished, running, startOnpremStage, type OnpremStage } from './stage.ts';

const ROLES = ['control', 'storage'];
const MOUNT = '/srv/web';
const VOLUMES = [{ name: 'web', size: '300M', node: 'n2', disposable: true }];

describeIf([bareLab, loopDevices, terraform], 'bare machines', () => {
  let stage: OnpremStage;
  let n2: LabNode;
  const zone = (index: number): string => `rack-${index + 1}`;
  const settings = async (): Promise<object> => {
    const disks = await stage.newDisks();
    return { cluster: 'prod', nodes: stage.lab.nodes.map(({ name, address }, index) => ({ name, host: address, zone: zone(index), roles: ROLES, pools: [{ devices: [disks.get(name)] }] })), volumes: VOLUMES };
  };
  let wanted: object;

  beforeAll(async () => {
    stage = await startOnpremStage(3);
    n2 = stage.lab.node('n2');
    wanted = await settings();
  }, 900_000);
  afterAll(() => stage?.end());

  /** By hand, as somebody would who knows nothing of Terraform. */
  const converge = async (): Promise<{ readonly changed: number; readonly changes: readonly object[] }> =>
    JSON.parse(await n2.must(['holdfast', 'node', 'converge', '--config', '/etc/holdfast/node.json', '-o', 'json'])) as { changed: number; changes: object[] };

  const isGone = async (): Promise<void> => {
    for (const node of stage.lab.nodes) {
      expect([node.name, await running(node)]).toEqual([node.name, []]);
      expect((await node.exec('ls /etc/holdfast/pki /var/lib/holdfast/etcd')).stdout).toBe('');
    }
  };

  it('become a cluster with pools and a volume by one cdktf deploy', async () => {
    const output = await stage.cdktf('deploy', wanted);
    expect(output).toContain('Apply complete! Resources: 7 added, 0 changed, 0 destroyed.');
    const order = finished(output);
    expect(order[0]).toBe('holdfast_cluster.cluster');
    expect(order.slice(1, 3).sort()).toEqual(['holdfast_node.n2', 'holdfast_node.n3']);
    expect(order.slice(3, 6).sort()).toEqual(['holdfast_pool.pool-n1', 'holdfast_pool.pool-n2', 'holdfast_pool.pool-n3']);
    expect(order[6]).toBe('holdfast_volume.web');
    const status = JSON.parse(await n2.must(['holdfast', 'node', 'list', '-o', 'json'])) as { readonly items: readonly { readonly name: string }[] };
    expect(status.items.map(({ name }) => name).sort()).toEqual(['n1', 'n2', 'n3']);
  }, 600_000);

  it('mount the volume on the node that holds it', async () => {
    await n2.must(`mkdir -p ${MOUNT} && holdfast volume mount web ${MOUNT} && echo kept >${MOUNT}/file && sync`);
    expect((await stage.lab.node('n1').exec(`mkdir -p ${MOUNT}; holdfast volume mount web ${MOUNT}`)).stderr).toMatch(/n2/);
  });

  it('are left as they are by a second deploy, and what is mounted stays', async () => {
    expect(await stage.cdktf('deploy', wanted)).toContain('No changes');
    expect(await n2.must(`cat ${MOUNT}/file`)).toBe('kept');
  }, 300_000);

  it('are what a node.json written by hand says, too: converge changes nothing, twice', async () => {
    await n2.put('/etc/holdfast/node.json', JSON.stringify({ name: 'n2', advertise: n2.address, zone: zone(1), roles: ROLES, cluster: { join: { endpoints: [`https://${stage.lab.node('n1').address}:7480`] } } }));
    expect(await converge()).toMatchObject({ changed: 0, changes: [] });
    expect(await converge()).toMatchObject({ changed: 0 });
    expect(await stage.cdktf('deploy', wanted)).toContain('No changes');
  }, 300_000);

  it('are left again by destroy, in the other order: no identity, nothing running, and no disk touched', async () => {
    await expect(stage.cdktf('destroy', wanted)).rejects.toThrow(/web/);
    await n2.must(`holdfast volume unmount web ${MOUNT}`);
    const order = finished(await stage.cdktf('destroy', wanted));
    expect(order[0]).toBe('holdfast_volume.web');
    expect(order.slice(1, 4).sort()).toEqual(['holdfast_pool.pool-n1', 'holdfast_pool.pool-n2', 'holdfast_pool.pool-n3']);
    expect(order.slice(4, 6).sort()).toEqual(['holdfast_node.n2', 'holdfast_node.n3']);
    expect(order[6]).toBe('holdfast_cluster.cluster');
    await isGone();
    const [disk = ''] = JSON.stringify(wanted).match(/\/dev\/loop\d+/) ?? [];
    expect(await stage.lab.node('n1').must(`blkid -o value -s TYPE ${disk}`)).toBe('xfs');
  }, 600_000);

  it('become one again by plain HCL, in one apply, and are left by one destroy', async () => {
    const disks = await stage.newDisks();
    const variables = {
      nodes: Object.fromEntries(stage.lab.nodes.map(({ name, address }, index) => [name, { host: address, zone: zone(index), roles: ROLES }])),
      devices: Object.fromEntries([...disks].map(([name, disk]) => [name, [disk]])),
    };
    await stage.terraform(['init'], variables);
    const made = await stage.terraform(['apply', '-auto-approve'], variables);
    expect(made).toContain('Apply complete! Resources: 7 added, 0 changed, 0 destroyed.');
    expect(finished(made).at(-1)).toBe('holdfast_volume.web');
    await n2.must(`mkdir -p ${MOUNT} && holdfast volume mount web ${MOUNT} && echo again >${MOUNT}/file && holdfast volume unmount web ${MOUNT}`);
    expect(await stage.terraform(['plan'], variables)).toContain('No changes');
    expect(await converge()).toMatchObject({ changed: 0, changes: [] });
    expect(await stage.terraform(['destroy', '-auto-approve'], variables)).toContain('Destroy complete! Resources: 7 destroyed.');
    await isGone();
  }, 600_000);

  it('have left no secret in the states', () => {
    expect(stage.states()).not.toMatch(/PRIVATE KEY|hft1\./);
  });
});
