/** The log of what happened, for people: kept in the store (the newest 5,000), and streamed to watchers. */
import type { HoldfastEvent } from '../model/node.ts';
import { KEYS } from './keys.ts';
import { isoNow, mintId, type Seams } from './context.ts';

const KEEP = 5_000;
const PRUNE_EVERY = 200;

export interface EventLog {
  /** Never throws: an event that cannot be written is logged, and the change it tells of stands. */
  tell(object: HoldfastEvent['object'], reason: string, message: string, severity?: HoldfastEvent['severity']): Promise<void>;
  /** Events told from now on. */
  follow(signal: AbortSignal): AsyncIterable<HoldfastEvent>;
}

export function createEventLog(seams: Seams): EventLog {
  const followers = new Set<(event: HoldfastEvent) => void>();
  let untilPrune = PRUNE_EVERY;

  const prune = async (): Promise<void> => {
    const { entries } = await seams.store.list(KEYS.events);
    const old = entries.slice(0, Math.max(0, entries.length - KEEP));
    for (let i = 0; i < old.length; i += 100) await seams.store.txn([], old.slice(i, i + 100).map(({ key }) => ({ op: 'delete', key })));
  };

  return {
    async tell(object, reason, message, severity = 'info') {
      const event: HoldfastEvent = { id: mintId(seams, 'event'), at: isoNow(seams.clock), object, reason, message, severity };
      seams.log[severity === 'info' ? 'info' : 'warn']({ object: object.id, name: object.name, reason }, message);
      try {
        await seams.store.txn([], [{ op: 'put', key: KEYS.event(event.id), value: event }]);
        untilPrune -= 1;
        if (untilPrune <= 0) {
          untilPrune = PRUNE_EVERY;
          await prune();
        }
      } catch (error) {
        seams.log.warn({ err: String(error), reason }, 'an event could not be kept');
      }
      for (const follower of followers) follower(event);
    },

    async *follow(signal) {
      const queue: HoldfastEvent[] = [];
      let wake: () => void = () => undefined;
      const push = (event: HoldfastEvent): void => {
        if (queue.length < KEEP) queue.push(event);
        wake();
      };
      const stop = (): void => wake();
      followers.add(push);
      signal.addEventListener('abort', stop);
      try {
        while (!signal.aborted) {
          const next = queue.shift();
          if (next !== undefined) yield next;
          else await new Promise<void>((resolve) => { wake = resolve; });
        }
      } finally {
        followers.delete(push);
        signal.removeEventListener('abort', stop);
      }
    },
  };
}
