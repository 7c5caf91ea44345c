/**
 * After an unclean attach members may differ in regions with `intent`. Each such region is taken from one member, which
 * has lost nothing where there is such a one, and written to the others: in the background, and before the first touch.
 */
import type { ReplicaAnswer } from './messages.ts';
import { fail, send, sendAll, tell } from './links.ts';
import { member, theSet, usable, type Member, type Mirror, type Op } from './mirror-state.ts';
import { finish, newOp } from './queue.ts';
import { recoverFirst } from './requests.ts';

/** Regions recovered at once in the background. */
const AT_ONCE = 2;

export function recoverOn<D>(m: Mirror<D>): void {
  if (m.recovered || m.phase === 'parked' || m.phase === 'released') return;
  for (let region = m.recovering.next(); region !== null && m.recoverOps.size < AT_ONCE; region = m.recovering.next(region + 1)) recoverFirst(m, region);
  if (m.recovering.size > 0 || m.recoveredOp !== null || theSet(m).some((one) => !usable(one))) return;
  const op = newOp(m, { kind: 'recovered' });
  m.recoveredOp = op;
  m.active.add(op);
  op.stage = 'reading'; // first everything goes to the media, then `restarted` is cleared
  sendAll(m, theSet(m), { kind: 'flush' }, op);
}

export function recoveredLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  if (op.stage === 'reading' && op.result === null) {
    op.stage = 'issued';
    sendAll(m, theSet(m).filter(usable), { kind: 'recovered' }, op);
    m.recheck.add(op);
    return;
  }
  m.recoveredOp = null;
  finish(m, op);
  if (op.result !== null || m.recovering.size > 0) return;
  m.recovered = true;
  tell(m, 'Recovered', theSet(m).map(({ id }) => id), 'every replica of the set holds the same again');
}

export function beginRecover<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.reader !== null) return;
  const source = member(m, m.source);
  if (theSet(m).length === 1) return done(m, op);
  if (!usable(source)) return; // it is on its way out of the set; the next source goes on
  op.stage = 'reading';
  op.reader = source.id;
  op.owed.clear();
  send(m, source, { kind: 'read', offset: op.from, length: op.to - op.from }, op);
}

export function recoverRead<D>(m: Mirror<D>, from: Member<D>, op: Op<D>, answer: ReplicaAnswer<D>): void {
  op.reader = null;
  if (!answer.ok || answer.data === undefined) {
    if (theSet(m).length > 1) fail(m, from, 'it could not be read');
    op.stage = 'queued';
    return;
  }
  op.stage = 'issued';
  sendAll(m, theSet(m).filter(({ id }) => id !== from.id), { kind: 'write', offset: op.from, length: op.to - op.from, data: answer.data, fua: false }, op);
  m.recheck.add(op);
}

export function recoverLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.stage === 'issued' && op.owed.size === 0) done(m, op);
}

/** A new source begins the regions anew that were under way. */
export function recoverAgain<D>(m: Mirror<D>): void {
  for (const op of m.recoverOps.values()) if (op.stage === 'queued' && op.blocked === 0 && op.reader === null) beginRecover(m, op);
}

function done<D>(m: Mirror<D>, op: Op<D>): void {
  for (const region of op.regions) {
    m.recovering.delete(region);
    m.recoverOps.delete(region);
    m.touched.set(region, { at: m.now, seq: m.seq });
  }
  finish(m, op);
}
