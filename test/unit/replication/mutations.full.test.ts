/** Broken rules are caught by chance, too, and not only near the seeds that are known to show them. */
import { describe, expect, it } from '@jest/globals';
import { runMutant } from '../../sim/mutant.ts';
import { MUTATIONS } from '../../sim/mutations.ts';

describe('the simulation of the replication protocol, from a seed that nobody chose', () => {
  it.each(MUTATIONS.map((mutation) => [mutation.name, mutation] as const))('catches: %s', async (_name, mutation) => {
    expect(await runMutant(mutation, 1_000_000, 10_000, mutation.promise === undefined ? [] : ['--promise', mutation.promise])).toMatchObject({ caught: true });
  }, 1_200_000);
});
