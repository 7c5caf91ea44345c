/**
 * Leader: one of the control nodes, elected by a key under its node lease. It stops by itself before others can be
 * elected (monotonic clock, see `presence.ts`), and what it writes as the leader compares the key's revision.
 */
import { HoldfastError } from '../../model/errors.ts';
import { isoNow } from '../context.ts';
import { KEYS } from '../keys.ts';
import type { Compare, Store } from '../ports/store.ts';
import type { Clock, Log } from '../ports/system.ts';
import { follow } from './follow.ts';
import type { Presence } from './presence.ts';

export interface Leader {
  is(): boolean;
  /** To be compared by every write of the leader. @throws unavailable when this node leads no more. */
  guard(): readonly Compare[];
  /** Id of the node that leads, as far as is known here; null between two. */
  current(): string | null;
  /** Follows the key, campaigns where it may. Resolves after the first try. */
  begin(): Promise<void>;
  /** Looks whether it still leads, or may lead now; called by the loop. */
  tick(): Promise<void>;
  /** Lets another lead, at once. */
  resign(): Promise<void>;
  stop(): Promise<void>;
}

interface Title { readonly node: string; readonly since: string }

export interface LeaderSettings {
  readonly nodeId: string;
  /** Whether this node may lead: it has the role control and is not being removed. */
  readonly mayLead: () => boolean;
  readonly onElected: () => Promise<void>;
  readonly onDeposed: () => Promise<void>;
}

export function createLeader(seams: { readonly store: Store; readonly clock: Clock; readonly log: Log }, presence: Presence, settings: LeaderSettings): Leader {
  const { store, clock, log } = seams;
  const stopped = new AbortController();
  let seen: { readonly title: Title; readonly revision: number } | null = null;
  let mine: number | null = null;
  let campaigning: Promise<void> = Promise.resolve();

  const is = (): boolean => mine !== null && seen?.revision === mine && presence.lease() !== null;

  const deposed = async (): Promise<void> => {
    if (mine === null) return;
    mine = null;
    log.warn({ node: settings.nodeId }, 'this node leads no more');
    await settings.onDeposed();
  };

  const campaign = async (): Promise<void> => {
    if (mine !== null && !is()) await deposed();
    const lease = presence.lease();
    // What a former process of this node left is taken over; another's is waited for.
    if (stopped.signal.aborted || mine !== null || lease === null || !settings.mayLead() || (seen !== null && seen.title.node !== settings.nodeId)) return;
    const title: Title = { node: settings.nodeId, since: isoNow(clock) };
    const done = await store.txn([{ key: KEYS.leader, revision: seen?.revision ?? 0 }], [{ op: 'put', key: KEYS.leader, value: title, lease: lease.id }]);
    if (!done.committed) return;
    if (seen === null || seen.revision < done.revision) seen = { title, revision: done.revision };
    mine = done.revision;
    log.info({ node: settings.nodeId }, 'this node leads');
    await settings.onElected();
  };

  const inTurn = (work: () => Promise<void>): Promise<void> => {
    campaigning = campaigning.then(work, work).catch((error: unknown) => {
      if (!stopped.signal.aborted) log.warn({ err: error instanceof Error ? error.message : String(error) }, 'the election could not be held; it is tried again');
    });
    return campaigning;
  };

  const saw = (now: { readonly title: Title; readonly revision: number } | null): void => {
    if (now !== null && seen !== null && now.revision < seen.revision) return;
    seen = now;
    void inTurn(campaign);
  };

  return {
    is,
    guard() {
      if (!is() || mine === null) throw new HoldfastError('unavailable', 'this node leads no more', { hint: 'The next leader goes on.' });
      return [{ key: KEYS.leader, revision: mine }];
    },
    current: () => seen?.title.node ?? null,
    async begin() {
      await follow<Title>(seams, KEYS.leader, stopped.signal, {
        listed: ([entry]) => saw(entry === undefined ? null : { title: entry.value, revision: entry.revision }),
        changed: (change) => {
          if (change.type === 'put') saw({ title: change.value as Title, revision: change.revision });
          else if (seen === null || change.revision > seen.revision) saw(null);
        },
      });
      await campaigning;
    },
    tick: () => inTurn(campaign),
    async resign() {
      await inTurn(async () => {
        if (mine === null) return;
        const revision = mine;
        await deposed();
        await store.txn([{ key: KEYS.leader, revision }], [{ op: 'delete', key: KEYS.leader }]);
      });
    },
    async stop() {
      stopped.abort();
      await this.resign().catch(() => undefined);
    },
  };
}
