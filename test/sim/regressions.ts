/**
 * Plans under which the protocol once failed, shrunk. Plans and not seeds: what a seed plans changes with the generator. A
 * plan keeps its faults for ever, but its chance draws change with the simulation: it is one more look, not a proof.
 */
import type { Plan } from './plan.ts';

export interface Regression { readonly what: string; readonly plan: Plan }

export const REGRESSIONS: readonly Regression[] = [
  {
    what: 'a replica leaves the record while it is copied to: the mirror stopped, for the copy went on without it',
    plan: { seed: 89, nodes: 2, replicas: 2, starts: 1, regions: 3, regionBlocks: 1, requestsAtOnce: 2, thinks: 1000, stays: 500, strays: 5, flushes: 0, media: { data: 4, map: 20, regions: 60, slowest: { percent: 3, ms: 4000 } }, lasts: 7191, faults: [
      { at: 293, kind: 'kill', node: 0, ms: 556 },
      { at: 6568, kind: 'replace-replica', node: 0, ms: 1284 },
    ] },
  },
];
