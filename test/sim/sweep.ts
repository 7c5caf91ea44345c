/** Many seeds: one after another in this process, or in several processes with their progress on the terminal. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { planOf, type Plan } from './plan.ts';
import { promiseOf, shrink } from './shrink.ts';
import { simulate } from './world.ts';

export interface Swept { readonly seeds: number; readonly completed: number; readonly failures: number }

/** Seeds that one process is given at once. */
const CHUNK = 500;
/** After so many failures nothing new is learnt. */
const ENOUGH = 10;

export function shrunk(plan: Plan): Plan {
  const promise = promiseOf(simulate(plan).wrong);
  return promise === '' ? plan : shrink(plan, (smaller) => promiseOf(simulate(smaller).wrong) === promise);
}

/** @param failed told of every seed that failed; false: not one that is looked for. @param most ends after so many failures. */
export function sweep(first: number, count: number, failed: (seed: number, wrong: readonly string[]) => boolean, most = ENOUGH): Swept {
  let completed = 0;
  let failures = 0;
  let seeds = 0;
  for (let seed = first; seed < first + count && failures < most; seed += 1) {
    const outcome = simulate(planOf(seed));
    completed += outcome.completed;
    seeds += 1;
    if (outcome.wrong.length > 0 && failed(seed, outcome.wrong)) failures += 1;
  }
  return { seeds, completed, failures };
}

/** The same in `jobs` processes; what they find is printed as it is found. */
export async function sweepWide(first: number, count: number, jobs: number): Promise<Swept> {
  const began = Date.now();
  let next = first;
  const sum = { seeds: 0, completed: 0, failures: 0 };
  const progress = (): void => {
    if (!process.stderr.isTTY) return;
    const seconds = (Date.now() - began) / 1000;
    const left = Math.round((count - sum.seeds) * (seconds / Math.max(1, sum.seeds)));
    process.stderr.write(`\r\u001b[K${sum.seeds.toLocaleString('en')} of ${count.toLocaleString('en')} seeds, ${sum.failures} failures, ${Math.round(sum.seeds / Math.max(0.1, seconds))} a second, ${left} s left`);
  };
  const worker = async (): Promise<void> => {
    while (next < first + count && sum.failures < ENOUGH) {
      const from = next;
      next += CHUNK;
      const part = await inProcess(from, Math.min(CHUNK, first + count - from));
      for (const key of ['seeds', 'completed', 'failures'] as const) sum[key] += part[key];
      progress();
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return sum;
}

function inProcess(first: number, count: number): Promise<Swept> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', path.join(import.meta.dirname, 'main.ts'), String(first), String(count), '--part'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    child.on('error', reject);
    child.on('close', (code) => {
      const lines = out.trim().split('\n');
      const last = lines.pop() ?? '';
      if (code !== 0 && code !== 1) return reject(new Error(`the seeds from ${first} on ended with ${code}`));
      for (const line of lines) console.log(line);
      resolve(JSON.parse(last) as Swept);
    });
  });
}
