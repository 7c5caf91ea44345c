/** A rolling upgrade goes on only while the cluster is whole: before a node goes down, and after it is back. */
import type { ControlHost } from '../bootstrap/control-host.ts';
import type { Doing } from '../bootstrap/holdfast-machine.ts';
import { MachineError } from '../bootstrap/machine-error.ts';

const FIT_PAUSE_MS = 1_000;

/**
 * Waits until the cluster can spare a node: every other one is there, and so is every member of its store.
 * @param ask asks the cluster, through whatever machine of it.
 * @param when asked after its upgrade, the node must be back as well.
 * @throws MachineError with what is missing, when the time is over.
 */
export async function waitUntilFit(node: string, doing: Doing, ask: <T>(action: (control: ControlHost) => Promise<T>) => Promise<T>, when: 'before' | 'upgraded' = 'before'): Promise<void> {
  let missing: readonly string[] = [];
  for (;;) {
    try {
      missing = await ask((control) => control.unfit(when === 'before' ? node : ''));
      if (missing.length === 0) return;
    } catch (error) {
      // What was missing until now says more than that the time is over.
      if (!doing.signal.aborted || missing.length === 0) {
        if (!(error instanceof MachineError) || error.kind !== 'stopped') throw error;
        missing = [error.detail];
      }
    }
    if (doing.signal.aborted) throw new MachineError('failed', `Node "${node}" was ${when === 'before' ? 'not upgraded' : 'upgraded, and the next one is not'}: ${missing.join('; ')}. A rolling upgrade goes on when the cluster is whole.`);
    doing.onLine(`waiting before ${when === 'before' ? '' : 'the node after '}${node}: ${missing.join('; ')}`);
    await new Promise((resolve) => { setTimeout(resolve, FIT_PAUSE_MS); });
  }
}
