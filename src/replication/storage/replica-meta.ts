/**
 * `meta` of a replica as the data path uses it: two preallocated 4 KiB slots, each with a checksum, overwritten in place by
 * turns, so that a torn write spoils only the older of the two and a full pool does not matter. The format is the one
 * that the daemon writes at create; what only the data path knows are further members of it. Both slots bad: the replica
 * is damaged, which is told and never mended by guessing.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { HoldfastError } from '../../model/errors.ts';

export const SLOT_BYTES = 4096;
const MAGIC = Buffer.from('HFMETA\0\x01', 'latin1');
/** Slot: magic, sequence, length of the JSON, SHA-256 over the rest of the slot, JSON, zeroes. */
const AT = { sequence: 8, length: 16, hash: 20, json: 52 } as const;

export interface ReplicaMeta {
  readonly volume_id: string;
  readonly replica_id: string;
  readonly history: number;
  readonly size_bytes: number;
  readonly generation: number;
  readonly set_version: number;
  readonly members: readonly string[];
  /** Of the boot and mount in which it was open last: another one may have lost what was not flushed. */
  readonly boot_id: string;
  /** It may have lost what was not flushed; only a finished join or recovery clears it. */
  readonly restarted: boolean;
  /** The boot and mount in which its medium did not keep what it was given. */
  readonly failed?: string | null;
  /** It holds no image of a history yet. */
  readonly empty?: boolean;
  /** What was found to be wrong with its files; it is never served again. */
  readonly damaged?: string | null;
}

export interface MetaSlot {
  readonly sequence: number;
  readonly meta: ReplicaMeta;
}

/** @throws internal when it does not fit, which no replica set that is allowed can reach. */
export function encodeSlot({ sequence, meta }: MetaSlot): Buffer {
  const json = Buffer.from(JSON.stringify(meta));
  if (json.length > SLOT_BYTES - AT.json) throw new HoldfastError('internal', `metadata of replica ${meta.replica_id} has ${json.length} bytes, ${SLOT_BYTES - AT.json} fit`);
  const block = Buffer.alloc(SLOT_BYTES);
  MAGIC.copy(block);
  block.writeBigUInt64LE(BigInt(sequence), AT.sequence);
  block.writeUInt32LE(json.length, AT.length);
  json.copy(block, AT.json);
  hashOf(block).copy(block, AT.hash);
  return block;
}

/** null: torn, rotten, or never written. */
export function decodeSlot(block: Buffer): MetaSlot | null {
  if (block.length !== SLOT_BYTES || !block.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const length = block.readUInt32LE(AT.length);
  if (length > SLOT_BYTES - AT.json || !hashOf(block).equals(block.subarray(AT.hash, AT.json))) return null;
  return { sequence: Number(block.readBigUInt64LE(AT.sequence)), meta: JSON.parse(block.toString('utf8', AT.json, AT.json + length)) as ReplicaMeta };
}

const hashOf = (block: Buffer): Buffer => createHash('sha256').update(block.subarray(0, AT.hash)).update(block.subarray(AT.json)).digest();

/** Makes a new file with both slots, durable but for its name. @throws EEXIST when there is one. */
export async function createMeta(file: string, meta: ReplicaMeta): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.write(Buffer.concat([encodeSlot({ sequence: 1, meta }), encodeSlot({ sequence: 2, meta })]));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** @throws failed_precondition when it is missing or both slots are bad. */
export async function openMeta(file: string): Promise<MetaFile> {
  const handle = await open(file, constants.O_RDWR | constants.O_DSYNC | constants.O_NOFOLLOW).catch((thrown: unknown) => {
    if (typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'ENOENT') throw new HoldfastError('failed_precondition', `metadata ${file} is missing`, { object: file, hint: 'Is the pool mounted? A replica without metadata is never served.' });
    throw thrown;
  });
  const content = Buffer.alloc(2 * SLOT_BYTES);
  await handle.read(content, 0, content.length, 0).catch(() => undefined);
  const slots = [decodeSlot(content.subarray(0, SLOT_BYTES)), decodeSlot(content.subarray(SLOT_BYTES))];
  const newest = (slots[0]?.sequence ?? -1) > (slots[1]?.sequence ?? -1) ? 0 : 1;
  const current = slots[newest];
  if (current === null || current === undefined) {
    await handle.close();
    throw new HoldfastError('failed_precondition', `metadata ${file} is damaged: both checksums are wrong`, { object: file, hint: 'It is never served; the replica is to be replaced.' });
  }
  return new MetaFile(handle, current, newest);
}

export class MetaFile {
  readonly #handle: FileHandle;
  #current: MetaSlot;
  #slot: number;
  #last: Promise<void> = Promise.resolve();

  /** Use `openMeta`. */
  constructor(handle: FileHandle, current: MetaSlot, slot: number) {
    this.#handle = handle;
    this.#current = current;
    this.#slot = slot;
  }

  /** As it is on the medium. */
  get now(): ReplicaMeta {
    return this.#current.meta;
  }

  /** Resolves when the change is durable; one after the other. After a failure the older content stands. */
  change(change: Partial<ReplicaMeta>): Promise<void> {
    const mine = this.#last.then(async () => {
      const wanted = { sequence: this.#current.sequence + 1, meta: { ...this.#current.meta, ...change } };
      const slot = 1 - this.#slot;
      const { bytesWritten } = await this.#handle.write(encodeSlot(wanted), 0, SLOT_BYTES, slot * SLOT_BYTES);
      if (bytesWritten !== SLOT_BYTES) throw new HoldfastError('unavailable', `metadata of replica ${wanted.meta.replica_id}: only ${bytesWritten} bytes were written`);
      this.#slot = slot;
      this.#current = wanted;
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#handle.close();
  }
}
