/** What falls to the leader alone, and what to others as long as there is none. */
import { expect, test } from '@jest/globals';
import { beginDuties } from '../../../src/daemon/duties.ts';
import type { EtcdMembers } from '../../../src/store/etcd/members.ts';
import { createMemoryStore } from '../../contract/memory-store.ts';
import { manualClock } from '../../contract/manual-clock.ts';
import { silentLog } from '../../lab/silent-log.ts';

/** What it did in a minute. */
async function doneBy(view: { readonly leads: boolean; readonly alone: boolean }): Promise<ReadonlySet<string>> {
  const clock = manualClock();
  const did = new Set<string>();
  const members = {
    list: async () => [{ id: 'l', name: 'n9', peer_urls: [], client_urls: [], learner: true, healthy: true }],
    promote: async () => { did.add('promote'); return true; },
    makeRoom: async () => { did.add('room'); return true; },
  } as unknown as EtcdMembers;
  const end = beginDuties({
    control: { cluster_view: { isLeader: () => view.leads, noLeader: () => view.alone } as never },
    identities: null, members, store: createMemoryStore({ clock }), log: silentLog, clock,
  });
  await clock.advance(60_000);
  await end();
  return did;
}

test('the leader promotes members and makes room; others do nothing', async () => {
  expect(await doneBy({ leads: true, alone: false })).toEqual(new Set(['promote', 'room']));
  expect(await doneBy({ leads: false, alone: false })).toEqual(new Set());
});

test('without a leader a control node makes room, for while etcd is full none can be elected', async () => {
  expect(await doneBy({ leads: false, alone: true })).toEqual(new Set(['room']));
});
