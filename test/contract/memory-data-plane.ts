/**
 * An in-memory DataPlane that passes the same contract suite as the real one: for tests of control. It
 * can be made to fail (`failNext`), to crash (`crashAt`), and its `machine` can be tampered with.
 */
import type { AttachRequest, DataPlane, ReplicaRef, VolumeObservation } from '../../src/control/ports/data-plane.ts';
import { HoldfastError } from '../../src/model/errors.ts';
import { NODE_FEATURES, type NodeCapabilities } from '../../src/model/node.ts';
import { nodeLayout } from '../../src/node/layout.ts';
import { checkTargetPath } from '../../src/node/target-path.ts';
import { copyOf, MemoryMachine, usedOf, type MemoryImage } from './memory-machine.ts';
import { memoryPools } from './memory-pools.ts';

export type Method = keyof DataPlane;
export type CrashAt = (method: Method, when: 'before' | 'after', args: readonly unknown[]) => void | Promise<void>;

export interface MemoryDataPlaneOptions {
  /** Default "/". */
  readonly root?: string;
  /** Default: a new machine. A plane made on the machine of another is a restarted daemon. */
  readonly machine?: MemoryMachine;
  readonly crashAt?: CrashAt;
  /** ISO time, for `written_at`. Default: a fixed instant. */
  readonly now?: () => string;
}

export interface MemoryDataPlane extends DataPlane {
  readonly machine: MemoryMachine;
  /** Every call so far, by method name. */
  readonly calls: Method[];
  /** The next call of the method throws, and changes nothing. May be called several times to queue more. */
  failNext(method: Method, error: Error): void;
  /** Called before each method (nothing done yet) and after it (done, not yet answered); throw to crash there. */
  crashAt: CrashAt | null;
  /** Writes a file into the volume that is mounted or published at the path. */
  write(mountPath: string, file: string, text: string): void;
  /** null: no such file. */
  read(mountPath: string, file: string): string | null;
}

export function createMemoryDataPlane(options: MemoryDataPlaneOptions = {}): MemoryDataPlane {
  const machine = options.machine ?? new MemoryMachine();
  const layout = nodeLayout(options.root ?? '/');
  const now = options.now ?? ((): string => '2026-01-01T00:00:00.000Z');
  const about = (ref: ReplicaRef): { object: string } => ({ object: `volume ${ref.volume_id}` });

  const snapshotOf = (ref: ReplicaRef, id: string): MemoryImage => {
    const snapshot = machine.replica(ref)?.snapshots.get(id);
    if (snapshot === undefined) throw new HoldfastError('failed_precondition', `snapshot ${id} is not on the medium`, { object: `snapshot ${id}` });
    return snapshot;
  };
  const mountAt = (mountPath: string): MemoryImage => {
    const replica = machine.mounts.get(mountPath)?.replica ?? machine.binds.get(mountPath)?.replica ?? '';
    const device = machine.devices.get(replica);
    if (device === undefined) throw new Error(`${mountPath} is not mounted`);
    return device.image;
  };
  const mountPoint = (ref: ReplicaRef): string => layout.mountOf(ref.volume_id);
  const isMounted = (ref: ReplicaRef): boolean => machine.mounts.get(mountPoint(ref))?.replica === ref.replica_id;

  const methods: DataPlane = {
    ...memoryPools(machine, layout),

    probe: async (): Promise<NodeCapabilities> => ({
      kernel: 'memory',
      boot_id: machine.bootId,
      machine_id: 'machine-1',
      features: Object.fromEntries(NODE_FEATURES.map((feature) => [feature, { available: true, reason: '' }])) as NodeCapabilities['features'],
    }),

    createReplica: async (ref, size, source, descriptor, work) => {
      work.signal.throwIfAborted();
      const medium = machine.mediumOf(ref.filesystem.uuid);
      if (medium === undefined) throw new HoldfastError('failed_precondition', `the pool of volume ${ref.volume_id} is not there`, about(ref));
      if (medium.replicas.get(ref.replica_id)?.images.has(ref.history) === true) return;
      const from = source.kind === 'snapshot' ? copyOf(snapshotOf(source.from, source.snapshot_id)) : null;
      const image: MemoryImage = from === null
        ? { size, filesystem: source.filesystem, filesystemSize: size, files: new Map(), writtenAt: now() }
        : { ...from, size: Math.max(size, from.size), filesystemSize: Math.max(size, from.size) };
      work.progress(1, 1);
      medium.replicas.set(ref.replica_id, {
        volume_id: ref.volume_id,
        images: new Map([[ref.history, image]]),
        snapshots: new Map(),
        descriptor,
        meta: { volume_id: ref.volume_id, replica_id: ref.replica_id, history: ref.history, size_bytes: size, generation: descriptor.generation, set_version: 0, members: [ref.replica_id], boot_id: machine.bootId, restarted: false },
      });
    },
    writeDescriptor: async (ref, descriptor) => {
      machine.image(ref).replica.descriptor = descriptor;
    },
    removeReplica: async (ref) => {
      if (machine.devices.has(ref.replica_id)) throw new HoldfastError('conflict', `volume ${ref.volume_id} is attached`, about(ref));
      machine.mediumOf(ref.filesystem.uuid)?.replicas.delete(ref.replica_id);
    },
    observeVolume: async (ref): Promise<VolumeObservation> => {
      const replica = machine.replica(ref);
      const image = replica?.images.get(ref.history);
      const device = machine.devices.get(ref.replica_id);
      return {
        image: image === undefined ? null : { size_bytes: image.size, used_bytes: usedOf(image), written_at: image.writtenAt },
        meta: replica?.meta ?? null,
        device: device === undefined ? null : { path: device.path, size_bytes: device.size, read_only: false, direct_io: true },
        mount_path: isMounted(ref) ? mountPoint(ref) : null,
        foreign_mount: machine.foreignMounts.get(mountPoint(ref)) ?? null,
        bind_paths: [...machine.binds].filter(([, bind]) => bind.replica === ref.replica_id).map(([at]) => at),
        mounted_elsewhere: machine.elsewhere.has(ref.volume_id),
        filesystem_failed: machine.failed.has(ref.volume_id),
      };
    },

    fence: async (ref, meta) => {
      const { replica } = machine.image(ref);
      if (machine.devices.has(ref.replica_id)) throw new HoldfastError('conflict', `volume ${ref.volume_id}: a device still holds the image`, about(ref));
      if (replica.meta.generation > meta.generation) throw new HoldfastError('conflict', `volume ${ref.volume_id}: generation ${replica.meta.generation} was fenced`, about(ref));
      replica.meta = meta;
    },
    attach: async (request: AttachRequest) => {
      const { image } = machine.image(request.replica);
      if (image.size < request.size_bytes) throw new HoldfastError('failed_precondition', `volume ${request.replica.volume_id}: the image is shorter than recorded`, about(request.replica));
      const device = machine.devices.get(request.replica.replica_id) ?? machine.newDevice(image);
      machine.devices.set(request.replica.replica_id, device);
      return { device: device.path };
    },
    detach: async (ref) => {
      const bound = [...machine.binds.values()].some((bind) => bind.replica === ref.replica_id);
      if (isMounted(ref) || bound || machine.elsewhere.has(ref.volume_id)) throw new HoldfastError('conflict', `volume ${ref.volume_id} is still mounted`, about(ref));
      machine.devices.delete(ref.replica_id);
    },
    mount: async (ref, _filesystem, readOnly) => {
      const at = mountPoint(ref);
      const foreign = machine.foreignMounts.get(at);
      if (foreign !== undefined) throw new HoldfastError('conflict', `${at} has ${foreign} mounted on it`, about(ref));
      if (!machine.devices.has(ref.replica_id)) throw new HoldfastError('failed_precondition', `volume ${ref.volume_id} is not attached`, about(ref));
      machine.mounts.set(at, { replica: ref.replica_id, readOnly });
      return { mount_path: at };
    },
    unmount: async (ref) => {
      if (isMounted(ref)) machine.mounts.delete(mountPoint(ref));
    },
    publish: async (ref, targetPath, readOnly, within) => {
      const target = checkTargetPath(targetPath, layout);
      if (!isMounted(ref)) throw new HoldfastError('failed_precondition', `volume ${ref.volume_id} is not mounted`, about(ref));
      if (within !== undefined && !within.some((place) => target.startsWith(`${place}/`))) throw new HoldfastError('permission_denied', `${target} lies nowhere below ${within.join(', ')}`, { field: 'path' });
      const there = machine.binds.get(target);
      if (there?.replica === ref.replica_id && there.readOnly === readOnly) return;
      if (there !== undefined) throw new HoldfastError('conflict', `${target} has something else mounted on it`, { field: 'path' });
      const kind = machine.paths.get(target);
      if (kind === 'file' || kind === 'full') throw new HoldfastError('failed_precondition', `${target} is not an empty directory`, { field: 'path' });
      machine.binds.set(target, { replica: ref.replica_id, readOnly, made: kind === undefined });
    },
    unpublish: async (ref, targetPath) => {
      const target = checkTargetPath(targetPath, layout);
      if (machine.binds.get(target)?.replica === ref.replica_id) machine.binds.delete(target);
    },
    grow: async (ref, size, _filesystem, work) => {
      work.signal.throwIfAborted();
      const { replica, image } = machine.image(ref);
      if (size < image.size) throw new HoldfastError('failed_precondition', `volume ${ref.volume_id} is never made smaller`, { ...about(ref), field: 'size' });
      image.size = size;
      image.filesystemSize = size;
      replica.meta = { ...replica.meta, size_bytes: size };
      const device = machine.devices.get(ref.replica_id);
      if (device !== undefined) device.size = size;
    },

    takeSnapshot: async (ref, snapshotId, work) => {
      work.signal.throwIfAborted();
      const { replica, image } = machine.image(ref);
      const snapshot = replica.snapshots.get(snapshotId) ?? copyOf(image);
      replica.snapshots.set(snapshotId, snapshot);
      work.progress(1, 1);
      return { method: ref.filesystem.reflink ? 'reflink' : 'copy', consistency: 'filesystem', used_bytes: usedOf(snapshot) };
    },
    removeSnapshot: async (ref, snapshotId) => {
      machine.replica(ref)?.snapshots.delete(snapshotId);
    },
    hasSnapshot: async (ref, snapshotId) => machine.replica(ref)?.snapshots.has(snapshotId) === true,
    buildHistory: async (ref, snapshotId, newHistory, size, work) => {
      work.signal.throwIfAborted();
      const replica = machine.replica(ref);
      if (machine.devices.has(ref.replica_id)) throw new HoldfastError('conflict', `volume ${ref.volume_id} is attached`, about(ref));
      if (replica === undefined || replica.images.has(newHistory)) return;
      const built = copyOf(snapshotOf(ref, snapshotId));
      replica.images.set(newHistory, { ...built, size: Math.max(size, built.size), filesystemSize: Math.max(size, built.size) });
    },
    keepHistory: async (ref, oldHistory, asSnapshotId) => {
      if (oldHistory === ref.history) throw new HoldfastError('failed_precondition', `volume ${ref.volume_id}: history ${oldHistory} is the present one`, about(ref));
      const replica = machine.replica(ref);
      const image = replica?.images.get(oldHistory);
      if (replica === undefined || image === undefined) return;
      if (asSnapshotId !== null) replica.snapshots.set(asSnapshotId, image);
      replica.images.delete(oldHistory);
    },
  };

  const calls: Method[] = [];
  const failures = new Map<Method, Error[]>();
  const controls = {
    machine,
    calls,
    crashAt: options.crashAt ?? null,
    failNext: (method: Method, error: Error): void => {
      failures.set(method, [...(failures.get(method) ?? []), error]);
    },
    write: (mountPath: string, file: string, text: string): void => {
      const image = mountAt(mountPath);
      image.files.set(file, text);
      image.writtenAt = now();
    },
    read: (mountPath: string, file: string): string | null => mountAt(mountPath).files.get(file) ?? null,
  };
  const guarded = Object.entries(methods).map(([name, run]) => {
    const method = name as Method;
    const invoke = run as (...args: unknown[]) => Promise<unknown>;
    return [method, async (...args: unknown[]): Promise<unknown> => {
      calls.push(method);
      await controls.crashAt?.(method, 'before', args);
      const failure = failures.get(method)?.shift();
      if (failure !== undefined) throw failure;
      const answer = await invoke(...args);
      await controls.crashAt?.(method, 'after', args);
      return answer;
    }] as const;
  });
  return Object.assign(controls, Object.fromEntries(guarded) as unknown as DataPlane);
}
