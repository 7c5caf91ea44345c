// One process at a time: for what several test runs share on the machine, such as the caches in .cache. The kernel holds
// the lock (flock), so it ends with its holder, however that ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Takes the lock of that file, and waits for it as long as another process, or another call of this one, has it. Gives what ends it. */
export async function lock(file: string): Promise<() => Promise<void>> {
  mkdirSync(path.dirname(file), { recursive: true });
  // The holder has it until its standard input ends: by what is given back, or with this process.
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat >/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  holder.stdin.on('error', () => undefined);
  const gone = once(holder, 'close');
  const [word] = await Promise.race([once(holder.stdout, 'data'), gone]) as [unknown];
  if (!String(word).startsWith('held')) throw new Error(`${file} could not be locked: flock ended with ${String(word)}`);
  return async () => {
    holder.stdin.end();
    await gone;
  };
}

/** Runs `act` under the lock of that file. */
export async function locked<T>(file: string, act: () => Promise<T>): Promise<T> {
  const unlock = await lock(file);
  try {
    return await act();
  } finally {
    await unlock();
  }
}
