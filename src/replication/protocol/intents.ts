/**
 * The two bits of a region. `intent`: a crash may have split it; set durably on everybody before the first write, cleared
 * after a flush when it is idle. `missed`: a replica of the record that is not in the set lacks it.
 */
import { holdsWrites } from './changes.ts';
import { anyAbsent, anyJoining, sendAll } from './links.ts';
import { reached, required, theSet, type Mirror, type Op } from './mirror-state.ts';
import { admit, finish, newOp, regionOp } from './queue.ts';

/** @returns true: the regions' intent is durable on everybody; else the operation waits for it. */
export function intentFor<D>(m: Mirror<D>, op: Op<D>): boolean {
  const lacking = op.regions.filter((region) => !m.known.has(region));
  for (const region of lacking) {
    let batch = m.intending.get(region);
    if (batch === undefined) {
      m.intentBatch ??= newOp(m, { kind: 'intend', regions: [] });
      batch = m.intentBatch;
      (batch.regions as number[]).push(region);
      m.intending.set(region, batch);
      m.intents.add(region);
    }
    batch.waiters.push(op);
    op.blocked += 1;
  }
  return lacking.length === 0;
}

/** Everything that was asked for in this step goes out as one. */
export function sendIntents<D>(m: Mirror<D>): void {
  const batch = m.intentBatch;
  if (batch === null) return;
  m.intentBatch = null;
  m.active.add(batch);
  batch.stage = 'issued';
  const to = reached(m);
  for (const { sync } of to) for (const region of batch.regions) sync?.intended.add(region);
  sendAll(m, to, { kind: 'intend', regions: batch.regions }, batch);
  m.recheck.add(batch);
}

export function intendLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  for (const region of op.regions) {
    if (m.intending.get(region) === op) m.intending.delete(region);
    if (op.result === null) m.known.add(region);
  }
  // The map of the only member that is left cannot be written: so nothing can.
  if (op.result !== null) for (const waiter of op.waiters) {
    waiter.result = op.result;
    waiter.stage = 'answered';
    m.answered.add(waiter);
  }
  finish(m, op);
}

/** Regions that nothing happens to any more are settled, after a flush, so that a later return or crash need not look at them. */
export function settleIdle<D>(m: Mirror<D>): void {
  if (m.phase !== 'serving' || !m.recovered || m.forgetting !== null || anyJoining(m) || holdsWrites(m)) return;
  const crowded = m.intents.size > m.timing.active_regions;
  let flushWanted = false;
  for (const region of m.intents) {
    const touched = m.touched.get(region);
    if (m.intending.has(region) || (touched !== undefined && m.now - touched.at < m.timing.idle_ms && !crowded)) continue;
    const seq = touched?.seq ?? 0;
    if (seq === Number.POSITIVE_INFINITY) continue;
    if (seq >= m.flushedSeq) flushWanted = true;
    else if (![...m.active].some((op) => op.kind === 'settle' && op.regions[0] === region)) admit(m, regionOp(m, 'settle', region));
  }
  if (flushWanted) ownFlush(m);
}

function ownFlush<D>(m: Mirror<D>): void {
  if (m.ownFlush !== null) return;
  m.ownFlush = newOp(m, { kind: 'flush' });
  admit(m, m.ownFlush);
}

export function beginOwnFlush<D>(m: Mirror<D>, op: Op<D>): void {
  op.stage = 'issued';
  op.issuedSeq = m.seq;
  sendAll(m, required(m), { kind: 'flush' }, op);
}

export function ownFlushLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  if (op.result === null) m.flushedSeq = Math.max(m.flushedSeq, op.issuedSeq);
  m.ownFlush = null;
  finish(m, op);
}

export function beginSettle<D>(m: Mirror<D>, op: Op<D>): void {
  const region = op.regions[0] ?? 0;
  const touched = m.touched.get(region)?.seq ?? 0;
  const late = touched >= m.flushedSeq || anyJoining(m) || m.recovering.has(region) || m.forgetting !== null || m.intending.has(region);
  if (late) return finish(m, op);
  op.stage = 'issued';
  const missed = anyAbsent(m);
  op.missed = missed;
  sendAll(m, reached(m).filter((one) => one.sync?.stage !== 'preparing'), { kind: 'settle', regions: op.regions, missed }, op);
  m.recheck.add(op);
}

export function settleLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  for (const region of op.regions) {
    m.known.delete(region);
    if (op.missed) m.missed.add(region);
    if (op.result !== null) continue; // nobody knows what its map says now
    m.intents.delete(region);
    m.touched.delete(region);
  }
  finish(m, op);
}

/** Regions that are forgotten by one message: it has to fit into one. */
const AT_ONCE = 65_536;

function firstOf(regions: Iterable<number>, most: number): number[] {
  const first: number[] = [];
  for (const region of regions) if (first.push(region) >= most) break;
  return first;
}

/** When every replica of the record is in the set nobody lacks anything. */
export function forgetMissed<D>(m: Mirror<D>): void {
  if (m.phase !== 'serving' || m.missed.size === 0 || m.forgetting !== null || anyAbsent(m) || m.storing !== null || m.doubtful.length > 0) return;
  if (theSet(m).some(({ failure }) => failure !== null) || [...m.active].some(({ kind }) => kind === 'settle')) return;
  const op = newOp(m, { kind: 'forget', regions: firstOf(m.missed, AT_ONCE) });
  m.forgetting = op;
  m.active.add(op);
  op.stage = 'issued';
  sendAll(m, theSet(m), { kind: 'forget', regions: op.regions }, op);
}

export function forgetLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  for (const region of op.regions) m.missed.delete(region);
  m.forgetting = null;
  finish(m, op);
}
