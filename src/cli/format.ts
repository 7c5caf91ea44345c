/** Numbers and times as people read them, with fixed rules, so that columns line up. Pure. */
import { formatBytes, type Bytes } from '../model/bytes.ts';
import type { Paint } from './paint.ts';

const STEPS: readonly [limit: number, unit: string, ms: number][] = [
  [120_000, 's', 1000], [7_200_000, 'm', 60_000], [172_800_000, 'h', 3_600_000], [63_072_000_000, 'd', 86_400_000], [Infinity, 'y', 31_536_000_000],
];

/** `42s`, `17m`, `5h`, `12d`, `3y`: one unit, rounded down. Less than nothing (another clock) is `0s`. */
export function formatSpan(ms: number): string {
  const span = Math.max(0, ms);
  const [, unit, length] = STEPS.find(([limit]) => span < limit) ?? [0, 'y', 31_536_000_000];
  return `${Math.floor(span / length)}${unit}`;
}

/** Since when, up to now: `5m`. "" for null. */
export const formatAge = (iso: string | null, now: number): string => (iso === null ? '' : formatSpan(now - Date.parse(iso)));

/** `2026-11-22 20:11:03`, in UTC. */
export const formatTime = (iso: string): string => iso.slice(0, 19).replace('T', ' ');

/** `2026-11-22 20:11:03 UTC, 5m ago` or `…, in 6d`. */
export function formatMoment(iso: string, now: number): string {
  const distance = now - Date.parse(iso);
  return `${formatTime(iso)} UTC, ${distance >= 0 ? `${formatSpan(distance)} ago` : `in ${formatLeft(iso, now)}`}`;
}

/** How long it still is, rounded to the nearest: what is due in 6 days and 23 hours is due in `7d`. "0s" when it is over. */
export function formatLeft(iso: string, now: number): string {
  const left = Math.max(0, Date.parse(iso) - now);
  const [, , length] = STEPS.find(([limit]) => left < limit) ?? [0, 'y', 31_536_000_000];
  return formatSpan(left + length / 2);
}

/** Whole percent; something is never shown as 0 %, less than all never as 100 %. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return '0 %';
  const share = (part / whole) * 100;
  if (share > 0 && share < 1) return '<1 %';
  if (share < 100 && share > 99) return '99 %';
  return `${Math.round(share)} %`;
}

export const formatBytesOr = (bytes: Bytes | null, otherwise = ''): string => (bytes === null ? otherwise : formatBytes(bytes));

/** `1 volume`, `3 volumes`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

export interface BarPart {
  readonly value: number;
  readonly colour: 'green' | 'yellow' | 'red' | 'dim' | 'cyan' | undefined;
}

/** A bar of `width` cells whose parts are to scale, the first in full blocks, the second shaded. Anything above zero shows. */
export function bar(parts: readonly BarPart[], whole: number, width: number, paint: Paint): string {
  const glyphs = paint.unicode ? ['█', '▒'] : ['#', '='];
  let drawn = 0;
  let text = '';
  for (const [index, { value, colour }] of parts.entries()) {
    const wanted = whole <= 0 ? 0 : (value / whole) * width;
    const cells = Math.min(width - drawn, value > 0 ? Math.max(1, Math.round(wanted)) : 0);
    text += paint(colour, (glyphs[index] ?? '#').repeat(cells));
    drawn += cells;
  }
  return `[${text}${paint('dim', (paint.unicode ? '░' : '.').repeat(width - drawn))}]`;
}

/** How full is alarming: green below 80 %, yellow below 95 %. */
export const fullness = (part: number, whole: number): 'green' | 'yellow' | 'red' =>
  whole <= 0 || part / whole >= 0.95 ? 'red' : part / whole >= 0.8 ? 'yellow' : 'green';
