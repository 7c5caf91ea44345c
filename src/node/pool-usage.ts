/** How much a pool's filesystem holds and could hold, as the kernel counts it. */
import { readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import type { PoolFilesystem } from '../model/pool.ts';
import { listReplicas } from './descriptor.ts';
import { unlessMissing } from './durable-file.ts';

export type Usage = Pick<PoolFilesystem, 'capacity_bytes' | 'used_bytes'>;

/** A filesystem that is all ours. */
export async function measureFilesystem(mountPath: string): Promise<Usage> {
  const { blocks, bfree, bsize } = await statfs(mountPath);
  return { capacity_bytes: blocks * bsize, used_bytes: (blocks - bfree) * bsize };
}

/** A directory that shares its filesystem with others: what we hold, and what is free for us now. */
export async function measureDirectory(poolPath: string): Promise<Usage> {
  const replicas = await listReplicas(poolPath);
  const used = await Promise.all(replicas.map(async ({ directory }) => (await blocksIn(directory)) + (await blocksIn(path.join(directory, 'snapshots')))));
  const used_bytes = used.reduce((sum, bytes) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(poolPath);
  return { capacity_bytes: bavail * bsize + used_bytes, used_bytes };
}

async function blocksIn(directory: string): Promise<number> {
  const entries = await unlessMissing(readdir(directory, { withFileTypes: true }), []);
  const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await unlessMissing(stat(path.join(directory, entry.name)), null))?.blocks ?? 0));
  return sizes.reduce((sum, blocks) => sum + blocks * 512, 0);
}
