/** What a run does: its size and the faults that happen in it, as data, so that a failing run can be made shorter. */
import { random, type Random } from './random.ts';
import { STORIES } from './stories.ts';

/** What may happen to the record: any change of it, or a certain one. */
export type Change = 'change' | 'reserve' | 'activate' | 'eject' | 'join' | 'release';

/** When: at a time; or so many milliseconds after something happened to the record for the n-th time, where most races are. */
export interface When { readonly at: number; readonly on?: { readonly what: Change; readonly n: number; readonly since: number } }

export type Fault = When & (
  | { readonly kind: 'power'; readonly node: number; readonly ms: number }
  /** Of the machine on which the client is. */
  | { readonly kind: 'power-writer'; readonly ms: number }
  | { readonly kind: 'blackout'; readonly ms: number; readonly spread: number }
  | { readonly kind: 'kill'; readonly node: number; readonly ms: number }
  | { readonly kind: 'freeze'; readonly node: number; readonly ms: number }
  | { readonly kind: 'cut'; readonly from: number; readonly to: number; readonly both: boolean; readonly ms: number }
  /** It hears nothing from other machines, and is heard. */
  | { readonly kind: 'deaf'; readonly node: number; readonly ms: number }
  | { readonly kind: 'isolate'; readonly node: number; readonly ms: number }
  | { readonly kind: 'reset'; readonly node: number }
  | { readonly kind: 'slow-link'; readonly from: number; readonly to: number; readonly ms: number }
  | { readonly kind: 'store-away'; readonly node: number | null; readonly ms: number }
  | { readonly kind: 'slow-disk'; readonly node: number; readonly ms: number }
  | { readonly kind: 'full'; readonly node: number | null; readonly ms: number }
  | { readonly kind: 'io-error'; readonly node: number }
  | { readonly kind: 'flush-error'; readonly node: number }
  | { readonly kind: 'replaced-disk'; readonly node: number }
  /** A replica that is away leaves the record; later one with a new id and an empty medium comes on that node. */
  | { readonly kind: 'replace-replica'; readonly node: number; readonly ms: number }
  | { readonly kind: 'move'; readonly to: number }
  | { readonly kind: 'grab'; readonly to: number });

/** How long the media take, in milliseconds at most, but for the slowest operations. */
export interface Media {
  readonly data: number;
  /** Changes of the map and of meta. */
  readonly map: number;
  /** Reads and writes of whole regions. */
  readonly regions: number;
  /** So many of a hundred operations take up to so long while others are fast. */
  readonly slowest: { readonly percent: number; readonly ms: number };
}

export interface Plan {
  readonly seed: number;
  readonly nodes: number;
  readonly replicas: number;
  readonly regions: number;
  readonly regionBlocks: number;
  /** The node that the client is on at first. */
  readonly starts: number;
  readonly requestsAtOnce: number;
  /** Most milliseconds between an answer and the next request. */
  readonly thinks: number;
  /** How long the client keeps to one region, mostly. */
  readonly stays: number;
  /** Of a hundred requests so many go anywhere else. */
  readonly strays: number;
  /** Of a hundred requests so many are flushes. */
  readonly flushes: number;
  readonly media: Media;
  readonly lasts: number;
  readonly faults: readonly Fault[];
}

const KINDS: readonly Fault['kind'][] = ['power', 'power', 'power', 'blackout', 'kill', 'kill', 'freeze', 'freeze', 'cut', 'cut', 'deaf', 'isolate', 'reset', 'reset', 'slow-link', 'store-away', 'slow-disk', 'full', 'io-error', 'flush-error', 'replaced-disk', 'replace-replica', 'replace-replica', 'move', 'move', 'grab'];
const AT_CHANGES: readonly Fault['kind'][] = ['power', 'power', 'power-writer', 'kill', 'kill', 'reset', 'reset', 'move', 'move', 'grab', 'freeze', 'blackout', 'slow-disk', 'isolate'];
const MEDIA: readonly Media[] = [
  { data: 2, map: 2, regions: 2, slowest: { percent: 3, ms: 150 } },
  { data: 2, map: 2, regions: 2, slowest: { percent: 3, ms: 150 } },
  { data: 40, map: 40, regions: 40, slowest: { percent: 3, ms: 150 } },
  { data: 2, map: 200, regions: 400, slowest: { percent: 3, ms: 150 } },
  { data: 4, map: 20, regions: 60, slowest: { percent: 3, ms: 4_000 } },
];

/** Half of the seeds are chance alone; the others tell a story, with less of chance around it. */
export function planOf(seed: number): Plan {
  const rng = random(seed ^ 0x5eed);
  const story = rng.chance(0.5) ? null : rng.pick(STORIES);
  const replicas = story?.replicas ?? (rng.chance(0.65) ? 2 : 3);
  const nodes = replicas + (rng.chance(0.5) || story?.spare === true ? 1 : 0);
  const size = { seed, nodes, replicas, starts: rng.between(0, nodes - 1), regions: rng.between(1, 4), regionBlocks: rng.between(1, 4), requestsAtOnce: rng.between(1, 3), thinks: rng.pick([500, 1_500, 4_000]), stays: rng.pick([500, 4_000]), strays: rng.pick([5, 5, 1]), flushes: rng.pick([11, 11, 2, 0]), media: rng.pick(MEDIA) };
  if (story !== null) {
    const told = story.tell(rng, nodes, replicas, rng.between(500, 1_500));
    const lasts = Math.max(...told.faults.map((one) => one.at + (one.kind === 'deaf' ? one.ms : 0)), 6_000) + rng.between(3_000, 6_000);
    const others = Array.from({ length: rng.chance(0.6) ? 0 : rng.between(1, 2) }, () => fault(rng, nodes, lasts));
    return { ...size, ...told.conditions, lasts, faults: [...told.faults, ...others] };
  }
  const lasts = rng.between(5_000, 18_000);
  const faults = Array.from({ length: rng.between(1, 6) }, () => fault(rng, nodes, lasts));
  // Troubles like company: some come close upon each other.
  const close = faults.flatMap((one) => (rng.chance(0.5) ? [{ ...fault(rng, nodes, lasts), at: one.at + rng.between(0, 2_500) }] : []));
  const atChanges = Array.from({ length: rng.between(0, 6) }, (): Fault => {
    const what = rng.pick(['change', 'change', 'reserve', 'activate', 'eject', 'join', 'release'] as const);
    return { ...fault(rng, nodes, lasts, AT_CHANGES), at: rng.chance(0.6) ? rng.between(0, 20) : rng.between(0, 200), on: { what, n: rng.between(1, what === 'change' ? 14 : 3), since: 0 } };
  });
  return { ...size, lasts, faults: [...[...faults, ...close].filter(({ at }) => at < lasts).sort((a, b) => a.at - b.at), ...atChanges] };
}

function fault(rng: Random, nodes: number, lasts: number, kinds = KINDS): Fault {
  const at = rng.between(200, lasts);
  const node = rng.between(0, nodes - 1);
  const other = (node + rng.between(1, nodes - 1)) % nodes;
  const long = (most: number): number => (rng.chance(0.5) ? rng.between(10, Math.floor(most / 6)) : rng.between(10, most));
  const kind = rng.pick(kinds);
  switch (kind) {
    case 'power': return { at, kind, node, ms: long(15_000) };
    case 'power-writer': return { at, kind, ms: long(8_000) };
    case 'blackout': return { at, kind, ms: long(5_000), spread: rng.between(0, 8_000) };
    case 'kill': return { at, kind, node, ms: long(4_000) };
    case 'freeze': return { at, kind, node, ms: long(12_000) };
    case 'cut': return { at, kind, from: node, to: other, both: rng.chance(0.5), ms: long(15_000) };
    case 'deaf': return { at, kind, node, ms: long(12_000) };
    case 'isolate': return { at, kind, node, ms: long(15_000) };
    case 'reset': return { at, kind, node };
    case 'slow-link': return { at, kind, from: node, to: other, ms: long(10_000) };
    case 'store-away': return { at, kind, node: rng.chance(0.5) ? node : null, ms: long(12_000) };
    case 'slow-disk': return { at, kind, node, ms: long(10_000) };
    case 'full': return { at, kind, node: rng.chance(0.6) ? node : null, ms: long(6_000) };
    case 'io-error': case 'flush-error': case 'replaced-disk': return { at, kind, node };
    case 'replace-replica': return { at, kind, node, ms: long(6_000) };
    case 'move': case 'grab': return { at, kind, to: node };
  }
}
