/**
 * What leaves a socket: collected during a tick of the event loop and written at its end as one write. Pieces that lie one
 * after another in a slab become one. Requests to other nodes (`first`) leave before replies (`last`).
 */
import type { Writable } from 'node:stream';
import { REPLY_HEADER } from './wire.ts';
import type { Slab, SlabPool, View } from './slab.ts';

export type Rank = 'first' | 'last';

interface Piece {
  /** null: `bytes` is no part of a slab. */
  readonly slab: Slab | null;
  readonly start: number;
  end: number;
  readonly bytes: Buffer | null;
}

const waiting: Record<Rank, Outbox[]> = { first: [], last: [] };
let scheduled = false;

function flushAll(): void {
  scheduled = false;
  for (const rank of ['first', 'last'] as const) {
    const outboxes = waiting[rank];
    waiting[rank] = [];
    for (const outbox of outboxes) outbox.flush();
  }
}

export class Outbox {
  readonly #stream: Writable;
  readonly #slabs: SlabPool;
  readonly #rank: Rank;
  readonly #written: () => void;
  #pieces: Piece[] = [];
  #queued = false;
  #backlog = 0;
  #finished = 0;
  #closed = false;

  /** @param written called whenever something has been written, or failed to be. */
  constructor(stream: Writable, slabs: SlabPool, rank: Rank, written: () => void) {
    this.#stream = stream;
    this.#slabs = slabs;
    this.#rank = rank;
    this.#written = written;
  }

  /** Bytes that were put in and are not yet with the kernel. */
  get backlog(): number {
    return this.#backlog;
  }

  /** Writes that are done: rises while the other side reads. */
  get finished(): number {
    return this.#finished;
  }

  /** So many bytes of a header, to be filled by the caller at once: they are in the queue already. */
  header(length: number): { readonly words: DataView; readonly start: number } {
    const { slab, start } = this.#slabs.cut(length);
    this.#append(slab, start, start + length);
    return { words: slab.words, start };
  }

  /** A view, and so many bytes in front of it which the caller has filled. */
  view(view: View, header: number): void {
    this.#append(view.slab, view.start - header, view.start + view.length);
  }

  /** Bytes outside of any slab, which nobody changes any more. */
  bytes(bytes: Uint8Array): void {
    if (this.#closed || bytes.length === 0) return;
    this.#pieces.push({ slab: null, start: 0, end: bytes.length, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) });
    this.#mark(bytes.length);
  }

  /** Writes now what was collected. Otherwise it happens at the end of the tick. */
  flush(): void {
    this.#queued = false;
    const pieces = this.#pieces;
    if (pieces.length === 0) return;
    this.#pieces = [];
    let total = 0;
    for (const piece of pieces) total += piece.end - piece.start;
    const done = (): void => {
      for (const piece of pieces) piece.slab?.release();
      this.#backlog -= total;
      this.#finished += 1;
      this.#written();
    };
    if (this.#closed || this.#stream.destroyed) return done();
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.#stream.write(bytesOf(only), done);
      return;
    }
    this.#stream.cork();
    for (const [index, piece] of pieces.entries()) this.#stream.write(bytesOf(piece), index === pieces.length - 1 ? done : undefined);
    this.#stream.uncork();
  }

  /** Nothing leaves any more. */
  close(): void {
    this.#closed = true;
    this.flush();
  }

  #append(slab: Slab, start: number, end: number): void {
    const last = this.#pieces.at(-1);
    if (last !== undefined && last.slab === slab && last.end === start) last.end = end;
    else {
      slab.retain();
      this.#pieces.push({ slab, start, end, bytes: null });
    }
    this.#mark(end - start);
  }

  #mark(bytes: number): void {
    this.#backlog += bytes;
    if (this.#queued) return;
    this.#queued = true;
    waiting[this.#rank].push(this);
    if (scheduled) return;
    scheduled = true;
    setImmediate(flushAll);
  }
}

const bytesOf = (piece: Piece): Buffer => piece.bytes ?? (piece.slab as Slab).bytes.subarray(piece.start, piece.end);

/** The bytes of a simple reply's header. */
export function putReplyHeader(words: DataView, at: number, magic: number, error: number, cookieHigh: number, cookieLow: number): number {
  words.setUint32(at, magic);
  words.setUint32(at + 4, error);
  words.setUint32(at + 8, cookieHigh);
  words.setUint32(at + 12, cookieLow);
  return REPLY_HEADER;
}
