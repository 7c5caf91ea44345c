/**
 * Files and directories that survive a power cut: written under another name, synced, renamed, the directory synced.
 * Also the translation of what the kernel says about them into errors that people can act on.
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError, type ErrorDetail } from '../model/errors.ts';
import { PARTIAL_PREFIX } from './layout.ts';

/** Whether the thrown thing is the error of a system call with one of these errno names. */
export function isErrno(thrown: unknown, ...codes: readonly string[]): boolean {
  // By its shape: an error of Node's own modules is no instance of the Error of another realm.
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && codes.includes(String(thrown.code));
}

/** What a thrown thing says. */
export const messageOf = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown && typeof thrown.message === 'string' ? thrown.message : String(thrown);

/** The value, or the fallback where the path does not exist. */
export async function unlessMissing<T, F>(value: Promise<T>, fallback: F): Promise<T | F> {
  try {
    return await value;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return fallback;
    throw thrown;
  }
}

export async function syncPath(file: string): Promise<void> {
  const handle = await open(file, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Replaces the file by one with this content (mode 0600), durably. The old or the new one is there at any moment. */
export async function writeAtomically(file: string, content: string | Uint8Array): Promise<void> {
  const directory = path.dirname(file);
  const partial = path.join(directory, `${PARTIAL_PREFIX}${path.basename(file)}`);
  try {
    const handle = await open(partial, 'w', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, file);
  } catch (thrown) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw thrown;
  }
  await syncPath(directory);
}

/** Makes the missing directories below `base` (which must exist) with mode 0700. Not synced; see `syncDirectories`. */
export async function makeDirectories(base: string, directory: string): Promise<void> {
  const parts = path.relative(base, directory).split(path.sep);
  let at = base;
  for (const part of parts) {
    at = path.join(at, part);
    await mkdir(at, { mode: 0o700 }).catch((thrown: unknown) => {
      if (!isErrno(thrown, 'EEXIST')) throw thrown;
    });
  }
}

/** Syncs the directory and each one above it up to `base`. */
export async function syncDirectories(base: string, directory: string): Promise<void> {
  const all = [directory];
  for (let at = directory; at !== base && at.length > base.length; ) {
    at = path.dirname(at);
    all.push(at);
  }
  await Promise.all(all.map(syncPath));
}

/** Deletes what interrupted calls left in the directory. */
export async function removePartials(directory: string): Promise<void> {
  const names = await unlessMissing(readdir(directory), []);
  await Promise.all(names.filter((name) => name.startsWith(PARTIAL_PREFIX)).map((name) => rm(path.join(directory, name), { force: true, recursive: true })));
}

/** What the kernel said about a medium, as an error that says what to do; a HoldfastError and a reason to stop pass through. */
export function mediumError(thrown: unknown, doing: string, detail: ErrorDetail): unknown {
  if (thrown instanceof HoldfastError || typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return thrown;
  const said = `${doing}: ${messageOf(thrown)}`;
  switch (thrown.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new HoldfastError('resource_exhausted', `${doing}: no space left on the pool's medium`, { ...detail, hint: 'Free space on it, purge trash, or grow the pool.' }, { cause: thrown });
    case 'EROFS':
      return new HoldfastError('failed_precondition', `${doing}: the pool's filesystem is read-only`, { ...detail, hint: 'See the kernel log; after an I/O error a filesystem may have turned read-only.' }, { cause: thrown });
    case 'EFBIG':
      return new HoldfastError('unsupported', `${doing}: the pool's filesystem cannot hold a file of this size`, { ...detail, field: 'size', hint: 'ext4 holds files up to 16 TiB; use a device pool (XFS) for larger volumes.' }, { cause: thrown });
    case 'EIO':
      return new HoldfastError('unavailable', `${doing}: I/O error of the medium`, { ...detail, hint: 'See the kernel log (dmesg); the disk may be failing.' }, { cause: thrown });
    case 'EACCES':
    case 'EPERM':
      return new HoldfastError('permission_denied', said, { ...detail, hint: 'holdfastd must run as root with CAP_SYS_ADMIN.' }, { cause: thrown });
    default:
      return thrown;
  }
}
