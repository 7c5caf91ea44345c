/** A mirror of two replicas, driven by hand: what it sends is kept until the test answers it. */
import type { ReplicationRecord } from '../../../../src/model/volume.ts';
import type { Fenced, ReplicaAnswer, ReplicaRequest } from '../../../../src/replication/protocol/messages.ts';
import { createMirror, start, step } from '../../../../src/replication/protocol/mirror.ts';
import type { ClientRequest, Mirror, MirrorEffect, MirrorEvent } from '../../../../src/replication/protocol/mirror-state.ts';
import { TIMING } from '../../../../src/replication/protocol/timing.ts';

export const REGION = 1024;
export interface Sent { readonly replica: string; readonly incarnation: number; readonly id: number; readonly request: ReplicaRequest<string> }

export interface Driven {
  readonly mirror: Mirror<string>;
  /** Sent and not answered. */
  readonly open: Sent[];
  readonly effects: MirrorEffect<string>[];
  readonly completed: Map<number, ReplicaAnswer<string>>;
  give(event: MirrorEvent<string>): void;
  request(id: number, request: ClientRequest<string>): void;
  /** Answers everything of these kinds that is open; without kinds, everything, until nothing is. */
  answer(kinds?: readonly ReplicaRequest<string>['kind'][], how?: (sent: Sent) => ReplicaAnswer<string>): void;
  /** Answers the write of the record that is asked for now. */
  commit(): void;
  record(): ReplicationRecord;
  pass(ms: number): void;
  of<T extends MirrorEffect<string>['type']>(type: T): Extract<MirrorEffect<string>, { type: T }>[];
}

const fenced: Fenced = { history: 1, size: 4 * REGION, set_version: 1, previous: 0, restarted: 'no', empty: false, intent: [], missed: [] };

export function driven({ clean = true, told = {} }: { readonly clean?: boolean; readonly told?: Readonly<Record<string, Partial<Fenced>>> } = {}): Driven {
  let now = 1_000;
  let revision = 7;
  let record: ReplicationRecord = {
    history: 1, generation: 1, set_version: 1, size: 4 * REGION, writer: { node: 'n0', lease: 'l' }, clean: false, attaching: null, snapshots: [],
    replicas: ['r0', 'r1'].map((id, index) => ({ id, node: `n${index}`, pool: 'p', filesystem: '', state: 'in-sync', home: null })),
  };
  const mirror = createMirror<string>({ self: { node: 'n0', lease: 'l' }, generation: 1, region_bytes: REGION, min_in_sync: 1, timing: TIMING },
    { record, revision, clean, next_incarnation: 10, members: ['r0', 'r1'].map((id, index) => ({ id, incarnation: index + 1, fenced: { ...fenced, ...told[id] } })) }, now);
  const open: Sent[] = [];
  const effects: MirrorEffect<string>[] = [];
  const completed = new Map<number, ReplicaAnswer<string>>();
  const take = (out: readonly MirrorEffect<string>[]): void => {
    for (const effect of [...out]) {
      effects.push(effect);
      if (effect.type === 'send') open.push(effect);
      if (effect.type === 'complete') completed.set(effect.id, effect.result);
    }
  };
  take(start(mirror, now));
  const self: Driven = {
    mirror, open, effects, completed,
    give(event) { take(step(mirror, event, now)); },
    request(id, request) { self.give({ type: 'request', id, request }); },
    answer(kinds, how = () => ({ ok: true, data: 'd' })) {
      for (let rounds = 0; rounds < 50; rounds += 1) {
        const due = open.filter(({ request }) => kinds === undefined || kinds.includes(request.kind));
        if (due.length === 0) return;
        for (const sent of due) {
          open.splice(open.indexOf(sent), 1);
          self.give({ type: 'answer', replica: sent.replica, incarnation: sent.incarnation, id: sent.id, answer: how(sent) });
        }
        if (kinds !== undefined) return;
      }
    },
    commit() {
      const cas = self.of('cas').at(-1);
      if (cas === undefined) throw new Error('nothing is to be written');
      revision += 1;
      record = cas.record;
      self.give({ type: 'stored', token: cas.token, outcome: { kind: 'committed', revision } });
    },
    record: () => record,
    pass(ms) { now += ms; self.give({ type: 'tick' }); },
    of: (type) => effects.filter((effect): effect is never => effect.type === type),
  };
  return self;
}
