// holdfast_cluster and holdfast_node, driven as Terraform does, over real SSH onto lab machines. Holdfast on them is a
// stand-in that fails when a test wants it to: what must not be left half done, and what a plan says about a machine.
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createProvider } from '../../../provider/provider.ts';
import { createHarness, NOTHING, type ApplyResult, type Harness, type Kept, type Said } from '../../../provider/framework/testing.ts';
import { objectOf, type ValueObject } from '../../../provider/protocol/value.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { command, describeIf, root } from '../../lab/needs.ts';
import { createStandIn, type StandIn } from './stand-in.ts';

let lab: Lab;
let standIn: StandIn;
let harness: Harness;
const object = (values: ValueObject): ValueObject => objectOf(Object.entries(values));
const at = (index: number): LabNode => lab.node(`n${index}`);
const errors = (said: readonly Said[]): string => said.filter(({ severity }) => severity === 'error').map(({ summary, detail }) => `${summary}: ${detail}`).join('\n');
const warnings = (said: readonly Said[]): string[] => said.filter(({ severity }) => severity === 'warning').map(({ summary }) => summary);
const ok = async (result: Promise<ApplyResult>): Promise<ApplyResult> => {
  const got = await result;
  expect(errors(got.said)).toBe('');
  return got;
};

const clusterConfig = (more: ValueObject = {}): ValueObject => object({ name: 'prod', node: object({ name: 'n1', host: at(1).address, host_key: at(1).hostKey, zone: 'a' }), ...more });
const nodeConfig = (cluster: Kept, index: number, more: ValueObject = {}): ValueObject =>
  object({ cluster: cluster.state?.['bootstrap'] ?? null, name: `n${index}`, host: at(index).address, host_key: at(index).hostKey, ...more });
const newHarness = async (ssh: ValueObject = {}): Promise<Harness> => {
  const made = createHarness(createProvider({ home: '/nonexistent' }));
  expect(errors(await made.configure(object({ ssh: object({ private_key_file: lab.sshKey, known_hosts_files: [], wait: '20s', connect_timeout: '5s', ...ssh }) })))).toBe('');
  return made;
};
/** Where a machine is down on purpose. */
const IMPATIENT = { wait: '3s' };
const makeCluster = (): Promise<ApplyResult> => ok(harness.apply('holdfast_cluster', clusterConfig()));
/** Reads, then plans, as `terraform plan` does. */
async function seen(type: string, config: ValueObject | null, before: Kept) {
  const read = await harness.read(type, before);
  return { read, ...await harness.plan(type, config, { ...before, state: read.state, private: read.private }) };
}
const changed = (before: ValueObject | null, after: ValueObject | null): string[] => Object.keys(after ?? {}).filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]));

describeIf([root, command('sshd'), command('unshare'), command('curl')], 'nodes over SSH', () => {
  beforeAll(async () => {
    process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
    lab = await createLab({ nodes: 3 });
    standIn = await createStandIn(lab.hostAddress);
    await Promise.all(lab.nodes.map((node) => standIn.install(node)));
  });
  beforeEach(async () => {
    standIn.nodes.clear();
    standIn.tokens.clear();
    standIn.calls.length = 0;
    standIn.volumes = 0;
    standIn.packageVersion = '0.1.0';
    standIn.intervene = () => undefined;
    harness = await newHarness();
  });
  afterAll(async () => {
    await standIn?.close();
    await lab?.dispose();
  });

  it('makes a cluster, joins a node with a token that is never an argument, and then has nothing to do', async () => {
    const cluster = await makeCluster();
    expect(cluster.state).toMatchObject({ cluster_id: standIn.clusterId, version: '0.1.0', drift: [], endpoints: [`https://${at(1).address}:7480`], bootstrap: { hosts: [{ host: at(1).address, host_key: at(1).hostKey }] } });
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2, { zone: 'b', labels: object({ disk: 'ssd' }) })));
    expect(node.state).toMatchObject({ status: 'ready', address: `${at(2).address}:7480`, zone: 'b', roles: ['storage'], last_copies: [], version: '0.1.0', machine_id: (await at(2).read('/etc/machine-id')).trim() });
    const secret = standIn.calls.find(({ args, machine }) => machine === 'n2' && args.includes('converge') && !args.includes('--plan'))?.env;
    expect(secret).toBe('hft1.n2');
    expect(JSON.stringify(standIn.calls.map(({ args, node: file }) => [args, file]))).not.toContain('hft1.');
    expect(JSON.stringify([cluster, node])).not.toContain('hft1.');
    expect(standIn.tokens.size).toBe(0);
    expect((await at(2).exec('ls -A /run/holdfast')).stdout).toBe('');

    const again = await seen('holdfast_node', nodeConfig(cluster, 2, { zone: 'b', labels: object({ disk: 'ssd' }) }), node);
    expect(again).toMatchObject({ said: [], replaces: [] });
    expect(changed(again.read.state, again.plan)).toEqual([]);
    const clusterAgain = await seen('holdfast_cluster', clusterConfig(), cluster);
    expect(clusterAgain.said).toEqual([]);
    expect(changed(clusterAgain.read.state, clusterAgain.plan)).toEqual([]);
  });

  it('shows what was changed on the machine, and mends it', async () => {
    const cluster = await makeCluster();
    const config = nodeConfig(cluster, 2, { zone: 'b' });
    const node = await ok(harness.apply('holdfast_node', config));
    const there = [...standIn.nodes.values()].find(({ name }) => name === 'n2');
    Object.assign(there ?? {}, { state: 'unavailable', zone: 'elsewhere', version: '0.0.9' });
    const { read, plan, said } = await seen('holdfast_node', config, node);
    expect(read.state).toMatchObject({ zone: 'elsewhere', version: '0.0.9', status: 'unavailable', drift: ['package: version 0.0.9, was 0.1.0', 'node n2: update', 'service holdfastd: start'].map((line) => expect.stringContaining(line.split(':')[0] ?? '')) });
    expect(changed(read.state, plan).sort()).toEqual(['drift', 'status', 'version', 'zone']);
    expect(warnings(said)).toEqual(['Machine is not as it should be']);
    const mended = await ok(harness.apply('holdfast_node', config, { ...read }));
    expect(mended.state).toMatchObject({ zone: 'b', status: 'ready', drift: [] });
  });

  it('leaves nothing of a join that fails: no token, no record, no identity; the next apply makes it', async () => {
    const cluster = await makeCluster();
    standIn.intervene = ({ machine, args }) => (machine === 'n2' && args.includes('converge') && !args.includes('--plan') ? { status: 5, stderr: 'unavailable: the disk is full\n' } : undefined);
    const failed = await harness.apply('holdfast_node', nodeConfig(cluster, 2));
    expect(failed.state).toBeNull();
    expect(errors(failed.said)).toContain('the disk is full');
    expect(standIn.tokens.size).toBe(0);
    expect(standIn.nodes.size).toBe(1);
    standIn.intervene = () => undefined;
    harness = await newHarness();
    expect((await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)))).state).toMatchObject({ status: 'ready' });
  });

  it('takes out what a machine that was lost in the middle of joining left, and joins it again', async () => {
    const cluster = await makeCluster();
    standIn.intervene = async ({ machine, args }) => {
      if (machine !== 'n2' || !args.includes('converge') || args.includes('--plan')) return undefined;
      // It has begun to join, and then it is gone: nobody can clean up there.
      standIn.nodes.set('lost', { id: 'node_lost', name: 'n2', machine_id: 'lost', address: '', state: 'joining', version: '', zone: '', labels: {}, roles: [], holdings: [] });
      await at(2).kill();
      return { status: 1 };
    };
    harness = await newHarness(IMPATIENT);
    const failed = await harness.apply('holdfast_node', nodeConfig(cluster, 2));
    expect(failed.state).toBeNull();
    expect(errors(failed.said)).toContain('Machine cannot be reached');
    expect(standIn.tokens.size).toBe(0);
    standIn.intervene = () => undefined;
    await at(2).boot();
    harness = await newHarness();
    expect((await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)))).state).toMatchObject({ status: 'ready' });
    expect([...standIn.nodes.values()].map(({ name }) => name).sort()).toEqual(['n1', 'n2']);
  });

  it('takes up a node that a killed run had made, but none that holds volumes or is another\'s', async () => {
    const cluster = await makeCluster();
    await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    harness = await newHarness();
    const taken = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    expect(warnings(taken.said)).toEqual(['Node of an interrupted run is taken']);
    const there = [...standIn.nodes.values()].find(({ name }) => name === 'n2');
    there?.holdings.push({ name: 'db', size_bytes: 1, last_copy: true, attached: false, consumers: [] });
    harness = await newHarness();
    expect(errors((await harness.apply('holdfast_node', nodeConfig(cluster, 2))).said)).toContain('it holds 1 volume(s)');
    expect(errors((await harness.apply('holdfast_node', nodeConfig(cluster, 2, { name: 'other' }))).said)).toContain('it is the node "n2"');
    harness = await newHarness();
    expect(errors((await harness.apply('holdfast_node', nodeConfig(cluster, 3, { name: 'n2' }))).said)).toContain('Node exists already');
  });

  it('two of one name: one is made, the other is refused before anything is done', async () => {
    const cluster = await makeCluster();
    standIn.calls.length = 0;
    const both = await Promise.all([harness.apply('holdfast_node', nodeConfig(cluster, 2)), harness.apply('holdfast_node', nodeConfig(cluster, 3, { name: 'n2' }))]);
    expect(both.map(({ said }) => errors(said)).sort()).toEqual(['', expect.stringContaining('Name is declared twice')]);
    expect(standIn.nodes.size).toBe(2);
    expect(standIn.tokens.size).toBe(0);
  });

  it('a join that fails takes out no other machine that joins under the name', async () => {
    const cluster = await makeCluster();
    standIn.intervene = ({ machine, args }) => {
      if (machine !== 'n2' || !args.includes('converge') || args.includes('--plan')) return undefined;
      standIn.nodes.set('other', { id: 'node_other', name: 'n2', machine_id: 'other', address: '', state: 'joining', version: '', zone: '', labels: {}, roles: [], holdings: [] });
      return { status: 4, stderr: 'conflict: there is a node n2 already\n' };
    };
    expect(errors((await harness.apply('holdfast_node', nodeConfig(cluster, 2))).said)).toContain('there is a node n2 already');
    expect(standIn.nodes.has('other')).toBe(true);
  });

  it('a node that somebody took out of the cluster is made anew, though its machine still believes to be one', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    const id = (await at(2).read('/etc/machine-id')).trim();
    await at(2).must('mkdir -p /etc/holdfast/pki');
    await at(2).put('/etc/holdfast/pki/membership.json', JSON.stringify({ cluster_id: standIn.clusterId, node_id: node.state?.['node_id'] }));
    standIn.nodes.delete(id);
    standIn.intervene = async ({ machine, args }) => (machine === 'n2' && args.includes('converge') && (await at(2).exec('test -e /etc/holdfast/pki')).status === 0
      ? { status: 4, stderr: 'failed_precondition: this machine is not in the cluster any more: it was removed\n' } : undefined);
    const read = await harness.read('holdfast_node', node);
    expect([read.state, errors(read.said)]).toEqual([null, '']);
    harness = await newHarness();
    const again = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    expect(warnings(again.said)).toEqual(['Machine of a removed node joins anew']);
    expect(again.state).toMatchObject({ status: 'ready' });
    expect(again.state?.['node_id']).not.toBe(node.state?.['node_id']);
  });

  it('a cluster whose making was cut off before its daemon ran is finished', async () => {
    const cluster = await makeCluster();
    const first = [...standIn.nodes.values()][0];
    Object.assign(first ?? {}, { state: 'unavailable' });
    standIn.intervene = ({ args }) => (first?.state === 'unavailable' && !args.includes('converge') ? { status: 5, stderr: 'unavailable: nothing answers\n' } : undefined);
    harness = await newHarness();
    const again = await ok(harness.apply('holdfast_cluster', clusterConfig()));
    expect(warnings(again.said)).toEqual(['Cluster of an interrupted run is taken']);
    expect(again.state?.['cluster_id']).toBe(cluster.state?.['cluster_id']);
  });

  it('a converge that still runs there is waited for', async () => {
    const cluster = await makeCluster();
    await at(2).must('mkdir -p /run/holdfast; (exec -a converge sleep 3) >/dev/null 2>&1 & echo "{\\"pid\\":$!}" >/run/holdfast/converge.lock');
    let early = false;
    standIn.intervene = async ({ machine }) => {
      if (machine === 'n2') early ||= (await at(2).exec('grep -qs converge /proc/$(sed "s/[^0-9]//g" /run/holdfast/converge.lock)/cmdline')).status === 0;
      return undefined;
    };
    expect((await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)))).state).toMatchObject({ status: 'ready' });
    expect(early).toBe(false);
    await at(2).must('rm -f /run/holdfast/converge.lock');
  });

  it('a machine that is not seen is an error of the plan, and never gone', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    await at(2).kill();
    harness = await newHarness(IMPATIENT);
    const { read, said } = await seen('holdfast_node', nodeConfig(cluster, 2), node);
    expect(read.state).toMatchObject({ name: 'n2', status: 'ready' });
    expect(errors(said)).toContain('Machine cannot be reached');
    // With another way to the machine the plan goes on.
    const moved = await harness.plan('holdfast_node', nodeConfig(cluster, 2, { host: 'n2.example' }), { ...read });
    expect(errors(moved.said)).toBe('');
    await at(2).boot();
    harness = await newHarness();
    expect(errors((await seen('holdfast_node', nodeConfig(cluster, 2), { ...read })).said)).toBe('');
  });

  it('a wrong host key stops everything before anything is sent', async () => {
    const cluster = await makeCluster();
    const before = standIn.calls.length;
    const refused = await harness.apply('holdfast_node', nodeConfig(cluster, 2, { host_key: at(3).hostKey }));
    expect(errors(refused.said)).toMatch(/Host key is not trusted[^]*shown: SHA256:[^]*given: SHA256:/);
    harness = await newHarness();
    const unknown = await harness.apply('holdfast_node', nodeConfig(cluster, 2, { host_key: null }));
    expect(errors(unknown.said)).toContain('is not in known_hosts');
    expect(standIn.calls.slice(before).filter(({ machine }) => machine === 'n2')).toEqual([]);
  });

  it('a machine that was rebuilt shows as a replacement', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    const before = await at(2).read('/etc/machine-id');
    await at(2).must(`rm -f /etc/machine-id; echo ${randomBytes(16).toString('hex')} > /etc/machine-id`);
    const { replaces, plan, said } = await seen('holdfast_node', nodeConfig(cluster, 2), node);
    expect(replaces).toEqual(['node_id']);
    expect(warnings(said)).toContain('Machine was rebuilt');
    expect(JSON.stringify(plan?.['node_id'])).not.toBe(JSON.stringify(node.state?.['node_id']));
    await at(2).must(`echo ${before.trim()} > /etc/machine-id`);
  });

  it('another machine_id replaces the node: the old one is drained and removed before the new one joins', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2, { machine_id: 'i-1' })));
    standIn.calls.length = 0;
    const planned = await harness.plan('holdfast_node', nodeConfig(cluster, 3, { name: 'n2', machine_id: 'i-2' }), node);
    expect(planned.replaces).toContain('machine_id');
    harness = await newHarness();
    const replaced = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 3, { name: 'n2', machine_id: 'i-2' }), node));
    expect(replaced.state).toMatchObject({ machine_id: 'i-2', host: at(3).address });
    const order = standIn.changes().map((line) => line.replace(/node_\w+/, 'ID'));
    expect(order.indexOf('n1: node drain ID')).toBeLessThan(order.indexOf('n1: node remove ID --yes'));
    expect(order.indexOf('n1: node remove ID --yes')).toBeLessThan(order.findIndex((line) => line.startsWith('n3: node converge')));
  });

  it('destroying a node drains it, removes it and takes its identity; its data stays', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    await at(2).must('mkdir -p /etc/holdfast/pki /var/lib/holdfast/store /var/lib/holdfast/pools/p; touch /etc/holdfast/pki/node.key /var/lib/holdfast/store/store.db /var/lib/holdfast/pools/p/image');
    standIn.calls.length = 0;
    expect((await ok(harness.apply('holdfast_node', null, node))).state).toBeNull();
    expect(standIn.changes().map((line) => line.replace(/node_\w+/, 'ID'))).toEqual(['n1: node drain ID', 'n1: node remove ID --yes']);
    expect((await at(2).must('cd / && ls etc/holdfast; ls var/lib/holdfast; ls var/lib/holdfast/pools/p')).split('\n')).toEqual(['pools', expect.stringMatching(/^store\.left-/), 'image']);
    await at(2).must('rm -rf /var/lib/holdfast');
  });

  it('last copies refuse the destruction while it is planned, unless they are given up', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    [...standIn.nodes.values()].find(({ name }) => name === 'n2')?.holdings.push({ name: 'db', size_bytes: 1, last_copy: true, attached: false, consumers: [] });
    const refused = await harness.plan('holdfast_node', null, node);
    expect(errors(refused.said)).toMatch(/Node holds last copies: .*only copy of 1 volume\(s\): db/);
    expect((await seen('holdfast_node', nodeConfig(cluster, 2), node)).read.state).toMatchObject({ last_copies: ['db'] });
    const forgetful = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2, { on_destroy: 'forget' }), node));
    standIn.calls.length = 0;
    await ok(harness.apply('holdfast_node', null, forgetful));
    expect(standIn.changes().map((line) => line.replace(/node_\w+/, 'ID'))).toEqual(['n1: node remove ID --yes --abandon']);
  });

  it('volumes that the same run may destroy before their node are a warning while it is planned; apply looks again', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    const held = [...standIn.nodes.values()].find(({ name }) => name === 'n2')?.holdings;
    held?.push({ name: 'db', size_bytes: 1, last_copy: true, attached: false, consumers: [] });
    standIn.intervene = ({ args }) => (args[0] === 'volume' && args[1] === 'inspect' ? { stdout: JSON.stringify({ spec: { deletion_protection: false } }) } : undefined);
    const planned = await harness.plan('holdfast_node', null, node);
    expect([errors(planned.said), warnings(planned.said)]).toEqual(['', ['Node holds last copies']]);
    standIn.calls.length = 0;
    expect(errors((await harness.apply('holdfast_node', null, node)).said)).toContain('Node holds last copies');
    expect(standIn.changes()).toEqual([]);
    held?.pop();
    await ok(harness.apply('holdfast_node', null, node));
  });

  it('upgrades one node after another, each when the cluster is whole', async () => {
    const cluster = await makeCluster();
    const deb = `${lab.sshKey}.deb`;
    writeFileSync(deb, 'old');
    const config = (index: number): ValueObject => nodeConfig(cluster, index, { package: object({ file: deb, apt: null }) });
    const made = await Promise.all([2, 3].map((index) => ok(harness.apply('holdfast_node', config(index)))));
    writeFileSync(deb, 'new');
    standIn.packageVersion = '0.2.0';
    let running = 0;
    let most = 0;
    let sick = 2;
    let upgrading = false;
    standIn.intervene = async ({ args }) => {
      // The cluster needs a moment to be whole again.
      if (upgrading && args[0] === 'cluster' && args[1] === 'status' && sick > 0) {
        sick -= 1;
        return { stdout: JSON.stringify({ id: standIn.clusterId, name: 'prod', nodes: [], members: [{ name: 'elsewhere', healthy: false, learner: false }] }) };
      }
      if (!args.includes('converge') || args.includes('--plan')) return undefined;
      upgrading = true;
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => { setTimeout(resolve, 100); });
      running -= 1;
      return undefined;
    };
    const upgraded = await Promise.all([2, 3].map((index, place) => ok(harness.apply('holdfast_node', config(index), made[place] ?? NOTHING))));
    expect(upgraded.map(({ state }) => state?.['version'])).toEqual(['0.2.0', '0.2.0']);
    expect(most).toBe(1);
    expect(sick).toBe(0);
    expect((await at(2).exec('find /var/cache/holdfast -type f')).stdout).toBe('');
  });

  it('upgrades the first node, too, only when the cluster is whole', async () => {
    const deb = `${lab.sshKey}-first.deb`;
    writeFileSync(deb, 'old');
    const config = clusterConfig({ package: object({ file: deb, apt: null }) });
    const cluster = await ok(harness.apply('holdfast_cluster', config));
    writeFileSync(deb, 'new');
    standIn.packageVersion = '0.2.0';
    const order: string[] = [];
    let sick = 2;
    standIn.intervene = ({ args }) => {
      if (args.includes('converge') && !args.includes('--plan')) order.push('upgraded');
      if (args[0] !== 'cluster' || args[1] !== 'status' || sick === 0) return undefined;
      sick -= 1;
      order.push('sick');
      return { stdout: JSON.stringify({ id: standIn.clusterId, name: 'prod', nodes: [], members: [{ name: 'n2', healthy: false, learner: false }] }) };
    };
    expect((await ok(harness.apply('holdfast_cluster', config, cluster))).state).toMatchObject({ version: '0.2.0' });
    expect(order).toEqual(['sick', 'sick', 'upgraded']);
  });

  it('asks another machine of the cluster when the first one is down', async () => {
    const cluster = await ok(harness.apply('holdfast_cluster', clusterConfig({ control_hosts: [object({ host: at(3).address, host_key: at(3).hostKey })] })));
    await at(1).kill();
    harness = await newHarness(IMPATIENT);
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    expect(node.state).toMatchObject({ status: 'ready' });
    // Where none answers, each is told.
    standIn.intervene = ({ machine }) => (machine === 'n3' ? { status: 5, stderr: 'unavailable: no socket\n' } : undefined);
    expect(errors((await harness.apply('holdfast_node', null, node)).said)).toMatch(new RegExp(`${at(1).address}[^]*no socket`));
    await at(1).boot();
  });

  it('cluster and node are imported by their machines', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2, { zone: 'b' })));
    harness = await newHarness({ known_hosts_files: [lab.knownHosts] });
    const found = await ok(harness.import('holdfast_cluster', { id: at(1).address }));
    expect(found.state).toMatchObject({ name: 'prod', cluster_id: standIn.clusterId, node: { name: 'n1', host: at(1).address, zone: 'a' }, drift: [] });
    // What imports cannot know is put in place by the next apply, and changes nothing on the machine.
    const { replaces, said } = await harness.plan('holdfast_cluster', clusterConfig(), found);
    expect([replaces, said]).toEqual([[], []]);
    const second = await ok(harness.import('holdfast_node', { id: `root@${at(2).address}:22` }));
    expect(second.state).toMatchObject({ name: 'n2', node_id: node.state?.['node_id'], zone: 'b', status: 'ready', machine_id: node.state?.['machine_id'] });
    expect((await harness.plan('holdfast_node', nodeConfig(cluster, 2, { zone: 'b' }), second)).replaces).toEqual([]);
    expect(errors((await harness.import('holdfast_node', { id: 'not a machine' })).said)).toContain('[user@]host[:port]');
  });

  it('a cluster is destroyed when nothing is left in it, and never taken over in silence', async () => {
    const cluster = await makeCluster();
    const node = await ok(harness.apply('holdfast_node', nodeConfig(cluster, 2)));
    expect(errors((await harness.apply('holdfast_cluster', null, cluster)).said)).toContain('still has 1 other node(s): n2');
    await ok(harness.apply('holdfast_node', null, node));
    standIn.volumes = 2;
    expect(errors((await harness.apply('holdfast_cluster', clusterConfig())).said)).toMatch(/Cluster exists already.*volumes are in it/);
    expect(errors((await harness.apply('holdfast_cluster', null, cluster)).said)).toContain('still has 2 volume(s)');
    standIn.volumes = 0;
    expect(warnings((await ok(harness.apply('holdfast_cluster', clusterConfig()))).said)).toEqual(['Cluster of an interrupted run is taken']);
    await at(1).kill();
    harness = await newHarness(IMPATIENT);
    expect(errors((await harness.apply('holdfast_cluster', null, cluster)).said)).toMatch(/cannot be reached[^]*removed \{/);
    await at(1).boot();
    harness = await newHarness();
    expect((await ok(harness.apply('holdfast_cluster', null, cluster))).state).toBeNull();
  });
});
