/** Shows one seed's run as a story. */
import { planOf } from './plan.ts';
import { simulate } from './world.ts';

const [seed = '1'] = process.argv.slice(2);
const { trace, wrong } = simulate(planOf(Number(seed)), true);
console.log(trace.join('\n'));
console.log(wrong.join('\n'));
