/** `descriptor.json` beside a replica: what it is, for whoever has only the medium. Written whole, read with suspicion. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { VolumeDescriptor } from '../control/ports/data-plane.ts';
import { isId } from '../model/id.ts';
import { unlessMissing, writeAtomically } from './durable-file.ts';
import { VOLUMES_NAME } from './layout.ts';

export const writeDescriptor = (file: string, descriptor: VolumeDescriptor): Promise<void> => writeAtomically(file, `${JSON.stringify(descriptor, null, 2)}\n`);

/** null: missing, unreadable, or not one of ours. */
export async function readDescriptor(file: string): Promise<VolumeDescriptor | null> {
  const text = await unlessMissing(readFile(file, 'utf8'), null);
  if (text === null) return null;
  try {
    const found = JSON.parse(text) as Partial<VolumeDescriptor> | null;
    const sound = typeof found === 'object' && found !== null && typeof found.cluster_id === 'string' && typeof found.name === 'string'
      && isId('volume', found.volume_id ?? '') && isId('replica', found.replica_id ?? '') && Number.isSafeInteger(found.size_bytes) && Number.isSafeInteger(found.history)
      && (found.filesystem === 'xfs' || found.filesystem === 'ext4') && Array.isArray(found.snapshots);
    return sound ? (found as VolumeDescriptor) : null;
  } catch {
    return null;
  }
}

/** Ids of every replica directory of a pool's filesystem. */
export async function listReplicas(poolPath: string): Promise<readonly { readonly volume_id: string; readonly replica_id: string; readonly directory: string }[]> {
  const volumes = path.join(poolPath, VOLUMES_NAME);
  const names = (await unlessMissing(readdir(volumes), [])).filter((name) => isId('volume', name));
  const lists = await Promise.all(names.map(async (volume_id) => {
    const replicas = await unlessMissing(readdir(path.join(volumes, volume_id)), []);
    return replicas.filter((name) => isId('replica', name)).map((replica_id) => ({ volume_id, replica_id, directory: path.join(volumes, volume_id, replica_id) }));
  }));
  return lists.flat();
}
