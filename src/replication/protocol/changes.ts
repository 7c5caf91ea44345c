/**
 * What changes an attached volume as a whole: a snapshot (a moment in which no write is under way, kept by every member)
 * and growth (every copy is longer before the device shows it). One at a time; a mirror that parks forgets what it was
 * at, and whoever asked asks again.
 */
import { sendAll } from './links.ts';
import { reached, theSet, usable, type Mirror, type Op } from './mirror-state.ts';
import { finish, newOp } from './queue.ts';
import { grown, snapshotTaken } from './record.ts';
import type { ReplicationRecord } from '../../model/volume.ts';

export interface Wanted<D> {
  readonly what: { readonly type: 'snapshot'; readonly snapshot: string } | { readonly type: 'grow'; readonly size: number };
  /** asked: waits for recovery and joins; flushing: media catch up while writes go on; quiet: writes wait, those under way end; performing: every member does it; recording: the record has the last word. */
  stage: 'asked' | 'flushing' | 'quiet' | 'performing' | 'recording';
  op: Op<D> | null;
  /** Members that have the snapshot; known once it is taken. */
  holders: readonly string[];
}

export function want<D>(m: Mirror<D>, what: Wanted<D>['what']): void {
  m.wanted.push({ what, stage: 'asked', op: null, holders: [] });
}

/** Takes the next step, when its time has come. */
export function changeOn<D>(m: Mirror<D>): void {
  const [first] = m.wanted;
  if (first === undefined || (m.phase !== 'serving' && m.phase !== 'releasing')) return;
  if (first.stage === 'asked') begin(m, first);
  if (first.stage === 'quiet' && isQuiet(m)) perform(m, first);
}

/** Whether writes, and all else that changes a region, have to wait for a snapshot. */
export const holdsWrites = <D>(m: Mirror<D>): boolean => m.wanted[0]?.what.type === 'snapshot' && ['quiet', 'performing'].includes(m.wanted[0].stage);
/** Whether a replica may not join now: a snapshot is of the set as it is. */
export const holdsJoins = <D>(m: Mirror<D>): boolean => m.wanted[0] !== undefined && m.wanted[0].stage !== 'asked' && m.wanted[0].stage !== 'recording';

function begin<D>(m: Mirror<D>, wanted: Wanted<D>): void {
  if (!m.recovered || m.versionOp !== null || [...m.members.values()].some(({ role, failure }) => role === 'joining' || failure !== null)) return;
  if (wanted.what.type === 'grow') return perform(m, wanted);
  wanted.stage = 'flushing';
  wanted.op = issue(m, 'snapshot', theSet(m), { kind: 'flush' });
}

const isQuiet = <D>(m: Mirror<D>): boolean => m.versionOp === null && theSet(m).every(usable) && ![...m.active].some((op) => op.exclusive);

function perform<D>(m: Mirror<D>, wanted: Wanted<D>): void {
  wanted.stage = 'performing';
  const { what } = wanted;
  wanted.op = what.type === 'grow' ? issue(m, 'grow', reached(m), { kind: 'grow', size: what.size }) : issue(m, 'snapshot', theSet(m), { kind: 'clone', snapshot: what.snapshot });
}

function issue<D>(m: Mirror<D>, kind: 'snapshot' | 'grow', to: Parameters<typeof sendAll<D>>[1], request: Parameters<typeof sendAll<D>>[2]): Op<D> {
  const op = newOp(m, { kind, regions: [] });
  m.active.add(op);
  op.stage = 'issued';
  sendAll(m, to, request, op);
  m.recheck.add(op);
  return op;
}

export function changeLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  finish(m, op);
  const [first] = m.wanted;
  if (first?.op !== op) return;
  first.op = null;
  if (op.result !== null) return done(m, null);
  first.stage = first.stage === 'flushing' ? 'quiet' : 'recording';
  first.holders = theSet(m).map(({ id }) => id);
}

/** The record that a change asks for; null: none does now. */
export function changedRecord<D>(m: Mirror<D>): ReplicationRecord | null {
  const [first] = m.wanted;
  if (first?.stage !== 'recording') return null;
  return first.what.type === 'grow' ? grown(m.record, Math.max(m.record.size, first.what.size)) : snapshotTaken(m.record, first.what.snapshot, first.holders);
}

/** The record is certain: is what was asked for in it? */
export function changeRecorded<D>(m: Mirror<D>): void {
  const [first] = m.wanted;
  if (first?.stage !== 'recording') return;
  const { what } = first;
  if (what.type === 'grow' && m.record.size >= what.size) return done(m, []);
  const kept = what.type === 'snapshot' ? m.record.snapshots.find(({ id }) => id === what.snapshot) : undefined;
  if (kept !== undefined) done(m, kept.replicas);
}

function done<D>(m: Mirror<D>, replicas: readonly string[] | null): void {
  const finished = m.wanted.shift();
  if (finished === undefined) return;
  const { what } = finished;
  if (what.type === 'snapshot') m.out.push({ type: 'snapshot-done', snapshot: what.snapshot, replicas });
  else m.out.push({ type: 'grow-done', size: what.size, grown: replicas !== null });
}
