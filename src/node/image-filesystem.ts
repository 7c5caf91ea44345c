/**
 * Works on the filesystem inside an image that nobody uses: makes it fill a longer image, gives a clone a UUID of its
 * own. What has to be mounted for that is mounted detached, on a loop device that ends with this process.
 */
import { closeSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Filesystem } from '../model/volume.ts';
import { run } from './command.ts';
import { mountDetached } from './detached-mount.ts';
import { syncPath } from './durable-file.ts';
import { checkExt4, growExt4Image, growMounted, isExt4Shorter, removeLostAndFound } from './filesystem-size.ts';
import { withLockedImage } from './image-lock.ts';
import { imageSectorBytes } from './image-sector.ts';
import { attachLoop, identityOf, waitUntilGone } from './loop-device.ts';
import { volumeMount } from './volume-mount.ts';
import { readXfsSuperblock } from './xfs-superblock.ts';

export interface Fit {
  readonly filesystem: Filesystem;
  /** The image is lengthened to this; it is never cut. */
  readonly size: Bytes;
  readonly sector_bytes: number;
  readonly newUuid: boolean;
}

/** Idempotent but for the UUID; durable when it returns. The image must not be in use. */
export async function fitImage(image: string, fit: Fit, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const handle = await open(image, 'r+');
  try {
    if ((await handle.stat()).size < fit.size) await handle.truncate(fit.size);
  } finally {
    await handle.close();
  }
  if (fit.filesystem === 'xfs') await fitXfs(image, fit, signal);
  else await fitExt4(image, fit, signal);
  await syncPath(image);
}

const fitExt4 = (image: string, fit: Fit, signal: AbortSignal): Promise<void> =>
  withLockedImage(image, async (fd) => {
    const options = { signal, inherit: [fd] };
    if (fit.newUuid) {
      await checkExt4(image, options);
      await run('tune2fs', ['-U', 'random', image], options);
      await removeLostAndFound(image, options);
    }
    if (await isExt4Shorter(image, (await stat(image)).size)) await growExt4Image(image, options);
  });

async function fitXfs(image: string, fit: Fit, signal: AbortSignal): Promise<void> {
  const { size } = await stat(image);
  const before = await readXfsSuperblock(image);
  if (before === null) throw new HoldfastError('failed_precondition', `${image} holds no XFS`, { object: image, hint: 'The snapshot does not hold what is recorded of it.' });
  // Mounting replays the log, which the tool that changes the UUID does not.
  if (fit.newUuid || before.size_bytes < size) await mountOnce(image, fit, size);
  signal.throwIfAborted();
  if (!fit.newUuid) return;
  const { stdout, stderr } = await run('xfs_db', ['-x', '-p', 'xfs_admin', '-c', 'uuid generate', image], { signal });
  const after = await readXfsSuperblock(image);
  if (after === null || after.uuid === before.uuid) throw new HoldfastError('internal', `the clone's XFS got no UUID of its own: ${`${stderr} ${stdout}`.trim().slice(0, 300)}`, { object: image });
}

async function mountOnce(image: string, fit: Fit, size: Bytes): Promise<void> {
  const file = identityOf(await stat(image, { bigint: true }));
  const loop = await attachLoop(image, { size_bytes: size, sector_bytes: Math.max(fit.sector_bytes, await imageSectorBytes(image)), temporary: true });
  try {
    const mounted = await mountDetached(volumeMount(loop.path, fit.filesystem, false));
    try {
      await growMounted(fit.filesystem, mounted.path, size);
    } finally {
      await mounted.close();
    }
  } finally {
    if (loop.heldBy !== null) closeSync(loop.heldBy);
    await waitUntilGone(file);
  }
}

/** What an image that we made holds. */
export async function filesystemOf(image: string): Promise<Filesystem> {
  return (await readXfsSuperblock(image)) === null ? 'ext4' : 'xfs';
}
