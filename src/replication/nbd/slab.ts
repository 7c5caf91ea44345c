/**
 * The memory that payloads live in from the socket to the disk and to the other socket, without being copied.
 *
 * A slab is a large piece of memory with a count of those who still need something in it; a view is a part of a slab.
 * The rules, everywhere in the data path:
 * - Who is given a view in a callback may use it until the callback returns, or as long as that callback's contract says;
 *   who needs it longer calls `retain`, and later `release`.
 * - Who gets a view as a result owns it, and releases it.
 * - Who sends a view retains it by himself until it is written.
 * A view may have room in front of it (`room` bytes that are nobody's), where a sender puts its header, so that header and
 * payload leave as one piece.
 */
import { HoldfastError } from '../../model/errors.ts';

const MIB = 1024 * 1024;
export const SLAB_BYTES = MIB;
/** What may be read into at once, at least. */
const READ_ROOM = 64 * 1024;
/** Room in front of views that are made here: enough for a header of a request. */
export const HEADROOM = 28;

/** Who wants to know when a slab that it filled is needed by nobody any more. */
interface SlabOwner { freed(): void }

export class Slab {
  readonly bytes: Buffer;
  readonly words: DataView;
  /** Where it lies in memory; 0 until somebody who calls the kernel directly has looked. */
  address = 0;
  /** Somebody still fills it. */
  current = true;
  owner: SlabOwner | null = null;
  #uses = 0;
  readonly #pool: SlabPool;

  constructor(size: number, pool: SlabPool) {
    const memory = new ArrayBuffer(size);
    this.bytes = Buffer.from(memory);
    this.words = new DataView(memory);
    this.#pool = pool;
  }

  get used(): boolean {
    return this.#uses > 0;
  }

  retain(): void {
    this.#uses += 1;
  }

  release(): void {
    if (this.#uses === 0) throw new HoldfastError('internal', 'a slab was released more often than retained');
    this.#uses -= 1;
    if (this.#uses === 0 && !this.current) this.#free();
  }

  /** Whoever filled it goes on with another one. */
  leave(): void {
    this.current = false;
    if (this.#uses === 0) this.#free();
  }

  #free(): void {
    const owner = this.owner;
    this.owner = null;
    this.#pool.put(this);
    owner?.freed();
  }
}

/** A part of a slab, born with one use, which belongs to whoever made it. */
export class View {
  readonly slab: Slab;
  readonly start: number;
  readonly length: number;
  /** Bytes in front of `start` that a sender may overwrite. */
  readonly room: number;
  /** A sender has put its header into the room: it must stay as it is until the view is gone. */
  stamped = false;
  #uses = 1;

  constructor(slab: Slab, start: number, length: number, room: number) {
    this.slab = slab;
    this.start = start;
    this.length = length;
    this.room = room;
    slab.retain();
  }

  /** The bytes, in place. Not to be kept longer than the view is retained. */
  get bytes(): Buffer {
    return this.slab.bytes.subarray(this.start, this.start + this.length);
  }

  retain(): this {
    if (this.#uses === 0) throw new HoldfastError('internal', 'a view was retained after its last release');
    this.#uses += 1;
    return this;
  }

  release(): void {
    if (this.#uses === 0) throw new HoldfastError('internal', 'a view was released more often than retained');
    this.#uses -= 1;
    if (this.#uses === 0) this.slab.release();
  }
}

/** Slabs to be used again, and views cut from them one after another. One for all connections of a thread. */
export class SlabPool {
  readonly #free: Slab[] = [];
  readonly #keep: number;
  #cutting: Slab | null = null;
  #cutAt = 0;

  /** @param keep how many free slabs are kept for later; 16 by default. */
  constructor(keep = 16) {
    this.#keep = keep;
  }

  /** A slab of at least so many bytes, `current`. */
  take(bytes: number): Slab {
    if (bytes > SLAB_BYTES) return new Slab(bytes, this);
    const slab = this.#free.pop();
    if (slab === undefined) return new Slab(SLAB_BYTES, this);
    slab.current = true;
    return slab;
  }

  put(slab: Slab): void {
    if (slab.bytes.length === SLAB_BYTES && this.#free.length < this.#keep) this.#free.push(slab);
  }

  /** A view of `length` bytes of unknown content, with room for a header, which the caller fills and releases. */
  view(length: number): View {
    const whole = HEADROOM + length;
    if (whole > SLAB_BYTES / 4) {
      const own = this.take(whole);
      const view = new View(own, HEADROOM, length, HEADROOM);
      own.leave();
      return view;
    }
    const { slab, start } = this.cut(whole);
    return new View(slab, start + HEADROOM, length, HEADROOM);
  }

  /**
   * The next so many bytes of a shared slab; pieces cut one after another lie one after another. The caller retains the
   * slab before anything else is cut.
   */
  cut(length: number): { readonly slab: Slab; readonly start: number } {
    let slab = this.#cutting;
    if (slab !== null && !slab.used) this.#cutAt = 0;
    if (slab === null || this.#cutAt + length > slab.bytes.length) {
      slab?.leave();
      slab = this.#cutting = this.take(length);
      this.#cutAt = 0;
    }
    const start = this.#cutAt;
    this.#cutAt += length;
    return { slab, start };
  }
}

export const sharedSlabs = new SlabPool();

/**
 * Collects what a socket receives. Bytes from `read` to `written` wait for the parser, which moves `read` on and sets `need`
 * when it waits for a piece of so many bytes. Only `next` ever changes slabs, so memory that was handed to the kernel
 * stays where it is until the kernel has filled it.
 */
export class Receiver implements SlabOwner {
  slab: Slab;
  read = 0;
  written = 0;
  need = 0;
  /** Slabs behind this one that are still in use. */
  pinned = 0;
  /** Called when one of those became free. */
  onFreed: (() => void) | null = null;
  readonly #pool: SlabPool;

  constructor(pool: SlabPool) {
    this.#pool = pool;
    this.slab = pool.take(SLAB_BYTES);
  }

  get available(): number {
    return this.written - this.read;
  }

  /** Memory to receive into. */
  next(): Buffer {
    const waiting = this.available;
    if (waiting === 0 && !this.slab.used) this.read = this.written = 0;
    const missing = this.need - waiting;
    const fits = this.read + this.need <= this.slab.bytes.length;
    if (!fits || this.slab.bytes.length - this.written < (missing > 0 ? Math.min(missing, READ_ROOM) : READ_ROOM)) this.#change(Math.max(this.need, waiting + READ_ROOM));
    return this.slab.bytes.subarray(this.written);
  }

  got(bytes: number): void {
    this.written += bytes;
    this.need = 0;
  }

  view(start: number, length: number, room: number): View {
    return new View(this.slab, start, length, room);
  }

  close(): void {
    this.onFreed = null;
    this.slab.leave();
  }

  freed(): void {
    this.pinned -= 1;
    this.onFreed?.();
  }

  #change(bytes: number): void {
    const old = this.slab;
    const fresh = this.#pool.take(bytes);
    const waiting = this.available;
    if (waiting > 0) old.bytes.copy(fresh.bytes, 0, this.read, this.written);
    this.slab = fresh;
    this.read = 0;
    this.written = waiting;
    if (old.used) {
      old.owner = this;
      this.pinned += 1;
    }
    old.leave();
  }
}
