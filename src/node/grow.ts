/**
 * Grows a volume: image, metadata, device, filesystem, in this order, each durable before the next. Stopped anywhere
 * and called again it goes on. Nothing is ever shortened.
 */
import { open } from 'node:fs/promises';
import type { ReplicaRef, Work } from '../control/ports/data-plane.ts';
import { formatBytes, type Bytes } from '../model/bytes.ts';
import { HoldfastError } from '../model/errors.ts';
import type { Filesystem } from '../model/volume.ts';
import { mediumError } from './durable-file.ts';
import { growMounted, growsWhileMounted } from './filesystem-size.ts';
import { fitImage } from './image-filesystem.ts';
import { replicaPaths, type NodeLayout } from './layout.ts';
import { growLoop, isFree } from './loop-device.ts';
import type { MachineView } from './machine-view.ts';
import { changeMeta } from './meta.ts';
import { readMounts } from './mountinfo.ts';
import { statImage, volumeObject } from './replica-device.ts';

const STEPS = 3;

export async function growVolume(view: MachineView, layout: NodeLayout, replica: ReplicaRef, size: Bytes, filesystem: Filesystem, work: Work): Promise<void> {
  const object = volumeObject(replica);
  const paths = replicaPaths(replica);
  work.signal.throwIfAborted();
  const { size: present } = await statImage(replica);
  if (size < present) throw new HoldfastError('failed_precondition', `${object}: its image has ${formatBytes(present)}, and a volume is never made smaller`, { object, field: 'size', hint: 'To end with less, copy the data into a new, smaller volume.' });
  const loop = await view.findLoop(replica);
  const at = layout.mountOf(replica.volume_id);
  // What cannot be finished is not begun: half a grow would be no help.
  if (loop !== null && !isFree(loop.path)) {
    const mount = readMounts().findLast((entry) => entry.mountPoint === at && entry.device === loop.device);
    if (mount === undefined || mount.options.includes('ro')) throw new HoldfastError('failed_precondition', `${object}: it is mounted ${mount === undefined ? 'by somebody else' : 'read-only'}, so its filesystem cannot grow`, { object, hint: 'Unmount it first.' }, { retryable: true });
    if (!growsWhileMounted(filesystem)) {
      if (present === size && loop.size_bytes >= size) return;
      throw new HoldfastError('unsupported', `${object}: this machine does not let holdfastd grow an ext4 that is mounted`, { object, field: 'size', hint: 'Unmount and detach the volume, then resize it; or give holdfastd CAP_SYS_RESOURCE; or use xfs.' });
    }
  }
  try {
    await lengthenImage(paths.image, size);
    await changeMeta(paths.meta, object, (now) => (now.size_bytes >= size ? null : { ...now, size_bytes: size }));
    work.progress(1, STEPS);
    if (loop === null) {
      await fitImage(paths.image, { filesystem, size, sector_bytes: replica.filesystem.sector_bytes, newUuid: false }, work.signal);
    } else {
      await growLoop(loop, size, size);
      view.changed();
      work.progress(2, STEPS);
      // Attached but not mounted: the next mount makes the filesystem as large as its device.
      if (!isFree(loop.path)) await growMounted(filesystem, at, size);
    }
    work.progress(STEPS, STEPS);
  } catch (thrown) {
    throw mediumError(thrown, `${object}: growing to ${formatBytes(size)}`, { object });
  }
}

async function lengthenImage(image: string, size: Bytes): Promise<void> {
  const handle = await open(image, 'r+');
  try {
    if ((await handle.stat()).size < size) await handle.truncate(size);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
