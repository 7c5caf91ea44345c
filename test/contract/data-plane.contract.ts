/**
 * What every DataPlane owes to control, as one suite. `data-plane.test.ts` runs it on the in-memory one,
 * `test/integration/node` on the real one. A harness supplies the machine.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { DataPlane, PoolRef, ReplicaMeta, ReplicaRef, VolumeDescriptor, Work } from '../../src/control/ports/data-plane.ts';
import { MIB } from '../../src/model/bytes.ts';
import { newId } from '../../src/model/id.ts';
import { NODE_FEATURES } from '../../src/model/node.ts';
import type { PoolSpec } from '../../src/model/pool.ts';
import type { Filesystem } from '../../src/model/volume.ts';

export interface Harness {
  readonly root: string;
  plane(): DataPlane;
  /** The daemon is killed and started again: a new plane on the same machine. */
  restart(): Promise<void>;
  emptyDirectory(): Promise<string>;
  fullDirectory(): Promise<string>;
  file(): Promise<string>;
  /** An absolute path that does not exist, in a directory that does. */
  freePath(): Promise<string>;
  missingPath(): Promise<string>;
  /** What a pool of the wanted kind is made of. */
  poolSpec(): Promise<PoolSpec>;
  /** Takes the pool's marker away, as when its filesystem is not mounted. */
  loseMarker(pool: PoolRef): Promise<void>;
  /** Whether this machine lets the filesystem grow while it is mounted. */
  growsMounted(filesystem: Filesystem): boolean;
  write(mountPath: string, file: string, text: string): Promise<void>;
  read(mountPath: string, file: string): Promise<string | null>;
  close(): Promise<void>;
}

const id = (kind: Parameters<typeof newId>[0]): string => newId(kind, Date.now(), (length) => randomBytes(length));
export const work = (signal: AbortSignal = new AbortController().signal): Work => ({ signal, progress: () => undefined });
const SIZE = 32 * MIB;

export interface Made {
  readonly replica: ReplicaRef;
  readonly filesystem: Filesystem;
  readonly descriptor: VolumeDescriptor;
}

export const newPoolRef = (spec: PoolSpec, cluster = 'clu_contract'): PoolRef => {
  const poolId = id('pool');
  return { id: poolId, name: `p-${poolId.slice(-6).toLowerCase()}`, cluster_id: cluster, spec, filesystems: [] };
};

export function newVolume(pool: PoolRef, filesystem: Filesystem, size = SIZE): Made {
  const at = pool.filesystems[0];
  if (at === undefined) throw new Error('the pool was not made');
  const replica = { volume_id: id('volume'), replica_id: id('replica'), history: 1, filesystem: at };
  const descriptor: VolumeDescriptor = { cluster_id: pool.cluster_id, volume_id: replica.volume_id, replica_id: replica.replica_id, name: 'db', size_bytes: size, filesystem, history: 1, generation: 0, labels: {}, created_at: '2026-01-01T00:00:00.000Z', trashed_at: null, snapshots: [] };
  return { replica, filesystem, descriptor };
}

export const metaOf = (made: Made, generation: number, size = SIZE): ReplicaMeta => ({ volume_id: made.replica.volume_id, replica_id: made.replica.replica_id, history: made.replica.history, size_bytes: size, generation, set_version: 1, members: [made.replica.replica_id], boot_id: 'boot', restarted: false });

export function dataPlaneContract(title: string, open: () => Promise<Harness>, filesystems: readonly Filesystem[] = ['ext4']): void {
  describe(`DataPlane contract: ${title}`, () => {
    let on: Harness;
    let pool: PoolRef;
    const plane = (): DataPlane => on.plane();

    const create = async (filesystem: Filesystem = 'ext4', size = filesystem === 'xfs' ? 320 * MIB : SIZE): Promise<Made> => {
      const made = newVolume(pool, filesystem, size);
      await plane().createReplica(made.replica, size, { kind: 'empty', filesystem }, made.descriptor, work());
      return made;
    };
    const mounted = async (made: Made, generation = 1): Promise<string> => {
      const size = (await plane().observeVolume(made.replica)).image?.size_bytes ?? 0;
      await plane().fence(made.replica, metaOf(made, generation, size));
      await plane().attach({ replica: made.replica, size_bytes: size });
      return (await plane().mount(made.replica, made.filesystem, false)).mount_path;
    };
    const released = async (made: Made): Promise<void> => {
      await plane().unmount(made.replica);
      await plane().detach(made.replica);
    };

    beforeAll(async () => {
      on = await open();
      const ref = newPoolRef(await on.poolSpec());
      await plane().checkPool(ref, { force: false, others: [] });
      pool = { ...ref, filesystems: await plane().makePool(ref, { force: false }, work()) };
    });
    afterAll(async () => on.close());

    test('the probe answers for every feature, with a reason where it is missing', async () => {
      const found = await plane().probe();
      for (const feature of NODE_FEATURES) {
        expect(typeof found.features[feature].available).toBe('boolean');
        if (!found.features[feature].available) expect(found.features[feature].reason).not.toBe('');
      }
      expect(found.boot_id).not.toBe('');
    });

    describe('pools', () => {
      test('making a pool again changes nothing, and a made pool opens without a fault', async () => {
        expect((await plane().makePool(pool, { force: false }, work())).map((f) => f.uuid)).toEqual(pool.filesystems.map((f) => f.uuid));
        const seen = await plane().openPool(pool);
        expect(seen.fault).toBeNull();
        expect(seen.filesystems[0]).toMatchObject({ uuid: pool.filesystems[0]?.uuid, path: pool.filesystems[0]?.path });
        expect(seen.filesystems[0]?.capacity_bytes).toBeGreaterThan(0);
      });

      test.each([
        ['a file', (h: Harness) => h.file()],
        ['a missing path', (h: Harness) => h.missingPath()],
        ['a relative path', async () => 'data/pool'],
        ["a directory of the daemon's own", async (h: Harness) => `${h.root}/var/lib/holdfast/mounts`],
      ])('%s is refused as a directory pool', async (_title, place) => {
        const ref = newPoolRef({ kind: 'directory', path: await place(on), devices: [], overcommit: 1, class: 'any' });
        await expect(plane().checkPool(ref, { force: false, others: [] })).rejects.toMatchObject({ detail: { object: `pool ${ref.name}` } });
      });

      test('a directory inside another pool, around it, or the same, is refused', async () => {
        const outer = await on.emptyDirectory();
        const directory = (path: string): PoolRef => newPoolRef({ kind: 'directory', path, devices: [], overcommit: 1, class: 'any' });
        const other = directory(outer);
        const made = { ...other, filesystems: await plane().makePool(other, { force: false }, work()) };
        await expect(plane().checkPool(directory(outer), { force: false, others: [made] })).rejects.toMatchObject({ code: 'failed_precondition' });
        await expect(plane().checkPool(directory(`${outer}/volumes`), { force: false, others: [made] })).rejects.toMatchObject({ code: 'failed_precondition' });
        await plane().closePool(made);
      });

      test('a pool whose marker is gone has a fault and is not made anew', async () => {
        const ref = newPoolRef({ kind: 'directory', path: await on.emptyDirectory(), devices: [], overcommit: 1, class: 'any' });
        const made = { ...ref, filesystems: await plane().makePool(ref, { force: false }, work()) };
        await on.loseMarker(made);
        expect((await plane().openPool(made)).fault).toMatchObject({ type: expect.stringMatching(/^Pool(NotMounted|Missing)$/) });
        expect((await plane().observePool(made)).fault).not.toBeNull();
      });

      test('a closed pool keeps its volumes, and a pool made there again finds them', async () => {
        const spec: PoolSpec = { kind: 'directory', path: await on.emptyDirectory(), devices: [], overcommit: 1, class: 'any' };
        const first = newPoolRef(spec);
        const made = { ...first, filesystems: await plane().makePool(first, { force: false }, work()) };
        const volume = newVolume(made, 'ext4');
        await plane().createReplica(volume.replica, SIZE, { kind: 'empty', filesystem: 'ext4' }, volume.descriptor, work());
        await plane().writeDescriptor(volume.replica, { ...volume.descriptor, trashed_at: '2026-02-01T00:00:00.000Z' });
        await plane().closePool(made);
        await plane().closePool(made);
        const second = newPoolRef(spec);
        await plane().checkPool(second, { force: false, others: [] });
        const again = { ...second, filesystems: await plane().makePool(second, { force: false }, work()) };
        expect(await plane().findVolumes(again)).toEqual([{ descriptor: { ...volume.descriptor, trashed_at: '2026-02-01T00:00:00.000Z' }, filesystem_uuid: again.filesystems[0]?.uuid }]);
        await expect(plane().wipeMedium({ path: spec.path ?? '' }, [again], work())).rejects.toMatchObject({ code: 'failed_precondition' });
        await plane().closePool(again);
        await plane().wipeMedium({ path: spec.path ?? '' }, [], work());
        await expect(plane().wipeMedium({ path: spec.path ?? '' }, [], work())).rejects.toMatchObject({ code: 'failed_precondition' });
      });
    });

    describe.each(filesystems)('a volume of %s', (filesystem) => {
      test('goes the whole way from create to remove, each step twice, and keeps its data over a restart', async () => {
        const made = await create(filesystem);
        const size = made.descriptor.size_bytes;
        await plane().createReplica(made.replica, size, { kind: 'empty', filesystem }, made.descriptor, work());
        expect(await plane().observeVolume(made.replica)).toMatchObject({ image: { size_bytes: size }, device: null, mount_path: null, bind_paths: [], mounted_elsewhere: false });
        await mounted(made);
        const { device } = await plane().attach({ replica: made.replica, size_bytes: size });
        const { mount_path: at } = await plane().mount(made.replica, filesystem, false);
        await on.write(at, 'hello', 'world');
        const target = await on.freePath();
        await plane().publish(made.replica, target, false);
        await plane().publish(made.replica, target, false);
        expect(await on.read(target, 'hello')).toBe('world');
        await on.restart();
        expect(await plane().observeVolume(made.replica)).toMatchObject({ device: { path: device, size_bytes: size }, mount_path: at, bind_paths: [target], foreign_mount: null, filesystem_failed: false, meta: { generation: 1 } });
        await expect(plane().detach(made.replica)).rejects.toMatchObject({ code: 'conflict' });
        await expect(plane().removeReplica(made.replica)).rejects.toMatchObject({ code: 'conflict' });
        await plane().unpublish(made.replica, target);
        await plane().unpublish(made.replica, target);
        await released(made);
        await released(made);
        expect(await plane().observeVolume(made.replica)).toMatchObject({ device: null, mount_path: null, bind_paths: [] });
        expect(await on.read(await mounted(made, 2), 'hello')).toBe('world');
        await released(made);
        await plane().removeReplica(made.replica);
        await plane().removeReplica(made.replica);
        expect((await plane().observeVolume(made.replica)).image).toBeNull();
      });

      test('grows mounted and detached, and never shrinks', async () => {
        const made = await create(filesystem);
        const size = made.descriptor.size_bytes;
        await mounted(made);
        if (!on.growsMounted(filesystem)) {
          await expect(plane().grow(made.replica, size + 32 * MIB, filesystem, work())).rejects.toMatchObject({ code: 'unsupported' });
          expect(await plane().observeVolume(made.replica)).toMatchObject({ image: { size_bytes: size }, device: { size_bytes: size } });
          await plane().unmount(made.replica);
        }
        await plane().grow(made.replica, size + 32 * MIB, filesystem, work());
        await plane().mount(made.replica, filesystem, false);
        await plane().grow(made.replica, size + 32 * MIB, filesystem, work());
        expect(await plane().observeVolume(made.replica)).toMatchObject({ image: { size_bytes: size + 32 * MIB }, device: { size_bytes: size + 32 * MIB }, meta: { size_bytes: size + 32 * MIB } });
        await released(made);
        await plane().grow(made.replica, size + 64 * MIB, filesystem, work());
        expect(await plane().observeVolume(made.replica)).toMatchObject({ image: { size_bytes: size + 64 * MIB }, device: null });
        await expect(plane().grow(made.replica, size, filesystem, work())).rejects.toMatchObject({ code: 'failed_precondition' });
        await plane().removeReplica(made.replica);
      });

      test('is snapshotted while written, cloned and restored in place', async () => {
        const made = await create(filesystem);
        const size = made.descriptor.size_bytes;
        const at = await mounted(made);
        await on.write(at, 'file', 'before');
        const snapshot = id('snapshot');
        const taken = await plane().takeSnapshot(made.replica, snapshot, work());
        expect(taken).toMatchObject({ consistency: 'filesystem', method: made.replica.filesystem.reflink ? 'reflink' : 'copy' });
        await on.write(at, 'file', 'after');
        await plane().takeSnapshot(made.replica, snapshot, work());
        expect(await plane().hasSnapshot(made.replica, snapshot)).toBe(true);

        const clone = newVolume(pool, filesystem, size + 32 * MIB);
        await plane().createReplica(clone.replica, size + 32 * MIB, { kind: 'snapshot', from: made.replica, snapshot_id: snapshot, filesystem }, clone.descriptor, work());
        expect(await on.read(await mounted(clone), 'file')).toBe('before');
        expect(await plane().observeVolume(clone.replica)).toMatchObject({ device: { size_bytes: size + 32 * MIB } });
        await released(clone);
        await plane().removeReplica(clone.replica);

        await expect(plane().buildHistory(made.replica, snapshot, 2, size, work())).rejects.toMatchObject({ code: 'conflict' });
        await released(made);
        await plane().buildHistory(made.replica, snapshot, 2, size, work());
        await plane().buildHistory(made.replica, snapshot, 2, size, work());
        const restored: Made = { ...made, replica: { ...made.replica, history: 2 } };
        const kept = id('snapshot');
        await expect(plane().keepHistory(made.replica, 1, kept)).rejects.toMatchObject({ code: 'failed_precondition' });
        await plane().keepHistory(restored.replica, 1, kept);
        await plane().keepHistory(restored.replica, 1, kept);
        expect(await plane().hasSnapshot(restored.replica, kept)).toBe(true);
        expect(await on.read(await mounted(restored, 2), 'file')).toBe('before');
        await released(restored);
        await plane().buildHistory(restored.replica, kept, 3, size, work());
        const back: Made = { ...made, replica: { ...made.replica, history: 3 } };
        await plane().keepHistory(back.replica, 2, null);
        expect(await on.read(await mounted(back, 3), 'file')).toBe('after');
        await released(back);
        await plane().removeSnapshot(back.replica, snapshot);
        await plane().removeSnapshot(back.replica, snapshot);
        expect(await plane().hasSnapshot(back.replica, snapshot)).toBe(false);
        await plane().removeReplica(back.replica);
      });
    });

    describe('fences', () => {
      test('an older generation is refused for ever, the same one again is fine, and a device in the way is a conflict', async () => {
        const made = await create();
        await plane().fence(made.replica, metaOf(made, 5));
        await plane().fence(made.replica, metaOf(made, 5));
        await on.restart();
        await expect(plane().fence(made.replica, metaOf(made, 4))).rejects.toMatchObject({ code: 'conflict' });
        await plane().attach({ replica: made.replica, size_bytes: SIZE });
        await expect(plane().fence(made.replica, metaOf(made, 6))).rejects.toMatchObject({ code: 'conflict' });
        await plane().detach(made.replica);
        await plane().fence(made.replica, metaOf(made, 6));
        expect((await plane().observeVolume(made.replica)).meta).toEqual(metaOf(made, 6));
        await plane().removeReplica(made.replica);
      });

      test('an image that is missing or shorter than recorded is not attached', async () => {
        const made = await create();
        await expect(plane().attach({ replica: made.replica, size_bytes: 2 * SIZE })).rejects.toMatchObject({ code: 'failed_precondition' });
        await expect(plane().attach({ replica: { ...made.replica, history: 9 }, size_bytes: SIZE })).rejects.toMatchObject({ code: 'failed_precondition' });
        await plane().removeReplica(made.replica);
      });
    });

    describe('publishing', () => {
      test('refuses what is no fit target, and a target that is published otherwise', async () => {
        const made = await create();
        await mounted(made);
        const refused = async (target: string): Promise<void> => expect(plane().publish(made.replica, target, false)).rejects.toMatchObject({ code: expect.stringMatching(/^(invalid_argument|failed_precondition)$/) });
        for (const bad of ['data', '/srv/../etc', '/a\0b', '/', `${on.root}/var/lib/holdfast/mounts/x`]) await refused(bad);
        await refused(await on.file());
        await refused(await on.fullDirectory());
        const target = await on.freePath();
        await expect(plane().publish(made.replica, target, true, ['/srv/elsewhere', `${target}/below`, target])).rejects.toMatchObject({ code: 'permission_denied' });
        await plane().publish(made.replica, target, true, ['/srv/elsewhere', target.slice(0, target.lastIndexOf('/'))]);
        await expect(plane().publish(made.replica, target, false)).rejects.toMatchObject({ code: 'conflict' });
        const other = await create();
        await mounted(other);
        await expect(plane().publish(other.replica, target, true)).rejects.toMatchObject({ code: 'conflict' });
        await plane().unpublish(other.replica, target);
        expect((await plane().observeVolume(made.replica)).bind_paths).toEqual([target]);
        await plane().unpublish(made.replica, target);
        for (const each of [made, other]) {
          await released(each);
          await plane().removeReplica(each.replica);
        }
      });
    });

    test('a call whose signal is aborted throws its reason and leaves nothing', async () => {
      const made = newVolume(pool, 'ext4');
      const reason = new Error('cancelled by a person');
      await expect(plane().createReplica(made.replica, SIZE, { kind: 'empty', filesystem: 'ext4' }, made.descriptor, work(AbortSignal.abort(reason)))).rejects.toBe(reason);
      expect((await plane().observeVolume(made.replica)).image).toBeNull();
    });
  });
}
