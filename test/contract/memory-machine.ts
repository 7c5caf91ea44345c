/**
 * The state of a pretended machine: media that outlive a reboot, devices and mounts that do not. Used by
 * the in-memory DataPlane; a second plane made on the same machine is a restarted daemon.
 */
import type { PoolFault, ReplicaMeta, ReplicaRef, VolumeDescriptor } from '../../src/control/ports/data-plane.ts';
import { GIB, type Bytes } from '../../src/model/bytes.ts';
import { HoldfastError } from '../../src/model/errors.ts';
import type { Filesystem } from '../../src/model/volume.ts';

export interface MemoryImage {
  size: Bytes;
  readonly filesystem: Filesystem;
  /** The size that the filesystem inside has. */
  filesystemSize: Bytes;
  readonly files: Map<string, string>;
  writtenAt: string;
}

export interface MemoryReplica {
  readonly volume_id: string;
  readonly images: Map<number, MemoryImage>;
  readonly snapshots: Map<string, MemoryImage>;
  meta: ReplicaMeta;
  descriptor: VolumeDescriptor;
}

export interface MemoryMedium {
  kind: 'directory' | 'file' | 'missing' | 'read-only' | 'device';
  capacity: Bytes;
  reflink: boolean;
  /** A foreign signature; null for a blank device. */
  signature: string | null;
  mounted: boolean;
  marker: { cluster_id: string; pool_id: string; uuid: string; released: boolean } | null;
  readonly replicas: Map<string, MemoryReplica>;
}

export interface MemoryDevice {
  readonly path: string;
  readonly image: MemoryImage;
  size: Bytes;
}

export class MemoryMachine {
  bootId = 'boot-1';
  /** Every absolute path is an empty directory and every `/dev/…` a blank device of 100 GiB until told otherwise. */
  readonly media = new Map<string, MemoryMedium>();
  readonly devices = new Map<string, MemoryDevice>();
  readonly mounts = new Map<string, { readonly replica: string; readonly readOnly: boolean }>();
  readonly binds = new Map<string, { readonly replica: string; readonly readOnly: boolean; readonly made: boolean }>();
  readonly foreignMounts = new Map<string, string>();
  readonly elsewhere = new Set<string>();
  readonly failed = new Set<string>();
  /** Paths that `publish` meets: `file`, `full` (a directory with files in it) or `empty`; others do not exist. */
  readonly paths = new Map<string, 'file' | 'full' | 'empty'>();
  readonly poolFaults = new Map<string, PoolFault>();
  private nextLoop = 0;

  medium(path: string): MemoryMedium {
    let medium = this.media.get(path);
    if (medium === undefined) {
      medium = { kind: path.startsWith('/dev/') ? 'device' : 'directory', capacity: 100 * GIB, reflink: path.startsWith('/dev/'), signature: null, mounted: false, marker: null, replicas: new Map() };
      this.media.set(path, medium);
    }
    return medium;
  }

  /** Changes what is at a path: `set('/data', { kind: 'file' })`. */
  set(path: string, change: Partial<Omit<MemoryMedium, 'replicas'>>): void {
    Object.assign(this.medium(path), change);
  }

  newDevice(image: MemoryImage): MemoryDevice {
    return { path: `/dev/loop${this.nextLoop++}`, image, size: image.size };
  }

  /** Every medium that holds the filesystem. */
  mediumOf(uuid: string): MemoryMedium | undefined {
    return [...this.media.values()].find((medium) => medium.marker?.uuid === uuid);
  }

  replica(ref: ReplicaRef): MemoryReplica | undefined {
    return this.mediumOf(ref.filesystem.uuid)?.replicas.get(ref.replica_id);
  }

  /** @throws failed_precondition when the image of the reference's history is not there. */
  image(ref: ReplicaRef): { replica: MemoryReplica; image: MemoryImage } {
    const replica = this.replica(ref);
    const image = replica?.images.get(ref.history);
    if (replica === undefined || image === undefined) {
      throw new HoldfastError('failed_precondition', `volume ${ref.volume_id}: the image data.${ref.history}.img of replica ${ref.replica_id} is missing`, { object: `volume ${ref.volume_id}` });
    }
    return { replica, image };
  }

  usedBytes(medium: MemoryMedium): Bytes {
    let used = 0;
    for (const replica of medium.replicas.values()) {
      for (const image of [...replica.images.values(), ...replica.snapshots.values()]) used += usedOf(image);
    }
    return used;
  }

  /** A power cut and a start: devices and mounts are gone, media stay. */
  reboot(bootId: string): void {
    this.bootId = bootId;
    for (const held of [this.devices, this.mounts, this.binds, this.foreignMounts, this.elsewhere, this.failed]) held.clear();
    for (const medium of this.media.values()) medium.mounted = false;
  }
}

export const usedOf = (image: MemoryImage): Bytes => {
  let used = 65_536;
  for (const text of image.files.values()) used += Math.ceil(text.length / 4096) * 4096;
  return used;
};

export const copyOf = (image: MemoryImage): MemoryImage => ({ ...image, files: new Map(image.files) });
