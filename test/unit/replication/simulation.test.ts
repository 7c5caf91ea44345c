/** Thousands of runs of the replication protocol with faults in them, in each of which every promise is looked at. */
import { describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { planOf } from '../../sim/plan.ts';
import { REGRESSIONS } from '../../sim/regressions.ts';
import { promiseOf, shrink } from '../../sim/shrink.ts';
import { tellStory } from '../../sim/story.ts';
import { simulate } from '../../sim/world.ts';

const FULL = process.env['HOLDFAST_TEST_FULL'] === '1';
const MAIN = path.resolve(import.meta.dirname, '../../sim/main.ts');

describe('the replication protocol in simulation', () => {
  it('keeps every promise in thousands of runs with faults', () => {
    // In a process of its own: inside of jest it takes several times as long. What it prints is the shortest story of a failure.
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, '1', FULL ? '50000' : '2000', '--first', '--shrink'], { encoding: 'utf8', maxBuffer: 1 << 28 });
    expect({ told: status === 0 ? '' : `${stdout}${stderr}`, status }).toEqual({ told: '', status: 0 });
  }, FULL ? 3_600_000 : 300_000);

  it('keeps them in each plan in which it once did not', () => {
    for (const { what, plan } of REGRESSIONS) {
      const outcome = simulate(plan, true);
      expect({ what, story: outcome.wrong.length === 0 ? '' : tellStory(plan, outcome) }).toEqual({ what, story: '' });
    }
  });

  it('runs a seed the same way every time', () => {
    for (const seed of [3, 57, 100]) {
      const [one, other] = [simulate(planOf(seed), true), simulate(planOf(seed), true)];
      expect(one.trace.length).toBeGreaterThan(50);
      expect(other.trace).toEqual(one.trace);
      expect(other.completed).toBe(one.completed);
    }
  });

  it('does something in every run: requests are completed, and most runs see more than one writer', () => {
    const outcomes = Array.from({ length: 40 }, (_, index) => simulate(planOf(index + 1)));
    expect(outcomes.every(({ completed }) => completed > 20)).toBe(true);
    expect(outcomes.filter(({ generations }) => generations > 1).length).toBeGreaterThan(20);
  });

  it('is shrunk to the faults that matter when it fails', () => {
    const seed = Array.from({ length: 500 }, (_, index) => index + 1).find((one) => { const { faults } = planOf(one); return faults.length > 8 && faults.some(({ kind }) => kind === 'freeze') && faults.some(({ kind }) => kind === 'reset'); });
    const plan = planOf(seed ?? 1);
    const small = shrink(plan, ({ faults }) => faults.some(({ kind }) => kind === 'freeze') && faults.some(({ kind }) => kind === 'reset'));
    expect(small.faults.map(({ kind }) => kind).sort()).toEqual(['freeze', 'reset']);
    expect([small.regions, small.regionBlocks, small.requestsAtOnce]).toEqual([1, 1, 1]);
  });

  it('tells which promise was broken, and of the trace what has to do with it', () => {
    const wrong = ['I1: write 7 was answered on n0, and r1 of the set has block 2 as 0, not 7'];
    expect(promiseOf(wrong)).toBe('I1');
    const story = tellStory(planOf(1), { wrong, completed: 1, generations: 1, trace: ['   0.100  n0: write 7 of blocks 1 to 2 answered', '   0.200  n0: write 8 of blocks 3 to 4 answered', '   0.300  record: generation 1'] });
    expect(story).toContain('write 7');
    expect(story).not.toContain('write 8');
    expect(story).toContain('record: generation 1');
  });
});
