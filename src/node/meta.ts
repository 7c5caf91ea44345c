/**
 * `meta` of a replica: two preallocated 4 KiB slots, each with a checksum, overwritten in place by turns. A torn
 * write spoils only the older of the two, and writing needs no space, so it works on a full pool. Both bad:
 * the replica is damaged, which is told and never mended by guessing.
 */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, type FileHandle } from 'node:fs/promises';
import type { ReplicaMeta } from '../control/ports/data-plane.ts';
import { HoldfastError } from '../model/errors.ts';
import { unlessMissing } from './durable-file.ts';

export const SLOT_BYTES = 4096;
export const META_BYTES = 2 * SLOT_BYTES;
/** Slot: magic, sequence, length of the JSON, SHA-256 over the rest of the slot, JSON, zeroes. */
const MAGIC = Buffer.from('HFMETA\0\x01', 'latin1');
const AT = { sequence: 8, length: 16, hash: 20, json: 52 } as const;

export interface MetaSlot {
  /** Rises with every write; the higher one of two sound slots counts. */
  readonly sequence: number;
  readonly meta: ReplicaMeta;
}

/** @throws internal when it does not fit, which no replica set that is allowed can reach. */
export function encodeSlot(slot: MetaSlot): Buffer {
  const json = Buffer.from(JSON.stringify(slot.meta));
  if (json.length > SLOT_BYTES - AT.json) throw new HoldfastError('internal', `metadata of replica ${slot.meta.replica_id} has ${json.length} bytes, ${SLOT_BYTES - AT.json} fit`);
  const block = Buffer.alloc(SLOT_BYTES);
  MAGIC.copy(block);
  block.writeBigUInt64LE(BigInt(slot.sequence), AT.sequence);
  block.writeUInt32LE(json.length, AT.length);
  json.copy(block, AT.json);
  hashOf(block).copy(block, AT.hash);
  return block;
}

/** null: torn, rotten, or never written. */
export function decodeSlot(block: Uint8Array): MetaSlot | null {
  const bytes = Buffer.from(block);
  if (bytes.length !== SLOT_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const length = bytes.readUInt32LE(AT.length);
  if (length > SLOT_BYTES - AT.json || !hashOf(bytes).equals(bytes.subarray(AT.hash, AT.json))) return null;
  return { sequence: Number(bytes.readBigUInt64LE(AT.sequence)), meta: JSON.parse(bytes.toString('utf8', AT.json, AT.json + length)) as ReplicaMeta };
}

function hashOf(block: Buffer): Buffer {
  return createHash('sha256').update(block.subarray(0, AT.hash)).update(block.subarray(AT.json)).digest();
}

export interface MetaState {
  readonly current: MetaSlot;
  /** The slot that the next write goes to. */
  readonly next: 0 | 1;
}

/** The newest sound slot of a file's content; null when there is none. */
export function decodeMeta(content: Uint8Array): MetaState | null {
  const slots = [decodeSlot(content.subarray(0, SLOT_BYTES)), decodeSlot(content.subarray(SLOT_BYTES, META_BYTES))] as const;
  const [first, second] = slots;
  if (first === null && second === null) return null;
  const newest = second === null || (first !== null && first.sequence > second.sequence) ? 0 : 1;
  const current = slots[newest];
  return current === null ? null : { current, next: newest === 0 ? 1 : 0 };
}

/** A new file with both slots written, durable but for its name. */
export async function createMeta(file: string, meta: ReplicaMeta): Promise<void> {
  const handle = await open(file, 'w', 0o600);
  try {
    await handle.write(Buffer.concat([encodeSlot({ sequence: 1, meta }), encodeSlot({ sequence: 2, meta })]), 0, META_BYTES, 0);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** null: there is no file, or it is damaged. */
export async function readMeta(file: string): Promise<ReplicaMeta | null> {
  const content = await unlessMissing(readFile(file), null);
  return content === null ? null : (decodeMeta(content)?.current.meta ?? null);
}

/**
 * Reads, decides, writes into the older slot, durably.
 * @param change returns the new metadata, or null to leave all as it is; may throw.
 * @throws failed_precondition when the file is missing or damaged.
 */
export async function changeMeta(file: string, object: string, change: (now: ReplicaMeta) => ReplicaMeta | null): Promise<void> {
  const handle = await openForWriting(file, object);
  try {
    const content = Buffer.alloc(META_BYTES);
    await handle.read(content, 0, META_BYTES, 0);
    const state = decodeMeta(content);
    if (state === null) throw new HoldfastError('failed_precondition', `${object}: the metadata of its replica is damaged (${file})`, { object, hint: 'Both checksums are wrong: the medium has lost writes. Restore the volume from a snapshot on another pool, or recover it by hand.' });
    const wanted = change(state.current.meta);
    if (wanted === null) return;
    await handle.write(encodeSlot({ sequence: state.current.sequence + 1, meta: wanted }), 0, SLOT_BYTES, state.next * SLOT_BYTES);
  } finally {
    await handle.close();
  }
}

async function openForWriting(file: string, object: string): Promise<FileHandle> {
  const handle = await unlessMissing(open(file, constants.O_RDWR | constants.O_DSYNC), null);
  if (handle === null) throw new HoldfastError('failed_precondition', `${object}: the metadata of its replica is missing (${file})`, { object, hint: 'Is the pool mounted? See `holdfast pool list`.' });
  return handle;
}
