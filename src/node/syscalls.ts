/**
 * The system calls that Node does not have, through koffi: loop and filesystem ioctls, flock, lseek for holes,
 * mknod, umount, and the kernel's new mount interface (5.2; mount_setattr 5.12). One function per call, no decisions:
 * what fails throws a `SystemCallError` with the errno's name. Short calls are synchronous, those that may wait
 * for a disk run on koffi's threads.
 */
import koffi from 'koffi';
import { getSystemErrorName } from 'node:util';

/** Like Node's own errors of system calls: `code` is the errno's name (`EBUSY`). */
export class SystemCallError extends Error {
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number, about: string) {
    const code = getSystemErrorName(-errno);
    super(`${code}: ${syscall}${about === '' ? '' : ` ${about}`}`);
    this.name = 'SystemCallError';
    this.code = code;
    this.syscall = syscall;
  }
}

type Argument = number | bigint | string | Buffer | null;
interface NativeFunction {
  (...args: Argument[]): number | bigint;
  async(...args: [...Argument[], (error: Error | null | undefined, result: number | bigint) => void]): void;
}

const libc = koffi.load(null);
const native = (name: string, result: string, args: string[]): NativeFunction => libc.func(name, result, args);

const flockCall = native('flock', 'int', ['int', 'int']);
const ioctlPointer = native('ioctl', 'int', ['int', 'ulong', 'void *']);
const ioctlNumber = native('ioctl', 'int', ['int', 'ulong', 'long']);
const lseekCall = native('lseek', 'int64', ['int', 'int64', 'int']);
const mknodCall = native('mknod', 'int', ['str', 'uint', 'uint64']);
const umountCall = native('umount2', 'int', ['str', 'int']);
const mountCall = native('mount', 'int', ['str', 'str', 'str', 'ulong', 'str']);
const fsopenCall = native('syscall', 'long', ['long', 'str', 'uint']);
const fsconfigCall = native('syscall', 'long', ['long', 'int', 'uint', 'str', 'str', 'int']);
const fsmountCall = native('syscall', 'long', ['long', 'int', 'uint', 'uint']);
const openTreeCall = native('syscall', 'long', ['long', 'int', 'str', 'uint']);
const moveMountCall = native('syscall', 'long', ['long', 'int', 'str', 'int', 'str', 'uint']);
const mountSetattrCall = native('syscall', 'long', ['long', 'int', 'str', 'uint', 'void *', 'ulong']);

/** Since 5.2 these numbers are the same on every architecture. */
const SYS = { open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, mount_setattr: 442 } as const;
const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;

function check(syscall: string, result: number | bigint, about: string): number {
  if (Number(result) < 0) throw new SystemCallError(syscall, koffi.errno(), about);
  return Number(result);
}

const later = (syscall: string, call: NativeFunction, about: string, ...args: Argument[]): Promise<number> =>
  new Promise((resolve, reject) => {
    call.async(...args, (error, result) => {
      // errno belongs to the worker's thread; koffi makes it readable inside of this callback only.
      if (error !== null && error !== undefined) reject(error);
      else if (Number(result) < 0) reject(new SystemCallError(syscall, koffi.errno(), about));
      else resolve(Number(result));
    });
  });

/** Takes an exclusive flock without waiting. False: somebody else holds one. */
export function tryLock(fd: number): boolean {
  const LOCK_EX_NB = 2 | 4;
  try {
    check('flock', flockCall(fd, LOCK_EX_NB), '');
    return true;
  } catch (thrown) {
    if (thrown instanceof SystemCallError && (thrown.code === 'EWOULDBLOCK' || thrown.code === 'EAGAIN')) return false;
    throw thrown;
  }
}

/** An ioctl whose argument is a structure, read and written in place. */
export const ioctl = (fd: number, name: string, request: number, argument: Buffer): number => check(name, ioctlPointer(fd, request, argument), '');
/** An ioctl whose argument is a number. */
export const ioctlWithNumber = (fd: number, name: string, request: number, argument = 0): number => check(name, ioctlNumber(fd, request, argument), '');
/** An ioctl that may wait for a disk. */
export const slowIoctl = async (fd: number, name: string, request: number, argument: Buffer): Promise<void> => {
  await later(name, ioctlPointer, '', fd, request, argument);
};

/** Offset of the next data (or hole) at or after `offset`; null: there is none before the end of the file. */
export function seekTo(fd: number, what: 'data' | 'hole', offset: number): number | null {
  try {
    return check('lseek', lseekCall(fd, offset, what === 'data' ? 3 : 4), '');
  } catch (thrown) {
    if (thrown instanceof SystemCallError && thrown.code === 'ENXIO') return null;
    throw thrown;
  }
}

/** Makes the node of a block device. */
export function makeBlockNode(path: string, major: number, minor: number): void {
  const S_IFBLK = 0o060000;
  const device = (BigInt(major & 0xfff) << 8n) | BigInt(minor & 0xff) | (BigInt(minor & ~0xff) << 12n) | (BigInt(major & ~0xfff) << 32n);
  check('mknod', mknodCall(path, S_IFBLK | 0o660, device), path);
}

/** Unmounts what is on top at the path; EBUSY when in use (never lazy), EINVAL when nothing is mounted there. */
export const unmountPath = async (path: string): Promise<void> => {
  const UMOUNT_NOFOLLOW = 8;
  await later('umount', umountCall, path, path, UMOUNT_NOFOLLOW);
};

/** Binds a directory onto itself and makes that mount shared, so that mounts below it propagate. */
export async function bindShared(path: string): Promise<void> {
  const MS_BIND = 4096;
  const MS_SHARED = 1 << 20;
  await later('mount --bind', mountCall, path, path, path, null, MS_BIND, null);
  await later('mount --make-shared', mountCall, path, null, path, null, MS_SHARED, null);
}

export const MOUNT_ATTR = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8 } as const;

/** Opens a context for a new mount of a filesystem type. The fd is read for the kernel's messages. */
export const openFilesystemContext = (type: string): number => check('fsopen', fsopenCall(SYS.fsopen, type, 1), type);
export const setContextFlag = (fd: number, key: string): number => check('fsconfig', fsconfigCall(SYS.fsconfig, fd, 0, key, null, 0), key);
export const setContextString = (fd: number, key: string, value: string): number => check('fsconfig', fsconfigCall(SYS.fsconfig, fd, 1, key, value, 0), `${key}=${value}`);
/** Reads the superblock, replays the log. */
export const createSuperblock = async (fd: number): Promise<void> => {
  await later('fsconfig', fsconfigCall, 'create', SYS.fsconfig, fd, 6, null, null, 0);
};
/** A mount that is at no path yet; it goes away with its fd. */
export const makeDetachedMount = (contextFd: number, attributes: number): number => check('fsmount', fsmountCall(SYS.fsmount, contextFd, 1, attributes), '');
/** A detached copy of the mount at the path, as for a bind mount. */
export const cloneMount = (path: string): number => check('open_tree', openTreeCall(SYS.open_tree, AT_FDCWD, path, 1 | 0x80000), path);
/** Adds attributes to a detached mount. */
export function setMountAttributes(mountFd: number, attributes: number): void {
  const attr = Buffer.alloc(32);
  attr.writeBigUInt64LE(BigInt(attributes), 0);
  check('mount_setattr', mountSetattrCall(SYS.mount_setattr, mountFd, '', AT_EMPTY_PATH, attr, attr.length), '');
}
/** Puts a detached mount on the directory that `targetFd` is. */
export function placeMount(mountFd: number, targetFd: number, about: string): void {
  const FROM_FD_TO_FD = 0x4 | 0x40;
  check('move_mount', moveMountCall(SYS.move_mount, mountFd, '', targetFd, '', FROM_FD_TO_FD), about);
}
