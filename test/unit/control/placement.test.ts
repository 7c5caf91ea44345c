import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { choosePlaces } from '../../../src/control/placement/choose.ts';
import { explain } from '../../../src/control/placement/explain.ts';
import { judgePools, NO_GROUPS } from '../../../src/control/placement/judge.ts';
import type { Group } from '../../../src/control/groups.ts';
import { HoldfastError } from '../../../src/model/errors.ts';
import { availableIn } from '../../../src/model/pool.ts';
import { GIB, node, nodeId, nodesOf, pool, poolId, wish } from './placement-world.ts';

const names = (places: ReturnType<typeof choosePlaces>): readonly string[] => places.map((place) => place.pool.name);
const group = (rule: Group['rule'], nodes: Record<number, number>): Group => ({ rule, label: 'app', value: 'shop', nodes: Object.fromEntries(Object.entries(nodes).map(([n, count]) => [nodeId(Number(n)), count])) });
const refused = (act: () => unknown): HoldfastError => {
  try {
    act();
  } catch (error) {
    if (error instanceof HoldfastError) return error;
    throw error;
  }
  throw new Error('it was not refused');
};

describe('what will not do', () => {
  const reasonFor = (one: ReturnType<typeof pool>, on: ReturnType<typeof node>, change: Parameters<typeof wish>[0] = {}, groups = NO_GROUPS): string =>
    explain(wish(change), 1, [one], nodesOf(on), groups, []).candidates[0]?.reason ?? '';

  test.each<[string, string]>([
    [reasonFor(pool(1, 1), node(1, { cordoned: true, state: 'draining' })), 'its node n1 takes no new work'],
    [reasonFor(pool(1, 1), node(1, { state: 'unavailable' })), 'its node n1 is unavailable'],
    [reasonFor(pool(1, 1), node(1, { state: 'joining' })), 'its node n1 is joining'],
    [reasonFor(pool(1, 1), node(1, { roles: ['control'] })), 'its node n1 has no storage role'],
    [reasonFor(pool(1, 2), node(1)), 'its node is not known'],
    [reasonFor(pool(1, 1, { state: 'unavailable' }), node(1)), 'it is unavailable'],
    [reasonFor(pool(1, 1), node(1, { zone: 'b' }), { rules: { zones: ['a', 'c'] } }), 'its zone is b, a or c is asked for'],
    [reasonFor(pool(1, 1), node(1), { rules: { zones: ['a'] } }), 'its zone is not set, a is asked for'],
    [reasonFor(pool(1, 1), node(1), { rules: { labels: { disk: 'ssd' } } }), 'neither it nor its node n1 carries the label disk=ssd'],
    [reasonFor(pool(1, 1), node(1), { rules: { node: 'n2' } }), 'another node was asked for'],
    [reasonFor(pool(1, 1), node(1), { pool: poolId(2) }), 'another pool was asked for'],
    [reasonFor(pool(1, 1, { class: 'hdd' }), node(1), { class: 'ssd' }), 'its class is hdd, ssd is asked for'],
    [reasonFor(pool(1, 1), node(1), { rules: { anti_affinity: 'app' } }, { spread: null, antiAffinity: group('anti_affinity', { 1: 1 }) }), 'its node n1 holds a volume with the same app'],
    [reasonFor(pool(1, 1), node(1), { size_bytes: 101 * GIB }), '100 GiB can still be provisioned, 101 GiB is asked for'],
    [reasonFor(pool(1, 1), node(1), { filesystem: 'other' }), 'the snapshot is in another pool'],
  ])('is told: %s', (found, expected) => expect(found).toBe(expected));

  test('a label counts on the pool or on its node', () => {
    const rules = { labels: { disk: 'ssd', rack: '1' } };
    expect(names(choosePlaces(wish({ rules }), 1, [pool(1, 1, { labels: { disk: 'ssd' } }), pool(2, 2, { labels: { disk: 'ssd' } })], nodesOf(node(1), node(2, { labels: { rack: '1' } }))))).toEqual(['p2']);
  });

  test('a node is asked for by id or by name', () => {
    const [pools, nodes] = [[pool(1, 1), pool(2, 2)], nodesOf(node(1), node(2))];
    expect(names(choosePlaces(wish({ rules: { node: 'n2' } }), 1, pools, nodes))).toEqual(['p2']);
    expect(names(choosePlaces(wish({ rules: { node: nodeId(1) } }), 1, pools, nodes))).toEqual(['p1']);
  });
});

describe('the order of what will do', () => {
  test('is the zone with fewer of the group, then the node with fewer, then the larger free share, then the older pool', () => {
    const nodes = nodesOf(node(1, { zone: 'a' }), node(2, { zone: 'b' }), node(3, { zone: 'b' }), node(4, { zone: 'b' }));
    const pools = [pool(1, 1), pool(2, 2, { allocated: 50 * GIB }), pool(3, 3, { allocated: 10 * GIB }), pool(4, 4), pool(5, 3, { allocated: 10 * GIB })];
    const spread = group('spread_by', { 1: 5, 4: 1 });
    expect(judgePools(wish({ rules: { spread_by: 'app' } }), pools, nodes, { spread, antiAffinity: null }).map((one) => one.pool.name)).toEqual(['p3', 'p5', 'p2', 'p4', 'p1']);
  });

  test('does not count groups of nodes that are gone', () => {
    const spread = group('spread_by', { 9: 7 });
    expect(judgePools(wish(), [pool(1, 1)], nodesOf(node(1)), { spread, antiAffinity: null })[0]?.parts).toEqual({ zone_volumes: 0, node_volumes: 0, free_share: 0.99 });
  });

  test('is the same whatever the order in which pools are given, and what is chosen is the first', () => {
    fc.assert(fc.property(clusters(), fc.integer({ min: 1, max: 60 }), ({ pools, nodes, spread }, size) => {
      const [asked, groups] = [wish({ size_bytes: size * GIB, rules: { spread_by: 'app' } }), { spread, antiAffinity: null }];
      const order = judgePools(asked, pools, nodes, groups);
      expect(judgePools(asked, [...pools].reverse(), nodes, groups)).toEqual(order);
      if (order[0]?.parts == null) return;
      for (const given of [pools, [...pools].reverse()]) expect(choosePlaces(asked, 1, given, nodes, groups)[0]?.pool.id).toBe(order[0].pool.id);
    }));
  });
});

describe('several replicas', () => {
  test('lie on nodes of their own, in as many zones as there are', () => {
    const nodes = nodesOf(node(1, { zone: 'a' }), node(2, { zone: 'a' }), node(3, { zone: 'b' }));
    expect(names(choosePlaces(wish(), 2, [pool(1, 1), pool(2, 2), pool(3, 3, { allocated: 90 * GIB })], nodes))).toEqual(['p1', 'p3']);
    expect(names(choosePlaces(wish(), 3, [pool(1, 1), pool(2, 2), pool(3, 3, { allocated: 90 * GIB })], nodes))).toEqual(['p1', 'p3', 'p2']);
  });

  test('never share a node and always fit, and are refused only when fewer nodes will do', () => {
    fc.assert(fc.property(clusters(), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 60 }), ({ pools, nodes }, replicas, size) => {
      const asked = wish({ size_bytes: size * GIB });
      const fitting = new Set(judgePools(asked, pools, nodes, NO_GROUPS).filter(({ parts }) => parts !== null).map((one) => one.pool.node));
      let places: ReturnType<typeof choosePlaces>;
      try {
        places = choosePlaces(asked, replicas, pools, nodes);
      } catch (error) {
        expect(error).toBeInstanceOf(HoldfastError);
        return expect(fitting.size).toBeLessThan(replicas);
      }
      expect(new Set(places.map((place) => place.node.id)).size).toBe(replicas);
      for (const place of places) expect(availableIn(place.pool, place.filesystem)).toBeGreaterThanOrEqual(asked.size_bytes);
      const zonesOf = (ids: Iterable<string>): number => new Set([...ids].map((one) => nodes.get(one)?.spec.zone)).size;
      expect(zonesOf(places.map((place) => place.node.id))).toBe(Math.min(replicas, zonesOf(fitting)));
    }));
  });

  test('more than there are storage nodes are refused, naming both numbers', () => {
    const error = refused(() => choosePlaces(wish(), 3, [pool(1, 1), pool(2, 2)], nodesOf(node(1), node(2), node(3, { roles: ['control'] }))));
    expect(error.message).toBe('replicas: 3 are asked for, and there are 2 storage nodes');
    expect(error.code).toBe('failed_precondition');
  });

  test('that have no second place are refused saying which one and why', () => {
    const error = refused(() => choosePlaces(wish(), 2, [pool(1, 1), pool(2, 2)], nodesOf(node(1), node(2, { cordoned: true }))));
    expect(error.message).toBe('no place for replica 2 of 2 of volume db: pool p1: its node n1 holds a replica of the volume; pool p2: its node n2 takes no new work');
  });
});

describe('a refusal', () => {
  test('is about room when room is what is missing somewhere', () => {
    const error = refused(() => choosePlaces(wish({ size_bytes: 200 * GIB }), 1, [pool(1, 1), pool(2, 2)], nodesOf(node(1, { cordoned: true }), node(2))));
    expect([error.code, error.detail.field]).toEqual(['resource_exhausted', 'size']);
  });

  test('tells pools that were not asked for only when there are no others', () => {
    const nodes = nodesOf(node(1), node(2));
    expect(refused(() => choosePlaces(wish({ pool: poolId(1), size_bytes: 200 * GIB }), 1, [pool(1, 1), pool(2, 2)], nodes)).message).toBe('no place for volume db: pool p1: 100 GiB can still be provisioned, 200 GiB is asked for');
    expect(refused(() => choosePlaces(wish({ rules: { node: 'n7' } }), 1, [pool(1, 1)], nodes)).detail.field).toBe('placement.node');
  });

  test('of many pools counts them by reason, in at most ten lines', () => {
    const nodes = nodesOf(...Array.from({ length: 600 }, (_, n) => node(n, { cordoned: n < 400, zone: n < 500 ? 'a' : 'b' })));
    const pools = Array.from({ length: 600 }, (_, n) => pool(n, n, { allocated: n * 1024 ** 2 }));
    const error = refused(() => choosePlaces(wish({ size_bytes: 200 * GIB, rules: { zones: ['a'] } }), 1, pools, nodes));
    expect(error.message).toBe([
      'no place for volume db:',
      '  400 pools (p0, p1, p2, …): the node takes no new work',
      '  100 pools (p400, p401, p402, …): too little room, at most 99.61 GiB can still be provisioned and 200 GiB is asked for',
      '  100 pools (p500, p501, p502, …): another zone is asked for',
    ].join('\n'));
  });

  test('says so when there is no pool', () => {
    expect(refused(() => choosePlaces(wish(), 1, [], nodesOf(node(1)))).message).toBe('no place for volume db: there is no pool');
  });
});

describe('an explanation', () => {
  test('tells where it is, where it would be, and about each pool', () => {
    const nodes = nodesOf(node(1, { zone: 'a' }), node(2, { zone: 'b' }));
    const told = explain(wish(), 1, [pool(1, 1, { allocated: 50 * GIB }), pool(2, 2)], nodes, NO_GROUPS, [poolId(1)]);
    expect(told).toMatchObject({ chosen: [poolId(1)], chosen_now: [poolId(2)], refusal: null });
    expect(told.candidates).toEqual([
      { pool: poolId(2), name: 'p2', node: nodeId(2), node_name: 'n2', zone: 'b', fits: true, reason: '100 GiB can still be provisioned', score: 0.99, parts: { zone_volumes: 0, node_volumes: 0, free_share: 0.99 } },
      { pool: poolId(1), name: 'p1', node: nodeId(1), node_name: 'n1', zone: 'a', fits: true, reason: '50 GiB can still be provisioned', score: 0.49, parts: { zone_volumes: 0, node_volumes: 0, free_share: 0.49 } },
    ]);
  });

  test('tells why it could not be placed now', () => {
    expect(explain(wish(), 1, [pool(1, 1)], nodesOf(node(1, { cordoned: true })), NO_GROUPS, [poolId(1)])).toMatchObject({ chosen: [poolId(1)], chosen_now: [], refusal: expect.stringContaining('takes no new work') });
  });
});

function clusters() {
  return fc.record({ nodes: fc.array(fc.record({ zone: fc.constantFrom('', 'a', 'b', 'c'), cordoned: fc.boolean(), volumes: fc.integer({ min: 0, max: 3 }) }), { minLength: 3, maxLength: 8 }), pools: fc.array(fc.record({ on: fc.integer({ min: 0, max: 7 }), allocated: fc.integer({ min: 0, max: 100 }) }), { minLength: 1, maxLength: 12 }) })
    .map(({ nodes, pools }) => ({
      nodes: nodesOf(...nodes.map((one, n) => node(n, one))),
      pools: pools.map(({ on, allocated }, n) => pool(n, on % nodes.length, { allocated: allocated * GIB })),
      spread: group('spread_by', Object.fromEntries(nodes.map(({ volumes }, n) => [n, volumes]))),
    }));
}
