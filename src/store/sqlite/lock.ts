/**
 * One process per store directory: an exclusive flock on `<dir>/lock`, held as long as the process lives. The kernel
 * drops it with the process, so a stale file is no obstacle. The file also tells who holds it, and the mark (see
 * mark.ts); it is written only after the store was found sound, so that a refused start changes nothing.
 */
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, readSync, fstatSync, writeSync } from 'node:fs';
import path from 'node:path';
import koffi from 'koffi';
import { HoldfastError } from '../../model/errors.ts';

const LOCK_EX_NB = 2 | 4;
const flock = koffi.load(null).func('int flock(int fd, int operation)') as (fd: number, operation: number) => number;

export interface LockNote {
  /** Process that holds the lock, null when it was given back. */
  readonly pid: number | null;
  /** What that process is. */
  readonly holder: string;
  /** The mark that the store is known to have reached on disk. */
  readonly mark: number;
}

export class StoreLock {
  readonly #fd: number;
  /** What the last holder left, null when there was none or it is not readable. */
  readonly former: LockNote | null;

  private constructor(fd: number, former: LockNote | null) {
    this.#fd = fd;
    this.former = former;
  }

  /** @param what lies in the directory, for the message. @throws failed_precondition, naming the holder's pid, when another process (or this one) holds it */
  static take(dir: string, what = 'store'): StoreLock {
    const file = path.join(dir, 'lock');
    const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (flock(fd, LOCK_EX_NB) === 0) return new StoreLock(fd, readNote(fd));
    const note = readNote(fd);
    const pid = holderPid(fd) ?? note?.pid ?? null;
    closeSync(fd);
    const who = pid === null ? 'another process' : `process ${pid}`;
    const holder = note !== null && note.pid === pid ? ` (${note.holder})` : '';
    throw new HoldfastError('failed_precondition', `The ${what} in ${dir} is in use by ${who}${holder}`, {
      object: `${what} ${dir}`,
      hint: pid === null ? 'Stop the other holdfastd, or give this one its own --root.' : `Stop it (kill ${pid}), or give this holdfastd its own --root.`,
    });
  }

  /** Durable when it returns. A note that cannot be written (disk full) is left as it was: an older mark only proves less. */
  write(note: LockNote): void {
    const text = Buffer.from(`${JSON.stringify(note)}\n`);
    try {
      // In place: its block is there already when the disk is full.
      writeSync(this.#fd, text, 0, text.length, 0);
      ftruncateSync(this.#fd, text.length);
      fsyncSync(this.#fd);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOSPC') throw thrown;
    }
  }

  release(): void {
    closeSync(this.#fd);
  }
}

function readNote(fd: number): LockNote | null {
  const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, 4096));
  readSync(fd, bytes, 0, bytes.length, 0);
  try {
    const note = JSON.parse(bytes.toString()) as Partial<LockNote> | null;
    if (note === null || typeof note.mark !== 'number' || typeof note.holder !== 'string') return null;
    return { pid: typeof note.pid === 'number' ? note.pid : null, holder: note.holder, mark: note.mark };
  } catch {
    return null;
  }
}

/** The kernel's word on who holds the lock: the note may still be a former holder's. */
function holderPid(fd: number): number | null {
  const { ino } = fstatSync(fd);
  const line = readFileSync('/proc/locks', 'utf8').split('\n').find((one) => one.includes(' FLOCK ') && one.includes(`:${ino} `));
  const pid = Number(/WRITE\s+(\d+)/.exec(line ?? '')?.[1] ?? 0);
  return pid > 0 ? pid : null;
}
