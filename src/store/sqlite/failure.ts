/** SQLite's failures in our words: full disk, failing medium, damage. Everything else is a fault of ours: internal. */
import { HoldfastError, asHoldfastError } from '../../model/errors.ts';

const FULL = 13;
const IOERR = 10;
const CORRUPT = 11;
const NOTADB = 26;
const CANTOPEN = 14;
const READONLY = 8;

const errcode = (thrown: unknown): number => {
  const code = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : undefined;
  return typeof code === 'number' ? code : 0;
};

/** @param path the store's file, for the message */
export function storeFailure(thrown: unknown, path: string): HoldfastError {
  if (thrown instanceof HoldfastError) return thrown;
  const code = errcode(thrown) & 0xff;
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const system = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
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
