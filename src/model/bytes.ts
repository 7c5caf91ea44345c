/**
 * Sizes in bytes: integers below 2^53, written with a binary unit. `G`, `GB` and `GiB` all mean 2^30,
 * in any case. Parsing and formatting only; it decides nothing about what size is fit for what.
 */
import { HoldfastError } from './errors.ts';

/** An integer number of bytes, 0 ≤ n < 2^53. */
export type Bytes = number;

export const KIB = 1024;
export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;
export const TIB = 1024 ** 4;
export const PIB = 1024 ** 5;

/** Every size of a volume is a multiple of this (the block of the filesystems and of direct I/O). */
export const BLOCK_BYTES = 4096;

const UNIT: Record<string, number> = { k: KIB, m: MIB, g: GIB, t: TIB, p: PIB };
const SIZE = /^(\d+)(?:([kmgtp])(?:i?b)?)$/i;

/**
 * Reads a size such as `10G`, `512MiB` or `1tb`, rounded up to a multiple of 4096.
 * @param field what the size belongs to, named in the error (`size`, `--size`).
 * @throws invalid_argument for a bare number (the hint shows `10G`), an unknown unit, zero, or 2^53 and above.
 */
export function parseSize(text: string, field = 'size'): Bytes {
  const match = SIZE.exec(text);
  if (match === null) {
    const hint = /^\d+$/.test(text)
      ? `Write the unit: ${field}=${text}G, or ${text}M for mebibytes.`
      : /^\d+\.\d+\s*[kmgtp]/i.test(text)
        ? 'Use a whole number of a smaller unit: 1536M instead of 1.5G.'
        : 'Write a whole number and a unit: 512M, 10G, 2T (binary units; G, GB and GiB are all 2^30 bytes).';
    throw new HoldfastError('invalid_argument', `${field}: "${clip(text)}" is not a size`, { field, hint });
  }
  const bytes = Number(match[1]) * (UNIT[(match[2] ?? '').toLowerCase()] ?? 1);
  if (bytes === 0) throw new HoldfastError('invalid_argument', `${field} must be more than zero`, { field, hint: 'For example 10G.' });
  if (!(bytes <= Number.MAX_SAFE_INTEGER - BLOCK_BYTES)) {
    throw new HoldfastError('invalid_argument', `${field}: ${clip(text)} is more than can be counted (2^53 bytes)`, { field, hint: 'For example 10G.' });
  }
  return roundUpToBlock(bytes);
}

export const roundUpToBlock = (bytes: Bytes): Bytes => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

/** Exact where a unit divides the size (`10 GiB`), else two decimals (`1.46 GiB`). */
export function formatBytes(bytes: Bytes): string {
  const units: readonly [string, number][] = [['PiB', PIB], ['TiB', TIB], ['GiB', GIB], ['MiB', MIB], ['KiB', KIB]];
  for (const [name, factor] of units) {
    if (bytes < factor) continue;
    const value = bytes / factor;
    return `${Number.isInteger(value) ? value : value.toFixed(2)} ${name}`;
  }
  return `${bytes} B`;
}

/** The shortest text that `parseSize` reads back to the same number: `10G`, `1536M`, `4K`. */
export function formatSize(bytes: Bytes): string {
  for (const [unit, factor] of [['P', PIB], ['T', TIB], ['G', GIB], ['M', MIB]] as const) {
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return `${Math.ceil(bytes / KIB)}K`;
}

/** Foreign text in a message is cut, so that a message stays a line. */
export const clip = (text: string, max = 80): string => (text.length <= max ? text : `${text.slice(0, max)}… (${text.length} characters)`);
