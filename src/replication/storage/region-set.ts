/**
 * A set of regions (1 MiB pieces of a volume, numbered from 0), one bit each. And its form for the wire, which is bounded: a
 * set that does not fit becomes a larger one, never a smaller one, which is safe for intent and missed alike. Pure.
 */
export const REGION_BYTES = 1024 * 1024;

/** Regions of a volume of so many bytes; the last one may be shorter. */
export const regionsOf = (size: number): number => Math.ceil(size / REGION_BYTES);

export interface RegionRun {
  readonly from: number;
  /** The first region that is not in it. */
  readonly to: number;
}

export class RegionSet {
  #bits: Uint8Array;
  #count: number;

  /** An empty set over so many regions. */
  constructor(count: number) {
    this.#count = count;
    this.#bits = new Uint8Array(Math.ceil(count / 8));
  }

  static full(count: number): RegionSet {
    const set = new RegionSet(count);
    set.addRun({ from: 0, to: count });
    return set;
  }

  /** Of how many regions there are, not of how many are in it. */
  get count(): number {
    return this.#count;
  }

  has(region: number): boolean {
    return ((this.#bits[region >> 3] ?? 0) & (1 << (region & 7))) !== 0;
  }

  /** Regions beyond the volume are ignored. True: it was not in it before. */
  add(region: number): boolean {
    if (region < 0 || region >= this.#count || this.has(region)) return false;
    this.#bits[region >> 3] = (this.#bits[region >> 3] ?? 0) | (1 << (region & 7));
    return true;
  }

  delete(region: number): boolean {
    if (!this.has(region)) return false;
    this.#bits[region >> 3] = (this.#bits[region >> 3] ?? 0) & ~(1 << (region & 7));
    return true;
  }

  addRun({ from, to }: RegionRun): void {
    const end = Math.min(to, this.#count);
    let region = Math.max(0, from);
    for (; region < end && (region & 7) !== 0; region += 1) this.add(region);
    for (; region + 8 <= end; region += 8) this.#bits[region >> 3] = 0xff;
    for (; region < end; region += 1) this.add(region);
  }

  addAll(other: RegionSet): void {
    for (const run of other.runs()) this.addRun(run);
  }

  /** More regions, none of them in the set. */
  grow(count: number): void {
    if (count <= this.#count) return;
    const bits = new Uint8Array(Math.ceil(count / 8));
    bits.set(this.#bits);
    this.#bits = bits;
    this.#count = count;
  }

  clone(): RegionSet {
    const copy = new RegionSet(this.#count);
    copy.#bits.set(this.#bits);
    return copy;
  }

  /** How many are in it. */
  get size(): number {
    let size = 0;
    for (const { from, to } of this.runs()) size += to - from;
    return size;
  }

  *runs(): Generator<RegionRun> {
    for (let region = 0; region < this.#count; ) {
      if ((region & 7) === 0 && this.#bits[region >> 3] === 0) region += 8;
      else if (!this.has(region)) region += 1;
      else {
        const from = region;
        while (region < this.#count) {
          if ((region & 7) === 0 && this.#bits[region >> 3] === 0xff && region + 8 <= this.#count) region += 8;
          else if (this.has(region)) region += 1;
          else break;
        }
        yield { from, to: region };
      }
    }
  }

  *[Symbol.iterator](): Generator<number> {
    for (const { from, to } of this.runs()) for (let region = from; region < to; region += 1) yield region;
  }

  /** Its bits from a region on, which is a multiple of 8: the storage itself, to be read at once. */
  bitsFrom(region: number, bytes: number): Uint8Array {
    return this.#bits.subarray(region >> 3, (region >> 3) + bytes);
  }

  /** Takes over bits as `bitsFrom` gives them; those beyond the volume are ignored. */
  setBits(region: number, bits: Uint8Array): void {
    const room = this.#bits.length - (region >> 3);
    this.#bits.set(bits.subarray(0, Math.max(0, room)), region >> 3);
    const rest = this.#count & 7;
    if (rest !== 0) this.#bits[this.#bits.length - 1] = (this.#bits[this.#bits.length - 1] ?? 0) & ((1 << rest) - 1);
  }
}

/**
 * Lengths of gaps and runs by turns, as numbers of seven bits a byte.
 * @param most bytes; runs are joined over ever larger gaps until it fits. At least 16.
 */
export function encodeRegions(set: RegionSet, most: number): Buffer {
  for (let gap = 0; ; gap = Math.max(1, gap * 2)) {
    const bytes = encodeJoined(set, gap, most);
    if (bytes !== null) return bytes;
  }
}

function encodeJoined(set: RegionSet, gap: number, most: number): Buffer | null {
  const bytes: number[] = [];
  let at = 0;
  const put = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes.push(rest);
  };
  let open: { from: number; to: number } | null = null;
  const close = (): void => {
    if (open === null) return;
    put(open.from - at);
    put(open.to - open.from);
    at = open.to;
  };
  for (const run of set.runs()) {
    if (open !== null && run.from - open.to <= gap) open.to = run.to;
    else {
      close();
      open = { ...run };
    }
    if (bytes.length > most) return null;
  }
  close();
  return bytes.length > most ? null : Buffer.from(bytes);
}

/** null: not what `encodeRegions` makes for a volume of so many regions. */
export function decodeRegions(bytes: Uint8Array, count: number): RegionSet | null {
  const set = new RegionSet(count);
  let at = 0;
  let position = 0;
  const number = (): number | null => {
    let value = 0;
    for (let scale = 1; position < bytes.length && scale < 2 ** 49; scale *= 128) {
      const byte = bytes[position] ?? 0;
      position += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    return null;
  };
  while (position < bytes.length) {
    const gap = number();
    const length = number();
    if (gap === null || length === null || length === 0 || at + gap + length > count) return null;
    set.addRun({ from: at + gap, to: at + gap + length });
    at += gap + length;
  }
  return set;
}
