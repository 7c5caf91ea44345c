/** Makes a failing plan shorter: without the faults that do not matter, and smaller, while it fails in the same way. */
import type { Fault, Plan } from './plan.ts';

/** Runs at most so many plans. */
const TRIES = 600;

/** Which promise a failure is about: what is shrunk shall go on failing in the same one. */
export const promiseOf = (wrong: readonly string[]): string => (wrong[0] === undefined ? '' : /^I\d/.exec(wrong[0])?.[0] ?? (wrong[0].startsWith('block') ? 'I4' : 'other'));

/** @param fails whether a run of the plan fails as the first one did. */
export function shrink(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let left = TRIES;
  const stillFails = (one: Plan): boolean => {
    left -= 1;
    return left >= 0 && fails(one);
  };
  let best = plan;
  for (let before: Plan | null = null; before !== best && left > 0; ) {
    before = best;
    best = withFewerFaults(best, stillFails);
    for (const smaller of SMALLER) {
      for (let next = smaller(best); next !== null && stillFails(next); next = smaller(best)) best = next;
    }
  }
  return best;
}

/** Leaves out halves, quarters, … and single faults. */
function withFewerFaults(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let best = plan;
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.faults.length; ) {
      const without = { ...best, faults: best.faults.filter((_, index) => index < at || index >= at + size) };
      if (fails(without)) best = without;
      else at += size;
    }
  }
  return best;
}

const usesNode = (fault: Fault, node: number): boolean => Object.entries(fault).some(([key, value]) => ['node', 'from', 'to'].includes(key) && value === node);

/** Each makes a plan a little smaller, or says that it is small enough. */
const SMALLER: readonly ((plan: Plan) => Plan | null)[] = [
  (plan) => (plan.nodes > plan.replicas && plan.starts < plan.nodes - 1 && !plan.faults.some((fault) => usesNode(fault, plan.nodes - 1)) ? { ...plan, nodes: plan.nodes - 1 } : null),
  (plan) => (plan.replicas > 2 && plan.nodes === plan.replicas && plan.starts < 2 && !plan.faults.some((fault) => usesNode(fault, 2)) ? { ...plan, nodes: 2, replicas: 2 } : null),
  (plan) => (plan.lasts > 2_000 ? { ...plan, lasts: Math.floor(plan.lasts * 0.8) } : null),
  (plan) => (plan.requestsAtOnce > 1 ? { ...plan, requestsAtOnce: plan.requestsAtOnce - 1 } : null),
  (plan) => (plan.thinks < 8_000 ? { ...plan, thinks: plan.thinks * 2 } : null),
  (plan) => (plan.regions > 1 ? { ...plan, regions: plan.regions - 1 } : null),
  (plan) => (plan.regionBlocks > 1 ? { ...plan, regionBlocks: plan.regionBlocks - 1 } : null),
];
