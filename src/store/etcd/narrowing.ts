/**
 * Narrowing: etcd walks all keys of the range that a read names, however few it may answer, so a page of a long list
 * would cost as much as the whole list. Pages are asked for in pieces of the range that hold little more than a page, by
 * what earlier pages have told of how dense the keys lie. A wrong guess costs a round trip, never an entry.
 */
import { prefixEnd } from '../rules.ts';

/** Below so many keys a walk costs less than a second request. */
const LARGE = 4_000;
/** Prefixes of long lists that are remembered; there are few. */
const MAX_KNOWN = 256;
/** After so many pieces that did not fill a page, wider ones are read. */
const MAX_SIBLINGS = 3;

interface Known {
  /** A key near the beginning. */
  readonly first: string;
  /** Letters that the keys of a page have in common, about. */
  readonly depth: number;
}

export interface Walk {
  /** The next piece: keys from `from` on, less than `end`; the first one in any case. null: that was all. */
  next(): { readonly from: string; readonly end: string } | null;
  /** @param keys first and last key of the answer, null when it was empty. @param more the piece holds further ones. @param count keys in the piece. */
  got(keys: { readonly first: string; readonly last: string } | null, more: boolean, count: number): void;
}

export class Narrowing {
  readonly #known = new Map<string, Known>();

  /** @param after only keys greater than this; "" for all. */
  walk(prefix: string, after: string): Walk {
    const all = prefixEnd(prefix);
    const known = this.#known.get(prefix);
    const fromStart = after === '' || after < prefix;
    // The least key behind `after` has a space, the least printable character, at its end.
    let from = fromStart ? prefix : `${after} `;
    let guide = fromStart ? (known?.first ?? prefix) : after;
    let base = known?.depth ?? 0;
    let depth = base;
    let end = all;
    let siblings = 0;
    let asked = false;

    return {
      next: () => {
        // Even where nothing can be, one answer tells the revision.
        if (from >= all && asked) return null;
        asked = true;
        end = all;
        if (guide.startsWith(prefix)) {
          for (; depth > prefix.length; depth -= 1) {
            const guess = prefixEnd(guide.slice(0, depth));
            if (guess <= from) continue;
            end = guess;
            break;
          }
        }
        return { from, end };
      },
      got: (keys, more, count) => {
        if (!more) {
          // On with the next piece of this width; a wider one where there is nothing.
          siblings += 1;
          if (keys === null || siblings % MAX_SIBLINGS === 0) depth -= 1;
          from = end;
          guide = end;
          return;
        }
        if (keys === null) return;
        const tooDeep = depth < base;
        if (tooDeep) base = Math.max(depth, 0);
        if (count > LARGE) base = Math.max(tooDeep ? 0 : base, common(keys.first, keys.last));
        if (count > LARGE || tooDeep) this.#learn(prefix, { first: fromStart ? (known?.first ?? keys.first) : (this.#known.get(prefix)?.first ?? keys.first), depth: base });
        depth = base;
        siblings = 0;
        guide = keys.last;
        from = `${keys.last} `;
      },
    };
  }

  #learn(prefix: string, known: Known): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(prefix, known);
  }
}

function common(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}
