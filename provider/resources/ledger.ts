/**
 * Capacity at plan: what the volumes of this run will take together, since none of them takes anything before apply and
 * the daemon sees each alone. Entries are kept by name, so that planning one twice counts once; whoever begins to make it
 * releases its entry, because the daemon counts it from then on. It asks nobody and remembers no capacity.
 */
import { availableIn, type Pool } from '../../src/model/pool.ts';

export interface Wish {
  /** What takes the space: `volume db`. */
  readonly object: string;
  readonly bytes: number;
  /** Id of the pool, or null for any of its class. */
  readonly pool: string | null;
  /** "any", or the class that the pool must have. */
  readonly class: string;
  /** UUID of the only filesystem that will do, or null. */
  readonly filesystem: string | null;
}
export type Verdict =
  | { readonly fits: true }
  /** `left`: the most that one filesystem could still take of it. `others`: what else of this run is in these pools. */
  | { readonly fits: false; readonly left: number; readonly others: readonly string[]; readonly pools: readonly string[] };

interface Entry { readonly filesystem: string; readonly bytes: number }

export class Ledger {
  readonly #entries = new Map<string, Entry>();

  /** Enters a wish, or says why not; an earlier entry of the same object is replaced. Places go to the roomiest filesystem, as the daemon's do. */
  enter({ object, bytes, pool, class: poolClass, filesystem }: Wish, pools: readonly Pool[]): Verdict {
    this.#entries.delete(object);
    const candidates = pools.filter((one) => (pool === null ? poolClass === 'any' || one.spec.class === poolClass : one.id === pool));
    const places = candidates
      .flatMap((one) => one.status.filesystems.map((place) => ({ uuid: place.uuid, left: availableIn(one, place) - this.#taken(place.uuid) })))
      .filter(({ uuid }) => filesystem === null || uuid === filesystem)
      .sort((a, b) => b.left - a.left);
    const best = places[0];
    if (best !== undefined && best.left >= bytes) {
      this.#entries.set(object, { filesystem: best.uuid, bytes });
      return { fits: true };
    }
    const here = new Set(places.map(({ uuid }) => uuid));
    return {
      fits: false, left: Math.max(0, best?.left ?? 0), pools: candidates.map(({ name }) => name),
      others: [...this.#entries].filter(([, entry]) => here.has(entry.filesystem) && entry.bytes > 0).map(([name]) => name),
    };
  }

  /** What is destroyed for good in this run gives its space back: a negative entry, so that its successor is not refused. */
  free(object: string, filesystem: string, bytes: number): void { this.#entries.set(`- ${object}`, { filesystem, bytes: -bytes }); }

  /** Whether anything is given back in these filesystems, so that the daemon's own look is not the last word. */
  isFreed(filesystems: readonly string[]): boolean { return [...this.#entries.values()].some(({ filesystem, bytes }) => bytes < 0 && filesystems.includes(filesystem)); }

  /** The daemon counts it from now on. */
  release(object: string): void { this.#entries.delete(object); }

  #taken(filesystem: string): number {
    let sum = 0;
    for (const entry of this.#entries.values()) if (entry.filesystem === filesystem) sum += entry.bytes;
    return sum;
  }
}
