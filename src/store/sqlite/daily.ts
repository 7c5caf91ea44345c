/**
 * A safe copy a day: at the start when the newest is older, and then every day. Of a sound store only: copies of a
 * damaged one would push the good ones out. A copy that cannot be made is told, and tried again an hour later.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Clock, Log } from '../../control/ports/system.ts';
import { listCopies, makeCopy } from './copies.ts';
import { saidBy } from './failure.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface DailyCopies {
  readonly db: DatabaseSync;
  readonly dir: string;
  readonly clock: Clock;
  /** The store's faults; empty when sound. */
  readonly check: () => Promise<readonly string[]>;
  /** The store holds nothing yet: its first copy is made an hour later. */
  readonly empty: boolean;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly log?: Log;
}

/** Returns at once; runs until the signal. */
export function startDailyCopies(options: DailyCopies): void {
  const { clock, dir, signal } = options;
  const run = async (): Promise<void> => {
    const [newest] = listCopies(dir);
    let wait = newest === undefined ? (options.empty ? HOUR_MS : 0) : DAY_MS - (clock.now() - newest.made_at_ms);
    // A copy of the future (the clock was set back) counts as old, or none would be made for long.
    if (wait > DAY_MS) wait = 0;
    for (;;) {
      if (wait > 0) await clock.sleep(wait, signal);
      if (signal.aborted) return;
      wait = (await copyOnce(options)) ? DAY_MS : HOUR_MS;
    }
  };
  run().catch((thrown: unknown) => {
    if (!signal.aborted) options.log?.error({ error: saidBy(thrown) }, 'daily copies of the store ended');
  });
}

async function copyOnce({ db, dir, check, log }: DailyCopies): Promise<boolean> {
  try {
    const faults = await check();
    if (faults.length > 0) {
      log?.error({ dir, faults }, 'the store is damaged: no safe copy was made, so that the good ones stay');
      return false;
    }
    const copy = makeCopy(db, dir);
    log?.debug({ copy: copy.path }, 'safe copy of the store made');
    return true;
  } catch (thrown) {
    log?.warn({ dir, error: saidBy(thrown) }, 'no safe copy of the store could be made');
    return false;
  }
}
