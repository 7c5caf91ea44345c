/** The connections to replicas: what is sent on them, what fails them, and the grants that are renewed over them. */
import { finish } from './queue.ts';
import { reached, theSet, usable, type Member, type Mirror, type Op, type Tale } from './mirror-state.ts';
import type { ReplicaRequest } from './messages.ts';
import { inSync } from './record.ts';

export function send<D>(m: Mirror<D>, to: Member<D>, request: ReplicaRequest<D>, op: Op<D> | null): void {
  m.nextMessage += 1;
  to.awaited.set(m.nextMessage, { op, request, sentAt: m.now, seq: m.seq });
  m.out.push({ type: 'send', replica: to.id, incarnation: to.incarnation, id: m.nextMessage, request });
}

/** To each of these an answer is owed from now on; those whose connection is gone owe it until they are out of the set. */
export function sendAll<D>(m: Mirror<D>, to: Iterable<Member<D>>, request: ReplicaRequest<D>, op: Op<D>): void {
  for (const one of to) {
    op.owed.add(one.id);
    if (usable(one)) send(m, one, request, op);
  }
}

export function tell<D>(m: Mirror<D>, what: Tale, replicas: readonly string[], text: string): void {
  m.out.push({ type: 'tell', what, replicas, text });
}

export function renew<D>(m: Mirror<D>, one: Member<D>): void {
  one.renewedAt = m.now;
  send(m, one, { kind: 'renew' }, null);
}

/** A grant counts from when its renewal was sent, and one that has passed is never extended. */
export function renewed<D>(m: Mirror<D>, one: Member<D>, sentAt: number, seq: number): void {
  one.aliveSeq = Math.max(one.aliveSeq, seq);
  const until = sentAt + m.timing.grant_ms - m.timing.grant_margin_ms;
  if (one.grantUntil === null || m.now < one.grantUntil) one.grantUntil = Math.max(one.grantUntil ?? 0, until);
}

export const granted = <D>(m: Mirror<D>, one: Member<D>): boolean => usable(one) && one.grantUntil !== null && m.now < one.grantUntil;

/** What can be noticed by the clock alone. Called first in every step: after a freeze nothing else may be. */
export function checkTimes<D>(m: Mirror<D>): void {
  const last = theSet(m).length === 1;
  for (const one of m.members.values()) if (one.link === 'opening' && m.now - one.openedAt >= m.timing.fence_ms) fail(m, one, 'it does not answer');
  for (const one of reached(m)) {
    if (!usable(one)) continue;
    if (one.grantUntil !== null ? m.now >= one.grantUntil : m.now - one.openedAt >= m.timing.grant_ms) {
      fail(m, one, 'its grant ran out');
      continue;
    }
    const oldest = oldestOf(one);
    if (oldest === null || m.now - oldest.sentAt < m.timing.request_ms) continue;
    if (one.role === 'in-sync' && last) continue; // nobody else could do better: it is waited for
    if (oldest.request.kind === 'flush' && one.role === 'in-sync' && !otherFlushed(m, one, oldest.op)) continue;
    fail(m, one, 'it made no progress');
  }
}

const oldestOf = <D>(one: Member<D>) => {
  for (const awaited of one.awaited.values()) return awaited;
  return null;
};
const otherFlushed = <D>(m: Mirror<D>, one: Member<D>, op: Op<D> | null): boolean => op === null || theSet(m).some((other) => other !== one && usable(other) && !op.owed.has(other.id));

/**
 * Its answers count no more. A member of the set stays one, and owes what it owes, until the record says otherwise;
 * everybody else is simply away.
 */
export function fail<D>(m: Mirror<D>, one: Member<D>, reason: string): void {
  if (one.failure !== null || (one.role === 'away' && one.link === 'down')) return;
  if (one.link !== 'down') m.out.push({ type: 'close', replica: one.id, incarnation: one.incarnation });
  const awaited = [...one.awaited.values()];
  one.awaited.clear();
  one.link = 'down';
  one.grantUntil = null;
  one.reopenAt = m.now + m.timing.reopen_ms;
  const wasAway = one.role === 'away';
  const undecided = one.role === 'joining' && isProposed(m, one.id);
  if (one.role === 'in-sync' || undecided) {
    one.failure = { seq: m.seq, reason };
    tell(m, 'ReplicaFailed', [one.id], reason);
    // Whoever stays must show that it is there: two connections may have broken together.
    for (const other of theSet(m)) if (usable(other)) renew(m, other);
  } else {
    if (!wasAway) tell(m, 'ReplicaFailed', [one.id], reason);
    sendAway(m, one);
  }
  for (const { op } of awaited) if (op !== null && op.reader === one.id) {
    op.reader = null;
    op.stage = 'queued';
    if (op.blocked === 0) m.runnable.push(op);
  }
}

/** Whether the record may come to have it in the set by what was asked of the store already. */
const isProposed = <D>(m: Mirror<D>, id: string): boolean => [...m.doubtful, ...(m.storing?.proposal ? [m.storing.proposal] : [])].some((record) => inSync(record).includes(id));

/** It is no part of the set, and nothing is owed by it any more. */
export function sendAway<D>(m: Mirror<D>, one: Member<D>): void {
  one.role = 'away';
  one.sync = null;
  one.failure = null;
  for (const op of [...m.active]) {
    op.full.delete(one.id);
    if (op.target === one.id) { finish(m, op); m.copies.delete(op); continue; }
    if (op.owed.delete(one.id)) m.recheck.add(op);
  }
}

export const proven = <D>(m: Mirror<D>, since: number): boolean => theSet(m).some((one) => usable(one) && one.aliveSeq >= since);
export const anyAbsent = <D>(m: Mirror<D>): boolean => [...m.members.values()].some(({ role }) => role !== 'in-sync');
export const anyJoining = <D>(m: Mirror<D>): boolean => [...m.members.values()].some(({ role }) => role === 'joining');
