/** The log of what happened, for people: kept in the store (the leader drops old ones), and streamed to watchers on any node. */
import type { HoldfastEvent } from '../model/node.ts';
import { HoldfastError } from '../model/errors.ts';
import { KEYS } from './keys.ts';
import { isoNow, mintId, type Seams } from './context.ts';

export interface EventLog {
  /** Never throws: an event that cannot be written is logged, and the change it tells of stands. */
  tell(object: HoldfastEvent['object'], reason: string, message: string, severity?: HoldfastEvent['severity']): Promise<void>;
  /** An event to be put into a transaction of the caller's. */
  draft(object: HoldfastEvent['object'], reason: string, message: string, severity?: HoldfastEvent['severity']): HoldfastEvent;
  /** Events told from now on, on every node. */
  follow(signal: AbortSignal): AsyncIterable<HoldfastEvent>;
}

const PAUSE_MS = 1_000;

export function createEventLog(seams: Seams): EventLog {
  const draft: EventLog['draft'] = (object, reason, message, severity = 'info') => {
    seams.log[severity === 'info' ? 'info' : 'warn']({ object: object.id, name: object.name, reason }, message);
    return { id: mintId(seams, 'event'), at: isoNow(seams.clock), object, reason, message, severity };
  };
  return {
    draft,
    async tell(object, reason, message, severity) {
      const event = draft(object, reason, message, severity);
      try {
        await seams.store.txn([], [{ op: 'put', key: KEYS.event(event.id), value: event }]);
      } catch (error) {
        seams.log.warn({ err: String(error), reason }, 'an event could not be kept');
      }
    },

    async *follow(signal) {
      let next = (await seams.store.list(KEYS.events, { limit: 1 })).revision + 1;
      while (!signal.aborted) {
        try {
          for await (const change of seams.store.watch(KEYS.events, next, signal)) {
            next = change.revision + 1;
            if (change.type === 'put') yield change.value as HoldfastEvent;
          }
        } catch (error) {
          if (signal.aborted) return;
          const compacted = error instanceof HoldfastError && error.code === 'failed_precondition';
          if (!compacted) await seams.clock.sleep(PAUSE_MS, signal).catch(() => undefined);
          // What was told in between is in the list; who follows sees it there, too.
          const { entries, revision } = await seams.store.list<HoldfastEvent>(KEYS.events).catch(() => ({ entries: [], revision: next - 1 }));
          for (const entry of entries) if (entry.revision >= next) yield entry.value;
          next = revision + 1;
        }
      }
    },
  };
}
