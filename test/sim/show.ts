/** Shows one seed's run: show.ts SEED [--all: every request] [--shrink: of the shortest plan that fails as this one]. */
import { planOf } from './plan.ts';
import { shrunk } from './sweep.ts';
import { tellStory } from './story.ts';
import { simulate } from './world.ts';

const [seed = '1', ...flags] = process.argv.slice(2);
const plan = flags.includes('--shrink') ? shrunk(planOf(Number(seed))) : planOf(Number(seed));
console.log(tellStory(plan, simulate(plan, true), flags.includes('--all')));
if (flags.includes('--shrink')) console.log(`\nas data: ${JSON.stringify(plan)}`);
