/** Placement rules as users meet them: asked on any node, kept by all at once, and exact whatever becomes of the volumes. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { counted, emptyGroup, groupKey, groupsOf, type Group } from '../../../../src/control/groups.ts';
import type { Volume } from '../../../../src/model/volume.ts';
import { GIB, POOL_PATH } from '../bench.ts';
import { refusal, testCluster, type TestCluster, type TestNode } from './bench.ts';

let cluster: TestCluster;
let all: readonly TestNode[];

const begin = async (): Promise<void> => {
  cluster = await testCluster();
  all = ['n1', 'n2', 'n3'].map((name) => cluster.node(name));
  for (const node of all) await cluster.done(at(0), at(0).control.createPool({ name: `p-${node.name}`, node: node.name, kind: 'directory', path: POOL_PATH }));
};
const at = (i: number): TestNode => all[i % all.length] as TestNode;
const rules = { anti_affinity: 'app' };
const make = (i: number, name: string, app: string, placement: object = rules): Promise<unknown> => cluster.done(at(i), at(i).control.createVolume({ name, size_bytes: GIB, labels: { app }, placement }));
const volumes = async (): Promise<readonly Volume[]> => (await cluster.store.list<Volume>('/volumes/')).entries.map(({ value }) => value);
const nodeOf = async (name: string): Promise<string> => (await at(0).control.getVolume(name)).replication.replicas[0]?.node ?? '';

/** The groups as the live volumes make them. */
async function counts(): Promise<Record<string, Group>> {
  const groups: Record<string, Group> = {};
  for (const volume of await volumes()) {
    for (const name of groupsOf(volume.spec.placement, volume.labels)) groups[groupKey(name)] = counted(groups[groupKey(name)] ?? emptyGroup(name), volume.replication.replicas.map(({ node }) => node), 1);
  }
  return groups;
}
const recorded = async (): Promise<Record<string, Group>> => Object.fromEntries((await cluster.store.list<Group>('/groups/')).entries.map(({ key, value }) => [key, value]));

beforeEach(begin);
afterEach(() => cluster.stop());

describe('anti-affinity', () => {
  it('keeps volumes apart that are asked for on all nodes at once, and refuses the one too many saying why', async () => {
    const outcomes = await Promise.all(Array.from({ length: 5 }, (_, i) => refusal(make(i, `v${i}`, 'db')).catch(() => null)));
    expect((await volumes()).map(({ replication }) => replication.replicas[0]?.node).sort()).toEqual(all.map(({ id }) => id).sort());
    const refused = outcomes.filter((one) => one !== null);
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ code: 'failed_precondition', detail: { field: 'placement.anti_affinity' } });
    expect(refused[0]?.message).toContain('pool p-n2: its node n2 holds a volume with the same app');
  });

  it('lets a node be used again when its volume is in the trash, and says so when that one comes back', async () => {
    for (let i = 0; i < 3; i += 1) await make(i, `v${i}`, 'db');
    const freed = await nodeOf('v1');
    await cluster.done(at(0), at(0).control.removeVolume('v1'));
    await make(2, 'v3', 'db');
    expect(await nodeOf('v3')).toBe(freed);
    await at(1).control.restoreTrash('v1');
    expect(await cluster.events()).toContainEqual(expect.stringMatching(/^NotApart: volume v1 .* app=db/));
    expect(await recorded()).toEqual(await counts());
  });

  it('refuses a label that would bring two together', async () => {
    await make(0, 'a', 'db');
    const node = await nodeOf('a');
    await make(1, 'b', 'web', { ...rules, node });
    expect(await refusal(at(2).control.updateVolume('b', { labels: { app: 'db' } }))).toMatchObject({ code: 'failed_precondition', detail: { field: 'labels' } });
    await at(2).control.updateVolume('b', { labels: { app: 'mail' } });
    expect(await recorded()).toEqual(await counts());
  });

  it('does not concern volumes without the rule', async () => {
    for (let i = 0; i < 3; i += 1) await make(i, `v${i}`, 'db');
    await make(0, 'free', 'db', { spread_by: 'app' });
    expect(await recorded()).toEqual(await counts());
  });
});

describe('a spread', () => {
  it('puts volumes of one value on nodes in turn', async () => {
    await Promise.all(Array.from({ length: 6 }, (_, i) => make(i, `v${i}`, 'db', { spread_by: 'app' })));
    for (const { id } of all) expect((await volumes()).filter(({ replication }) => replication.replicas[0]?.node === id)).toHaveLength(2);
  });
});

describe('the counts of groups', () => {
  it('are those of the live volumes, whatever many daemons do at once', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.record({ node: fc.nat(2), volume: fc.nat(4), app: fc.constantFrom('a', 'b'), what: fc.constantFrom('make', 'make', 'trash', 'purge', 'restore', 'relabel') }), { minLength: 1, maxLength: 12 }), async (steps) => {
      await cluster.stop();
      await begin();
      const ignore = (): undefined => undefined;
      const done = (i: number, what: Parameters<TestCluster['done']>[1]): Promise<unknown> => cluster.done(at(i), what).catch(ignore);
      for (let i = 0; i < steps.length; i += 3) {
        await Promise.all(steps.slice(i, i + 3).map(async ({ node, volume, app, what }) => {
          const [{ control }, name] = [at(node), `v${volume}`];
          if (what === 'make') await make(node, name, app, volume % 2 === 0 ? rules : { ...rules, spread_by: 'app' }).catch(ignore);
          else if (what === 'relabel') await control.updateVolume(name, { labels: { app } }).catch(ignore);
          else if (what === 'restore') await control.restoreTrash(name).catch(ignore);
          else await done(node, control.removeVolume(name, { purge: what === 'purge' }));
        }));
      }
      expect(await recorded()).toEqual(await counts());
      expect(await cluster.faults()).toEqual([]);
    }), { numRuns: 15 });
  });
});

describe('a request', () => {
  it('for a node that is not in the cluster is refused, naming those that are', async () => {
    expect(await refusal(make(0, 'v', 'db', { node: 'n9' }))).toMatchObject({ code: 'failed_precondition', detail: { field: 'placement.node', hint: 'One of: n1, n2, n3.' } });
  });
  it('with a rule by a label that the volume lacks is refused', async () => {
    expect(await refusal(make(0, 'v', 'db', { spread_by: 'tier' }))).toMatchObject({ code: 'invalid_argument', detail: { field: 'placement.spread_by' } });
    expect(await refusal(make(0, 'v', 'db', { zones: ['Rack 1'] }))).toMatchObject({ code: 'invalid_argument', detail: { field: 'placement.zones' } });
  });
  it('for several copies is refused: this version keeps one', async () => {
    expect(await refusal(at(0).control.createVolume({ name: 'v', replicas: 3 }))).toMatchObject({ code: 'unsupported', detail: { field: 'replicas' } });
  });
  it('keeps its rules in the volume, without what says nothing', async () => {
    await make(0, 'v', 'db', { zones: [], labels: {}, spread_by: 'app' });
    expect((await at(1).control.getVolume('v')).spec.placement).toEqual({ spread_by: 'app' });
    await cluster.done(at(0), at(0).control.createVolume({ name: 'w', size_bytes: GIB, placement: {} }));
    expect(await at(1).control.getVolume('w').then(({ spec }) => 'placement' in spec)).toBe(false);
  });
});

describe('an explanation', () => {
  it('tells from any node where the volume is and where it would be now', async () => {
    await make(0, 'v', 'db', { node: 'n2', anti_affinity: 'app' });
    const told = await at(2).control.explainVolume('v');
    expect(told.chosen).toEqual(told.chosen_now);
    expect(told.candidates.map(({ node_name, reason }) => [node_name, reason])).toEqual(expect.arrayContaining([['n1', 'another node was asked for'], ['n3', 'another node was asked for']]));
    await at(0).control.drainNode('n2');
    expect(await at(2).control.explainVolume('v')).toMatchObject({ chosen: told.chosen, chosen_now: [], refusal: expect.stringContaining('its node n2 takes no new work') });
  });
});
