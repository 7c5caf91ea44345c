/**
 * Copies an image file: by sharing its blocks where the filesystem can (instant), else by copying its data and
 * leaving its holes. The result is durable but for its name.
 */
import { constants } from 'node:fs';
import { chmod, copyFile, open, rm, type FileHandle } from 'node:fs/promises';
import type { Work } from '../control/ports/data-plane.ts';
import { isErrno, syncPath } from './durable-file.ts';
import { seekTo } from './syscalls.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;

/**
 * @param to must not exist.
 * @param reflink whether to try sharing; what cannot share is copied.
 */
export async function copyImage(from: string, to: string, reflink: boolean, work: Work): Promise<'reflink' | 'copy'> {
  work.signal.throwIfAborted();
  if (reflink) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
      await chmod(to, 0o600);
      await syncPath(to);
      work.progress(1, 1);
      return 'reflink';
    } catch (thrown) {
      if (!isErrno(thrown, 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS')) throw thrown;
      await rm(to, { force: true });
    }
  }
  await copySparse(from, to, work);
  return 'copy';
}

async function copySparse(from: string, to: string, work: Work): Promise<void> {
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const { size, blocks } = await source.stat();
      await target.truncate(size);
      await copyData(source, target, size, Math.min(size, blocks * 512), work);
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

async function copyData(source: FileHandle, target: FileHandle, size: number, total: number, work: Work): Promise<void> {
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const zeroes = Buffer.alloc(CHUNK_BYTES);
  let done = 0;
  for (let at = seekTo(source.fd, 'data', 0); at !== null && at < size; at = seekTo(source.fd, 'data', at)) {
    const end = seekTo(source.fd, 'hole', at) ?? size;
    while (at < end) {
      work.signal.throwIfAborted();
      const wanted = Math.min(CHUNK_BYTES, end - at);
      const { bytesRead } = await source.read(buffer, 0, wanted, at);
      if (bytesRead === 0) return;
      const chunk = buffer.subarray(0, bytesRead);
      if (!chunk.equals(zeroes.subarray(0, bytesRead))) await writeAll(target, chunk, at);
      at += bytesRead;
      done += bytesRead;
      work.progress(Math.min(done, total), total);
    }
  }
}

async function writeAll(target: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length; ) {
    const { bytesWritten } = await target.write(chunk, written, chunk.length - written, position + written);
    written += bytesWritten;
  }
}

/** Whether files below the directory can share blocks: tried, not guessed. Leaves nothing. */
export async function canReflink(directory: string): Promise<boolean> {
  const from = `${directory}/.partial-reflink-from-${process.pid}`;
  const to = `${directory}/.partial-reflink-to-${process.pid}`;
  try {
    const handle = await open(from, 'w', 0o600);
    try {
      await handle.write(Buffer.alloc(4096, 1));
    } finally {
      await handle.close();
    }
    await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch (thrown) {
    if (isErrno(thrown, 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EINVAL', 'ENOTTY', 'ENOSYS')) return false;
    throw thrown;
  } finally {
    await Promise.all([from, to].map((file) => rm(file, { force: true })));
  }
}
