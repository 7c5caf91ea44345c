/**
 * `make sim`: many seeds one after another. main.ts FIRST COUNT [--first: stop at the first failure]. Exit 1 when one
 * failed; each is told with what was seen, and how to look at it.
 */
import { planOf } from './plan.ts';
import { simulate } from './world.ts';

const [from = '1', count = '1000', ...flags] = process.argv.slice(2);
const began = Date.now();
let completed = 0;
let failures = 0;
let seeds = 0;
for (let seed = Number(from); seed < Number(from) + Number(count); seed += 1) {
  const outcome = simulate(planOf(seed));
  completed += outcome.completed;
  seeds += 1;
  if (outcome.wrong.length === 0) continue;
  failures += 1;
  console.log(`seed ${seed}: ${outcome.wrong.slice(0, 2).join('; ')}`);
  if (failures >= 10 || flags.includes('--first')) break;
}
console.log(`${seeds} seeds, ${completed} requests completed, ${failures} failures, ${((Date.now() - began) / 1000).toFixed(1)} s`);
process.exitCode = failures > 0 ? 1 : 0;
