/**
 * Bind mounts of a volume at consumers' paths. Each is put on its path as it shall be, read-only from the first
 * moment. A small record per path remembers what the caller called it and whether we made the directory.
 */
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import type { ReplicaRef } from '../control/ports/data-plane.ts';
import { HoldfastError } from '../model/errors.ts';
import { bindDetached } from './detached-mount.ts';
import { unlessMissing, writeAtomically } from './durable-file.ts';
import { isWithin, type NodeLayout } from './layout.ts';
import type { MachineView } from './machine-view.ts';
import { mountAt, readMounts } from './mountinfo.ts';
import { pinPath, type PinnedPath } from './pinned-path.ts';
import { volumeObject } from './replica-device.ts';
import { checkTargetPath } from './target-path.ts';
import { describeMount, removeMountPoint, unmountBusy } from './volume-mount.ts';

interface Publication {
  readonly volume_id: string;
  /** As the caller wrote it, and as the kernel shows it. */
  readonly target: string;
  readonly resolved: string;
  /** The directory that we made (inode), null when it was there; 0 before mkdir has returned. */
  readonly made: number | null;
}

export interface Publisher {
  publish(replica: ReplicaRef, target: string, readOnly: boolean, within?: readonly string[]): Promise<void>;
  unpublish(replica: ReplicaRef, target: string): Promise<void>;
  /** What the caller called a path that the kernel shows. */
  calledAs(resolved: string): string;
  /** Reads the records of earlier runs. */
  load(): Promise<void>;
}

const PLACES_HINT = 'The role plugin mounts only there; the setting plugin_paths of the node says where. An operator may mount elsewhere.';

export function createPublisher(view: MachineView, layout: NodeLayout): Publisher {
  const directory = path.join(layout.traces, 'published');
  const known = new Map<string, Publication>();
  const fileOf = (resolved: string): string => path.join(directory, `${createHash('sha256').update(resolved).digest('hex').slice(0, 32)}.json`);
  const remember = async (publication: Publication): Promise<void> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeAtomically(fileOf(publication.resolved), JSON.stringify(publication));
    known.set(publication.resolved, publication);
  };
  const forget = async (resolved: string): Promise<void> => {
    await rm(fileOf(resolved), { force: true });
    known.delete(resolved);
  };

  const refuse = (target: string, fault: string, hint: string): HoldfastError => new HoldfastError('failed_precondition', `path ${target} ${fault}`, { field: 'path', hint });

  /** Does something at a path whose directory is held, and checked both as it is written and as it is. null: there is no such directory. */
  const pinned = async <T>(target: string, act: (pin: PinnedPath | null) => Promise<T>): Promise<T> => {
    const pin = pinPath(checkTargetPath(target, layout));
    try {
      if (pin !== null) checkTargetPath(pin.resolved, layout);
      return await act(pin);
    } finally {
      pin?.close();
    }
  };

  const ensureEmptyDirectory = async (replica: ReplicaRef, target: string, { resolved, at }: PinnedPath): Promise<void> => {
    const stats = await unlessMissing(lstat(at), null);
    const earlier = known.get(resolved);
    if (stats === null) {
      const publication = { volume_id: replica.volume_id, target, resolved };
      await remember({ ...publication, made: 0 });
      await mkdir(at, { mode: 0o755 });
      await remember({ ...publication, made: (await lstat(at)).ino });
      return;
    }
    if (stats.isSymbolicLink()) throw refuse(target, 'is a symlink', 'Name the directory that it points to.');
    if (!stats.isDirectory()) throw refuse(target, 'is not a directory', 'Name an empty directory, or one that does not exist yet.');
    if ((await readdir(at)).length > 0) throw refuse(target, 'is not empty', 'Its files would be hidden: name an empty directory, or one that does not exist yet.');
    const made = earlier?.volume_id === replica.volume_id && earlier.made !== null && (earlier.made === 0 || earlier.made === stats.ino) ? stats.ino : null;
    if (made !== null || resolved !== target) await remember({ volume_id: replica.volume_id, target, resolved, made });
  };

  return {
    publish: (replica, target, readOnly, within) => pinned(target, async (pin) => {
      const object = volumeObject(replica);
      const loop = await view.findLoop(replica);
      const source = layout.mountOf(replica.volume_id);
      const mounts = readMounts();
      const own = mountAt(mounts, source);
      if (loop === null || own?.device !== loop.device) throw new HoldfastError('failed_precondition', `${object} is not mounted`, { object, hint: 'Attach and mount it first.' });
      if (pin === null) throw refuse(target, 'is in a directory that does not exist', `Make it first: mkdir -p ${path.dirname(target)}`);
      const { resolved, at } = pin;
      if (within !== undefined && !within.some((place) => resolved !== place && isWithin(resolved, place))) throw new HoldfastError('permission_denied', `path ${target} lies nowhere below ${within.join(', ')}`, { object, field: 'path', hint: PLACES_HINT });
      if (own.options.includes('ro') && !readOnly) throw new HoldfastError('failed_precondition', `${object} is mounted read-only, so it cannot be published for writing`, { object, field: 'read_only', hint: 'Publish it read-only, or unmount it and mount it for writing.' });
      const there = mountAt(mounts, resolved);
      if (there !== undefined) {
        if (there.device !== loop.device) throw new HoldfastError('conflict', `path ${target} has something else mounted on it: ${describeMount(there)}`, { object, field: 'path', hint: 'Choose another path, or unmount what is there.' });
        if (there.options.includes('ro') !== readOnly) throw new HoldfastError('conflict', `${object} is published ${readOnly ? 'for writing' : 'read-only'} at ${target} already`, { object, field: 'read_only', hint: 'Unpublish it there first.' });
        return;
      }
      await ensureEmptyDirectory(replica, target, pin);
      const bind = bindDetached(source, readOnly);
      try {
        bind.place(at, resolved);
      } finally {
        await bind.close();
        view.changed();
      }
    }),

    unpublish: (replica, target) => pinned(target, async (pin) => {
      if (pin === null) return;
      const { resolved, at } = pin;
      const loop = await view.findLoop(replica);
      const there = mountAt(readMounts(), resolved);
      if (there !== undefined) {
        if (there.device !== loop?.device) return;
        await unmountBusy(resolved, volumeObject(replica), at);
        view.changed();
      }
      const publication = known.get(resolved);
      if (publication?.volume_id !== replica.volume_id) return;
      const stats = await unlessMissing(lstat(at), null);
      if (publication.made !== null && stats?.ino === publication.made && stats.isDirectory()) await removeMountPoint(resolved, at);
      await forget(resolved);
    }),

    calledAs: (resolved) => known.get(resolved)?.target ?? resolved,

    async load() {
      for (const name of await unlessMissing(readdir(directory), [])) {
        if (!name.endsWith('.json')) continue;
        try {
          const publication = JSON.parse(await readFile(path.join(directory, name), 'utf8')) as Publication;
          known.set(publication.resolved, publication);
        } catch {
          // A torn record only loses the memory that we made a directory.
          await rm(path.join(directory, name), { force: true });
        }
      }
    },
  };
}
