/** SQLite's failures in our words: full disk, failing medium, damage. Everything else is a fault of ours: internal. */
import { HoldfastError, asHoldfastError } from '../../model/errors.ts';

const FULL = 13;
const IOERR = 10;
const CORRUPT = 11;
const NOTADB = 26;
const CANTOPEN = 14;
const READONLY = 8;

/** By shape: `node:sqlite` and `node:fs` throw errors of the outermost realm, whatever realm we run in. */
const shape = (thrown: unknown): { readonly errcode?: unknown; readonly code?: unknown; readonly message?: unknown } => (typeof thrown === 'object' && thrown !== null ? thrown : {});

const errcode = (thrown: unknown): number => Number(shape(thrown).errcode ?? 0);

/** What a thrown thing says of itself. */
export const saidBy = (thrown: unknown): string => String(shape(thrown).message ?? thrown);

/** @param path the store's file, for the message */
export function storeFailure(thrown: unknown, path: string): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const code = errcode(thrown) & 0xff;
  const said = saidBy(thrown);
  const system = shape(thrown).code;
  const object = `store ${path}`;
  if (code === FULL || system === 'ENOSPC' || system === 'EDQUOT') {
    return new HoldfastError('resource_exhausted', `No space left for the store ${path}; nothing was written`, { object, hint: 'Free space on its filesystem; the store goes on by itself.' }, { cause: thrown, retryable: true });
  }
  if (code === IOERR || code === CANTOPEN || code === READONLY || system === 'EIO' || system === 'EROFS') {
    return new HoldfastError('unavailable', `The medium of the store ${path} fails: ${said}`, { object, hint: 'Look at the kernel log (dmesg) and at the disk.' }, { cause: thrown });
  }
  if (code === CORRUPT || code === NOTADB) {
    return new HoldfastError('failed_precondition', `The store ${path} is damaged: ${said}`, { object, hint: 'Stop holdfastd, keep the file, and start again: the start names the copy to restore.' }, { cause: thrown });
  }
  return asHoldfastError(thrown);
}

/** A failed sync: what is on the disk is no longer known, and trying again would not tell. */
export const isSyncFailure = (thrown: unknown): boolean => [1034, 1290].includes(errcode(thrown)); // IOERR_FSYNC, IOERR_DIR_FSYNC

/** A row that was found not to match its checksum while the store is open. @param row what it is: `entry a/b` */
export const damagedRow = (row: string): HoldfastError =>
  new HoldfastError('failed_precondition', `In the store, ${row} does not match its checksum`, { object: 'store', hint: 'Stop holdfastd, keep the file, and start again: the start names the copy to restore.' });
