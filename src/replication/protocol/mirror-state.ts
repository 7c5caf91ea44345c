/**
 * The state of a mirror: what the one writer of a generation knows of its replicas, of the requests in its hands and of
 * the record. Only the functions of this folder change it, and only inside `step` (mirror.ts).
 */
import type { NodeLease, ReplicationRecord } from '../../model/volume.ts';
import type { Fenced, Refusal, ReplicaAnswer, ReplicaRequest } from './messages.ts';
import type { Wanted } from './changes.ts';
import type { Regions } from './regions.ts';
import type { Timing } from './timing.ts';

export type ClientRequest<D> = Extract<ReplicaRequest<D>, { readonly kind: 'read' | 'write' | 'zero' | 'flush' }>;
export type ClientResult<D> = ReplicaAnswer<D>;

/** What a try to write or read the record came to. `unknown`: it may be written, now or later. */
export type StoreOutcome =
  | { readonly kind: 'committed'; readonly revision: number }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'read'; readonly revision: number; readonly record: ReplicationRecord };

export type MirrorEvent<D> =
  | { readonly type: 'request'; readonly id: number; readonly request: ClientRequest<D> }
  | { readonly type: 'answer'; readonly replica: string; readonly incarnation: number; readonly id: number; readonly answer: ReplicaAnswer<D> }
  | { readonly type: 'lost'; readonly replica: string; readonly incarnation: number }
  | { readonly type: 'opened'; readonly replica: string; readonly incarnation: number; readonly fenced: Fenced }
  | { readonly type: 'refused'; readonly replica: string; readonly incarnation: number; readonly refusal: Refusal }
  | { readonly type: 'stored'; readonly token: number; readonly outcome: StoreOutcome }
  /** Somebody else changed the record: look at it. */
  | { readonly type: 'record-changed' }
  /** Of `renew_ms` or shorter. */
  | { readonly type: 'tick' }
  | { readonly type: 'snapshot'; readonly snapshot: string }
  | { readonly type: 'grow'; readonly size: number }
  /** No more requests will come: flush and give the volume back. */
  | { readonly type: 'release' };

export type MirrorEffect<D> =
  | { readonly type: 'send'; readonly replica: string; readonly incarnation: number; readonly id: number; readonly request: ReplicaRequest<D> }
  | { readonly type: 'open'; readonly replica: string; readonly incarnation: number }
  | { readonly type: 'close'; readonly replica: string; readonly incarnation: number }
  | { readonly type: 'complete'; readonly id: number; readonly result: ClientResult<D> }
  /** Write the record if it still has this revision. */
  | { readonly type: 'cas'; readonly token: number; readonly revision: number; readonly record: ReplicationRecord }
  | { readonly type: 'read'; readonly token: number }
  /** It can or may go on no longer: hold the requests without an answer and attach again. */
  | { readonly type: 'park'; readonly reason: string }
  | { readonly type: 'released'; readonly clean: boolean }
  | { readonly type: 'snapshot-done'; readonly snapshot: string; readonly replicas: readonly string[] | null }
  /** `grown` false: a replica could not, and nothing was changed. */
  | { readonly type: 'grow-done'; readonly size: number; readonly grown: boolean }
  | { readonly type: 'tell'; readonly what: Tale; readonly replicas: readonly string[]; readonly text: string };

/** What is worth telling people, in the order in which it happened. */
export type Tale = 'ReplicaFailed' | 'ReplicaEjected' | 'ReplicaReturned' | 'ReplicaInSync' | 'Recovering' | 'Recovered' | 'Stalled' | 'Full' | 'Parked';

export type Role = 'in-sync' | 'joining' | 'syncing' | 'away';

export interface Sync {
  /** preparing: intents go there; copying; settling: earlier operations end; persisting: to its medium; persisted: waits for the record. */
  stage: 'preparing' | 'copying' | 'settling' | 'persisting' | 'persisted';
  readonly fenced: Fenced;
  /** Regions that were sent to it as `intend`. */
  readonly intended: Set<number>;
  copy: Regions;
  total: number;
  /** While settling: operations that were under way when it began. */
  barrier: Set<Op<unknown>>;
}

export interface Awaited<D> {
  readonly op: Op<D> | null;
  readonly request: ReplicaRequest<D>;
  readonly sentAt: number;
  readonly seq: number;
}

export interface Member<D> {
  readonly id: string;
  readonly node: string;
  role: Role;
  link: 'up' | 'opening' | 'down';
  incarnation: number;
  openedAt: number;
  /** When its grant ends; null: none yet on this connection. */
  grantUntil: number | null;
  renewedAt: number;
  /** The step in which the newest renewal that it answered was sent. */
  aliveSeq: number;
  readonly awaited: Map<number, Awaited<D>>;
  /** Set while its answer is no longer waited for, until it is out of the set. */
  failure: { readonly seq: number; readonly reason: string } | null;
  sync: Sync | null;
  reopenAt: number;
  /** How long its image is known to be. */
  size: number;
  /** Whether its medium may have lost what was not flushed before this attach. */
  restarted: boolean;
}

export type OpKind = 'read' | 'write' | 'zero' | 'flush' | 'intend' | 'settle' | 'forget' | 'recover' | 'copy' | 'recovered' | 'version' | 'join' | 'snapshot' | 'grow';

/** One operation: of a client, or of the mirror's own. It holds its range from its arrival until every answer is there. */
export interface Op<D> {
  readonly number: number;
  readonly kind: OpKind;
  /** The client's request; null: the mirror's own. */
  readonly client: { readonly id: number; readonly request: ClientRequest<D> } | null;
  readonly from: number;
  readonly to: number;
  readonly exclusive: boolean;
  readonly regions: readonly number[];
  /** Operations that arrived earlier and must end first. */
  blocked: number;
  readonly waiters: Op<D>[];
  stage: 'queued' | 'reading' | 'issued' | 'answered' | 'done';
  /** Replicas whose answer is not there yet. */
  readonly owed: Set<string>;
  /** Replicas that had no space for it. */
  readonly full: Set<string>;
  /** Replicas that could not read it. */
  readonly tried: Set<string>;
  /** Where it is being read. */
  reader: string | null;
  /** Replica that a copy is for. */
  readonly target: string | null;
  result: ClientResult<D> | null;
  /** For flush: m.seq at which it was issued. */
  issuedSeq: number;
  retryAt: number | null;
  /** For settle: `missed` is set with it. */
  missed: boolean;
}

export interface MirrorConfig {
  readonly self: NodeLease;
  readonly generation: number;
  readonly region_bytes: number;
  readonly min_in_sync: number;
  readonly timing: Timing;
}

export interface Mirror<D> extends MirrorConfig {
  phase: 'serving' | 'releasing' | 'giving-back' | 'released' | 'parked';
  now: number;
  /** Counts steps: an order of events that no clock gives. */
  seq: number;
  out: MirrorEffect<D>[];
  record: ReplicationRecord;
  revision: number;
  /** A write or read of the record that is under way. */
  storing: { readonly token: number; readonly proposal: ReplicationRecord | null } | null;
  /** What may be written at `revision` though nobody said so: it counts until the revision moves. */
  doubtful: ReplicationRecord[];
  readRecordNow: boolean;
  storeRetryAt: number;
  nextToken: number;
  nextMessage: number;
  nextOp: number;
  nextIncarnation: number;
  readonly members: Map<string, Member<D>>;
  readonly active: Set<Op<D>>;
  runnable: Op<D>[];
  /** Operations that are owed less than before: look whether they are through. */
  readonly recheck: Set<Op<D>>;
  /** Client operations whose required answers are there, and which wait for permission to be completed. */
  readonly answered: Set<Op<D>>;
  /** Regions whose `intent` may be set on some member, and those where it is set on all. */
  readonly intents: Regions;
  readonly known: Regions;
  readonly missed: Regions;
  readonly intending: Map<number, Op<D>>;
  intentBatch: Op<D> | null;
  /** When a region was last written to: time and step. */
  readonly touched: Map<number, { readonly at: number; readonly seq: number }>;
  /** Everything that ended before this step is on every member's medium. */
  flushedSeq: number;
  ownFlush: Op<D> | null;
  forgetting: Op<D> | null;
  /** Regions in which members may differ since before this attach. */
  readonly recovering: Regions;
  readonly recoverOps: Map<number, Op<D>>;
  recovered: boolean;
  recoveredOp: Op<D> | null;
  source: string;
  /** Set after an ejection until those who stay have the new set on their medium. */
  versionOp: Op<D> | null;
  readonly copies: Set<Op<D>>;
  /** Snapshots and growths that were asked for; the first is under way. */
  readonly wanted: Wanted<D>[];
  /** Writes that wait for a snapshot. */
  held: Op<D>[];
  releaseOp: Op<D> | null;
  releaseClean: boolean;
  stalled: boolean;
}

export const member = <D>(m: Mirror<D>, id: string): Member<D> => {
  const found = m.members.get(id);
  if (found === undefined) throw new Error(`replica ${id} is not in the record`);
  return found;
};
export const isRequired = ({ role }: Pick<Member<unknown>, 'role'>): boolean => role === 'in-sync' || role === 'joining';
export const usable = (one: Member<unknown>): boolean => one.link === 'up' && one.failure === null;
export const required = <D>(m: Mirror<D>): Member<D>[] => [...m.members.values()].filter(isRequired);
export const theSet = <D>(m: Mirror<D>): Member<D>[] => [...m.members.values()].filter(({ role }) => role === 'in-sync');
export const reached = <D>(m: Mirror<D>): Member<D>[] => [...m.members.values()].filter(({ role }) => role !== 'away');
