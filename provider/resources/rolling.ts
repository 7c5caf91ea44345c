/** A rolling upgrade goes on only while the cluster is whole: before a node goes down, and after it is back. */
import type { ControlHost } from '../bootstrap/control-host.ts';
import type { Doing } from '../bootstrap/holdfast-machine.ts';
import { MachineError } from '../bootstrap/machine-error.ts';
import { inTurn } from './lane.ts';

const FIT_PAUSE_MS = 1_000;
type Ask = <T>(action: (control: ControlHost) => Promise<T>) => Promise<T>;

/**
 * Runs `action` in turn (lane.ts), when the cluster can spare the node. While it cannot, others have the turn: one of them
 * may be the very node that is missing, and is mended by the same run.
 * @throws as `waitUntilFit`; what `action` throws.
 */
export async function inTurnWhenFit<T>(lane: string, node: string, doing: Doing, ask: Ask, action: () => Promise<T>): Promise<T> {
  for (;;) {
    await waitUntilFit(node, doing, ask);
    // Meanwhile another one may have gone down in its turn.
    const done = await inTurn(lane, doing.signal, async () => ((await missingBeside(node, ask)).length > 0 ? null : { value: await action() }));
    if (done !== null) return done.value;
  }
}

/**
 * Waits until the cluster can spare a node: every other one is there, and so is every member of its store.
 * @param ask asks the cluster, through whatever machine of it.
 * @param when asked after its upgrade, the node must be back as well.
 * @throws MachineError with what is missing, when the time is over.
 */
export async function waitUntilFit(node: string, doing: Doing, ask: Ask, when: 'before' | 'upgraded' = 'before'): Promise<void> {
  let missing: readonly string[] = [];
  for (;;) {
    try {
      missing = await missingBeside(when === 'before' ? node : '', ask);
      if (missing.length === 0) return;
    } catch (error) {
      // What was missing until now says more than that the time is over.
      if (!doing.signal.aborted || missing.length === 0) throw error;
    }
    if (doing.signal.aborted) throw new MachineError('failed', `Node "${node}" was ${when === 'before' ? 'not upgraded' : 'upgraded, and the next one is not'}: ${missing.join('; ')}. A rolling upgrade goes on when the cluster is whole.`);
    doing.onLine(`waiting before ${when === 'before' ? '' : 'the node after '}${node}: ${missing.join('; ')}`);
    await new Promise((resolve) => { setTimeout(resolve, FIT_PAUSE_MS); });
  }
}

async function missingBeside(node: string, ask: Ask): Promise<readonly string[]> {
  try {
    return await ask((control) => control.unfit(node));
  } catch (error) {
    if (!(error instanceof MachineError) || error.kind !== 'stopped') throw error;
    return [error.detail];
  }
}
