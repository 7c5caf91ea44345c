/**
 * Loop devices: the kernel's table of them, attaching an image under its flock, growing, detaching. An
 * image is told by device and inode, never by a path that the kernel remembers. Loop devices are global to the
 * kernel: others take and free them at any moment, so nothing here trusts what it saw a moment ago.
 */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, statSync, constants, type BigIntStats } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import { isErrno } from './durable-file.ts';
import { lockImage } from './image-lock.ts';
import { ioctl, ioctlWithNumber, makeBlockNode } from './syscalls.ts';

const LOOP = { CONFIGURE: 0x4c0a, CLR_FD: 0x4c01, SET_STATUS64: 0x4c04, GET_STATUS64: 0x4c05, SET_CAPACITY: 0x4c07, CTL_GET_FREE: 0x4c82 } as const;
const FLAG = { READ_ONLY: 1, AUTOCLEAR: 4, DIRECT_IO: 16 } as const;
/** Layout of struct loop_info64 and, around it, struct loop_config. */
const INFO = { size: 232, device: 0, inode: 8, sizelimit: 32, flags: 52, fileName: 56, fileNameSize: 64 } as const;
const CONFIG = { size: 304, fd: 0, blockSize: 4, info: 8 } as const;
/** Others may take the free device that the kernel named before we do: so often it is asked again. */
const MAX_RACES = 64;

export interface LoopDevice {
  readonly path: string;
  /** `major:minor`, as in mountinfo. */
  readonly device: string;
  readonly backing: FileIdentity;
  /** What the kernel calls the file: stale after a rename, followed by " (deleted)" after an unlink. */
  readonly backing_path: string;
  readonly size_bytes: Bytes;
  /** 0: as long as its image. */
  readonly size_limit: Bytes;
  readonly read_only: boolean;
  readonly direct_io: boolean;
  /** Ends with its last user: made so, or somebody has asked to free it while it was in use. */
  readonly temporary: boolean;
}

/** Which file it is, whatever it is called. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export const identityOf = (stats: BigIntStats): FileIdentity => ({ dev: stats.dev, ino: stats.ino });
export const isSameFile = (a: FileIdentity, b: FileIdentity): boolean => a.dev === b.dev && a.ino === b.ino;

/** Every loop device that has an image. */
export function readLoopDevices(): readonly LoopDevice[] {
  const found: LoopDevice[] = [];
  for (const name of readdirSync('/sys/block')) {
    if (!/^loop\d+$/.test(name) || !existsSync(`/sys/block/${name}/loop`)) continue;
    const device = readLoopDevice(name);
    if (device !== null) found.push(device);
  }
  return found;
}

function readLoopDevice(name: string): LoopDevice | null {
  const path = `/dev/${name}`;
  try {
    const device = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim();
    ensureNode(path, device);
    const info = withDevice(path, constants.O_RDONLY, (fd) => readInfo(fd));
    const flags = info.readUInt32LE(INFO.flags);
    return {
      path,
      device,
      backing: { dev: info.readBigUInt64LE(INFO.device), ino: info.readBigUInt64LE(INFO.inode) },
      backing_path: readFileSync(`/sys/block/${name}/loop/backing_file`, 'utf8').trimEnd(),
      size_bytes: Number(readFileSync(`/sys/block/${name}/size`, 'utf8')) * 512,
      size_limit: Number(info.readBigUInt64LE(INFO.sizelimit)),
      read_only: (flags & FLAG.READ_ONLY) !== 0,
      direct_io: (flags & FLAG.DIRECT_IO) !== 0,
      temporary: (flags & FLAG.AUTOCLEAR) !== 0,
    };
  } catch (thrown) {
    // Freed (ENXIO) or removed (the others) since it was listed.
    if (isErrno(thrown, 'ENXIO', 'ENODEV', 'ENOENT', 'EBUSY')) return null;
    throw thrown;
  }
}

/** The loop device that holds the file, or null. Reads afresh. */
export const loopOf = (file: FileIdentity): LoopDevice | null => readLoopDevices().find((loop) => isSameFile(loop.backing, file)) ?? null;

export interface LoopOptions {
  /** The device shows so much of a longer file. */
  readonly size_bytes: Bytes;
  /** At least this, and what the filesystem below asks of direct I/O. */
  readonly sector_bytes: number;
  /** Frees itself when its last user has gone, also when this process dies. */
  readonly temporary?: boolean;
}

/**
 * Makes a loop device of the image, with direct I/O where the medium can. The device holds the exclusive flock
 * of the image for as long as it exists.
 * @returns the device, and for a temporary one the fd that keeps it (to be closed by the caller), else null.
 * @throws conflict when somebody else holds the flock; unavailable when no loop device can be had.
 */
export async function attachLoop(image: string, options: LoopOptions): Promise<{ readonly path: string; readonly heldBy: number | null }> {
  const fd = openSync(image, constants.O_RDWR);
  try {
    await lockImage(fd, image);
    const length = Number(statSync(image, { bigint: true }).size);
    const config = Buffer.alloc(CONFIG.size);
    config.writeUInt32LE(fd, CONFIG.fd);
    config.writeUInt32LE(Math.max(512, options.sector_bytes), CONFIG.blockSize);
    config.writeBigUInt64LE(length > options.size_bytes ? BigInt(options.size_bytes) : 0n, CONFIG.info + INFO.sizelimit);
    config.writeUInt32LE(FLAG.DIRECT_IO | (options.temporary === true ? FLAG.AUTOCLEAR : 0), CONFIG.info + INFO.flags);
    // For people who read `losetup -a`; the last byte stays NUL. The tail of the path tells more than its head.
    Buffer.from(image).subarray(-(INFO.fileNameSize - 1)).copy(config, CONFIG.info + INFO.fileName);
    for (let race = 0; race < MAX_RACES; race += 1) {
      const path = `/dev/loop${freeNumber()}`;
      ensureNode(path, `7:${path.slice('/dev/loop'.length)}`);
      const device = openSync(path, constants.O_RDWR);
      try {
        ioctl(device, 'LOOP_CONFIGURE', LOOP.CONFIGURE, config);
      } catch (thrown) {
        closeSync(device);
        if (!isErrno(thrown, 'EBUSY', 'ENXIO')) throw thrown;
        await sleep(race);
        continue;
      }
      if (options.temporary === true) return { path, heldBy: device };
      closeSync(device);
      return { path, heldBy: null };
    }
    throw new HoldfastError('unavailable', `no loop device could be had for ${image}: others took each one first`, { object: image, hint: 'Try again.' });
  } finally {
    closeSync(fd);
  }
}

/** Makes the device as long as `size`. Its image must be that long already. Never shortens it. */
export async function growLoop(loop: LoopDevice, imageBytes: Bytes, size: Bytes): Promise<void> {
  if (loop.size_bytes >= size) return;
  for (let attempt = 0; ; attempt += 1) {
    try {
      withDevice(loop.path, constants.O_RDWR, (fd) => {
        const info = readInfo(fd);
        if (info.readBigUInt64LE(INFO.sizelimit) !== 0n) {
          info.writeBigUInt64LE(imageBytes > size ? BigInt(size) : 0n, INFO.sizelimit);
          ioctl(fd, 'LOOP_SET_STATUS64', LOOP.SET_STATUS64, info);
        }
        ioctlWithNumber(fd, 'LOOP_SET_CAPACITY', LOOP.SET_CAPACITY);
      });
      return;
    } catch (thrown) {
      // The kernel found pages dirtied while it looked.
      if (!isErrno(thrown, 'EAGAIN') || attempt >= 50) throw thrown;
      await sleep(20);
    }
  }
}

/** Makes a temporary device, in use, stay. */
export function keepLoop(loop: LoopDevice): void {
  withDevice(loop.path, constants.O_RDWR, (fd) => {
    const info = readInfo(fd);
    info.writeUInt32LE(info.readUInt32LE(INFO.flags) & ~FLAG.AUTOCLEAR, INFO.flags);
    ioctl(fd, 'LOOP_SET_STATUS64', LOOP.SET_STATUS64, info);
  });
}

/**
 * Frees the device. A device in use is never freed lazily: false, and it stays as it is.
 * @param file the image that it must hold; when it holds another one by now, it is left alone.
 */
export async function detachLoop(loop: LoopDevice, file: FileIdentity): Promise<boolean> {
  if (!isFree(loop.path)) return false;
  try {
    withDevice(loop.path, constants.O_RDWR | constants.O_EXCL, (fd) => {
      const info = readInfo(fd);
      const holds = { dev: info.readBigUInt64LE(INFO.device), ino: info.readBigUInt64LE(INFO.inode) };
      if (isSameFile(holds, file)) ioctlWithNumber(fd, 'LOOP_CLR_FD', LOOP.CLR_FD);
    });
  } catch (thrown) {
    if (isErrno(thrown, 'EBUSY')) return false;
    if (!isErrno(thrown, 'ENXIO')) throw thrown;
  }
  return waitUntilGone(file);
}

/** Waits until no device holds the file: somebody may just look at the device and so delay its end. */
export async function waitUntilGone(file: FileIdentity, timeoutMs = 5_000): Promise<boolean> {
  for (let waited = 0; ; ) {
    if (loopOf(file) === null) return true;
    if (waited >= timeoutMs) return false;
    const pause = waited < 50 ? 2 : 50;
    await sleep(pause);
    waited += pause;
  }
}

/** Whether no filesystem, in any mount namespace, and nothing else claims the block device. */
export function isFree(path: string): boolean {
  try {
    closeSync(openSync(path, constants.O_RDONLY | constants.O_EXCL));
    return true;
  } catch (thrown) {
    if (isErrno(thrown, 'EBUSY')) return false;
    throw thrown;
  }
}

/** Whether the kernel offers loop devices. Throws what opening the control device throws. */
export function probeLoopControl(): void {
  closeSync(openSync('/dev/loop-control', constants.O_RDWR));
}

function freeNumber(): number {
  const control = openSync('/dev/loop-control', constants.O_RDWR);
  try {
    return ioctlWithNumber(control, 'LOOP_CTL_GET_FREE', LOOP.CTL_GET_FREE);
  } finally {
    closeSync(control);
  }
}

/** Without udev or devtmpfs nobody makes the node of a new loop device. */
function ensureNode(path: string, device: string): void {
  if (existsSync(path)) return;
  const [major, minor] = device.split(':').map(Number);
  try {
    makeBlockNode(path, major ?? 7, minor ?? 0);
  } catch (thrown) {
    if (!isErrno(thrown, 'EEXIST')) throw thrown;
  }
}

function readInfo(fd: number): Buffer {
  const info = Buffer.alloc(INFO.size);
  ioctl(fd, 'LOOP_GET_STATUS64', LOOP.GET_STATUS64, info);
  return info;
}

function withDevice<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
