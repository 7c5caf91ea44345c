/** Files that are whole or not there after a crash, and files that may be missing. Knows no name of any. */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { syncDirectory } from '../security/sync-directory.ts';

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** null where there is none. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A JSON object in a file; null where there is none, or something else. */
export const readObject = async (file: string): Promise<Readonly<Record<string, unknown>> | null> => objectIn(await readIfThere(file) ?? 'null');

/** The JSON object that a text is; null: it is something else. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : null;
  } catch {
    return null;
  }
}

/** Replaces the file by one with this content, durably; directories that are missing are made. */
export async function writeDurably(file: string, content: string, mode: number): Promise<void> {
  const directory = path.dirname(file);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const aside = path.join(directory, `.${path.basename(file)}.new`);
  const handle = await open(aside, 'w', mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(aside, file);
  await syncDirectory(directory);
}

/** What this machine's disk keeps somebody from doing, said as an error of ours; anything else as it is. @param doing what was to be done. */
export function diskFault(thrown: unknown, doing: string): unknown {
  if (thrown instanceof HoldfastError || !(thrown instanceof Error)) return thrown;
  const { code, path: file } = thrown as NodeJS.ErrnoException;
  if (file === undefined && code !== 'ENOSPC') return thrown;
  const fault = (kind: 'resource_exhausted' | 'failed_precondition' | 'permission_denied', what: string, hint: string): HoldfastError =>
    new HoldfastError(kind, `${doing}: ${what}`, { object: 'this machine', hint: `${hint} Then converge again: it goes on where it stopped.` }, { cause: thrown });
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT': return fault('resource_exhausted', `no space (or inodes) left on the disk${file === undefined ? '' : ` of ${file}`}`, 'Free some.');
    case 'EROFS': return fault('failed_precondition', `the filesystem of ${file ?? ''} is read-only`, 'Mount it read-write; the kernel log says why it is not.');
    case 'EACCES':
    case 'EPERM': return fault('permission_denied', `${file ?? ''} may not be read or written by this user`, 'Become root.');
    default: return thrown;
  }
}
