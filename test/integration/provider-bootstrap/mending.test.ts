// Several nodes of a cluster that are mended by one run of Terraform, over real SSH onto lab machines with a stand-in of
// Holdfast: none of them waits for another that waits for it.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { createProvider } from '../../../provider/provider.ts';
import { createHarness, type ApplyResult, type Harness } from '../../../provider/framework/testing.ts';
import { objectOf, type ValueObject } from '../../../provider/protocol/value.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { command, describeIf, root } from '../../lab/needs.ts';
import { createStandIn, type StandIn } from './stand-in.ts';

const object = (values: ValueObject): ValueObject => objectOf(Object.entries(values));

describeIf([root, command('sshd'), command('unshare'), command('curl')], 'nodes that are mended by one run', () => {
  let lab: Lab;
  let standIn: StandIn;
  let harness: Harness;
  let deb: string;
  const at = (index: number): LabNode => lab.node(`n${index}`);
  const ok = async (result: Promise<ApplyResult>): Promise<ApplyResult> => {
    const got = await result;
    expect(got.said.filter(({ severity }) => severity === 'error')).toEqual([]);
    return got;
  };
  beforeAll(async () => {
    process.env['HOLDFAST_PROVIDER_STRICT'] = '1';
    lab = await createLab({ nodes: 3 });
    standIn = await createStandIn(lab.hostAddress);
    await Promise.all(lab.nodes.map((node) => standIn.install(node)));
    deb = `${lab.sshKey}.deb`;
    writeFileSync(deb, 'the same all the time');
  });
  afterAll(async () => {
    await standIn?.close();
    await lab?.dispose();
  });

  it.each(['n2', 'n3'])('are so while %s is down and the other one is not as it should be', async (down) => {
    standIn.nodes.clear();
    harness = createHarness(createProvider({ home: '/nonexistent' }));
    await harness.configure(object({ ssh: object({ private_key_file: lab.sshKey, known_hosts_files: [] }) }));
    const cluster = await ok(harness.apply('holdfast_cluster', object({ name: 'prod', node: object({ name: 'n1', host: at(1).address, host_key: at(1).hostKey }) })));
    const configs = [2, 3].map((index) => object({ cluster: cluster.state?.['bootstrap'] ?? null, name: `n${index}`, host: at(index).address, host_key: at(index).hostKey, zone: 'b', package: object({ file: deb, apt: null }) }));
    const made = await Promise.all(configs.map((config) => ok(harness.apply('holdfast_node', config))));
    for (const there of standIn.nodes.values()) if (there.name !== 'n1') Object.assign(there, there.name === down ? { state: 'unavailable' } : { zone: 'elsewhere' });
    const seen = await Promise.all(made.map(async (node) => {
      const read = await harness.read('holdfast_node', node);
      return { ...node, state: read.state, private: read.private };
    }));
    standIn.calls.length = 0;
    const mend = (place: number): Promise<ApplyResult> => ok(harness.apply('holdfast_node', configs[place] ?? null, seen[place]));
    const early = down === 'n2' ? 1 : 0;
    const first = mend(early);
    // It has seen that the cluster is not whole, and waits.
    while (!standIn.calls.some(({ args }) => args[0] === 'cluster' && args[1] === 'status')) await new Promise((resolve) => { setTimeout(resolve, 20); });
    const second = mend(1 - early);
    const mended = await Promise.all(early === 0 ? [first, second] : [second, first]);
    expect(mended.map(({ state }) => state)).toMatchObject([{ status: 'ready', zone: 'b', drift: [] }, { status: 'ready', zone: 'b', drift: [] }]);
    for (const node of mended) await ok(harness.apply('holdfast_node', null, node));
    await ok(harness.apply('holdfast_cluster', null, cluster));
  });
});
