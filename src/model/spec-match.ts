/**
 * Compares what is asked for with a volume that exists, key by key of the grammar's table. Schedulers send the old
 * spec again after a live change, so size, replicas and scale are minimums; what differs and counted at creation only
 * is a warning. Pure: it changes nothing and looks nothing up.
 */
import { HoldfastError } from './errors.ts';
import { printable, SPEC_KEYS, type SpecKey, type VolumeRequest } from './spec-grammar.ts';
import type { Volume } from './volume.ts';

export interface SpecConflict {
  /** Key of the spec: `size`, `fs`. */
  readonly field: string;
  /** As a spec would say it. */
  readonly wanted: string;
  readonly actual: string;
  /** What to do. */
  readonly hint: string;
}

export interface SpecComparison {
  /** Empty when the volume satisfies the request. */
  readonly conflicts: readonly SpecConflict[];
  /** Differences that are no conflict, as sentences. */
  readonly warnings: readonly string[];
}

/** Omitted keys never conflict. Fields of the request that are no key of a spec are not looked at. */
export function conflictsWithVolume(request: VolumeRequest, volume: Volume): SpecComparison {
  const conflicts: SpecConflict[] = [];
  const warnings: string[] = [];
  for (const row of SPEC_KEYS) {
    const wanted = row.write(request);
    if (wanted === undefined || isSatisfied(row, request, volume)) continue;
    const actual = row.write(row.actual(volume)) ?? 'none';
    if (row.match === 'creation') {
      warnings.push(`volume ${volume.name} has ${row.key}=${actual}, not ${printable(wanted)}: ${row.key} counts only when a volume is made.`);
    } else {
      conflicts.push({ field: row.key, wanted, actual, hint: hintOf(row, volume.name, wanted, actual) });
    }
  }
  return { conflicts, warnings };
}

/** The one error for conflicts, from every surface: message, fields and the way out. `conflicts` may not be empty. */
export function conflictError(volume: Volume, conflicts: readonly SpecConflict[]): HoldfastError {
  const differences = conflicts.map(({ field, wanted, actual }) => `${field} is ${actual}, not ${printable(wanted)}`);
  return new HoldfastError('conflict', `volume ${volume.name} exists and differs: ${differences.join('; ')}`, {
    object: `volume ${volume.name}`,
    field: conflicts[0]?.field ?? 'name',
    fields: conflicts.map(({ field }) => field),
    hint: conflicts.map(({ hint }) => hint).join(' '),
  });
}

function isSatisfied(row: SpecKey, request: VolumeRequest, volume: Volume): boolean {
  const wanted = request[row.field];
  const actual = row.actual(volume)[row.field];
  if (row.match === 'minimum') return typeof wanted === 'number' && typeof actual === 'number' && wanted <= actual;
  if (row.field === 'labels') return Object.entries(request.labels ?? {}).every(([key, value]) => Object.hasOwn(volume.labels, key) && volume.labels[key] === value);
  return wanted === actual;
}

function hintOf(row: SpecKey, name: string, wanted: string, actual: string): string {
  if (row.raise !== undefined) return `To raise it: ${row.raise(name, wanted)}; or ask for ${row.key}=${actual} or less.`;
  if (row.match === 'minimum') return `${row.key} cannot be raised by this version: ask for ${row.key}=${actual} or less, leave ${row.key} out, or choose another name.`;
  return `${row.key} cannot be changed: ask for ${row.key}=${actual}, leave ${row.key} out, or choose another name.`;
}
