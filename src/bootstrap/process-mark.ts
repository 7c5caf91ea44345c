/** Tells a process from a later one with the same id, by the moment it began. */
import { readFileSync } from 'node:fs';

export interface ProcessMark {
  readonly pid: number;
  /** Clock ticks since boot, as the kernel counts them. */
  readonly began: string;
}

/** null when there is no such process, or only its corpse. */
export function markOf(pid: number): ProcessMark | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? null : { pid, began: fields[19] ?? '' };
  } catch {
    return null;
  }
}

export function isAlive(mark: { readonly pid?: unknown; readonly began?: unknown } | null): boolean {
  return typeof mark?.pid === 'number' && markOf(mark.pid)?.began === mark.began;
}
