/**
 * One converge at a time on a machine: a file that names the process that has it. It is there with its content or not at
 * all. One that a dead process left is cleared away by one process only, so that nobody's living lock is.
 */
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../model/errors.ts';
import { diskFault, objectIn, readIfThere, readObject } from './files.ts';
import { isAlive, markOf } from './process-mark.ts';

/** @throws unavailable while another living process has it. */
export async function alone<T>(file: string, act: () => Promise<T>): Promise<T> {
  await take(file).catch((thrown: unknown) => { throw diskFault(thrown, 'locking this machine'); });
  try {
    return await act();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o755 });
  const own = `${file}.${process.pid}`;
  try {
    await writeFile(own, JSON.stringify(markOf(process.pid)), { mode: 0o644 });
    while (!(await linked(own, file))) await clear(file, own);
  } finally {
    await rm(own, { force: true });
  }
}

/** Puts `file` there with the content of `own`; false: there is one. */
async function linked(own: string, file: string): Promise<boolean> {
  try {
    await link(own, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away what a dead process left, while nobody else does so. */
async function clear(file: string, own: string): Promise<void> {
  refuse(await readObject(file));
  const clearing = `${file}.clearing`;
  if (!(await linked(own, clearing))) {
    refuse(await readObject(clearing));
    await rm(clearing, { force: true });
    return;
  }
  try {
    // One that is gone in the meantime may be another's a moment later.
    const left = await readIfThere(file);
    if (left !== null && !isAlive(objectIn(left))) await rm(file, { force: true });
  } finally {
    await rm(clearing, { force: true });
  }
}

function refuse(holder: Readonly<Record<string, unknown>> | null): void {
  if (isAlive(holder)) throw new HoldfastError('unavailable', `another converge runs on this machine (process ${String(holder?.['pid'])})`, { object: 'this machine', hint: 'Wait for its end.' });
}
