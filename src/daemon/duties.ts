/**
 * What a cluster needs doing now and then beside the use cases: the leader makes voters of etcd members that have caught
 * up, gives etcd room again, and forgets what has long ended. While etcd is full nobody can be elected: without a leader
 * every control node makes room. Failures are logged and tried again; nothing waits for it.
 */
import { pruneAudit } from '../control/audit.ts';
import type { ControlPlane } from '../control/create-control.ts';
import type { Identity } from '../control/identity.ts';
import type { Store } from '../control/ports/store.ts';
import type { Clock, Log } from '../control/ports/system.ts';
import type { EtcdMembers } from '../store/etcd/members.ts';

export interface DutySeams {
  readonly control: Pick<ControlPlane, 'cluster_view'>;
  readonly identities: Pick<Identity, 'prune'> | null;
  /** Of the cluster's own etcd; null where it does not run one. */
  readonly members: EtcdMembers | null;
  readonly store: Store;
  readonly log: Log;
  readonly clock: Clock;
}

const MEMBERS_MS = 2_000;
const HOUR_MS = 3_600_000;
/** As long as etcd is full nothing can be changed at all: that is looked at often, and is one question when it is not. */
const ROOM_MS = 20_000;

/** @returns what ends them. */
export function beginDuties({ control, identities, members, store, log, clock }: DutySeams): () => Promise<void> {
  const ended = new AbortController();
  const { isLeader, noLeader } = control.cluster_view;
  const every = async (ms: number, what: string, act: () => Promise<void>, falls: () => boolean = isLeader): Promise<void> => {
    for (;;) {
      await clock.sleep(ms, ended.signal).catch(() => undefined);
      if (ended.signal.aborted) return;
      if (!falls()) continue;
      await act().catch((error: unknown) => log.warn({ err: error instanceof Error ? error.message : String(error) }, `${what} did not work; it is tried again`));
    }
  };
  const running = [
    every(HOUR_MS, 'forgetting what has long ended', async () => {
      await identities?.prune();
      await pruneAudit(store);
    }),
    ...(members === null ? [] : [every(MEMBERS_MS, 'looking after the members of etcd', async () => {
      for (const { id, name } of (await members.list()).filter((member) => member.learner && member.healthy)) {
        if (await members.promote(id)) log.info({ member: name }, 'the etcd member has caught up, and is a voter now');
      }
    }), every(ROOM_MS, 'making room in etcd', async () => { await members.makeRoom(); }, () => isLeader() || noLeader())]),
  ];
  return async () => {
    ended.abort();
    await Promise.all(running);
  };
}
