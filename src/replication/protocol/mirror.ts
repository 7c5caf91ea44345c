/**
 * The mirror: the decisions of a volume's one writer, as a state machine without a thread, a socket or a clock. Events
 * go in, effects come out; whoever runs it performs the effects and brings their outcomes back as events. The same
 * machine runs in `holdfast-io` and in the simulation.
 *
 *   step(mirror, event, now) → effects
 *
 * `now` is in milliseconds of a clock that counts suspension. After `park` or `released` the machine is over.
 */
import type { ReplicationRecord } from '../../model/volume.ts';
import { changeLookAgain, changeOn, want } from './changes.ts';
import { invariant } from './invariant.ts';
import { beginOwnFlush, beginSettle, forgetLookAgain, forgetMissed, intendLookAgain, ownFlushLookAgain, sendIntents, settleIdle, settleLookAgain } from './intents.ts';
import { checkTimes, fail, renew, renewed, tell } from './links.ts';
import { addMember, reconcileSet, stored, versionLookAgain } from './membership.ts';
import type { Fenced, ReplicaAnswer } from './messages.ts';
import { member, reached, theSet, usable, type Mirror, type MirrorConfig, type MirrorEffect, type MirrorEvent, type Op } from './mirror-state.ts';
import { inSync, isWriter } from './record.ts';
import { beginRecover, recoverAgain, recoverLookAgain, recoverOn, recoverRead, recoveredLookAgain } from './recovery.ts';
import { Regions } from './regions.ts';
import { beginRelease, releaseLookAgain, releaseOn } from './release.ts';
import { accept, answered, begin, deliver, lookAgain, readAgain, readAnswered, releaseHeld, retryFull } from './requests.ts';
import { beginCopy, copyAgain, copyLookAgain, copyRead, joinLookAgain, opened, reopen, syncOn } from './returning.ts';

export interface Activated {
  readonly record: ReplicationRecord;
  readonly revision: number;
  /** The record was clean when it was reserved: members are the same, byte by byte. */
  readonly clean: boolean;
  /** The members, with the connection on which each was fenced. */
  readonly members: readonly { readonly id: string; readonly incarnation: number; readonly fenced: Fenced }[];
  /** The highest incarnation that was used so far: the mirror's own come after it. */
  readonly next_incarnation: number;
}

export function createMirror<D>(config: MirrorConfig, activated: Activated, now: number): Mirror<D> {
  const { record } = activated;
  invariant(isWriter(record, config.self, config.generation), 'only the writer of a generation runs its mirror');
  const regions = Math.ceil(record.size / config.region_bytes);
  const m: Mirror<D> = {
    ...config, phase: 'serving', now, seq: 0, out: [], record, revision: activated.revision, storing: null, doubtful: [], readRecordNow: false, storeRetryAt: 0,
    nextToken: 0, nextMessage: 0, nextOp: 0, nextIncarnation: activated.next_incarnation, members: new Map(), active: new Set(), runnable: [], recheck: new Set(), answered: new Set(),
    intents: new Regions(regions), known: new Regions(regions), missed: new Regions(regions), intending: new Map(), intentBatch: null, touched: new Map(), flushedSeq: 0, ownFlush: null, forgetting: null,
    recovering: new Regions(regions), recoverOps: new Map(), recovered: false, recoveredOp: null, source: '', versionOp: null, copies: new Set(), wanted: [], held: [], releaseOp: null, releaseClean: false, stalled: false,
  };
  for (const replica of record.replicas) addMember(m, replica.id, replica.node);
  for (const { id, incarnation, fenced } of activated.members) {
    invariant(inSync(record).includes(id), 'only members of the set are activated');
    Object.assign(member(m, id), { role: 'in-sync', link: 'up', incarnation, openedAt: now, size: fenced.size, restarted: fenced.restarted === 'failed' || (fenced.restarted === 'boot' && !activated.clean) });
    m.intents.addAll(fenced.intent);
    m.missed.addAll(fenced.missed);
  }
  // Fenced, and lost before the record said so: it is a member that has failed.
  for (const id of inSync(record)) if (member(m, id).role === 'away') Object.assign(member(m, id), { role: 'in-sync', failure: { seq: 0, reason: 'its connection broke' } });
  if (!activated.clean) m.recovering.addAll(m.intents);
  const set = theSet(m).filter(usable);
  m.source = (set.find(({ restarted }) => !restarted) ?? set[0])?.id ?? '';
  return m;
}

/** Called once before the first event: grants are asked for, recovery begins. */
export function start<D>(m: Mirror<D>, now: number): readonly MirrorEffect<D>[] {
  m.now = now;
  for (const one of theSet(m)) if (usable(one)) renew(m, one);
  if (m.recovering.size > 0) tell(m, 'Recovering', [m.source], `${m.recovering.size} regions are compared`);
  return progress(m);
}

export function step<D>(m: Mirror<D>, event: MirrorEvent<D>, now: number): readonly MirrorEffect<D>[] {
  invariant(now >= m.now, 'time does not go back');
  if (m.phase === 'parked' || m.phase === 'released') return [];
  m.now = now;
  m.seq += 1;
  m.out = [];
  checkTimes(m);
  take(m, event);
  return progress(m);
}

function take<D>(m: Mirror<D>, event: MirrorEvent<D>): void {
  switch (event.type) {
    case 'request': return accept(m, event.id, event.request);
    case 'stored': return stored(m, event);
    case 'record-changed': m.readRecordNow = true; return;
    case 'release': return beginRelease(m);
    case 'tick': return tick(m);
    case 'snapshot': case 'grow': return want(m, event);
    default:
  }
  const one = m.members.get(event.replica);
  if (one === undefined || one.incarnation !== event.incarnation || one.link === 'down') return; // of a connection that is no more
  if (event.type === 'lost') fail(m, one, 'its connection broke');
  else if (event.type === 'opened') opened(m, one, event.fenced);
  else if (event.type === 'refused') {
    one.link = 'down';
    one.reopenAt = m.now + m.timing.reopen_ms;
    if (event.refusal.why === 'newer') m.readRecordNow = true; // somebody took the volume over
  } else answer(m, one.id, event.id, event.answer);
}

function answer<D>(m: Mirror<D>, from: string, id: number, result: ReplicaAnswer<D>): void {
  const one = member(m, from);
  const awaited = one.awaited.get(id);
  if (awaited === undefined) return;
  one.awaited.delete(id);
  const { op, request } = awaited;
  if (request.kind === 'grow' && result.ok) one.size = Math.max(one.size, request.size);
  if (request.kind === 'renew') return result.ok ? renewed(m, one, awaited.sentAt, awaited.seq) : fail(m, one, 'it gives no grant');
  if (op === null || op.stage === 'done') return result.ok ? undefined : fail(m, one, 'it failed');
  if (request.kind === 'read') {
    if (op.kind === 'recover') return recoverRead(m, one, op, result);
    if (op.kind === 'copy') return copyRead(m, one, op, result);
    return readAnswered(m, one, op, result);
  }
  answered(m, one, op, result);
}

function tick<D>(m: Mirror<D>): void {
  for (const one of reached(m)) if (usable(one) && m.now - one.renewedAt >= m.timing.renew_ms) renew(m, one);
  retryFull(m);
  settleIdle(m);
  readAgain(m);
}

/** Does everything that can be done now, and gives the answers that may be given. */
function progress<D>(m: Mirror<D>): readonly MirrorEffect<D>[] {
  for (let again = true, rounds = 0; again; rounds += 1) {
    invariant(rounds < 10_000, 'a step ends');
    again = false;
    for (let op = m.runnable.shift(); op !== undefined; op = m.runnable.shift()) if (op.stage !== 'done') run(m, op);
    for (const op of m.recheck) {
      m.recheck.delete(op);
      look(m, op);
    }
    sendIntents(m);
    reconcileSet(m);
    if (m.phase === 'parked' || m.phase === 'released') return m.out;
    recoverAgain(m);
    recoverOn(m);
    copyAgain(m);
    reopen(m);
    syncOn(m);
    forgetMissed(m);
    deliver(m);
    changeOn(m);
    releaseHeld(m);
    releaseOn(m);
    again = m.runnable.length > 0 || m.recheck.size > 0;
  }
  return m.out;
}

function run<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.client !== null) return begin(m, op);
  if (op.kind === 'recover') return beginRecover(m, op);
  if (op.kind === 'copy') return beginCopy(m, op);
  if (op.kind === 'settle') return beginSettle(m, op);
  if (op.kind === 'flush') return beginOwnFlush(m, op);
}

function look<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.stage === 'done') return;
  if (op.client !== null) return lookAgain(m, op);
  switch (op.kind) {
    case 'intend': return intendLookAgain(m, op);
    case 'settle': return settleLookAgain(m, op);
    case 'forget': return forgetLookAgain(m, op);
    case 'recover': return recoverLookAgain(m, op);
    case 'recovered': return recoveredLookAgain(m, op);
    case 'copy': return copyLookAgain(m, op);
    case 'join': return joinLookAgain(m, op);
    case 'version': return versionLookAgain(m, op);
    case 'snapshot': case 'grow': return changeLookAgain(m, op);
    case 'flush': return op === m.releaseOp ? releaseLookAgain(m, op) : ownFlushLookAgain(m, op);
    default:
  }
}
