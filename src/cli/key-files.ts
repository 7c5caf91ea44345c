/** Private keys and what comes with them, as files of the user: made with mode 0600, replaced whole, never printed. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';

/** null when there is no such file. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new HoldfastError('invalid_argument', `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { object: `file ${file}` }, { cause });
  }
}

export async function needFile(file: string, option: string): Promise<string> {
  const text = await readIfThere(file);
  if (text === null) throw new HoldfastError('invalid_argument', `there is no file ${file}`, { object: `file ${file}`, field: option });
  return text;
}

/** Whole or not at all. @param mode 0o600 for secrets. */
export async function writeWhole(file: string, text: string, mode: number): Promise<void> {
  const half = `${file}.${randomBytes(4).toString('hex')}.part`;
  try {
    await mkdir(path.dirname(file), { recursive: true });
    const handle = await open(half, 'wx', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(half, file);
  } catch (cause) {
    await rm(half, { force: true });
    throw new HoldfastError('failed_precondition', `${file} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { object: `file ${file}`, hint: 'Name another place.' }, { cause });
  }
}

/** @throws invalid_argument naming the option that is missing. */
export function needOption(value: string | undefined, option: string, hint: string): string {
  if (value !== undefined && value !== '') return value;
  throw new HoldfastError('invalid_argument', `${option} is missing`, { field: option, hint });
}
