/**
 * The order of operations: who overlaps an earlier one waits for its end. Reads overlap reads freely; everything that
 * writes excludes what overlaps it, and so does what works on a whole region (copy, recovery, settling).
 */
import type { Mirror, Op, OpKind } from './mirror-state.ts';

export interface NewOp<D> {
  readonly kind: OpKind;
  readonly client?: Op<D>['client'];
  readonly from?: number;
  readonly to?: number;
  readonly exclusive?: boolean;
  readonly regions?: readonly number[];
  readonly target?: string;
}

export function newOp<D>(m: Mirror<D>, { kind, client = null, from = 0, to = 0, exclusive = false, regions, target }: NewOp<D>): Op<D> {
  m.nextOp += 1;
  return {
    number: m.nextOp, kind, client, from, to, exclusive, regions: regions ?? regionsOf(m, from, to), target: target ?? null,
    blocked: 0, waiters: [], stage: 'queued', owed: new Set(), full: new Set(), tried: new Set(), reader: null, result: null, issuedSeq: 0, retryAt: null, missed: false,
  };
}

export function regionsOf(m: { readonly region_bytes: number }, from: number, to: number): number[] {
  const regions: number[] = [];
  for (let region = Math.floor(from / m.region_bytes); region * m.region_bytes < to; region += 1) regions.push(region);
  return regions;
}

/** An operation on the whole of one region. */
export function regionOp<D>(m: Mirror<D>, kind: OpKind, region: number, target?: string): Op<D> {
  const from = region * m.region_bytes;
  return newOp(m, { kind, from, to: Math.min(from + m.region_bytes, m.record.size), exclusive: true, regions: [region], ...(target === undefined ? {} : { target }) });
}

const overlap = (one: Op<unknown>, other: Op<unknown>): boolean => one.from < other.to && other.from < one.to && (one.exclusive || other.exclusive);

function mustWait<D>(op: Op<D>, earlier: Op<D>): boolean {
  // What a flush promises includes what is being recovered at this moment.
  if (op.kind === 'flush') return earlier.kind === 'recover';
  return overlap(op, earlier);
}

export function admit<D>(m: Mirror<D>, op: Op<D>): void {
  for (const earlier of m.active) {
    if (!mustWait(op, earlier)) continue;
    earlier.waiters.push(op);
    op.blocked += 1;
  }
  m.active.add(op);
  if (op.blocked === 0) m.runnable.push(op);
}

export function finish<D>(m: Mirror<D>, op: Op<D>): void {
  op.stage = 'done';
  m.active.delete(op);
  m.answered.delete(op);
  for (const waiter of op.waiters) {
    waiter.blocked -= 1;
    if (waiter.blocked === 0 && waiter.stage !== 'done') m.runnable.push(waiter);
  }
  op.waiters.length = 0;
}
