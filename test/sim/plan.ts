/** What a run does: its size and the faults that happen in it, as data, so that a failing run can be made shorter. */
import { random, type Random } from './random.ts';

/** When: at a time, or so many milliseconds after the record was changed for the n-th time, where most races are. */
export interface When { readonly at: number; readonly change?: number }

export type Fault = When & (
  | { readonly kind: 'power'; readonly node: number; readonly ms: number }
  | { readonly kind: 'blackout'; readonly ms: number; readonly spread: number }
  | { readonly kind: 'kill'; readonly node: number; readonly ms: number }
  | { readonly kind: 'freeze'; readonly node: number; readonly ms: number }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly both: boolean; readonly ms: number }
  | { readonly kind: 'isolate'; readonly node: number; readonly ms: number }
  | { readonly kind: 'reset'; readonly node: number }
  | { readonly kind: 'slow-link'; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly kind: 'store-away'; readonly node: number | null; readonly ms: number }
  | { readonly kind: 'slow-disk'; readonly node: number; readonly ms: number }
  | { readonly kind: 'full'; readonly node: number | null; readonly ms: number }
  | { readonly kind: 'io-error'; readonly node: number }
  | { readonly kind: 'flush-error'; readonly node: number }
  | { readonly kind: 'replaced-disk'; readonly node: number }
  | { readonly kind: 'move'; readonly to: number }
  | { readonly kind: 'grab'; readonly to: number });

export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly replicas: number;
  readonly regions: number;
  readonly regionBlocks: number;
  readonly requestsAtOnce: number;
  /** Most milliseconds between an answer and the next request. */
  readonly thinks: number;
  /** How long the client keeps to one region, mostly. */
  readonly stays: number;
  /** Most milliseconds that an operation of a medium takes, mostly. */
  readonly media: number;
  readonly lasts: number;
  readonly faults: readonly Fault[];
}

const KINDS: readonly Fault['kind'][] = ['power', 'power', 'power', 'blackout', 'kill', 'kill', 'freeze', 'freeze', 'cut', 'cut', 'isolate', 'reset', 'reset', 'slow-link', 'store-away', 'slow-disk', 'full', 'io-error', 'flush-error', 'replaced-disk', 'move', 'move', 'grab'];

export function planOf(seed: number): Plan {
  const rng = random(seed ^ 0x5eed);
  const replicas = rng.chance(0.65) ? 2 : 3;
  const nodes = replicas + (rng.chance(0.5) ? 1 : 0);
  const lasts = rng.between(6_000, 26_000);
  const faults = Array.from({ length: rng.between(1, 8) }, () => fault(rng, nodes, lasts));
  // Troubles like company: some come close upon each other.
  const close = faults.flatMap((one) => (rng.chance(0.5) ? [{ ...fault(rng, nodes, lasts), at: one.at + rng.between(0, 2_500) }] : []));
  const atChanges = Array.from({ length: rng.between(0, 6) }, () => ({ ...fault(rng, nodes, lasts, AT_CHANGES), at: rng.chance(0.6) ? rng.between(0, 20) : rng.between(0, 200), change: rng.between(1, 18) }));
  const story = rng.chance(0.5) ? [] : rng.pick(STORIES)(rng, nodes, rng.between(1_000, Math.max(1_000, lasts - 12_000)));
  return { seed, nodes, replicas, regions: rng.between(1, 4), regionBlocks: rng.between(1, 3), requestsAtOnce: rng.between(1, 4), thinks: rng.pick([200, 600, 1_500]), stays: rng.pick([500, 4_000]), media: rng.pick([2, 2, 40]), lasts, faults: [...[...faults, ...close, ...story].filter(({ at }) => at < lasts).sort((a, b) => a.at - b.at), ...atChanges] };
}

const AT_CHANGES: readonly Fault['kind'][] = ['power', 'power', 'kill', 'kill', 'reset', 'reset', 'move', 'move', 'grab', 'freeze', 'blackout', 'slow-disk', 'isolate'];

/** Chains of events that chance alone would seldom bring together. */
const STORIES: readonly ((rng: Random, nodes: number, at: number) => Fault[])[] = [
  // The writer sleeps or is cut off long enough to be replaced, and wakes.
  (rng, nodes, at) => {
    const node = rng.between(0, nodes - 1);
    const ms = rng.between(4_500, 10_000);
    return [{ at, kind: 'move', to: node }, { at: at + 1_500, kind: rng.pick(['freeze', 'isolate'] as const), node, ms }, { at: at + 1_500 + rng.between(100, 3_000), kind: 'grab', to: (node + rng.between(1, nodes - 1)) % nodes }];
  },
  // The writer loses the store alone: its grants are good when it is replaced, and nobody can tell it.
  (rng, nodes, at) => {
    const node = rng.between(0, nodes - 1);
    const other = (node + rng.between(1, nodes - 1)) % nodes;
    const taken = at + 1_000 + rng.between(3_800, 6_000);
    return [{ at, kind: 'move', to: node }, { at: at + 1_000, kind: 'store-away', node, ms: 11_000 }, { at: at + 1_000 + rng.between(100, 3_500), kind: 'grab', to: other }, { at: taken - rng.between(0, 900), kind: 'cut', from: other, to: node, both: false, ms: rng.between(1_000, 5_000) }, ...(rng.chance(0.5) ? [{ at: taken - rng.between(0, 700), kind: 'kill', node: other, ms: rng.between(10, 300) } as const] : [])];
  },
  // One after another goes and comes back: who returned last is soon alone.
  (rng, nodes, at) => Array.from({ length: 3 }, (_, index): Fault => ({ at: at + index * rng.between(1_500, 4_000), kind: 'power', node: (rng.between(0, 1) + index) % nodes, ms: rng.between(500, 6_000) })),
  // A replica returns over bad links, and its neighbour goes.
  (rng, nodes, at) => {
    const node = rng.between(0, nodes - 1);
    const other = (node + 1) % nodes;
    return [{ at, kind: 'reset', node }, { at: at + rng.between(0, 900), kind: 'slow-disk', node, ms: rng.between(500, 4_000) }, { at: at + rng.between(200, 3_000), kind: 'reset', node }, { at: at + rng.between(900, 4_000), kind: 'power', node: other, ms: rng.between(300, 5_000) }];
  },
  // Everything goes dark while it works, and again while it recovers.
  (rng, _nodes, at) => [{ at, kind: 'blackout', ms: rng.between(10, 2_000), spread: rng.between(0, 3_000) }, { at: at + rng.between(2_000, 8_000), kind: 'blackout', ms: rng.between(10, 1_000), spread: rng.between(0, 3_000) }],
];

function fault(rng: Random, nodes: number, lasts: number, kinds = KINDS): Fault {
  const at = rng.between(200, lasts);
  const node = rng.between(0, nodes - 1);
  const other = (node + rng.between(1, nodes - 1)) % nodes;
  const long = (most: number): number => (rng.chance(0.5) ? rng.between(10, Math.floor(most / 6)) : rng.between(10, most));
  const kind = rng.pick(kinds);
  switch (kind) {
    case 'power': return { at, kind, node, ms: long(15_000) };
    case 'blackout': return { at, kind, ms: long(5_000), spread: rng.between(0, 8_000) };
    case 'kill': return { at, kind, node, ms: long(4_000) };
    case 'freeze': return { at, kind, node, ms: long(12_000) };
    case 'cut': return { at, kind, from: node, to: other, both: rng.chance(0.5), ms: long(15_000) };
    case 'isolate': return { at, kind, node, ms: long(15_000) };
    case 'reset': return { at, kind, node };
    case 'slow-link': return { at, kind, from: node, to: other, ms: long(10_000) };
    case 'store-away': return { at, kind, node: rng.chance(0.5) ? node : null, ms: long(12_000) };
    case 'slow-disk': return { at, kind, node, ms: long(10_000) };
    case 'full': return { at, kind, node: rng.chance(0.6) ? node : null, ms: long(6_000) };
    case 'io-error': case 'flush-error': case 'replaced-disk': return { at, kind, node };
    case 'move': case 'grab': return { at, kind, to: node };
  }
}
