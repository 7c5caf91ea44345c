/** Durations in milliseconds, written with a unit: `30s`, `15m`, `12h`, `7d`; `0` needs none. */
import { clip } from './bytes.ts';
import { HoldfastError } from './errors.ts';

/** An integer number of milliseconds. */
export type Millis = number;

const UNIT: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
export const DAY_MS = 86_400_000;

/**
 * Reads `7d`, `12h30m`, `90s`, `0`.
 * @throws invalid_argument naming the field, for anything else and for more than 100 years.
 */
export function parseDuration(text: string, field: string): Millis {
  if (text === '0') return 0;
  const parts = [...text.matchAll(/(\d+)(ms|[smhdw])/g)];
  const whole = parts.map((part) => part[0]).join('');
  if (whole !== text || text === '') {
    throw new HoldfastError('invalid_argument', `${field}: "${clip(text)}" is not a duration`, { field, hint: 'Write a number and a unit: 30s, 15m, 12h, 7d; or 0.' });
  }
  const ms = parts.reduce((sum, part) => sum + Number(part[1]) * (UNIT[part[2] ?? ''] ?? 0), 0);
  if (ms > 36_525 * DAY_MS) throw new HoldfastError('invalid_argument', `${field}: ${clip(text)} is more than 100 years`, { field });
  return ms;
}

/** `7d`, `1h30m`, `45s`, `250ms`, `0`; read back by `parseDuration` to the same number. */
export function formatDuration(ms: Millis): string {
  if (ms === 0) return '0';
  let rest = ms;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(rest / (UNIT[unit] ?? 1));
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * (UNIT[unit] ?? 1);
  }
  return text;
}
