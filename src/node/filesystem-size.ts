/**
 * Grows a filesystem to the size of its device: while it is mounted, at a path or detached, by the kernel's own
 * ioctls; an ext4 that the kernel will not grow, by resize2fs on the unmounted image. Never shrinks one.
 */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { open, statfs } from 'node:fs/promises';
import type { Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Filesystem } from '../model/volume.ts';
import { LONG_MS, run, type CommandOptions } from './command.ts';
import { isErrno } from './durable-file.ts';
import { ioctl, slowIoctl } from './syscalls.ts';

const XFS_IOC_FSGEOMETRY = 0x8100587e;
const XFS_IOC_FSGROWFSDATA = 0x4010586e;
const EXT4_IOC_RESIZE_FS = 0x40086610;
/** XFS adds no allocation group of fewer blocks: so much may be left over. */
const XFS_MIN_GROUP_BLOCKS = 64;

/**
 * Whether this daemon may make the filesystem larger while it is mounted: the kernel asks for CAP_SYS_RESOURCE
 * before it resizes an ext4, and many containers do not have it.
 */
export function growsWhileMounted(filesystem: Filesystem): boolean {
  const CAP_SYS_RESOURCE = 24n;
  if (filesystem === 'xfs') return true;
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/**
 * @param mountPath a directory of the mounted filesystem; it must be writable.
 * @returns false when the kernel would not (ext4 without CAP_SYS_RESOURCE, or of a layout that only resize2fs grows).
 */
export async function growMounted(filesystem: Filesystem, mountPath: string, deviceBytes: Bytes): Promise<boolean> {
  if (!growsWhileMounted(filesystem)) return false;
  const fd = openSync(mountPath, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    if (filesystem === 'xfs') {
      await growXfs(fd, deviceBytes);
      return true;
    }
    const block = (await statfs(mountPath)).bsize;
    const blocks = Buffer.alloc(8);
    blocks.writeBigUInt64LE(BigInt(Math.floor(deviceBytes / block)));
    await slowIoctl(fd, 'EXT4_IOC_RESIZE_FS', EXT4_IOC_RESIZE_FS, blocks);
    return true;
  } catch (thrown) {
    if (filesystem === 'ext4' && isErrno(thrown, 'EPERM', 'EOPNOTSUPP', 'ENOTTY')) return false;
    throw thrown;
  } finally {
    closeSync(fd);
  }
}

async function growXfs(fd: number, deviceBytes: Bytes): Promise<void> {
  const geometry = Buffer.alloc(256);
  ioctl(fd, 'XFS_IOC_FSGEOMETRY', XFS_IOC_FSGEOMETRY, geometry);
  const block = geometry.readUInt32LE(0);
  const imaxpct = geometry.readUInt32LE(28);
  const present = Number(geometry.readBigUInt64LE(32));
  const wanted = Math.floor(deviceBytes / block);
  if (wanted < present + XFS_MIN_GROUP_BLOCKS) return;
  const request = Buffer.alloc(16);
  request.writeBigUInt64LE(BigInt(wanted), 0);
  request.writeUInt32LE(imaxpct, 8);
  await slowIoctl(fd, 'XFS_IOC_FSGROWFSDATA', XFS_IOC_FSGROWFSDATA, request);
}

/** How the tools of ext4 are run. */
export type ToolOptions = Pick<CommandOptions, 'signal' | 'inherit'>;

/**
 * An ext4 of ours has no `lost+found` while it is empty: Docker copies an image's files only into an empty volume, and
 * databases refuse any other. e2fsck makes it whenever it looks. One with files in it stays.
 */
export const removeLostAndFound = async (image: string, options: ToolOptions = {}): Promise<void> => {
  await run('debugfs', ['-w', '-R', 'rmdir lost+found', image], options);
};

/** Replays the journal and mends what e2fsck mends without asking, a missing `lost+found` too. @throws failed_precondition when it needs a person. */
export async function checkExt4(image: string, options: ToolOptions = {}): Promise<void> {
  const { code, stdout } = await run('e2fsck', ['-f', '-p', image], { ...options, timeoutMs: LONG_MS, accept: [0, 1, 2, 4] });
  if (code === 4) throw new HoldfastError('failed_precondition', `the ext4 in ${image} has errors that e2fsck does not mend by itself`, { object: image, hint: `Look at it with: e2fsck -f -n ${image}. It said: ${stdout.trim().slice(0, 200)}` });
}

/** Whether the unmounted ext4 leaves a part of its image or device unused. */
export async function isExt4Shorter(image: string, bytes: Bytes): Promise<boolean> {
  const handle = await open(image, 'r');
  try {
    const superblock = Buffer.alloc(1024);
    await handle.read(superblock, 0, superblock.length, 1024);
    if (superblock.readUInt16LE(0x38) !== 0xef53) return false;
    const block = 1024 << superblock.readUInt32LE(0x18);
    return superblock.readUInt32LE(0x04) + superblock.readUInt32LE(0x150) * 2 ** 32 < Math.floor(bytes / block);
  } finally {
    await handle.close();
  }
}

/** Grows an unmounted ext4, in an image or on a device, to all of it. */
export async function growExt4Image(image: string, options: ToolOptions = {}): Promise<void> {
  await checkExt4(image, options);
  await run('resize2fs', [image], { ...options, timeoutMs: LONG_MS });
  await removeLostAndFound(image, options);
}
