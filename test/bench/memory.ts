/** What a process at rest keeps resident. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** @returns bytes, after it has been left alone for a while. */
export async function idleMemory(pid: number, seconds: number): Promise<number> {
  await pause(seconds * 1000);
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? Number.NaN) * 1024;
}
