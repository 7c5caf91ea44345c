/**
 * Requests of the client: reads from one member of the set, writes to all, flushes everywhere; and the moment of
 * truth, in which an answer is given or held back (rule "Grants": nothing is completed without an unexpired grant of
 * every member of the set, looked at after the work is done).
 */
import { holdsWrites } from './changes.ts';
import { intentFor } from './intents.ts';
import { fail, granted, send, sendAll } from './links.ts';
import { admit, finish, newOp, regionOp } from './queue.ts';
import { isRequired, member, reached, required, theSet, usable, type ClientRequest, type ClientResult, type Member, type Mirror, type Op } from './mirror-state.ts';
import type { ReplicaAnswer } from './messages.ts';

export function accept<D>(m: Mirror<D>, id: number, request: ClientRequest<D>): void {
  const [from, to] = request.kind === 'flush' ? [0, 0] : [request.offset, request.offset + request.length];
  const op = newOp(m, { kind: request.kind, client: { id, request }, from, to, exclusive: request.kind === 'write' || request.kind === 'zero' });
  if (op.exclusive && holdsWrites(m)) m.held.push(op);
  else queue(m, op);
}

/** Writes that waited for a snapshot go on. */
export function releaseHeld<D>(m: Mirror<D>): void {
  if (m.held.length === 0 || holdsWrites(m)) return;
  const { held } = m;
  m.held = [];
  for (const op of held) queue(m, op);
}

/** A region in which members may differ is recovered before the first touch. */
export function queue<D>(m: Mirror<D>, op: Op<D>): void {
  for (const region of op.regions) recoverFirst(m, region);
  admit(m, op);
}

export function recoverFirst<D>(m: Mirror<D>, region: number): void {
  if (!m.recovering.has(region) || m.recoverOps.has(region)) return;
  const op = regionOp(m, 'recover', region);
  m.recoverOps.set(region, op);
  admit(m, op);
}

export function begin<D>(m: Mirror<D>, op: Op<D>): void {
  const request = op.client?.request;
  if (request === undefined) return;
  if (request.kind === 'read') return read(m, op);
  if (op.stage !== 'queued') return;
  if (request.kind === 'flush') {
    op.stage = 'issued';
    op.issuedSeq = m.seq;
    sendAll(m, required(m), request, op);
    return;
  }
  if (!intentFor(m, op)) return; // it comes back when the regions' intent is durable
  op.stage = 'issued';
  for (const region of op.regions) m.touched.set(region, { at: m.now, seq: Number.POSITIVE_INFINITY });
  sendAll(m, reached(m).filter((one) => one.sync?.stage !== 'preparing'), request, op);
}

function read<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.reader !== null || op.stage === 'answered') return;
  const candidates = theSet(m).filter((one) => usable(one) && !op.tried.has(one.id));
  const chosen = candidates.find(({ node }) => node === m.self.node) ?? candidates[op.number % Math.max(1, candidates.length)];
  if (chosen !== undefined) {
    op.stage = 'reading';
    op.reader = chosen.id;
    send(m, chosen, { kind: 'read', offset: op.from, length: op.to - op.from }, op);
  } else if (theSet(m).every(({ id }) => op.tried.has(id))) {
    op.result = { ok: false, error: 'io' };
    op.stage = 'answered';
    m.answered.add(op);
  }
}

/** Reads that found nobody look again when the set has changed. */
export function readAgain<D>(m: Mirror<D>): void {
  for (const op of m.active) if (op.client?.request.kind === 'read' && op.reader === null && op.stage !== 'answered' && op.blocked === 0) read(m, op);
}

export function readAnswered<D>(m: Mirror<D>, from: Member<D>, op: Op<D>, answer: ReplicaAnswer<D>): void {
  op.reader = null;
  if (!answer.ok) {
    op.tried.add(from.id);
    op.stage = 'queued';
    return read(m, op);
  }
  // Another member could: those that could not are out of order.
  for (const id of op.tried) {
    const other = m.members.get(id); // it may have left the record meanwhile
    if (other !== undefined) fail(m, other, 'it could not be read');
  }
  op.result = answer;
  op.stage = 'answered';
  m.answered.add(op);
}

/** An answer to something that all of them were sent. */
export function answered<D>(m: Mirror<D>, from: Member<D>, op: Op<D>, answer: ReplicaAnswer<D>): void {
  if (answer.ok) op.owed.delete(from.id);
  else if (answer.error === 'full' && (op.kind === 'snapshot' || op.kind === 'grow')) {
    op.owed.delete(from.id); // no room for more is no fault of what is there
    op.result = answer;
  }
  else if (answer.error === 'full' && from.role === 'in-sync' && op.client !== null && op.kind !== 'flush') op.full.add(from.id);
  else if (from.role === 'in-sync' && theSet(m).length === 1) {
    op.owed.delete(from.id);
    op.result = { ok: false, error: 'io' };
  } else return fail(m, from, op.kind === 'flush' ? 'it could not flush' : 'it could not write');
  m.recheck.add(op);
}

/** Looks whether an operation has all that it needs; called when it is owed less. */
export function lookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.stage === 'issued') {
    const owing = [...op.owed].filter((id) => isRequired(member(m, id)));
    if (owing.length > 0 && owing.every((id) => op.full.has(id))) full(m, op);
    else if (owing.length === 0) {
      op.stage = 'answered';
      m.answered.add(op);
    }
  }
  if (op.stage === 'answered' && op.owed.size === 0 && !m.answered.has(op)) end(m, op);
}

/** Rule "Full disk": nobody has room: it waits and is tried again; some have: the others leave the set. */
function full<D>(m: Mirror<D>, op: Op<D>): void {
  if (theSet(m).every(({ id }) => op.full.has(id))) {
    op.retryAt = m.now + m.timing.retry_ms;
    if (!m.stalled) {
      m.stalled = true;
      m.out.push({ type: 'tell', what: 'Full', replicas: [...op.full], text: 'no replica has room: writes wait' });
    }
    return;
  }
  for (const id of [...op.full]) fail(m, member(m, id), 'its pool is full');
}

export function retryFull<D>(m: Mirror<D>): void {
  for (const op of m.active) {
    if (op.retryAt === null || m.now < op.retryAt || op.client === null) continue;
    op.retryAt = null;
    const again = [...op.full].map((id) => member(m, id));
    op.full.clear();
    for (const one of again) if (usable(one)) send(m, one, op.client.request, op);
  }
}

export function mayComplete<D>(m: Mirror<D>): boolean {
  if (m.phase !== 'serving' && m.phase !== 'releasing') return false;
  return m.versionOp === null && required(m).every((one) => granted(m, one));
}

/** Gives the answers that may be given now. */
export function deliver<D>(m: Mirror<D>): void {
  if (m.answered.size === 0 || !mayComplete(m)) return;
  const enough = theSet(m).length >= m.min_in_sync;
  for (const op of [...m.answered]) {
    if (op.client === null) continue;
    if (op.kind !== 'read' && !enough) continue;
    m.answered.delete(op);
    complete(m, op, op.result ?? { ok: true });
    if (op.owed.size === 0) end(m, op);
  }
}

function complete<D>(m: Mirror<D>, op: Op<D>, result: ClientResult<D>): void {
  if (op.client === null) return;
  if (op.kind === 'flush' && result.ok) m.flushedSeq = Math.max(m.flushedSeq, op.issuedSeq);
  if (!result.ok && op.exclusive) differing(m, op);
  m.stalled = false;
  m.out.push({ type: 'complete', id: op.client.id, result });
}

/** A write that was answered with an error may be anything on anybody: it is settled before the next touch. */
function differing<D>(m: Mirror<D>, op: Op<D>): void {
  for (const region of op.regions) m.recovering.add(region);
  for (const one of reached(m)) if (one.role === 'syncing' || one.role === 'joining') fail(m, one, 'a write ended with an error');
  m.recovered = false;
}

function end<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.exclusive) for (const region of op.regions) m.touched.set(region, { at: m.now, seq: m.seq });
  finish(m, op);
}
