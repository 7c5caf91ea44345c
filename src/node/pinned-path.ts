/**
 * A path whose directory is held open, so that what was checked is what is then worked on: whoever may write into a
 * published volume can put a symlink in the place of a directory between a look and a mount, and would lead us out of it.
 */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { isErrno } from './durable-file.ts';

export interface PinnedPath {
  /** As the kernel shows it: symlinks of the parents followed, the last component as it is. */
  readonly resolved: string;
  /** The same for calls of the system in this process; leads to the directory that is held, whatever became of its path. */
  readonly at: string;
  close(): void;
}

/** @returns null when the directory that it lies in does not exist. */
export function pinPath(target: string): PinnedPath | null {
  const O_PATH = 0o10000000;
  let parent: number;
  try {
    parent = openSync(path.dirname(target), O_PATH | constants.O_DIRECTORY);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return null;
    throw thrown;
  }
  const held = `/proc/self/fd/${parent}`;
  const name = path.basename(target);
  return { resolved: path.join(readlinkSync(held), name), at: `${held}/${name}`, close: () => closeSync(parent) };
}
