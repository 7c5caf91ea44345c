/**
 * The exclusive flock of an image, for work on it without a loop device. A program that inherits the descriptor
 * keeps the lock until it ends: so nobody touches an image that a tool of a daemon that was killed still writes to.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '../model/errors.ts';
import { tryLock } from './syscalls.ts';

/** What a killed daemon left running ends soon; a lock that lasts longer is somebody's. */
const PATIENCE_MS = 3_000;
const PAUSE_MS = 20;

/** Waits a moment for the lock. @throws conflict when another process or device keeps it. */
export async function lockImage(fd: number, image: string): Promise<void> {
  for (let waited = 0; !tryLock(fd); waited += PAUSE_MS) {
    if (waited >= PATIENCE_MS) throw new HoldfastError('conflict', `${image} is locked by another process or device`, { object: image, hint: 'Another daemon, or a tool, has the image open: see `lsof` and `losetup -a`.' }, { retryable: true });
    await sleep(PAUSE_MS);
  }
}

/** @param work gets the descriptor that holds the lock. */
export async function withLockedImage<T>(image: string, work: (fd: number) => Promise<T>): Promise<T> {
  const fd = openSync(image, constants.O_RDONLY);
  try {
    await lockImage(fd, image);
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}
