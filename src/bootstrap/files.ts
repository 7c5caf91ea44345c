/** Files that are whole or not there after a crash, and files that may be missing. Knows no name of any. */
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
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
export async function readObject(file: string): Promise<Readonly<Record<string, unknown>> | null> {
  const text = await readIfThere(file);
  try {
    const value: unknown = JSON.parse(text ?? 'null');
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
