/** The moment at which a process began, which tells it from a later one with the same id. */
import { readFileSync } from 'node:fs';

/** Clock ticks since boot, as the kernel counts them; "" when there is no such process. */
export function readStartTime(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
