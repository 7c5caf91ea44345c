// Searches the models of the replication protocol and prints a table: what holds, and which deliberate break is caught.
// Usage: node test/model/check.ts [--story] [WORD...]   only those that have every word in model, macros or sentence;
// --story tells the shortest way to each violation. Needs spin and cc. Exit 1 unless all is as it should be.
import { BROKEN, UNBROKEN, type Configuration } from './configurations.ts';
import { search, story } from './search.ts';

const words = process.argv.slice(2).filter((word) => word !== '--story');
const told = process.argv.includes('--story');
const chosen = (configuration: Configuration): boolean =>
  words.every((word) => `${configuration.model} ${configuration.says} ${configuration.with.join(' ')}`.toLowerCase().includes(word.toLowerCase()));

let wrong = 0;
for (const [wanted, configurations] of [['holds', UNBROKEN], ['violated', BROKEN]] as const) {
  console.log(`\n${wanted === 'holds' ? 'Must hold' : 'Must be caught'}\n`);
  for (const configuration of configurations.filter(chosen)) {
    const { outcome, violated, states, megabytes, seconds } = await search(configuration);
    const right = outcome === wanted;
    if (!right) wrong += 1;
    const figures = [`${states} states`.padStart(16), `${megabytes} MB`.padStart(8), `${seconds.toFixed(1)} s`.padStart(8)].join('');
    console.log(`${right ? '✓' : '✗'} ${configuration.model.padEnd(8)} ${outcome.padEnd(10)}${figures}  ${configuration.says}`);
    console.log(`    ${configuration.with.join(' ')}${violated === undefined ? '' : `  →  ${violated}`}`);
    if (told && outcome === 'violated') for (const line of await story(configuration)) console.log(`      ${line}`);
  }
}
process.exitCode = wrong === 0 ? 0 : 1;
