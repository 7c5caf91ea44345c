/**
 * The Chef cookbook on machines of the lab: the package, a cluster of three, pools, drain and removal, each by a run of its
 * recipes as the client would carry them out (the cookbook's own harness; no Chef client can be had here).
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { command, describeIf, etcd, filesystem, loopDevices, namespaceLab } from '../../lab/needs.ts';
import { builtPackages } from '../../lab/packages.ts';

const CLIENT = path.resolve(import.meta.dirname, '../../../cookbooks/holdfast/spec/harness/client.rb');
const DEB = '/var/tmp/holdfast.deb';
const ITEM = { bag: 'holdfast', item: 'join', key: 'token' };
const MINUTES = 60_000;

interface RunOfClient { readonly updated: readonly string[]; readonly told: readonly string[] }

describeIf([namespaceLab, loopDevices, filesystem('xfs'), etcd, command('ruby')], 'the Chef cookbook', () => {
  let lab: Lab;
  let [n1, n2, n3] = [] as unknown as [LabNode, LabNode, LabNode];
  const disks = new Map<LabNode, string>();

  beforeAll(async () => {
    const { deb } = await builtPackages();
    lab = await createLab({ nodes: 3 });
    [n1, n2, n3] = lab.nodes as [LabNode, LabNode, LabNode];
    for (const node of lab.nodes) {
      disks.set(node, await node.addDisk(512 * 2 ** 20));
      await node.put(DEB, readFileSync(deb));
    }
    await describeNode(n1, { init: { name: 'prod' } });
  }, 15 * MINUTES);
  afterAll(() => lab.dispose());

  /** Attributes as a role would give them, and the data bags that the machine can decrypt. */
  async function describeNode(node: LabNode, cluster: object, bags: object = {}): Promise<void> {
    await node.put('/var/tmp/node.json', JSON.stringify({
      hostname: node.name, ipaddress: node.address, data_bags: { holdfast: bags },
      holdfast: {
        package: { source: 'file', file: DEB }, cluster,
        node: { zone: `rack-${node.name}`, labels: { disk: 'ssd' }, roles: ['control', 'storage'] },
        pools: { [`fast-${node.name}`]: { devices: [disks.get(node)], class: 'ssd', labels: { by: 'chef' } } },
      },
    }), 0o600);
  }
  const words = (...more: readonly string[]): string[] => ['ruby', CLIENT, ...more];
  async function chef(node: LabNode, ...more: readonly string[]): Promise<RunOfClient> {
    return JSON.parse(await node.must(words(...more, '/var/tmp/node.json', 'holdfast::server'), { timeoutMs: 10 * MINUTES })) as RunOfClient;
  }
  const joining = async (node: LabNode): Promise<string> => {
    const { token } = await holdfast<{ readonly token: string }>(n1, 'cluster', 'token', 'create', '--for', 'node', '--node-role', 'control', '--node-role', 'storage');
    await describeNode(node, { join: { endpoints: [`https://${n1.address}:7480`], token_item: ITEM } }, { join: { token } });
    return token;
  };
  const holdfast = async <T>(node: LabNode, ...more: readonly string[]): Promise<T> => JSON.parse(await node.must(['/usr/bin/holdfast', ...more, '-o', 'json'])) as T;
  /** What a machine keeps: every file of /etc and of Holdfast, by its content, and the packages that it has. etcd writes on its own. */
  const kept = (node: LabNode): Promise<string> => node.must('find /etc /var/lib/holdfast /var/cache/holdfast /run/holdfast -type f -not -path "/var/lib/holdfast/etcd/*" -exec sha256sum {} + 2>/dev/null | sort -k2; find /etc /var/lib/holdfast -not -path "/var/lib/holdfast/etcd/*" -printf "%p %m %U\\n" 2>/dev/null | sort; sha256sum /var/lib/dpkg/status');

  it('changes nothing in why-run mode on a machine that has nothing yet, and tells what it would do', async () => {
    const before = await kept(n1);
    const { updated, told } = await chef(n1, '--why-run');
    expect(updated).toEqual([]);
    expect(told).toEqual(expect.arrayContaining([`dpkg_package[holdfast]: install ${DEB}`, 'bring node n1 into its cluster', expect.stringContaining('make pool fast-n1')]));
    expect(await kept(n1)).toBe(before);
  }, 2 * MINUTES);

  it('makes the first machine a cluster with its pool; the second run reports nothing', async () => {
    expect((await chef(n1)).updated).toEqual(expect.arrayContaining(['dpkg_package[holdfast]', 'file[/etc/holdfast/node.json]', 'holdfast_node[n1]', 'holdfast_pool[fast-n1]']));
    expect(await chef(n1)).toEqual({ updated: [], told: [] });
    expect(await holdfast(n1, 'pool', 'inspect', 'fast-n1')).toMatchObject({ labels: { by: 'chef' }, spec: { class: 'ssd', devices: [disks.get(n1)] } });
  }, 5 * MINUTES);

  it('a run that is killed while it joins is gone on with by the next; the token is in no file, and not needed afterwards', async () => {
    const token = await joining(n2);
    const child = n2.spawn(['setsid', ...words('/var/tmp/node.json', 'holdfast::server')]);
    const ended = new Promise((resolve) => { child.once('close', resolve); });
    for (const until = Date.now() + 2 * MINUTES; (await n2.exec('test -e /etc/holdfast/pki -o -e /etc/holdfast/pki.joining')).status !== 0 && Date.now() < until;) await pause(20);
    await n2.must("kill -KILL $(pgrep -f '[c]lient.rb|[n]ode converge')");
    await ended;
    expect((await chef(n2)).updated).toContain('holdfast_node[n2]');
    await describeNode(n2, { join: { endpoints: [`https://${n1.address}:7480`], token_item: ITEM } });
    expect(await chef(n2)).toEqual({ updated: [], told: [] });
    expect((await n2.exec(['grep', '-rlF', token.split('.')[2] ?? '', '/etc', '/var/lib/holdfast', '/var/log', '/run/holdfast'])).stdout).toBe('');
  }, 5 * MINUTES);

  it('a third machine joins; what was changed by hand is told by why-run, and put right', async () => {
    await joining(n3);
    expect((await chef(n3)).updated).toEqual(expect.arrayContaining(['holdfast_node[n3]', 'holdfast_pool[fast-n3]']));
    expect(await chef(n3)).toEqual({ updated: [], told: [] });
    expect((await holdfast<{ readonly members: readonly unknown[] }>(n1, 'cluster', 'status')).members).toHaveLength(3);
    await n3.must(['/usr/bin/holdfast', 'node', 'update', 'n3', '--label', 'disk=hdd']);
    await n3.must(['/usr/bin/holdfast', 'pool', 'update', 'fast-n3', '--class', 'slow']);
    const before = await kept(n3);
    expect((await chef(n3, '--why-run')).told).toEqual(expect.arrayContaining([expect.stringMatching(/^update node .*ssd/), expect.stringContaining('pool_class')]));
    expect(await kept(n3)).toBe(before);
    expect((await chef(n3)).updated).toEqual(['holdfast_node[n3]', 'holdfast_pool[fast-n3]']);
    expect(await chef(n3)).toEqual({ updated: [], told: [] });
  }, 5 * MINUTES);

  async function leaving(node: LabNode, ...more: readonly string[]): Promise<RunOfClient> {
    await node.put('/var/tmp/leave.rb', `holdfast_pool "fast-#{node['hostname']}" do\n  action :remove\nend\n\nholdfast_node node['hostname'] do\n  action [:drain, :remove]\nend\n`);
    return JSON.parse(await node.must(words(...more, '/var/tmp/node.json', '/var/tmp/leave.rb'), { timeoutMs: 5 * MINUTES })) as RunOfClient;
  }

  it('a machine gives up its pool, is drained and removed: once', async () => {
    const leave = (...more: readonly string[]) => leaving(n3, ...more);
    const before = await kept(n3);
    expect((await leave('--why-run')).told).toEqual(expect.arrayContaining(['remove pool fast-n3', 'drain node n3', 'remove node n3 from its cluster']));
    expect(await kept(n3)).toBe(before);
    expect((await leave()).updated).toEqual(expect.arrayContaining(['holdfast_pool[fast-n3]', 'holdfast_node[n3]']));
    expect((await n3.exec('/etc/init.d/holdfastd status')).status).not.toBe(0);
    expect(await leave()).toEqual({ updated: [], told: [] });
    const { nodes } = await holdfast<{ readonly nodes: readonly { readonly name: string }[] }>(n1, 'cluster', 'status');
    expect(nodes.map(({ name }) => name)).toEqual(['n1', 'n2']);
  }, 5 * MINUTES);

  it('a removal that ended before its services were stopped is gone on with', async () => {
    for (const line of ['pool remove fast-n2', 'node drain n2', 'node remove n2 --yes']) await n2.must(`/usr/bin/holdfast ${line}`);
    expect((await leaving(n2)).updated).toEqual(expect.arrayContaining(['service[holdfastd]', 'file[/etc/holdfast/node.json]', 'holdfast_node[n2]']));
    expect(await leaving(n2)).toEqual({ updated: [], told: [] });
  }, 5 * MINUTES);
});
