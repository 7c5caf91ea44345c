/** Chains of faults that chance alone would seldom bring together, each with the conditions under which it tells most. */
import type { Fault, Media, Plan } from './plan.ts';
import type { Random } from './random.ts';

export interface Told {
  readonly faults: readonly Fault[];
  readonly conditions?: Partial<Pick<Plan, 'starts' | 'regions' | 'regionBlocks' | 'thinks' | 'stays' | 'strays' | 'flushes' | 'media' | 'requestsAtOnce'>>;
}

interface Story {
  /** null: any number of them. */
  readonly replicas: number | null;
  /** There is a node without a replica, the last one. */
  readonly spare?: true;
  readonly tell: (rng: Random, nodes: number, replicas: number, at: number) => Told;
}

const FAST: Media = { data: 2, map: 2, regions: 2, slowest: { percent: 3, ms: 150 } };
const SLOW_REGIONS: Media = { data: 20, map: 20, regions: 900, slowest: { percent: 3, ms: 150 } };
const SLOW_MAPS: Media = { data: 2, map: 400, regions: 2, slowest: { percent: 12, ms: 600 } };
const SOME_VERY_SLOW: Media = { data: 3, map: 5, regions: 20, slowest: { percent: 4, ms: 6_000 } };
const BUSY = { regions: 2, regionBlocks: 4, thinks: 400, requestsAtOnce: 1 };

const another = (rng: Random, nodes: number, node: number): number => (node + rng.between(1, nodes - 1)) % nodes;

/** The writer sleeps or is cut off long enough to be replaced, and wakes. */
const sleeper: Story = { replicas: null, tell: (rng, nodes, _replicas, at) => {
  const node = rng.between(0, nodes - 1);
  const ms = rng.between(4_500, 10_000);
  return { conditions: { starts: node }, faults: [{ at: at + 1_500, kind: rng.pick(['freeze', 'isolate'] as const), node, ms }, { at: at + 1_500 + rng.between(100, 3_000), kind: 'grab', to: another(rng, nodes, node) }] };
} };

/** The writer loses the store alone, so its grants are good when it is replaced, and hears from nobody that it was; perhaps the server that gave a grant forgets it. */
const unheard: Story = { replicas: null, tell: (rng, nodes, replicas, at) => {
  const node = rng.between(0, replicas - 1);
  const taken = { what: 'reserve', n: 1, since: at + 4_400 } as const;
  const killed = another(rng, replicas, node);
  return { conditions: { ...BUSY, starts: node, media: FAST, flushes: 2 }, faults: [
    { at: at + 1_500, kind: 'store-away', node, ms: 11_000 },
    { at: at + 1_500 + rng.between(100, 3_000), kind: 'grab', to: another(rng, nodes, node) }, { at: 0, on: taken, kind: 'deaf', node, ms: rng.between(2_500, 5_000) },
    ...(rng.chance(0.5) ? [{ at: rng.between(0, 5), on: taken, kind: 'kill', node: killed, ms: rng.between(5, 60) } as const] : []),
  ] };
} };

/** The same, but it is replaced by a node that is slow to say so, and answers to its last renewals are held back and come when the other one writes. */
const late: Story = { replicas: 2, spare: true, tell: (rng, nodes, replicas, at) => {
  const node = rng.between(0, replicas - 1);
  const taken = { at: 0, on: { what: 'reserve', n: 1, since: at + 4_400 } } as const;
  const ms = rng.between(3_800, 4_800);
  return { conditions: { ...BUSY, regions: 1, thinks: 200, starts: node, media: FAST, flushes: 2 }, faults: [
    { at: at + 1_500, kind: 'store-away', node, ms: 12_000 }, { at: at + 1_500 + rng.between(100, 3_000), kind: 'grab', to: nodes - 1 },
    { ...taken, kind: 'deaf', node, ms }, { ...taken, at: 1, kind: 'cut', from: nodes - 1, to: node, both: false, ms: ms + 2_000 },
    ...Array.from({ length: replicas }, (_, to): Fault => ({ ...taken, kind: 'slow-link', from: nodes - 1, to, ms: 900 })), { at: at + 11_000, kind: 'slow-link', from: 0, to: 1, ms: 10 },
  ] };
} };

/** One after another goes and comes back: who returned last is soon alone. */
const oneAfterAnother: Story = { replicas: null, tell: (rng, nodes, _replicas, at) => ({
  faults: Array.from({ length: 3 }, (_, index): Fault => ({ at: at + index * rng.between(1_500, 4_000), kind: 'power', node: (rng.between(0, 1) + index) % nodes, ms: rng.between(500, 6_000) })),
}) };

/** Three replicas: one is away throughout; of the others one returns and joins, and then the only one that was always there goes for good. */
const rotation: Story = { replicas: 3, tell: (rng, _nodes, _replicas, at) => {
  const [stays, returns, away] = rng.pick([[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 2, 1]] as const);
  return { conditions: { starts: stays, regions: 8, regionBlocks: 2, stays: 1_200, strays: 0, thinks: 700, media: FAST }, faults: [
    { at: at + 1_500, kind: 'power', node: away, ms: rng.between(11_000, 15_000) }, { at: at + rng.between(1_500, 3_000), kind: 'power', node: returns, ms: rng.between(3_500, 5_000) },
    { at: rng.between(50, 1_500), on: { what: 'join', n: 1, since: at + 3_000 }, kind: 'power', node: stays, ms: 30_000 }, { at: at + 17_000, kind: 'reset', node: returns },
  ] };
} };

/** A replica returns over bad links, and its neighbour goes. */
const badReturn: Story = { replicas: null, tell: (rng, nodes, _replicas, at) => {
  const node = rng.between(0, nodes - 1);
  return { faults: [
    { at, kind: 'reset', node }, { at: at + rng.between(0, 900), kind: 'slow-disk', node, ms: rng.between(500, 4_000) }, { at: at + rng.between(200, 3_000), kind: 'reset', node },
    { at: at + rng.between(900, 4_000), kind: 'power', node: (node + 1) % nodes, ms: rng.between(300, 5_000) },
  ] };
} };

/** Connections break again and again while single operations take very long: what was under way lands after the replica was opened anew. */
const landsLate: Story = { replicas: null, tell: (rng, _nodes, replicas, at) => {
  const node = rng.between(0, replicas - 1);
  return { conditions: { starts: node, regions: rng.between(1, 3), regionBlocks: 3, thinks: 400, media: SOME_VERY_SLOW, requestsAtOnce: 3 }, faults: Array.from({ length: 5 }, (_, index): Fault => ({ at: at + index * 2_000 + rng.between(0, 1_000), kind: 'reset', node: another(rng, replicas, node) })) };
} };

/** Everything goes dark while it works, and something happens while it recovers: darkness again, or the volume is given back. */
const darkTwice: Story = { replicas: null, tell: (rng, nodes, _replicas, at) => {
  const dark = at + rng.between(1_500, 3_000);
  const then = { at: rng.between(5, 900), on: { what: 'activate', n: 1, since: dark } } as const;
  const next = rng.between(0, 1);
  return { conditions: { regions: 4, regionBlocks: 3, thinks: 500, stays: 500, requestsAtOnce: 1, media: SLOW_REGIONS, flushes: rng.pick([2, 0, 11]) }, faults: [
    { at: dark, kind: 'blackout', ms: rng.between(10, 2_000), spread: rng.between(0, 3_000) },
    next === 0 ? { ...then, kind: 'blackout', ms: rng.between(10, 1_000), spread: rng.between(0, 3_000) } : { ...then, kind: 'move', to: rng.between(0, nodes - 1) },
    { at: dark + 12_000, kind: 'reset', node: 0 },
  ] };
} };

/** The client goes from region to region while maps are slow, and its machine or all of them lose power. */
const slowMaps: Story = { replicas: null, tell: (rng, nodes, _replicas, at) => ({
  conditions: { starts: nodes - 1, regions: 8, regionBlocks: 3, thinks: 500, stays: 700, strays: 0, media: SLOW_MAPS, flushes: 0 },
  faults: [0, 1].map((index): Fault => ({ at: at + 1_500 + index * 8_000 + rng.between(0, 3_000), ms: rng.between(10, 700), ...(rng.chance(0.5) ? { kind: 'power-writer' } : { kind: 'blackout', spread: rng.between(0, 300) }) })),
}) };

/** Nobody asks for a flush, regions become idle, and one replica loses power. */
const unflushed: Story = { replicas: null, tell: (rng, _nodes, replicas, at) => ({
  conditions: { regions: 4, thinks: 600, stays: 500, media: FAST, flushes: 0 },
  faults: Array.from({ length: 3 }, (_, index): Fault => ({ at: at + 2_500 + index * 3_500 + rng.between(0, 1_500), kind: 'power', node: rng.between(0, replicas - 1), ms: rng.between(10, 1_000) })),
}) };

/** A replica joins, and in that moment its writer hears nothing more, of the store neither; another takes the volume with that replica alone. */
const joinUnheard: Story = { replicas: 2, tell: (rng, nodes, _replicas, at) => {
  const node = rng.between(0, 1);
  const joined = { at: 0, on: { what: 'join', n: 1, since: at + 1_000 } } as const;
  return { conditions: { ...BUSY, starts: node, media: FAST, flushes: 2 }, faults: [
    { at: at + 1_000, kind: 'kill', node: 1 - node, ms: rng.between(10, 500) }, { ...joined, kind: 'store-away', node, ms: 14_000 }, { ...joined, kind: 'deaf', node, ms: 12_000 },
    ...[6_000, 7_500].map((later): Fault => ({ at: at + later, kind: 'grab', to: another(rng, nodes, node) })), { at: at + 14_000, kind: 'reset', node: 1 - node },
  ] };
} };

/** The writer is replaced while it hears nothing; then the new one is gone, the server of its replica is started anew, and the old writer hears and asks again. */
const asksAgain: Story = { replicas: 2, spare: true, tell: (rng, nodes, _replicas, at) => {
  const node = rng.between(0, 1);
  const taken = { what: 'reserve', n: 1, since: at + 4_400 } as const;
  const activated = { what: 'activate', n: 1, since: at + 4_400 } as const;
  return { conditions: { ...BUSY, regions: 1, starts: node, media: FAST, flushes: 2 }, faults: [
    { at: at + 1_500, kind: 'store-away', node, ms: 20_000 }, { at: at + 1_500 + rng.between(100, 3_000), kind: 'grab', to: nodes - 1 }, { at: 0, on: taken, kind: 'deaf', node, ms: rng.between(3_800, 4_500) },
    { at: 1_500, on: activated, kind: 'power', node: nodes - 1, ms: 12_000 }, { at: rng.between(1_500, 2_000), on: activated, kind: 'kill', node: 1 - node, ms: rng.between(10, 100) }, { at: at + 19_000, kind: 'reset', node: 0 },
  ] };
} };

/** A replica is given up while it is away; writes go on and are settled, and its node comes back when another replica is wanted there. */
const replaced: Story = { replicas: null, tell: (rng, nodes, replicas, at) => {
  const node = rng.between(0, replicas - 1);
  return { conditions: { starts: another(rng, nodes, node), regions: 8, regionBlocks: 2, stays: 1_200, strays: 0, thinks: 700, media: FAST }, faults: [
    { at: at + 1_500, kind: 'power', node, ms: rng.between(6_000, 12_000) }, { at: rng.between(50, 500), on: { what: 'eject', n: 1, since: at + 1_500 }, kind: 'replace-replica', node, ms: rng.between(4_000, 8_000) }, { at: at + 13_000, kind: 'reset', node },
  ] };
} };

export const STORIES: readonly Story[] = [sleeper, unheard, unheard, late, late, oneAfterAnother, rotation, badReturn, landsLate, landsLate, darkTwice, darkTwice, slowMaps, slowMaps, unflushed, joinUnheard, asksAgain, replaced];
