/**
 * The files of one replica as one thing: `data.<history>.img`, `map` and `meta` in its directory, opened, locked and held
 * against what is recorded; and every piece of work that the replica's state machine asks for, answered when it is done
 * (durably, where the work says so). It decides nothing: who may ask, and what is done beside what, is the machine's.
 */
import { constants } from 'node:fs';
import { copyFile, link, open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { HoldfastError } from '../../model/errors.ts';
import { NBD_ERROR, type NbdError } from '../nbd/wire.ts';
import type { View } from '../nbd/slab.ts';
import type { ReplicaAnswer } from '../protocol/messages.ts';
import { Regions } from '../protocol/regions.ts';
import type { ReplicaState, Work } from '../protocol/replica.ts';
import { createImage, openImage, type Image, type ImageFault } from './image.ts';
import { createMap, openMap, type RegionMap } from './region-map.ts';
import { createMeta, openMeta, type MetaFile, type ReplicaMeta } from './replica-meta.ts';
import { regionsOf } from './region-set.ts';

export interface ReplicaPlace {
  /** `<pool>/volumes/<volume id>/<replica id>`. */
  readonly directory: string;
  readonly volume: string;
  readonly replica: string;
  /** Names this boot of the machine and this mount of the pool. */
  readonly boot: string;
}

export interface ReplicaFilesOptions extends ReplicaPlace {
  /** The image answers no more, and why. */
  readonly failed: (fault: ImageFault, cause: string) => void;
  readonly dirtyBytes?: number;
}

type Done = (answer: ReplicaAnswer<View>) => void;

/** What a replica that has no history yet is copied into. */
const INCOMING = 'data.incoming.img';
const imageName = (meta: Pick<ReplicaMeta, 'history' | 'empty'>): string => (meta.empty === true ? INCOMING : `data.${meta.history}.img`);
const identityOf = ({ volume, replica }: ReplicaPlace): string => `${volume}/${replica}`;

/**
 * Makes the files of a new replica in an existing directory. `history` null: it is empty, all of it is to be copied.
 * `meta` comes last: without it there is no replica.
 */
export async function createReplicaFiles(place: ReplicaPlace, made: { readonly size: number; readonly history: number | null; readonly generation: number }): Promise<void> {
  const { directory, volume, replica, boot } = place;
  const meta: ReplicaMeta = { volume_id: volume, replica_id: replica, history: made.history ?? 0, size_bytes: made.size, generation: made.generation, set_version: 0, members: made.history === null ? [] : [replica], boot_id: boot, restarted: false, failed: null, empty: made.history === null, damaged: null };
  await createImage(path.join(directory, imageName(meta)), made.size);
  await createMap({ file: path.join(directory, 'map'), identity: identityOf(place), size: made.size, bits: 'clear' });
  await createMeta(path.join(directory, 'meta'), meta);
  await syncDirectory(directory);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Opens and locks.
 * @throws failed_precondition when it is damaged: it is never to be served. conflict when somebody else holds its lock.
 */
export async function openReplicaFiles(options: ReplicaFilesOptions): Promise<ReplicaFiles> {
  const { directory, volume, replica, boot } = options;
  const object = `replica ${replica} of volume ${volume}`;
  const meta = await openMeta(path.join(directory, 'meta'));
  let image: Image | null = null;
  try {
    const { now } = meta;
    if (now.volume_id !== volume || now.replica_id !== replica) throw new HoldfastError('failed_precondition', `${directory} holds replica ${now.replica_id} of volume ${now.volume_id}, not ${object}`, { object });
    if (typeof now.damaged === 'string') throw new HoldfastError('failed_precondition', `${object} was found damaged: ${now.damaged}`, { object, hint: 'It is never served; the replica is to be replaced.' });
    const file = path.join(directory, imageName(now));
    image = await openImage({ file, size: now.size_bytes, failed: options.failed, ...(options.dirtyBytes === undefined ? {} : { dirtyBytes: options.dirtyBytes }) });
    const map = await openOrMakeMap(options, now.size_bytes);
    if (now.empty !== true) await rm(path.join(directory, INCOMING), { force: true });
    if (now.boot_id !== boot) await meta.change({ boot_id: boot, restarted: true });
    return new ReplicaFiles(options, meta, map, image);
  } catch (thrown) {
    await image?.close();
    await meta.close();
    throw thrown;
  }
}

/** Without a map nothing tells what differs: everything may. */
async function openOrMakeMap(options: ReplicaFilesOptions, size: number): Promise<RegionMap> {
  const map = { file: path.join(options.directory, 'map'), identity: identityOf(options), size };
  if ((await stat(map.file).catch(() => null)) === null) await createMap({ ...map, bits: 'set' });
  return openMap(map);
}

export class ReplicaFiles {
  readonly #options: ReplicaFilesOptions;
  readonly #meta: MetaFile;
  readonly #map: RegionMap;
  readonly #image: Image;

  /** Use `openReplicaFiles`. */
  constructor(options: ReplicaFilesOptions, meta: MetaFile, map: RegionMap, image: Image) {
    this.#options = options;
    this.#meta = meta;
    this.#map = map;
    this.#image = image;
  }

  get size(): number {
    return this.#image.size;
  }

  /** What a state machine begins with. */
  get state(): { readonly state: ReplicaState; readonly intent: Regions; readonly missed: Regions; readonly broke: boolean } {
    const { generation, set_version, history, size_bytes, restarted, failed, empty } = this.#meta.now;
    const regions = regionsOf(size_bytes);
    return {
      state: { generation, set_version, history, size: size_bytes, restarted: typeof failed === 'string' ? 'failed' : restarted ? 'boot' : 'no', empty: empty === true },
      intent: new Regions(regions, this.#map.intent), missed: new Regions(regions, this.#map.missed),
      // What failed stays failed until its medium is mounted anew.
      broke: failed === this.#options.boot,
    };
  }

  /** Remembers, durably, that it must never be served again. */
  async markDamaged(why: string): Promise<void> {
    await this.#meta.change({ damaged: why });
  }

  /** Does a piece of work; the payload is retained as long as it is needed, data of a read is valid until `done` returns. */
  perform(work: Work<View>, done: Done): void {
    switch (work.kind) {
      case 'read': return this.#image.read(work.offset, work.length, (error, data) => done(error === NBD_ERROR.OK && data !== null ? { ok: true, data } : answerOf(error)));
      case 'write': {
        const data = work.data.retain();
        return this.#image.write(work.offset, data, work.fua, (error) => {
          data.release();
          done(answerOf(error));
        });
      }
      case 'zero': return this.#image.zero(work.offset, work.length, !work.punch, work.fua, (error) => done(answerOf(error)));
      case 'flush': return this.#image.flush((error) => done(answerOf(error)));
      default: this.#change(work).then(() => done({ ok: true }), (thrown: unknown) => done({ ok: false, error: isFull(thrown) ? 'full' : 'io' }));
    }
  }

  async close(): Promise<void> {
    await this.#image.close();
    await this.#map.close();
    await this.#meta.close();
  }

  async #change(work: Exclude<Work<View>, { kind: 'read' | 'write' | 'zero' | 'flush' }>): Promise<void> {
    switch (work.kind) {
      case 'intend': return this.#map.change({ setIntent: work.regions });
      case 'settle': return this.#map.change({ clearIntent: work.regions, ...(work.missed ? { setMissed: work.regions } : {}) });
      case 'forget': return this.#map.change({ clearMissed: work.regions });
      case 'fence': return this.#meta.change({ generation: work.generation });
      case 'failed': return this.#meta.change({ failed: this.#options.boot, restarted: true });
      case 'version': return this.#meta.change({ set_version: Math.max(this.#meta.now.set_version, work.set_version), members: work.members });
      case 'recovered':
        this.#assertSound();
        return this.#meta.change({ restarted: false, failed: null });
      case 'join': return this.#join(work.history, work.intent, work.missed);
      case 'grow':
        if (work.size > this.#image.size) await this.#image.grow(work.size);
        await this.#map.grow(this.#image.size);
        return this.#meta.change({ size_bytes: this.#image.size });
      case 'clone': return this.#clone(work.snapshot);
    }
  }

  /** Data, map, name, meta, in this order: the history is told only when all of it is there. */
  async #join(history: number, intent: readonly number[], missed: readonly number[]): Promise<void> {
    const { directory } = this.#options;
    await new Promise<void>((resolve, reject) => this.#image.flush((error) => (error === NBD_ERROR.OK ? resolve() : reject(new HoldfastError('unavailable', `replica ${this.#options.replica} could not be flushed`)))));
    await this.#map.change({ setIntent: intent, setMissed: missed });
    const before = path.join(directory, imageName(this.#meta.now));
    const after = path.join(directory, imageName({ history, empty: false }));
    if (before !== after) await nameAnew(before, after);
    this.#assertSound();
    await this.#meta.change({ history, restarted: false, failed: null, empty: false });
    if (before !== after) await rm(before, { force: true });
  }

  /** A medium that failed in this mount is never said to be sound again. */
  #assertSound(): void {
    if (this.#image.fault !== null || this.#meta.now.failed === this.#options.boot) throw new HoldfastError('unavailable', `the medium of replica ${this.#options.replica} has failed`);
  }

  async #clone(snapshot: string): Promise<void> {
    const { directory } = this.#options;
    const target = path.join(directory, 'snapshots', `${snapshot}.img`);
    await copyFile(path.join(directory, imageName(this.#meta.now)), target, constants.COPYFILE_FICLONE);
    const handle = await open(target, 'r+');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await syncDirectory(path.dirname(target));
  }
}

/** The same file under another name, durably; an interrupted call is repeated. */
async function nameAnew(before: string, after: string): Promise<void> {
  await link(before, after).catch(async (thrown: unknown) => {
    const [one, other] = await Promise.all([stat(before), stat(after)]);
    if (one.ino !== other.ino || one.dev !== other.dev) throw thrown;
  });
  await syncDirectory(path.dirname(after));
}

const answerOf = (error: NbdError): ReplicaAnswer<View> => (error === NBD_ERROR.OK ? { ok: true } : { ok: false, error: error === NBD_ERROR.ENOSPC ? 'full' : 'io' });
const isFull = (thrown: unknown): boolean => (thrown instanceof HoldfastError ? thrown.code === 'resource_exhausted' : typeof thrown === 'object' && thrown !== null && 'code' in thrown && (thrown.code === 'ENOSPC' || thrown.code === 'EDQUOT'));
