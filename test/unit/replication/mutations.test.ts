/** The simulation can fail: with a rule of the protocol broken in its source, it does. */
import { describe, expect, it } from '@jest/globals';
import { runMutant } from '../../sim/mutant.ts';
import { CONNECTS_AGAIN, MUTATIONS, type Mutation } from '../../sim/mutations.ts';

/** Seeds in which a broken rule must be caught: far more than it takes from the seed that the mutation names. */
const BOUND = 1_500;
const AT_ONCE = 2;

const flagsOf = ({ promise }: Mutation): string[] => (promise === undefined ? [] : ['--promise', promise]);

describe('the simulation of the replication protocol', () => {
  it('catches each deliberate break of a rule', async () => {
    const left = [...MUTATIONS];
    const missed: string[] = [];
    const worker = async (): Promise<void> => {
      for (let mutation = left.shift(); mutation !== undefined; mutation = left.shift()) {
        const { caught, told } = await runMutant(mutation, mutation.first ?? 1, BOUND, flagsOf(mutation));
        if (!caught) missed.push(`${mutation.name}: ${told}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(missed).toEqual([]);
  }, 1_200_000);

  it('sees nothing wrong in a guard that another one makes redundant: what is caught with both is caught for the other', async () => {
    const both = MUTATIONS.find(({ changes }) => CONNECTS_AGAIN.every((change) => changes.includes(change)));
    expect(both).toBeDefined();
    const alone: Mutation = { name: 'a writer connects to a member of its set again', promise: 'I1', changes: CONNECTS_AGAIN };
    expect(await runMutant(alone, both?.first ?? 1, 60, flagsOf(alone))).toMatchObject({ caught: false });
  }, 300_000);

  it('tells the shortest story of what a broken rule leads to', async () => {
    const mutation = MUTATIONS.find(({ name }) => name === 'intent is cleared without missed') as Mutation;
    const { output } = await runMutant(mutation, mutation.first ?? 1, BOUND, ['--shrink']);
    const [, before, after] = /shrunk from (\d+) faults to (\d+)/.exec(output) ?? [];
    expect(Number(after)).toBeLessThanOrEqual(Math.min(Number(before), 3));
    expect(output).toContain('WRONG:');
    expect(output.split('\n').length).toBeLessThan(120);
  }, 300_000);

  it('does not run a mutation whose text is no longer in the source', async () => {
    const stale: Mutation = { name: 'stale', changes: [{ file: 'replica.ts', from: 'no such text', to: '' }] };
    await expect(runMutant(stale, 1, 1)).rejects.toThrow('"stale": replica.ts has the text to be changed 0 times');
  });
});
