/**
 * `holdfast-pool.json` at the top of every filesystem of a pool: which pool it belongs to. What carries no marker,
 * or another's, is never written to. It tells a mounted pool from the empty directory below a missing mount.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createHash } from 'node:crypto';
import { HoldfastError } from '../model/errors.ts';
import { isErrno, writeAtomically } from './durable-file.ts';
import { MARKER_NAME } from './layout.ts';

const FORMAT = 1;

export interface PoolMarker {
  readonly format: number;
  readonly cluster_id: string;
  readonly pool_id: string;
  /** For a device the UUID of its XFS, for a directory one of its own. */
  readonly filesystem_uuid: string;
  /** Of the pool's filesystems, the how manieth. */
  readonly position: number;
  readonly created_at: string;
  /** When its pool was removed; null while it is in use. What has been released may be taken by a new pool. */
  readonly released_at: string | null;
}

/** null: there is none (or no such directory). @throws failed_precondition for one that cannot be understood. */
export async function readMarker(directory: string): Promise<PoolMarker | null> {
  const file = path.join(directory, MARKER_NAME);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return null;
    throw thrown;
  }
  const unreadable = (why: string): HoldfastError => new HoldfastError('failed_precondition', `${file} ${why}`, { object: file, hint: 'It marks a pool of Holdfast. Move it away only if you know that the data below is not needed.' });
  let found: Partial<PoolMarker> | null;
  try {
    found = JSON.parse(text) as Partial<PoolMarker> | null;
  } catch {
    throw unreadable('is damaged: it is not JSON');
  }
  if (typeof found !== 'object' || found === null || typeof found.pool_id !== 'string' || typeof found.cluster_id !== 'string' || typeof found.filesystem_uuid !== 'string') throw unreadable('is damaged: fields are missing');
  if (found.format !== FORMAT) throw unreadable(`was written by another version of Holdfast (format ${String(found.format)}, this one knows ${FORMAT})`);
  return found as PoolMarker;
}

export const writeMarker = (directory: string, marker: Omit<PoolMarker, 'format'>): Promise<void> =>
  writeAtomically(path.join(directory, MARKER_NAME), `${JSON.stringify({ format: FORMAT, ...marker }, null, 2)}\n`);

export const removeMarker = (directory: string): Promise<void> => rm(path.join(directory, MARKER_NAME), { force: true });

/**
 * The UUID that the pool's filesystem at this position gets when it is made: the same at each try, so that
 * a resumed call knows its own half-made filesystem.
 */
export function filesystemUuid(poolId: string, position: number): string {
  const hash = createHash('sha256').update(`holdfast filesystem ${poolId} ${position}`).digest();
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** @throws failed_precondition unless the directory carries the marker of this filesystem: the pool is not mounted. */
export async function assertPoolThere(filesystem: { readonly uuid: string; readonly path: string }, object: string): Promise<void> {
  const marker = await readMarker(filesystem.path);
  if (marker?.filesystem_uuid === filesystem.uuid) return;
  throw new HoldfastError('failed_precondition', `${object}: its pool is not at ${filesystem.path}: ${marker === null ? 'no pool marker is there' : `what is there belongs to pool ${marker.pool_id}`}`, { object, hint: 'Mount the pool\'s filesystem there; see `holdfast pool list`.' }, { retryable: true });
}
