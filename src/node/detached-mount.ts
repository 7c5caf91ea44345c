/**
 * Mounts that exist before they are anywhere: a filesystem is mounted to an fd, looked at and worked on, and
 * then placed on a directory or dropped. One that is dropped, or whose process is killed, leaves no trace in any
 * mount namespace. Needs Linux 5.2 (binds that are read-only from the start: 5.12).
 */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { close } from 'node:fs';
import { promisify } from 'node:util';
import { HoldfastError } from '../model/errors.ts';
import { isErrno, messageOf } from './durable-file.ts';
import { cloneMount, createSuperblock, makeDetachedMount, MOUNT_ATTR, openFilesystemContext, placeMount, setContextFlag, setContextString, setMountAttributes } from './syscalls.ts';

export interface DetachedMount {
  /** Its root directory, for as long as it is not closed. */
  readonly path: string;
  /** Puts it on a directory, which must not be a symlink. @param called what an error calls it. */
  place(directory: string, called?: string): void;
  /** Drops it; placed, it stays where it is. May wait for the disk. */
  close(): Promise<void>;
}

export interface MountRequest {
  readonly device: string;
  readonly type: string;
  /** Options of the filesystem: a flag, or a key with a value. */
  readonly options: readonly (string | readonly [key: string, value: string])[];
  readonly readOnly: boolean;
  /** `MOUNT_ATTR` of the mount. */
  readonly attributes: number;
}

/** @throws failed_precondition with what the kernel says when the filesystem cannot be mounted; unsupported for a type that it does not know. */
export async function mountDetached(request: MountRequest): Promise<DetachedMount> {
  let context: number;
  try {
    context = openFilesystemContext(request.type);
  } catch (thrown) {
    if (isErrno(thrown, 'ENODEV')) throw new HoldfastError('unsupported', `the kernel does not know the filesystem ${request.type}`, { object: request.device, hint: `Load its module: modprobe ${request.type}` }, { cause: thrown });
    throw thrown;
  }
  try {
    setContextString(context, 'source', request.device);
    for (const option of request.options) {
      if (typeof option === 'string') setContextFlag(context, option);
      else setContextString(context, option[0], option[1]);
    }
    if (request.readOnly) setContextFlag(context, 'ro');
    await createSuperblock(context);
    return holding(makeDetachedMount(context, request.attributes | (request.readOnly ? MOUNT_ATTR.RDONLY : 0)));
  } catch (thrown) {
    const said = messagesOf(context);
    throw new HoldfastError('failed_precondition', `${request.device} cannot be mounted as ${request.type}: ${said === '' ? messageOf(thrown) : said}`, { object: request.device, hint: 'See the kernel log (dmesg) for details. Nothing was changed.' }, { cause: thrown });
  } finally {
    closeSync(context);
  }
}

/** A bind mount of the directory that is at no path yet. */
export function bindDetached(directory: string, readOnly: boolean): DetachedMount {
  const fd = cloneMount(directory);
  try {
    if (readOnly) setMountAttributes(fd, MOUNT_ATTR.RDONLY);
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
  return holding(fd);
}

function holding(fd: number): DetachedMount {
  return {
    path: `/proc/self/fd/${fd}/.`,
    place(directory, called = directory) {
      const O_PATH = 0o10000000;
      const target = openSync(directory, O_PATH | constants.O_NOFOLLOW | constants.O_DIRECTORY);
      try {
        placeMount(fd, target, called);
      } finally {
        closeSync(target);
      }
    },
    close: () => promisify(close)(fd),
  };
}

/** What the kernel wrote about the mount that failed: lines that begin with `e `, `w ` or `i `. */
function messagesOf(context: number): string {
  const messages: string[] = [];
  const buffer = Buffer.alloc(1024);
  for (let line = 0; line < 16; line += 1) {
    try {
      const length = readSync(context, buffer);
      if (length === 0) break;
      messages.push(buffer.toString('utf8', 0, length).trim().replace(/^[ewi] /, ''));
    } catch {
      break;
    }
  }
  return messages.join('; ');
}
