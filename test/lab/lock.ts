// One process at a time: for what several test runs share on the machine, such as the caches in .cache. The kernel holds
// the lock (flock), so it ends with its holder, however that ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Runs `act` while no other process, nor another call of this one, holds the lock of that file; waits for it as long as it takes. */
export async function locked<T>(file: string, act: () => Promise<T>): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true });
  // It holds the lock until its standard input ends: with `release`, or with this process.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  holder.stdin.on('error', () => undefined);
  const gone = once(holder, 'close');
  try {
    const [word] = await Promise.race([once(holder.stdout, 'data'), gone]) as [unknown];
    if (!String(word).startsWith('held')) throw new Error(`${file} could not be locked: flock ended with ${String(word)}`);
    return await act();
  } finally {
    holder.stdin.end();
    await gone;
  }
}
