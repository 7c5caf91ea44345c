/**
 * `make sim`: many seeds. main.ts FIRST COUNT [--jobs N] [--first: stop at the first failure] [--promise I4: look for
 * failures of that one only] [--shrink: tell the shortest plan that fails like the first
 * failure]. Exit 1 when one failed; each is told with what was seen.
 */
import { planOf } from './plan.ts';
import { tellStory } from './story.ts';
import { promiseOf } from './shrink.ts';
import { shrunk, sweep, sweepWide } from './sweep.ts';
import { simulate } from './world.ts';

const [first = '1', count = '1000', ...flags] = process.argv.slice(2);
const jobs = flags.includes('--jobs') ? Number(flags[flags.indexOf('--jobs') + 1]) : 1;
const began = Date.now();
const promise = flags.includes('--promise') ? flags[flags.indexOf('--promise') + 1] : undefined;
const failing: number[] = [];
const failed = (seed: number, wrong: readonly string[]): boolean => {
  if (promise !== undefined && promiseOf(wrong) !== promise) return false;
  failing.push(seed);
  console.log(`seed ${seed}: ${wrong.slice(0, 2).join('; ')}`);
  return true;
};
const { seeds, completed, failures } = jobs > 1 ? await sweepWide(Number(first), Number(count), jobs) : sweep(Number(first), Number(count), failed, flags.includes('--first') ? 1 : undefined);
const [seed] = failing;
if (flags.includes('--shrink') && seed !== undefined) {
  const plan = planOf(seed);
  const smaller = shrunk(plan);
  console.log(`shrunk from ${plan.faults.length} faults to ${smaller.faults.length}`);
  console.log(`${tellStory(smaller, simulate(smaller, true))}\nas data: ${JSON.stringify(smaller)}`);
}
if (flags.includes('--part')) console.log(JSON.stringify({ seeds, completed, failures }));
else {
  console.log(`${seeds} seeds, ${completed} requests completed, ${failures} failures, ${((Date.now() - began) / 1000).toFixed(1)} s`);
  if (failures > 0) console.log('look at one with: node test/sim/show.ts SEED --shrink');
}
process.exitCode = failures > 0 ? 1 : 0;
