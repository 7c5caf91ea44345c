/** Whatever the moment of a crash: a restart finishes the operation or takes it back, and record and medium agree. */
import { describe, expect, it } from '@jest/globals';
import type { Accepted, Control } from '../../../src/control/control.ts';
import { GIB, newWorld, POOL_PATH, startBench, unsound, type Bench } from './bench.ts';

type Step = (control: Control) => Promise<unknown>;
const isAccepted = (value: unknown): value is Accepted<unknown> => typeof value === 'object' && value !== null && 'operation' in value;

const pool: Step = (control) => control.createPool({ name: 'p', kind: 'directory', path: POOL_PATH });
const volume: Step = (control) => control.createVolume({ name: 'v', size_bytes: GIB, trash_retention_ms: 60_000 });
const publish: Step = (control) => control.publishVolume('v', { consumer: 'path:/mnt/v', path: '/mnt/v' });
const unpublish: Step = (control) => control.unpublishVolume('v', { path: '/mnt/v' });
const snapshot: Step = (control) => control.createSnapshot({ volume: 'v', name: 's' });

const SCENARIOS: Record<string, { readonly before: readonly Step[]; readonly step: Step }> = {
  'a pool is created': { before: [], step: pool },
  'a volume is created': { before: [pool], step: volume },
  'a volume is published': { before: [pool, volume], step: publish },
  'a volume is unpublished': { before: [pool, volume, publish], step: unpublish },
  'a volume is attached': { before: [pool, volume], step: (control) => control.attachVolume('v') },
  'a volume is detached': { before: [pool, volume, (control) => control.attachVolume('v')], step: (control) => control.detachVolume('v') },
  'a mounted volume grows': { before: [pool, volume, publish], step: (control) => control.resizeVolume('v', 2 * GIB) },
  'a snapshot is taken': { before: [pool, volume, publish], step: snapshot },
  'a snapshot is removed': { before: [pool, volume, snapshot], step: (control) => control.removeSnapshot('v@s') },
  'a snapshot is restored': { before: [pool, volume, snapshot, (control) => control.resizeVolume('v', 2 * GIB)], step: (control) => control.restoreSnapshot('v@s') },
  'a snapshot is cloned': { before: [pool, volume, snapshot], step: (control) => control.createVolume({ name: 'c', source_snapshot: 'v@s', size_bytes: 2 * GIB }) },
  'a volume goes to the trash': { before: [pool, volume, snapshot], step: (control) => control.removeVolume('v') },
  'a volume is removed for good': { before: [pool, volume, snapshot], step: (control) => control.removeVolume('v', { purge: true }) },
  'trash is taken back': { before: [pool, volume, (control) => control.removeVolume('v')], step: (control) => control.restoreTrash('v', { name: 'w' }) },
  'trash is purged': { before: [pool, volume, snapshot, (control) => control.removeVolume('v')], step: (control) => control.purgeTrash('v') },
  'a pool with trash is removed': { before: [pool, volume, (control) => control.removeVolume('v')], step: (control) => control.removePool('p') },
  'a pool is made where another left trash': { before: [pool, volume, snapshot, (control) => control.removeVolume('v'), (control) => control.removePool('p')], step: pool },
};

async function perform(bench: Bench, step: Step): Promise<void> {
  const result = await step(bench.control);
  if (isAccepted(result) && result.operation !== null) {
    const over = await bench.control.waitOperation(result.operation.id, 1_000_000);
    if (over.error !== null) throw new Error(`${over.kind}: ${over.error.message}`);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The step alone, crashing at its k-th effect. True: it ended before that. */
async function crashAt(scenario: (typeof SCENARIOS)[string], k: number): Promise<{ readonly ended: boolean; readonly faults: readonly string[]; readonly after: Bench }> {
  const world = newWorld();
  const preparing = await startBench(world);
  await preparing.control.start();
  for (const step of scenario.before) await perform(preparing, step);
  await preparing.control.stop();
  const bench = await startBench(world, Number.POSITIVE_INFINITY);
  await bench.control.start();
  for (let i = 0; i < 10; i += 1) await turn();
  bench.crashAfter(bench.effects() + k);
  let ended = false;
  let failure: unknown;
  perform(bench, scenario.step).then(() => { ended = true; }, (error: unknown) => { ended = true; failure = error; });
  for (let i = 0; i < 2_000 && !ended && !bench.died(); i += 1) await turn();
  if (failure !== undefined) throw failure as Error;
  if (!ended && !bench.died()) throw new Error(`the step neither ended nor crashed at effect ${k}`);
  const after = await bench.restart();
  for (let i = 0; i < 100; i += 1) await turn();
  await after.control.waitOperation('op_00000000000000000000000000', 0).catch(() => undefined);
  return { ended, faults: await unsound(after), after };
}

describe('a crash at any effect of an operation', () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    it(`leaves nothing half-done when ${name}`, async () => {
      let k = 0;
      for (;;) {
        const { ended, faults, after } = await crashAt(scenario, k);
        expect({ k, faults }).toEqual({ k, faults: [] });
        // Whoever asked asks again; now it works, or was done already.
        await perform(after, scenario.step).catch((error: unknown) => {
          expect(String((error as Error).message)).toMatch(/already|not in the trash|there is no|in the trash|is read|exists/);
        });
        for (let i = 0; i < 20; i += 1) await turn();
        expect({ k, again: await unsound(after) }).toEqual({ k, again: [] });
        await after.control.stop();
        if (ended) break;
        k += 1;
        expect(k).toBeLessThan(200);
      }
      expect(k).toBeGreaterThan(1);
    });
  }
});
