/**
 * What the kernel shows of loop devices and mounts, and which of it belongs to a replica. `seen…` may be a few hundred
 * milliseconds old (for observing many volumes); `find…` reads afresh (for deciding). Changes nothing.
 */
import { stat } from 'node:fs/promises';
import type { ReplicaRef } from '../control/ports/data-plane.ts';
import type { Clock } from '../control/ports/system.ts';
import { unlessMissing } from './durable-file.ts';
import { replicaPaths } from './layout.ts';
import { identityOf, isSameFile, readLoopDevices, type FileIdentity, type LoopDevice } from './loop-device.ts';
import { readForeignNamespaces, readMounts, type ForeignNamespace, type MountEntry } from './mountinfo.ts';
import { recent } from './recent.ts';

const SEEN_FOR_MS = 250;

export interface MachineView {
  seenLoops(): readonly LoopDevice[];
  seenMounts(): readonly MountEntry[];
  seenForeign(): readonly ForeignNamespace[];
  /** Somebody of us has changed loops or mounts. */
  changed(): void;
  /** The device that holds the replica's image, read afresh; also one that holds an image which was deleted under it. */
  findLoop(replica: ReplicaRef): Promise<LoopDevice | null>;
}

export function createMachineView(clock: Clock): MachineView {
  const loops = recent(clock, SEEN_FOR_MS, readLoopDevices);
  const mounts = recent(clock, SEEN_FOR_MS, readMounts);
  const foreign = recent(clock, SEEN_FOR_MS, readForeignNamespaces);
  return {
    seenLoops: () => loops.get(),
    seenMounts: () => mounts.get(),
    seenForeign: () => foreign.get(),
    changed() {
      loops.forget();
      mounts.forget();
      foreign.forget();
    },
    async findLoop(replica) {
      const { image } = replicaPaths(replica);
      const stats = await unlessMissing(stat(image, { bigint: true }), null);
      return loopIn(readLoopDevices(), stats === null ? null : identityOf(stats), image);
    },
  };
}

/** The one of the devices that holds the image; an image that is missing is looked for by the name that it had. */
export function loopIn(loops: readonly LoopDevice[], file: FileIdentity | null, image: string): LoopDevice | null {
  if (file !== null) return loops.find((loop) => isSameFile(loop.backing, file)) ?? null;
  return loops.find((loop) => loop.backing_path === image || loop.backing_path === `${image} (deleted)`) ?? null;
}
