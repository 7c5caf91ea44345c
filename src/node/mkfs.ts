/**
 * Makes the filesystem of a volume inside a new image file. Only ever called on a file that this process has just
 * made: it may not be given anything that could hold data.
 */
import type { Bytes } from '../model/bytes.ts';
import { MIB } from '../model/bytes.ts';
import type { Filesystem } from '../model/volume.ts';
import { run } from './command.ts';

/** ext4 below this gets 1 KiB blocks, or its journal would take half of it. */
const SMALL_EXT4_BYTES: Bytes = 64 * MIB;

/** @param sectorBytes logical sector size of the loop device that the image will be on. */
export async function makeFilesystem(filesystem: Filesystem, image: string, size: Bytes, sectorBytes: number, signal: AbortSignal): Promise<void> {
  const sector = Math.max(512, sectorBytes);
  if (filesystem === 'xfs') {
    // The file is a hole from end to end: nothing to discard. An XFS with smaller sectors than its device's does not mount.
    await run('mkfs.xfs', ['-q', '-K', '-m', 'reflink=1', '-s', `size=${sector}`, image], { signal });
    return;
  }
  const block = size < SMALL_EXT4_BYTES && sector <= 1024 ? 1024 : 4096;
  // -O has_journal: mke2fs leaves it out of small filesystems when left to itself.
  await run('mkfs.ext4', ['-q', '-F', '-b', String(block), '-O', 'has_journal', '-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0', image], { signal });
  // A new volume is empty: Docker copies an image's files only into an empty one, and databases refuse any other. e2fsck
  // makes the directory again when it needs it.
  await run('debugfs', ['-w', '-R', 'rmdir lost+found', image], { signal });
}
