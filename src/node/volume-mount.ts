/**
 * The volume's own mount, at `<root>/var/lib/holdfast/mounts/<volume id>`. It never mounts over anything, and
 * never unmounts what is not the volume's, nor lazily.
 */
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicaRef } from '../control/ports/data-plane.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Filesystem } from '../model/volume.ts';
import { mountDetached, type MountRequest } from './detached-mount.ts';
import { isErrno } from './durable-file.ts';
import { growExt4Image, growMounted, growsWhileMounted, isExt4Shorter } from './filesystem-size.ts';
import type { NodeLayout } from './layout.ts';
import { isFree } from './loop-device.ts';
import type { MachineView } from './machine-view.ts';
import { mountAt, mountOf, processesBelow, readForeignNamespaces, readMounts, type MountEntry } from './mountinfo.ts';
import { volumeObject } from './replica-device.ts';
import { bindShared, MOUNT_ATTR, unmountPath } from './syscalls.ts';

/**
 * How a volume's filesystem is mounted, wherever it is. `nodev`: a volume holds data, and a device node in one would
 * reach past every container's device rules. Not `nosuid`, which images that keep programs in volumes need gone.
 * `discard`: what is deleted gives its space back to the pool. `nouuid`: a restored image has the UUID of its past.
 */
export function volumeMount(device: string, filesystem: Filesystem, readOnly: boolean): MountRequest {
  return {
    device,
    type: filesystem,
    options: filesystem === 'xfs' ? ['nouuid', 'discard'] : ['discard', ['errors', 'remount-ro']],
    readOnly,
    attributes: MOUNT_ATTR.NODEV,
  };
}

/** Whether mounts below the directory reach other mount namespaces; makes it so where it can. Idempotent. */
export async function prepareMountsDirectory(layout: NodeLayout): Promise<void> {
  await mkdir(layout.mounts, { recursive: true, mode: 0o700 });
  if (!propagates(layout)) await bindShared(layout.mounts);
}

export const propagates = (layout: NodeLayout): boolean => (mountOf(readMounts(), layout.mounts)?.sharedGroup ?? null) !== null;

export const describeMount = (entry: MountEntry): string => `${entry.type} from ${entry.source}`;

export async function mountVolume(view: MachineView, layout: NodeLayout, replica: ReplicaRef, filesystem: Filesystem, readOnly: boolean): Promise<{ readonly mount_path: string }> {
  const object = volumeObject(replica);
  const at = layout.mountOf(replica.volume_id);
  const loop = await view.findLoop(replica);
  if (loop === null) throw new HoldfastError('failed_precondition', `${object} is not attached`, { object, hint: `holdfast volume attach ${replica.volume_id}` });
  const foreign = (entry: MountEntry): HoldfastError => new HoldfastError('conflict', `${object}: something else is mounted at ${at}: ${describeMount(entry)}`, { object, hint: `If it is not needed: umount ${at}` });
  await prepareMountsDirectory(layout);
  const there = mountAt(readMounts(), at);
  if (there !== undefined) {
    if (there.device !== loop.device) throw foreign(there);
    if (there.options.includes('ro') !== readOnly) throw new HoldfastError('conflict', `${object} is mounted ${readOnly ? 'for writing' : 'read-only'} at ${at}`, { object, hint: 'Unmount it first.' });
    return { mount_path: at };
  }
  await mkdir(at, { mode: 0o700 }).catch((thrown: unknown) => {
    if (!isErrno(thrown, 'EEXIST')) throw thrown;
  });
  if ((await readdir(at)).length > 0) throw new HoldfastError('conflict', `${object}: there are files in ${at}, below the mount`, { object, hint: 'Something wrote there while the volume was not mounted. Move the files away, then mount again.' });
  // After a grow that was interrupted the filesystem is smaller than its device.
  if (filesystem === 'ext4' && !readOnly && !growsWhileMounted('ext4') && isFree(loop.path) && (await isExt4Shorter(loop.path, loop.size_bytes))) await growExt4Image(loop.path);
  const mounted = await mountDetached(volumeMount(loop.path, filesystem, readOnly));
  try {
    if (!readOnly) await growMounted(filesystem, mounted.path, loop.size_bytes);
    mounted.place(at);
  } finally {
    await mounted.close();
    view.changed();
  }
  const now = mountAt(readMounts(), at);
  if (now?.device !== loop.device) throw new HoldfastError('conflict', `${object}: after mounting, ${at} shows ${now === undefined ? 'no mount' : describeMount(now)}`, { object, hint: 'Somebody else mounts or unmounts there.' }, { retryable: true });
  return { mount_path: at };
}

export async function unmountVolume(view: MachineView, layout: NodeLayout, replica: ReplicaRef): Promise<void> {
  const object = volumeObject(replica);
  const at = layout.mountOf(replica.volume_id);
  const there = mountAt(readMounts(), at);
  if (there !== undefined) {
    const loop = await view.findLoop(replica);
    if (there.device !== loop?.device) throw new HoldfastError('conflict', `${object}: what is mounted at ${at} is not the volume: ${describeMount(there)}`, { object, hint: `If it is not needed: umount ${at}` });
    await unmountBusy(at, object);
    view.changed();
  }
  await removeMountPoint(at);
}

/** Plain umount; a mount in use is a conflict that names the processes. @param by the way to it, when `at` is only what it is called. */
export async function unmountBusy(at: string, object: string, by: string = at): Promise<void> {
  try {
    await unmountPath(by);
  } catch (thrown) {
    if (!isErrno(thrown, 'EBUSY')) throw thrown;
    const users = processesBelow(at);
    throw new HoldfastError('conflict', `${object}: ${at} is in use${users.length === 0 ? '' : ` by ${users.join(', ')}`}`, { object, hint: 'Stop what uses it, then unmount again.' }, { retryable: true, cause: thrown });
  }
}

/**
 * Removes an empty mount point; one that will not go is no harm. Left where another mount namespace still has something
 * mounted on it: the kernel would take that away lazily, under whoever uses it.
 */
export async function removeMountPoint(at: string, by: string = at): Promise<void> {
  for (let waited = 0; readForeignNamespaces().some((namespace) => namespace.mounts.some((entry) => entry.mountPoint === at)); waited += 50) {
    // A container that starts has a copy of every mount for a moment only.
    if (waited >= 500) return;
    await sleep(50);
  }
  await rmdir(by).catch(() => undefined);
}
