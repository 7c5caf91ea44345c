/** What a replica's machine does when its medium did not keep what it was given. */
import { expect, test } from '@jest/globals';
import { Regions } from '../../../../src/replication/protocol/regions.ts';
import { createReplica, stepReplica, type ReplicaEffect, type ReplicaServer } from '../../../../src/replication/protocol/replica.ts';
import { TIMING } from '../../../../src/replication/protocol/timing.ts';
import type { ReplicaRequest } from '../../../../src/replication/protocol/messages.ts';

const state = { generation: 1, set_version: 1, history: 1, size: 8 * 1024 * 1024, restarted: 'boot', empty: false } as const;
function opened(): ReplicaServer<number> {
  const replica = createReplica<number>({ timing: TIMING, state, intent: new Regions(8), missed: new Regions(8), broke: false }, 0);
  stepReplica(replica, { type: 'open', generation: 1, incarnation: 1 }, 0);
  return replica;
}
const ask = (replica: ReplicaServer<number>, id: number, request: ReplicaRequest<number>): readonly ReplicaEffect<number>[] => stepReplica(replica, { type: 'request', generation: 1, incarnation: 1, id, request }, 1);
const workOf = (effects: readonly ReplicaEffect<number>[], kind: string): number => effects.flatMap((effect) => (effect.type === 'perform' && effect.request.kind === kind ? [effect.work] : []))[0] ?? -1;

test('a recovery that waits when the medium fails is not written down any more: the failure is remembered', () => {
  const replica = opened();
  const intend = workOf(ask(replica, 1, { kind: 'intend', regions: [1] }), 'intend');
  expect(ask(replica, 2, { kind: 'recovered' })).toEqual([]);
  const flush = workOf(ask(replica, 3, { kind: 'flush' }), 'flush');
  expect(stepReplica(replica, { type: 'performed', work: flush, answer: { ok: false, error: 'io' } }, 2)).toMatchObject([{ type: 'answer', id: 2, answer: { ok: false } }, { type: 'answer', id: 3, answer: { ok: false } }]);
  const failed = workOf(stepReplica(replica, { type: 'performed', work: intend, answer: { ok: true } }, 3), 'failed');
  expect(stepReplica(replica, { type: 'performed', work: failed, answer: { ok: true } }, 4)).toEqual([]);
  expect(replica.state.restarted).toBe('failed');
});

test('writeback that fails while nobody waits for it is remembered at once, and nothing is answered with OK afterwards', () => {
  const replica = opened();
  const failed = workOf(stepReplica(replica, { type: 'broke' }, 1), 'failed');
  stepReplica(replica, { type: 'performed', work: failed, answer: { ok: true } }, 2);
  expect(replica.state.restarted).toBe('failed');
  for (const request of [{ kind: 'recovered' }, { kind: 'flush' }, { kind: 'read', offset: 0, length: 4096 }] satisfies ReplicaRequest<number>[]) expect(ask(replica, 9, request)).toMatchObject([{ type: 'answer', answer: { ok: false, error: 'io' } }]);
});
