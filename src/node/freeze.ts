/**
 * Freezes a mounted filesystem for the time of a snapshot, and thaws it whatever happens: a record is kept while it is
 * frozen, so that a daemon that was killed meanwhile thaws it when it starts again.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../control/ports/system.ts';
import { isErrno, unlessMissing } from './durable-file.ts';
import type { NodeLayout } from './layout.ts';
import { slowIoctl } from './syscalls.ts';

const FIFREEZE = 0xc0045877;
const FITHAW = 0xc0045878;

export interface Freezer {
  /** @returns what the work returned, and whether the filesystem was frozen during it (else it ran all the same). */
  whileFrozen<T>(name: string, mountPath: string, work: () => Promise<T>): Promise<{ readonly value: T; readonly frozen: boolean }>;
  /** Thaws what an earlier run left frozen. */
  thawLeftovers(): Promise<void>;
}

export function createFreezer(layout: NodeLayout, log: Log): Freezer {
  const directory = path.join(layout.traces, 'frozen');

  const freeze = async (fd: number, mountPath: string): Promise<boolean> => {
    try {
      await slowIoctl(fd, 'FIFREEZE', FIFREEZE, Buffer.alloc(4));
      return true;
    } catch (thrown) {
      // EBUSY: somebody else froze it and may thaw it at any moment, so it does not count.
      log.warn({ mount_path: mountPath, error: String(thrown) }, 'a filesystem could not be frozen; its snapshot is as after a power loss');
      return false;
    }
  };
  const thaw = async (fd: number): Promise<void> => {
    await slowIoctl(fd, 'FITHAW', FITHAW, Buffer.alloc(4)).catch((thrown: unknown) => {
      if (!isErrno(thrown, 'EINVAL')) throw thrown;
    });
  };

  return {
    async whileFrozen(name, mountPath, work) {
      const record = path.join(directory, name);
      await mkdir(directory, { recursive: true, mode: 0o700 });
      // Need not be durable: no freeze outlives the machine.
      await writeFile(record, mountPath, { mode: 0o600 });
      const fd = openSync(mountPath, constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        const frozen = await freeze(fd, mountPath);
        try {
          return { value: await work(), frozen };
        } finally {
          if (frozen) await thaw(fd);
        }
      } finally {
        closeSync(fd);
        await rm(record, { force: true });
      }
    },

    async thawLeftovers() {
      for (const name of await unlessMissing(readdir(directory), [])) {
        const record = path.join(directory, name);
        const mountPath = await readFile(record, 'utf8');
        try {
          const fd = openSync(mountPath, constants.O_RDONLY | constants.O_DIRECTORY);
          try {
            await thaw(fd);
            log.warn({ mount_path: mountPath }, 'thawed a filesystem that was frozen when the daemon ended');
          } finally {
            closeSync(fd);
          }
        } catch (thrown) {
          if (!isErrno(thrown, 'ENOENT', 'ENOTDIR', 'EIO')) throw thrown;
        }
        await rm(record, { force: true });
      }
    },
  };
}
