/**
 * Whether a write-ahead log lost transactions that were acknowledged. SQLite reads a log up to the first frame that
 * does not check, which is right after a crash (the last transaction was cut off) and wrong when the damage lies
 * before transactions that were synced later: those it would drop in silence. Reads only.
 * File format: https://sqlite.org/fileformat2.html#walformat
 */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** @param wal the whole file. @returns what is wrong, or null. */
export function walFault(wal: Buffer): string | null {
  if (wal.length < HEADER_BYTES || isZero(wal)) return null;
  const magic = wal.readUInt32BE(0);
  const pageSize = wal.readUInt32BE(8);
  const little = magic === 0x377f0682;
  let sum: readonly [number, number] = checksum(wal, 0, 24, little, [0, 0]);
  const sound = (little || magic === 0x377f0683) && sum[0] === wal.readUInt32BE(24) && sum[1] === wal.readUInt32BE(28);
  if (!sound || pageSize < 512 || pageSize > 65_536) return 'its header does not match its checksum';

  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const frames = Math.floor((wal.length - HEADER_BYTES) / frameBytes);
  let broken = -1;
  let commits = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    const at = HEADER_BYTES + frame * frameBytes;
    // Other salts: left over from before the log was begun anew, or damaged; the frames behind it tell which.
    const ours = wal.readUInt32BE(at + 8) === wal.readUInt32BE(16) && wal.readUInt32BE(at + 12) === wal.readUInt32BE(20);
    if (broken < 0) {
      sum = checksum(wal, at, 8, little, sum);
      sum = checksum(wal, at + FRAME_HEADER_BYTES, pageSize, little, sum);
      if (ours && sum[0] === wal.readUInt32BE(at + 16) && sum[1] === wal.readUInt32BE(at + 20)) continue;
      broken = frame;
    }
    if (!ours) continue;
    // A frame of ours behind a commit behind the damage: that commit was synced, and would be lost.
    if (commits > 0) return `frame ${broken} of ${frames} is damaged, and acknowledged transactions follow it`;
    if (wal.readUInt32BE(at + 4) !== 0) commits += 1;
  }
  return null;
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

function checksum(bytes: Buffer, from: number, length: number, little: boolean, start: readonly [number, number]): [number, number] {
  let [a, b] = start;
  for (let at = from; at < from + length; at += 8) {
    a = (a + (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)) + b) >>> 0;
    b = (b + (little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}
