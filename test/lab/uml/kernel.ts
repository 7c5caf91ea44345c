// Ending kernels of User-Mode Linux. One is a main process that leads a process group, with helpers and guests' address
// spaces in it; what is killed is the group, and only processes that run linux.uml.
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runs, type KernelRecord } from '../netns/record.ts';

/** The processes of a kernel that still run. */
export function kernelProcesses({ main }: Pick<KernelRecord, 'main'>): number[] {
  if (main === undefined) return [];
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
      return Number(fields[2]) === main.pid && fields[0] !== 'Z' && isKernel(pid);
    } catch {
      return false; // it ended meanwhile
    }
  });
}

/** A process that is ending has no program file any more; it still has the disks open. */
function isKernel(pid: number): boolean {
  try {
    return path.basename(readlinkSync(`/proc/${pid}/exe`)).startsWith('linux.uml');
  } catch {
    return true;
  }
}

/** Pulls the plug: what the guest has not written to its disks is gone. */
export async function endKernel(kernel: Pick<KernelRecord, 'name' | 'main'>): Promise<void> {
  for (let round = 0; ; round += 1) {
    const left = kernelProcesses(kernel);
    if (left.length === 0 && !runs(kernel.main)) return;
    if (round > 200) throw new Error(`the kernel ${kernel.name} does not end: processes ${left.join(', ')}`);
    for (const pid of left) try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ }
    await pause(round < 20 ? 10 : 100);
  }
}
