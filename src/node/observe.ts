/** What is there of a volume now: files, device, mounts. Starts no process and changes nothing. */
import { stat } from 'node:fs/promises';
import type { ReplicaRef, VolumeObservation } from '../control/ports/data-plane.ts';
import { isErrno, unlessMissing } from './durable-file.ts';
import { replicaPaths, type NodeLayout } from './layout.ts';
import { identityOf } from './loop-device.ts';
import { loopIn, type MachineView } from './machine-view.ts';
import { readMeta } from './meta.ts';
import { mountAt, type MountEntry } from './mountinfo.ts';
import type { Publisher } from './publish.ts';
import { describeMount } from './volume-mount.ts';

export async function observeVolume(view: MachineView, layout: NodeLayout, publisher: Publisher, replica: ReplicaRef): Promise<VolumeObservation> {
  const paths = replicaPaths(replica);
  const [stats, meta] = await Promise.all([unlessMissing(stat(paths.image, { bigint: true }), null), unlessMissing(readMeta(paths.meta), null)]);
  const loop = loopIn(view.seenLoops(), stats === null ? null : identityOf(stats), paths.image);
  const mounts = view.seenMounts();
  const at = layout.mountOf(replica.volume_id);
  const top = mountAt(mounts, at);
  const own = loop !== null && top?.device === loop.device ? top : undefined;
  return {
    image: stats === null ? null : { size_bytes: Number(stats.size), used_bytes: Number(stats.blocks) * 512, written_at: new Date(Number(stats.mtimeMs)).toISOString() },
    meta,
    device: loop === null ? null : { path: loop.path, size_bytes: loop.size_bytes, read_only: loop.read_only, direct_io: loop.direct_io },
    mount_path: own === undefined ? null : at,
    foreign_mount: top !== undefined && own === undefined ? describeMount(top) : null,
    bind_paths: loop === null ? [] : mounts.filter((entry) => entry.device === loop.device && entry.mountPoint !== at).map((entry) => publisher.calledAs(entry.mountPoint)),
    mounted_elsewhere: loop !== null && view.seenForeign().some((namespace) => namespace.mounts.some((entry) => entry.device === loop.device)),
    filesystem_failed: own !== undefined && (await hasFailed(own)),
  };
}

/** Turned read-only or shut down by the kernel: the mount says rw, the filesystem below does not. */
async function hasFailed(mount: MountEntry): Promise<boolean> {
  if (!mount.options.includes('ro') && ['ro', 'emergency_ro', 'shutdown'].some((option) => mount.superOptions.includes(option))) return true;
  try {
    await stat(mount.mountPoint);
    return false;
  } catch (thrown) {
    return isErrno(thrown, 'EIO', 'EUCLEAN', 'ENODEV', 'ENXIO');
  }
}
