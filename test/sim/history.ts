/**
 * What clients saw of each block, and whether one register could have behaved like that. Every write has a value of its
 * own, so linearizability of a register is decided by intervals: a value lives from the start of its write to its end,
 * and is seen at the reads that returned it; two values that both must have been the newest between certain moments
 * may not overlap.
 *
 * A power loss of every replica of the set may take back what was not flushed: a new era begins, which starts from some
 * value that was not certainly overwritten by a flushed one.
 */

interface Written { readonly value: number; readonly start: number; end: number; /** When a flush that covers it was answered. */ flushedAt: number }
interface Seen { readonly value: number; readonly start: number; readonly end: number }
interface Flushed { readonly start: number; readonly end: number }

interface Era { readonly writes: Map<number, Written>; readonly reads: Seen[]; readonly flushes: Flushed[]; readonly initial: ReadonlySet<number> }

export class History {
  readonly #eras: Era[][];
  #tick = 0;

  constructor(blocks: number) {
    this.#eras = Array.from({ length: blocks }, () => [era(new Set([0]))]);
  }

  /** A moment; moments are ordered, and no two are the same. */
  moment(): number {
    this.#tick += 1;
    return this.#tick;
  }

  writing(block: number, value: number, start: number): void {
    this.#now(block).writes.set(value, { value, start, end: Number.POSITIVE_INFINITY, flushedAt: Number.POSITIVE_INFINITY });
  }

  written(block: number, value: number, end: number): void {
    const write = this.#now(block).writes.get(value);
    if (write !== undefined) write.end = end;
  }

  read(block: number, value: number, start: number, end: number): void {
    this.#now(block).reads.push({ value, start, end });
  }

  flushed(start: number, end: number): void {
    for (const eras of this.#eras) (eras.at(-1) as Era).flushes.push({ start, end });
  }

  /** Every replica of the set lost power: what was not flushed may be gone. */
  lost(): void {
    for (const eras of this.#eras) eras.push(era(mayRemain(eras.at(-1) as Era)));
  }

  /** @returns what no register could have answered; [] when all is well. */
  check(): string[] {
    return this.#eras.flatMap((eras, block) => eras.flatMap((one) => checkEra(one, block)));
  }

  #now(block: number): Era {
    return this.#eras[block]?.at(-1) as Era;
  }
}

const era = (initial: ReadonlySet<number>): Era => ({ writes: new Map(), reads: [], flushes: [], initial });

/** The earliest moment by which a value was certainly there: its write was answered, or somebody had read it. */
const certain = (one: Era, write: Written): number => Math.min(write.end, ...one.reads.filter(({ value }) => value === write.value).map(({ end }) => end));

/** Values that a block may have after a loss: those that no flushed later value certainly replaced. */
function mayRemain(one: Era): ReadonlySet<number> {
  const flushed = [...one.writes.values()].filter((write) => one.flushes.some(({ start }) => start > certain(one, write)));
  const initialSeen = one.reads.some(({ value }) => one.initial.has(value));
  const remain = new Set<number>();
  for (const write of one.writes.values()) if (!flushed.some((later) => certain(one, write) < later.start)) remain.add(write.value);
  if (flushed.length === 0) for (const value of one.initial) if (!initialSeen || one.reads.some((seen) => seen.value === value)) remain.add(value);
  return remain;
}

interface Zone { readonly value: number; /** All that must have happened before its last certain moment. */ readonly first: number; readonly last: number }

function checkEra(one: Era, block: number): string[] {
  const wrong: string[] = [];
  const zones: Zone[] = [];
  let initial: number | null = null;
  const firstRead = new Map<number, number>();
  const lastRead = new Map<number, number>();
  for (const { value, start, end } of one.reads) {
    const write = one.writes.get(value);
    if (write === undefined) {
      if (!one.initial.has(value)) wrong.push(`block ${block}: read ${value}, which was not there to be read`);
      else if (initial !== null && initial !== value) wrong.push(`block ${block}: read ${value} after ${initial}, though neither was written since`);
      initial ??= value;
    } else if (end < write.start) wrong.push(`block ${block}: read ${value} before it was written`);
    firstRead.set(value, Math.min(firstRead.get(value) ?? Number.POSITIVE_INFINITY, end));
    lastRead.set(value, Math.max(lastRead.get(value) ?? 0, start));
  }
  for (const write of one.writes.values()) {
    const first = Math.min(write.end, firstRead.get(write.value) ?? Number.POSITIVE_INFINITY);
    if (first === Number.POSITIVE_INFINITY) continue; // never answered and never seen: it may never have happened
    zones.push({ value: write.value, first, last: Math.max(write.start, lastRead.get(write.value) ?? 0) });
  }
  if (initial !== null) zones.push({ value: initial, first: 0, last: Math.max(0, lastRead.get(initial) ?? 0) });
  const forward = zones.filter(({ first, last }) => first < last);
  const backward = zones.filter(({ first, last }) => first >= last);
  for (const [index, zone] of forward.entries()) {
    for (const other of forward.slice(index + 1)) if (zone.first < other.last && other.first < zone.last) wrong.push(`block ${block}: ${zone.value} and ${other.value} were each read after the other`);
    for (const other of backward) if (zone.first < other.last && other.first < zone.last) wrong.push(`block ${block}: ${zone.value} was read after ${other.value} was written and answered`);
  }
  return wrong;
}
