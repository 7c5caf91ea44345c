/**
 * A replica's `map` file: which regions a crash may have split (`intent`), and which an absent replica lacks (`missed`).
 * Preallocated blocks written in place with O_DSYNC, so changing it needs no room on a full pool. Changes that are asked
 * for while a write runs go together in the next one; both bits of a region are always in the same write. A block that
 * cannot be read sets all its regions. After a write that failed the map changes no more.
 */
import { closeSync, constants, openSync, write } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import { BITMAP_BYTES, blocksFor, decodeMapBlock, encodeMapBlock, MAP_BLOCK_BYTES, REGIONS_PER_BLOCK } from './map-codec.ts';
import { RegionSet, regionsOf } from './region-set.ts';

export interface MapOptions {
  readonly file: string;
  /** Of the replica; a map of another identity reads as all set. */
  readonly identity: string;
  /** Of the volume, in bytes. */
  readonly size: number;
}

/** Regions whose bits change. Clearing comes before setting, so that one that is named in both is set. */
export interface MapChange {
  readonly setIntent?: Iterable<number>;
  readonly clearIntent?: Iterable<number>;
  readonly setMissed?: Iterable<number>;
  readonly clearMissed?: Iterable<number>;
}

/** Only to look at. */
export type Regions = Pick<RegionSet, 'count' | 'has' | 'size' | 'runs' | 'clone' | typeof Symbol.iterator>;

/** Makes a new file, whole and durable, or fails. @param bits what every region begins with, in both bitmaps. */
export async function createMap(options: MapOptions & { readonly bits: 'clear' | 'set' }): Promise<void> {
  const regions = regionsOf(options.size);
  const set = options.bits === 'set' ? RegionSet.full(regions) : new RegionSet(regions);
  const handle = await open(options.file, 'wx', 0o600);
  try {
    for (let index = 0; index < blocksFor(regions); index += 1) await writeAll(handle, blockOf(options.identity, index, set, set), index * MAP_BLOCK_BYTES);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const directory = await open(path.dirname(options.file), constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Reads the map; blocks that are bad or missing are written again, all set, before it resolves.
 * @throws failed_precondition when there is no file.
 */
export async function openMap(options: MapOptions): Promise<RegionMap> {
  const { file, identity } = options;
  const regions = regionsOf(options.size);
  const intent = new RegionSet(regions);
  const missed = new RegionSet(regions);
  const bad: number[] = [];
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch((thrown: unknown) => {
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT') throw new HoldfastError('failed_precondition', `map ${file} is missing`, { object: file, hint: 'Nothing tells which regions of this replica differ: it is to be copied as a whole.' });
    throw thrown;
  });
  try {
    for (let index = 0; index < blocksFor(regions); index += 1) {
      const block = Buffer.alloc(MAP_BLOCK_BYTES);
      const { bytesRead } = await handle.read(block, 0, MAP_BLOCK_BYTES, index * MAP_BLOCK_BYTES).catch(() => ({ bytesRead: 0 }));
      const bits = bytesRead === MAP_BLOCK_BYTES ? decodeMapBlock(identity, index, block) : null;
      const from = index * REGIONS_PER_BLOCK;
      if (bits === null) {
        bad.push(index);
        intent.addRun({ from, to: from + REGIONS_PER_BLOCK });
        missed.addRun({ from, to: from + REGIONS_PER_BLOCK });
      } else {
        intent.setBits(from, bits.intent);
        missed.setBits(from, bits.missed);
      }
    }
  } finally {
    await handle.close();
  }
  const map = new RegionMap(openSync(file, constants.O_RDWR | constants.O_DSYNC | constants.O_NOFOLLOW), identity, intent, missed, bad.length);
  try {
    await map.rewrite(bad);
    return map;
  } catch (thrown) {
    await map.close();
    throw thrown;
  }
}

const blockOf = (identity: string, index: number, intent: RegionSet, missed: RegionSet): Buffer =>
  encodeMapBlock(identity, index, { intent: intent.bitsFrom(index * REGIONS_PER_BLOCK, BITMAP_BYTES), missed: missed.bitsFrom(index * REGIONS_PER_BLOCK, BITMAP_BYTES) });

async function writeAll(handle: FileHandle, block: Buffer, at: number): Promise<void> {
  for (let done = 0; done < block.length; ) done += (await handle.write(block, done, block.length - done, at + done)).bytesWritten;
}

interface Waiter { readonly resolve: () => void; readonly reject: (error: Error) => void }

export class RegionMap {
  /** Blocks that could not be read when it was opened. */
  readonly damagedBlocks: number;
  readonly #fd: number;
  readonly #identity: string;
  readonly #intent: RegionSet;
  readonly #missed: RegionSet;
  readonly #dirty = new Set<number>();
  #waiters: Waiter[] = [];
  #writing: Promise<void> | null = null;
  #failure: unknown = null;
  #closed = false;

  /** Use `openMap`. */
  constructor(fd: number, identity: string, intent: RegionSet, missed: RegionSet, damagedBlocks: number) {
    this.#fd = fd;
    this.#identity = identity;
    this.#intent = intent;
    this.#missed = missed;
    this.damagedBlocks = damagedBlocks;
  }

  /** As it will be when all that was asked for is durable. */
  get intent(): Regions {
    return this.#intent;
  }

  get missed(): Regions {
    return this.#missed;
  }

  /** Resolves when the change is durable; at once when it changes nothing and nothing is being written. */
  change(change: MapChange): Promise<void> {
    const apply = (set: RegionSet, regions: Iterable<number> | undefined, how: 'add' | 'delete'): void => {
      for (const region of regions ?? []) if (set[how](region)) this.#dirty.add(Math.floor(region / REGIONS_PER_BLOCK));
    };
    if (this.#failure !== null || this.#closed) return Promise.reject(this.#refusal());
    apply(this.#intent, change.clearIntent, 'delete');
    apply(this.#missed, change.clearMissed, 'delete');
    apply(this.#intent, change.setIntent, 'add');
    apply(this.#missed, change.setMissed, 'add');
    return this.#durable();
  }

  /** Room for a larger volume, durably; the new regions are clear. */
  async grow(size: number): Promise<void> {
    const before = blocksFor(this.#intent.count);
    const regions = regionsOf(size);
    this.#intent.grow(regions);
    this.#missed.grow(regions);
    await this.rewrite(Array.from({ length: blocksFor(regions) - before }, (_unused, index) => before + index));
  }

  /** Writes these blocks as they are known here. */
  rewrite(blocks: readonly number[]): Promise<void> {
    if (this.#failure !== null || this.#closed) return Promise.reject(this.#refusal());
    for (const index of blocks) this.#dirty.add(index);
    return this.#durable();
  }

  /** Waits for what is being written. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    while (this.#writing !== null) await this.#writing;
    closeSync(this.#fd);
  }

  #durable(): Promise<void> {
    if (this.#dirty.size === 0 && this.#writing === null) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async #write(): Promise<void> {
    // Others of this tick come along.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiters.length > 0) {
      const waiters = this.#waiters;
      this.#waiters = [];
      try {
        if (this.#failure !== null) throw this.#refusal();
        for (const index of [...this.#dirty].sort((a, b) => a - b)) {
          this.#dirty.delete(index);
          await this.#writeBlock(index);
        }
        for (const { resolve } of waiters) resolve();
      } catch (thrown) {
        this.#failure ??= thrown;
        for (const { reject } of waiters) reject(this.#refusal());
      }
    }
    this.#writing = null;
  }

  #writeBlock(index: number): Promise<void> {
    const block = blockOf(this.#identity, index, this.#intent, this.#missed);
    return new Promise((resolve, reject) => {
      const go = (done: number): void => write(this.#fd, block, done, block.length - done, index * MAP_BLOCK_BYTES + done, (error, count) => {
        if (error !== null) reject(error);
        else if (done + count < block.length) go(done + count);
        else resolve();
      });
      go(0);
    });
  }

  #refusal(): Error {
    return this.#failure === null
      ? new HoldfastError('failed_precondition', 'the map of the replica is closed')
      : new HoldfastError('unavailable', 'the map of the replica could not be written, and changes no more', { hint: 'See the kernel log: the medium fails.' }, { cause: this.#failure });
  }
}
