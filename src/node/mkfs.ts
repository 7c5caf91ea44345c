/**
 * Makes the filesystem of a volume inside a new image file. Only ever called on a file that this process has just
 * made: it may not be given anything that could hold data.
 */
import type { Bytes } from '../model/bytes.ts';
import { MIB } from '../model/bytes.ts';
import type { Filesystem } from '../model/volume.ts';
import { run } from './command.ts';
import { removeLostAndFound } from './filesystem-size.ts';

/** ext4 below this gets 1 KiB blocks, or its journal would take half of it. */
const SMALL_EXT4_BYTES: Bytes = 64 * MIB;

/** Sectors of every new XFS: what direct I/O on an image that shares blocks asks for (see `image-sector.ts`). */
const XFS_SECTOR_BYTES = 4096;

/** @param sectorBytes logical sector size of the medium: no filesystem may write in smaller units. */
export async function makeFilesystem(filesystem: Filesystem, image: string, size: Bytes, sectorBytes: number, signal: AbortSignal): Promise<void> {
  if (filesystem === 'xfs') {
    // The file is a hole from end to end: nothing to discard. An XFS with smaller sectors than its device's does not mount.
    await run('mkfs.xfs', ['-q', '-K', '-m', 'reflink=1', '-s', `size=${XFS_SECTOR_BYTES}`, image], { signal });
    return;
  }
  const block = size < SMALL_EXT4_BYTES && sectorBytes <= 1024 ? 1024 : 4096;
  // -O has_journal: mke2fs leaves it out of small filesystems when left to itself.
  await run('mkfs.ext4', ['-q', '-F', '-b', String(block), '-O', 'has_journal', '-E', 'lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0', image], { signal });
  await removeLostAndFound(image, { signal });
}
