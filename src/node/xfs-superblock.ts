/** The first sector of an XFS: whose it is and whether mkfs had finished. Pure parser, and a reader that never uses a cache of ours. */
import { open } from 'node:fs/promises';
import type { Bytes } from '../model/bytes.ts';

export interface XfsSuperblock {
  readonly uuid: string;
  readonly label: string;
  readonly size_bytes: Bytes;
  /** mkfs.xfs clears this as its last act. */
  readonly in_progress: boolean;
}

/** null: no XFS. */
export function parseXfsSuperblock(sector: Uint8Array): XfsSuperblock | null {
  const bytes = Buffer.from(sector);
  if (bytes.length < 512 || bytes.toString('latin1', 0, 4) !== 'XFSB') return null;
  const hex = bytes.toString('hex', 32, 48);
  return {
    uuid: [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-'),
    label: bytes.toString('latin1', 108, 120).replace(/\0.*$/s, ''),
    size_bytes: bytes.readUInt32BE(4) * Number(bytes.readBigUInt64BE(8)),
    in_progress: bytes[126] !== 0,
  };
}

/** null: no XFS, or too short. @throws what opening or reading throws. */
export async function readXfsSuperblock(device: string): Promise<XfsSuperblock | null> {
  const handle = await open(device, 'r');
  try {
    const sector = Buffer.alloc(512);
    const { bytesRead } = await handle.read(sector, 0, 512, 0);
    return bytesRead < 512 ? null : parseXfsSuperblock(sector);
  } finally {
    await handle.close();
  }
}
