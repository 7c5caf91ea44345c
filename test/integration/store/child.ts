/** Starts writer.ts, and ends it by its process id. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

export interface Writer {
  readonly pid: number;
  /** The last number that it acknowledged. */
  acknowledged(): number;
  /** Resolves when it acknowledged so many more. */
  reached(count: number): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Resolves when the writer has the store open. */
export async function startWriter(file: string, padding = 0): Promise<Writer> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'writer.ts'), file, String(padding)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  let out = '';
  let said = '';
  let waiting: (() => void)[] = [];
  let gone = false;
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    wake();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  void exited.then(() => {
    gone = true;
    wake();
  });
  // Only whole lines count.
  const lines = (): readonly string[] => out.split('\n').slice(0, -1);
  const until = async (done: () => boolean): Promise<void> => {
    while (!done()) {
      if (gone) throw new Error(`the writer ended: ${said}`);
      await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    }
  };
  const acknowledged = (): number => Number(lines().filter((line) => line !== 'ready').at(-1) ?? 0);
  await until(() => lines().includes('ready'));
  return {
    pid: child.pid ?? 0,
    acknowledged,
    reached: async (count) => {
      const goal = lines().length + count;
      await until(() => lines().length >= goal);
    },
    kill: async () => {
      if (!gone) child.kill('SIGKILL');
      await exited;
      // What was in the pipe counts as acknowledged.
      if (!child.stdout.readableEnded) await once(child.stdout, 'end');
    },
  };
}
