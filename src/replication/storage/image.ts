/**
 * One replica's image file, open and locked: reads, writes, zeroes and flushes, answered by callbacks with NBD's errors. What
 * is in the page cache is read and written at once, on the calling thread; whatever waits for the medium is done by the
 * pool, so a callback comes before the call returns or later. Overlapping requests are the caller's to keep apart.
 *
 * - Never reads beyond the recorded size. A file that is shorter than that, or was removed, now or behind its back, is
 *   damaged: from then on all is answered with EIO.
 * - After a flush (or writeback) that failed nobody knows what of the cache is on the medium: from then on all is answered
 *   with EIO, and `failed` has told it; who opens the image again in the same mount has to know it.
 * - A full medium is ENOSPC and breaks nothing.
 */
import { closeSync, constants, fdatasync, fstatSync, fsync, ftruncate, openSync, read, write, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { HoldfastError } from '../../model/errors.ts';
import { sharedSlabs, type SlabPool, View } from '../nbd/slab.ts';
import { NBD_ERROR, nbdErrorOf, type NbdError } from '../nbd/wire.ts';
import { extentAt, punchHole, readCached, tryLock, writeCached, writeOut, zeroRange } from './syscalls.ts';
import { DirtyBound } from './writeback.ts';

const MIB = 1024 * 1024;
export const DIRTY_BYTES = 64 * MIB;
/** Larger writes go to the pool: copying them would hold up the loop. */
const AT_ONCE_BYTES = MIB;
const ZEROES = Buffer.alloc(MIB);

export type ImageFault = 'damaged' | 'flush';

export interface ImageOptions {
  readonly file: string;
  /** As recorded; a file may be longer. */
  readonly size: number;
  /** A shorter file: `damaged` refuses it (the default), `lengthen` makes it longer (a replica that returns after a grow). */
  readonly shorter?: 'damaged' | 'lengthen';
  /** The image answers no more, and why. Once. */
  readonly failed: (fault: ImageFault, cause: string) => void;
  /** Bound of what is dirty in the page cache; 64 MiB by default. */
  readonly dirtyBytes?: number;
  readonly slabs?: SlabPool;
}

type Done = (error: NbdError) => void;
/** @param view valid until the callback returns; null with an error. */
type ReadDone = (error: NbdError, view: View | null) => void;

const codeOf = (thrown: unknown): string => (typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : 'EIO');
const damaged = (file: string, what: string): HoldfastError => new HoldfastError('failed_precondition', `image ${file} is damaged: ${what}`, { object: file, hint: 'It is never served; the replica is to be replaced.' });

/** Makes a new, empty (sparse) image, durable with its name. @throws what the kernel says: EEXIST when there is one. */
export async function createImage(file: string, size: number): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.truncate(size);
    await handle.sync();
  } finally {
    await handle.close();
  }
  const directory = await open(path.dirname(file), constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/**
 * Opens and locks.
 * @throws failed_precondition when it is damaged or missing; conflict when somebody else holds its lock.
 */
export async function openImage(options: ImageOptions): Promise<Image> {
  const { file, size } = options;
  let fd: number;
  try {
    fd = openSync(file, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') throw damaged(file, 'it is missing');
    throw thrown;
  }
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw damaged(file, 'it is no regular file');
    if (!tryLock(fd)) throw new HoldfastError('conflict', `image ${file} is locked by another process or device`, { object: file, hint: 'See `lsof` and `losetup -a`.' }, { retryable: true });
    if (found.size < size) {
      if (options.shorter !== 'lengthen') throw damaged(file, `it has ${found.size} bytes, ${size} are recorded`);
      await promisify(ftruncate)(fd, size);
      await promisify(fsync)(fd);
    }
    return new Image(fd, options);
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

export class Image {
  readonly #fd: number;
  readonly #file: string;
  readonly #failed: (fault: ImageFault, cause: string) => void;
  readonly #slabs: SlabPool;
  readonly #dirty: DirtyBound;
  #size: number;
  #fault: ImageFault | null = null;
  #closing = false;
  #running = 0;
  #idle: (() => void)[] = [];
  /** The file was looked at in this tick. */
  #looked = false;
  #writesNowait = true;
  #flushing = false;
  #flushes: Done[] = [];

  /** Use `openImage`. */
  constructor(fd: number, options: ImageOptions) {
    this.#fd = fd;
    this.#file = options.file;
    this.#size = options.size;
    this.#failed = options.failed;
    this.#slabs = options.slabs ?? sharedSlabs;
    this.#dirty = new DirtyBound(options.dirtyBytes ?? DIRTY_BYTES, async () => {
      const failed = await this.#counted(writeOut(this.#fd));
      if (failed !== null && failed !== 'ENOSYS' && failed !== 'ESPIPE') this.#break('flush', `writeback: ${failed}`);
    });
  }

  get size(): number {
    return this.#size;
  }

  /** Why it answers no more; null: it does. */
  get fault(): ImageFault | null {
    return this.#fault;
  }

  /** Bytes that were written and may be in the cache only. */
  get dirtyBytes(): number {
    return this.#dirty.dirty;
  }

  read(offset: number, length: number, done: ReadDone): void {
    const refused = this.#refuse(offset, length);
    if (refused !== NBD_ERROR.OK) return done(refused, null);
    const view = this.#slabs.view(length);
    const cached = readCached(this.#fd, view.slab, view.start, length, offset);
    if (cached === length) {
      done(NBD_ERROR.OK, view);
      view.release();
      return;
    }
    this.#begin();
    this.#readOn(view, offset, typeof cached === 'number' && cached > 0 ? cached : 0, (error) => {
      done(error, error === NBD_ERROR.OK ? view : null);
      view.release();
      this.#end();
    });
  }

  /** @param payload stays unchanged until `done`. @param fua durable before `done`. */
  write(offset: number, payload: View | Uint8Array, fua: boolean, done: Done): void {
    if (this.#dirty.full && this.#fault === null) {
      this.#begin();
      this.#dirty.whenRoom(() => {
        this.#end();
        this.write(offset, payload, fua, done);
      });
      return;
    }
    const length = payload.length;
    const refused = this.#refuse(offset, length);
    if (refused !== NBD_ERROR.OK) return done(refused);
    const finish = (error: NbdError): void => {
      if (error === NBD_ERROR.OK) this.#dirty.wrote(length);
      if (error === NBD_ERROR.OK && fua) this.flush(done);
      else done(error);
    };
    let written = 0;
    if (length <= AT_ONCE_BYTES) {
      const outcome = this.#writeAtOnce(payload, length, offset);
      if (typeof outcome === 'string') return finish(nbdErrorOf(outcome));
      if (outcome === length) return finish(NBD_ERROR.OK);
      written = Math.max(0, outcome);
    }
    const bytes = payload instanceof View ? payload.bytes : payload;
    this.#begin();
    this.#writeOn(bytes, offset, written, (error) => {
      finish(error);
      this.#end();
    });
  }

  /** The range reads as zeroes afterwards. @param keepRoom it stays allocated. */
  zero(offset: number, length: number, keepRoom: boolean, fua: boolean, done: Done): void {
    const refused = this.#refuse(offset, length);
    if (refused !== NBD_ERROR.OK) return done(refused);
    this.#begin();
    void (async () => {
      const failed = await (keepRoom ? zeroRange : punchHole)(this.#fd, offset, length).catch(codeOf);
      const unknown = failed === 'ENOTSUP' || failed === 'ENOSYS';
      const error = unknown ? await this.#writeZeroes(offset, length) : failed === null ? NBD_ERROR.OK : nbdErrorOf(failed);
      if (error === NBD_ERROR.OK && fua) this.flush(done);
      else done(this.#fault === null ? error : NBD_ERROR.EIO);
      this.#end();
    })();
  }

  /** What was answered before is durable afterwards. Those that come while one runs share the next one. */
  flush(done: Done): void {
    const refused = this.#refuse(0, 0);
    if (refused !== NBD_ERROR.OK) return done(refused);
    this.#flushes.push(done);
    if (!this.#flushing) this.#flush();
  }

  /** Whether the range that begins here holds data, and where that ends. For copies that keep holes. */
  extent(offset: number): Promise<{ readonly data: boolean; readonly end: number }> {
    return this.#counted(extentAt(this.#fd, offset, this.#size));
  }

  /** Zeroes what is new and makes the file as long, durably; then the image has the new size. */
  async grow(size: number): Promise<void> {
    const before = this.#size;
    if (size < before) throw new HoldfastError('invalid_argument', `image ${this.#file} has ${before} bytes and cannot shrink to ${size}`, { object: this.#file });
    await this.#counted((async () => {
      const found = fstatSync(this.#fd).size;
      if (found < size) await promisify(ftruncate)(this.#fd, size);
      const old = Math.min(found, size) - before;
      if (old > 0) {
        const failed = await punchHole(this.#fd, before, old);
        const error = failed === null ? NBD_ERROR.OK : await this.#writeZeroes(before, old);
        if (error !== NBD_ERROR.OK) throw new HoldfastError(error === NBD_ERROR.ENOSPC ? 'resource_exhausted' : 'unavailable', `image ${this.#file} could not grow to ${size} bytes`, { object: this.#file });
      }
      await promisify(fsync)(this.#fd).catch((thrown: unknown) => {
        this.#break('flush', codeOf(thrown));
        throw thrown;
      });
    })());
    this.#size = size;
  }

  /** Resolves when nothing runs. */
  settled(): Promise<void> {
    return this.#running === 0 ? Promise.resolve() : new Promise((resolve) => void this.#idle.push(resolve));
  }

  /** Takes nothing any more, waits for what runs, closes; the lock is free afterwards. Does not flush. */
  async close(): Promise<void> {
    if (this.#closing) return this.settled();
    this.#closing = true;
    this.#dirty.open();
    await this.settled();
    closeSync(this.#fd);
  }

  #refuse(offset: number, length: number): NbdError {
    if (this.#closing) return NBD_ERROR.ESHUTDOWN;
    if (!this.#looked) this.#look();
    if (this.#fault !== null) return NBD_ERROR.EIO;
    return offset < 0 || offset + length > this.#size ? NBD_ERROR.EINVAL : NBD_ERROR.OK;
  }

  /** Once per tick: writes into a file that somebody cut off would make holes that look like data. */
  #look(): void {
    this.#looked = true;
    setImmediate(() => void (this.#looked = false));
    try {
      const found = fstatSync(this.#fd);
      if (found.nlink === 0) this.#break('damaged', 'the file was removed');
      else if (found.size < this.#size) this.#break('damaged', `it has ${found.size} bytes, ${this.#size} are recorded`);
    } catch (thrown) {
      this.#break('damaged', codeOf(thrown));
    }
  }

  #break(fault: ImageFault, cause: string): void {
    if (this.#fault !== null) return;
    this.#fault = fault;
    this.#dirty.open();
    this.#failed(fault, `image ${this.#file}: ${cause}`);
  }

  #readOn(view: View, offset: number, got: number, done: Done): void {
    if (got === view.length) return done(this.#fault === null ? NBD_ERROR.OK : NBD_ERROR.EIO);
    read(this.#fd, view.slab.bytes, view.start + got, view.length - got, offset + got, (error, bytes) => {
      if (error !== null) return done(NBD_ERROR.EIO);
      if (bytes === 0) {
        this.#break('damaged', `it ends at ${offset + got}, before its recorded size`);
        return done(NBD_ERROR.EIO);
      }
      this.#readOn(view, offset, got + bytes, done);
    });
  }

  /** Bytes written, -1 when it would wait; or the errno's name. */
  #writeAtOnce(payload: View | Uint8Array, length: number, offset: number): number | string {
    if (this.#writesNowait && payload instanceof View) {
      const outcome = writeCached(this.#fd, payload.slab, payload.start, length, offset);
      if (outcome !== 'ENOTSUP' && outcome !== 'EINVAL' && outcome !== 'ENOSYS') return outcome;
      this.#writesNowait = false;
    }
    try {
      return payload instanceof View ? writeSync(this.#fd, payload.slab.bytes, payload.start, length, offset) : writeSync(this.#fd, payload, 0, length, offset);
    } catch (thrown) {
      return codeOf(thrown);
    }
  }

  #writeOn(bytes: Uint8Array, offset: number, written: number, done: Done): void {
    if (written === bytes.length) return done(this.#fault === null ? NBD_ERROR.OK : NBD_ERROR.EIO);
    write(this.#fd, bytes, written, bytes.length - written, offset + written, (error, count) => {
      if (error !== null) return done(nbdErrorOf(codeOf(error)));
      this.#writeOn(bytes, offset, written + count, done);
    });
  }

  async #writeZeroes(offset: number, length: number): Promise<NbdError> {
    for (let at = 0; at < length; at += ZEROES.length) {
      const piece = ZEROES.subarray(0, Math.min(ZEROES.length, length - at));
      if (this.#dirty.full) await new Promise<void>((resolve) => void this.#dirty.whenRoom(resolve));
      const error = await new Promise<NbdError>((resolve) => void this.#writeOn(piece, offset + at, 0, resolve));
      if (error !== NBD_ERROR.OK) return error;
      this.#dirty.wrote(piece.length);
    }
    return NBD_ERROR.OK;
  }

  #flush(): void {
    this.#flushing = true;
    this.#begin();
    const waiting = this.#flushes;
    this.#flushes = [];
    const mark = this.#dirty.mark();
    fdatasync(this.#fd, (error) => {
      if (error !== null) this.#break('flush', `fdatasync: ${codeOf(error)}`);
      else this.#dirty.cleaned(mark);
      const answer = this.#fault === null ? NBD_ERROR.OK : NBD_ERROR.EIO;
      for (const done of waiting) done(answer);
      if (this.#flushes.length > 0) this.#flush();
      else this.#flushing = false;
      this.#end();
    });
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#begin();
    try {
      return await work;
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    this.#running += 1;
  }

  #end(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
