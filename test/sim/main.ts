/** `make sim`: many seeds one after another; a failing one is told with its shortest trace. */
import { planOf } from './plan.ts';
import { simulate } from './world.ts';

const [from = '1', count = '1000', ...broken] = process.argv.slice(2);
const first = Number(from);
const began = Date.now();
let completed = 0;
let failures = 0;
for (let seed = first; seed < first + Number(count); seed += 1) {
  const outcome = simulate(planOf(seed), new Set(broken));
  completed += outcome.completed;
  if (outcome.wrong.length > 0) {
    failures += 1;
    console.log(`seed ${seed}: ${outcome.wrong.slice(0, 2).join('; ')}`);
    if (failures >= 10) break;
  }
}
console.log(`${count} seeds, ${completed} requests completed, ${failures} failures, ${((Date.now() - began) / 1000).toFixed(1)} s`);
