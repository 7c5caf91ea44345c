/**
 * An attach: reserve a generation, fence the members that can be reached, activate with them. A state machine like the
 * mirror, which it hands over to. It reads and writes only the record; what it opens are the connections that the
 * mirror will work on.
 */
import type { NodeLease, ReplicationRecord } from '../../model/volume.ts';
import type { Fenced, Refusal } from './messages.ts';
import type { Activated } from './mirror.ts';
import type { StoreOutcome } from './mirror-state.ts';
import { activate, giveUp, holdOn, inSync, reserve } from './record.ts';
import type { Timing } from './timing.ts';

export type AttachEvent =
  | { readonly type: 'stored'; readonly token: number; readonly outcome: AttachOutcome }
  | { readonly type: 'opened'; readonly replica: string; readonly incarnation: number; readonly fenced: Fenced }
  | { readonly type: 'refused'; readonly replica: string; readonly incarnation: number; readonly refusal: Refusal }
  /** Its server is there, and fences. */
  | { readonly type: 'reached'; readonly replica: string; readonly incarnation: number }
  /** It could not be reached, or the connection broke. */
  | { readonly type: 'lost'; readonly replica: string; readonly incarnation: number }
  | { readonly type: 'tick' }
  | { readonly type: 'cancel' };

/** A read also tells which of the leases in the record live. The word of a transaction's compare is what counts. */
export type AttachOutcome = Exclude<StoreOutcome, { readonly kind: 'read' }> | (Extract<StoreOutcome, { readonly kind: 'read' }> & { readonly alive: readonly string[] });

export type AttachEffect =
  /** @property absent leases that must have ended, compared in the same transaction. */
  | { readonly type: 'cas'; readonly token: number; readonly revision: number; readonly record: ReplicationRecord; readonly absent: readonly string[] }
  | { readonly type: 'read'; readonly token: number }
  | { readonly type: 'open'; readonly replica: string; readonly incarnation: number; readonly generation: number }
  | { readonly type: 'close'; readonly replica: string; readonly incarnation: number }
  /**
   * @property lost what was not flushed before the replicas' machines went down may be gone: who held requests must not go on.
   * @property undisturbed nobody else was the writer since this node was: who held requests may issue them again.
   */
  | { readonly type: 'activated'; readonly activated: Activated; readonly generation: number; readonly lost: boolean; readonly undisturbed: boolean }
  | { readonly type: 'failed'; readonly why: AttachFailure; readonly text: string; readonly holder: string | null };

export type AttachFailure = 'held' | 'unreachable' | 'store-behind' | 'overtaken' | 'cancelled';

interface Tried {
  incarnation: number;
  reached: boolean;
  state: 'opening' | 'fenced' | 'failed' | 'unsound';
  fenced: Fenced | null;
  since: number;
}

export interface Attach {
  readonly self: NodeLease;
  readonly timing: Timing;
  phase: 'reading' | 'reserving' | 'fencing' | 'activating' | 'giving-up' | 'over';
  now: number;
  out: AttachEffect[];
  token: number;
  pending: boolean;
  record: ReplicationRecord | null;
  revision: number;
  /** Before the reservation. */
  before: ReplicationRecord | null;
  /** The record as it is proposed; what an unknown outcome is compared with. */
  proposal: ReplicationRecord | null;
  proposedAt: number;
  generation: number;
  readonly tried: Map<string, Tried>;
  incarnation: number;
  fencingSince: number;
  heldAt: number;
  retryAt: number;
  failure: { readonly why: AttachFailure; readonly text: string } | null;
  /** Since when the record, reserved by another, has not changed. */
  watched: { readonly revision: number; readonly since: number } | null;
}

/** @param incarnation higher than any that this node used for the volume in an earlier attach. */
export function createAttach(config: Pick<Attach, 'self' | 'timing'>, incarnation: number, now: number): Attach {
  return { ...config, phase: 'reading', now, out: [], token: 0, pending: false, record: null, revision: 0, before: null, proposal: null, proposedAt: 0, generation: 0, tried: new Map(), incarnation, fencingSince: now, heldAt: now, retryAt: now, failure: null, watched: null };
}

export function stepAttach(a: Attach, event: AttachEvent, now: number): readonly AttachEffect[] {
  a.now = now;
  a.out = [];
  if (a.phase === 'over') return a.out;
  take(a, event);
  if (!a.pending && a.now >= a.retryAt) goOn(a);
  return a.out;
}

function take(a: Attach, event: AttachEvent): void {
  if (event.type === 'stored') {
    if (event.token !== a.token) return;
    a.pending = false;
    return stored(a, event.outcome);
  }
  if (event.type === 'cancel') return quit(a, 'cancelled', 'the attach was called off');
  if (event.type === 'tick') return;
  const tried = a.tried.get(event.replica);
  if (tried === undefined || tried.incarnation !== event.incarnation) return;
  if (event.type === 'reached') { tried.reached = true; return; }
  if (event.type === 'opened') return fenced(a, event.replica, tried, event.fenced);
  if (event.type === 'lost') { tried.state = 'failed'; tried.since = a.now; return; }
  tried.state = event.refusal.why === 'damaged' ? 'unsound' : 'failed';
  tried.since = a.now;
  if (event.refusal.why === 'newer' && event.refusal.generation > a.generation) readAgain(a);
}

function fenced(a: Attach, id: string, tried: Tried, told: Fenced): void {
  const record = a.record;
  if (record === null) return;
  if (told.previous > a.generation || told.set_version > record.set_version) return quit(a, 'store-behind', `replica ${id} knows generation ${told.previous} and set version ${told.set_version}, the record ${record.generation} and ${record.set_version}: an older copy of the store is in place`);
  tried.fenced = told;
  // A member of the set with another history or too short is damaged, and never served as good.
  tried.state = told.empty || told.history !== record.history || told.size < record.size ? 'unsound' : 'fenced';
}

function stored(a: Attach, outcome: AttachOutcome): void {
  if (outcome.kind === 'unavailable' || outcome.kind === 'unknown') {
    a.retryAt = a.now + a.timing.retry_ms;
    return readAgain(a);
  }
  if (outcome.kind === 'conflict') return readAgain(a);
  if (outcome.kind === 'committed') return committed(a, outcome.revision);
  const { record, revision } = outcome;
  // Somebody may have written for us what nobody confirmed: an exact match of what was proposed is ours.
  if (a.proposal !== null && revision !== a.proposedAt && same(record, a.proposal)) return committed(a, revision);
  if (a.proposal !== null && revision !== a.proposedAt) a.proposal = null;
  a.record = record;
  a.revision = revision;
  if (a.phase === 'reading' || a.phase === 'reserving') return decide(a, outcome.alive);
  if (record.generation !== a.generation || record.attaching === null || record.attaching.node !== a.self.node) return fail(a, 'overtaken', 'another attach was faster');
}

const same = (one: ReplicationRecord, other: ReplicationRecord): boolean => one.generation === other.generation && one.set_version === other.set_version
  && one.attaching?.lease === other.attaching?.lease && one.attaching?.node === other.attaching?.node && one.writer?.node === other.writer?.node && one.writer?.lease === other.writer?.lease;

function decide(a: Attach, alive: readonly string[]): void {
  const { record } = a;
  if (record === null) return;
  const holder = record.writer;
  if (holder !== null && holder.node !== a.self.node && alive.includes(holder.lease)) return fail(a, 'held', `node ${holder.node} is writing to it`, holder.node);
  const rival = record.attaching;
  const absent = holder !== null && holder.node !== a.self.node ? [holder.lease] : [];
  if (rival !== null && rival.node !== a.self.node && alive.includes(rival.lease)) {
    if (a.watched?.revision !== a.revision) a.watched = { revision: a.revision, since: a.now };
    if (a.now - a.watched.since < a.timing.pass_ms) return fail(a, 'held', `node ${rival.node} is attaching it`, rival.node);
  } else if (rival !== null && rival.node !== a.self.node) absent.push(rival.lease);
  a.before = record;
  a.generation = record.generation + 1;
  a.phase = 'reserving';
  propose(a, reserve(record, a.self), absent);
}

function propose(a: Attach, record: ReplicationRecord, absent: readonly string[] = []): void {
  a.token += 1;
  a.pending = true;
  a.proposal = record;
  a.proposedAt = a.revision;
  a.out.push({ type: 'cas', token: a.token, revision: a.revision, record, absent });
}

function readAgain(a: Attach): void {
  if (a.phase === 'reserving') a.phase = 'reading';
  a.token += 1;
  a.pending = true;
  a.out.push({ type: 'read', token: a.token });
}

function committed(a: Attach, revision: number): void {
  const record = a.proposal;
  a.proposal = null;
  if (record === null) return;
  a.record = record;
  a.revision = revision;
  if (a.phase === 'reading' || a.phase === 'reserving') {
    a.phase = 'fencing';
    a.generation = record.generation;
    a.fencingSince = a.now;
    a.heldAt = a.now;
    for (const id of inSync(record)) open(a, id);
  } else if (a.phase === 'activating') over(a);
  else if (a.phase === 'giving-up') failNow(a);
}

function open(a: Attach, id: string): void {
  a.incarnation += 1;
  a.tried.set(id, { incarnation: a.incarnation, reached: false, state: 'opening', fenced: null, since: a.now });
  a.out.push({ type: 'open', replica: id, incarnation: a.incarnation, generation: a.generation });
}

/** The next step, whenever nothing of the store is under way. */
function goOn(a: Attach): void {
  if (a.phase === 'reading') return readAgain(a);
  if (a.phase === 'giving-up') return giveBack(a);
  if (a.phase === 'activating') { a.phase = 'fencing'; }
  if (a.phase !== 'fencing' || a.record === null) return;
  const set = inSync(a.record);
  for (const id of set) {
    const tried = a.tried.get(id);
    if (tried?.state === 'opening' && a.now - tried.since >= a.timing.fence_ms) {
      a.out.push({ type: 'close', replica: id, incarnation: tried.incarnation });
      Object.assign(tried, { state: 'failed', since: a.now });
    }
    if (tried?.state === 'failed' && a.now - tried.since >= a.timing.retry_ms) open(a, id);
  }
  const chosen = choose(a, set);
  if (chosen !== null) return activateNow(a, chosen);
  const waits = set.some((id) => a.tried.get(id)?.state === 'fenced');
  if (!waits && a.now - a.fencingSince >= a.timing.attach_ms) return quit(a, 'unreachable', `none of the replicas ${set.join(', ')} that hold every acknowledged write can be reached`);
  if (waits && a.now - a.heldAt >= a.timing.hold_ms) {
    a.heldAt = a.now;
    const held = holdOn(a.record, a.self, a.generation);
    if (held !== null) propose(a, held);
  }
}

/** Which members the set shall be; null: somebody is waited for. */
function choose(a: Attach, set: readonly string[]): readonly string[] | null {
  const of = (state: Tried['state']): string[] => set.filter((id) => a.tried.get(id)?.state === state);
  const there = of('fenced');
  if (there.length === 0) return null;
  const pending = of('opening').filter((id) => a.now - a.fencingSince < (a.tried.get(id)?.reached === true ? a.timing.fence_ms : a.timing.reach_ms));
  if (pending.length > 0) return null;
  const sound = there.filter((id) => !hasLost(a, id));
  if (sound.length > 0) return sound;
  // Each of them may have lost what was not flushed; one that cannot be reached may have it.
  const missing = set.length > there.length + of('unsound').length;
  return missing && a.now - a.fencingSince < a.timing.patience_ms ? null : there;
}

/** On a clean record everything was flushed: a restart that is only a restart lost nothing. */
function hasLost(a: Attach, id: string): boolean {
  const restarted = a.tried.get(id)?.fenced?.restarted ?? 'no';
  return restarted === 'failed' || (restarted === 'boot' && !wasClean(a));
}

const wasClean = (a: Attach): boolean => a.before !== null && a.before.clean && a.before.writer === null;

function activateNow(a: Attach, chosen: readonly string[]): void {
  if (a.record === null) return;
  const record = activate(a.record, a.self, a.generation, chosen);
  if (record === null) return fail(a, 'overtaken', 'another attach was faster');
  a.phase = 'activating';
  propose(a, record);
}

function over(a: Attach): void {
  const { record } = a;
  if (record === null) return;
  a.phase = 'over';
  const members = inSync(record);
  const lost = !wasClean(a) && members.every((id) => hasLost(a, id));
  for (const [id, { state, incarnation }] of a.tried) if (!members.includes(id) && state !== 'failed') a.out.push({ type: 'close', replica: id, incarnation });
  a.out.push({
    type: 'activated', generation: a.generation, lost, undisturbed: a.before?.writer?.node === a.self.node,
    activated: {
      record, revision: a.revision, clean: wasClean(a), next_incarnation: a.incarnation,
      members: members.flatMap((id) => { const tried = a.tried.get(id); return tried?.state === 'fenced' && tried.fenced !== null ? [{ id, incarnation: tried.incarnation, fenced: tried.fenced }] : []; }),
    },
  });
}

/** Ends an attach that has reserved: the reservation is given back first, so that others need not wait. */
function quit(a: Attach, why: AttachFailure, text: string): void {
  a.failure = { why, text };
  if (a.phase !== 'fencing' && a.phase !== 'activating') return failNow(a);
  a.phase = 'giving-up';
  if (!a.pending) giveBack(a);
}

function giveBack(a: Attach): void {
  const record = a.record === null ? null : giveUp(a.record, a.self, a.generation);
  if (record === null) return failNow(a);
  propose(a, record);
}

const failNow = (a: Attach): void => fail(a, a.failure?.why ?? 'overtaken', a.failure?.text ?? 'another attach was faster');

function fail(a: Attach, why: AttachFailure, text: string, holder: string | null = null): void {
  a.phase = 'over';
  for (const [id, { state, incarnation }] of a.tried) if (state !== 'failed') a.out.push({ type: 'close', replica: id, incarnation });
  a.out.push({ type: 'failed', why, text, holder });
}
