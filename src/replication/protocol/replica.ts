/**
 * The server of one replica, as a state machine: it answers one connection at a time, promises by grants to answer
 * nobody else, and is fenced to a newer generation only when nothing of the older one can happen any more. What it
 * knows durably (`meta`, the map) is written through the effect `perform` and counts when that is done.
 */
import type { Fenced, Refusal, ReplicaAnswer, ReplicaRequest } from './messages.ts';
import { invariant } from './invariant.ts';
import type { Regions } from './regions.ts';
import type { Timing } from './timing.ts';

/** `meta` of a replica, as far as the protocol goes. */
export interface ReplicaState {
  readonly generation: number;
  readonly set_version: number;
  readonly history: number;
  readonly size: number;
  readonly restarted: Fenced['restarted'];
  readonly empty: boolean;
}

/** What is done on the medium. Of one kind each: reads and writes run beside each other, what changes map or meta by turns. */
export type Work<D> = Exclude<ReplicaRequest<D>, { readonly kind: 'renew' | 'give-back' }> | { readonly kind: 'fence'; readonly generation: number } | { readonly kind: 'failed' };

export type ReplicaEvent<D> =
  | { readonly type: 'open'; readonly generation: number; readonly incarnation: number }
  | { readonly type: 'closed'; readonly generation: number; readonly incarnation: number }
  | { readonly type: 'request'; readonly generation: number; readonly incarnation: number; readonly id: number; readonly request: ReplicaRequest<D> }
  | { readonly type: 'performed'; readonly work: number; readonly answer: ReplicaAnswer<D> }
  /** Writeback failed while nobody waited for it: the medium did not keep what it was given. */
  | { readonly type: 'broke' }
  | { readonly type: 'tick' };

export type ReplicaEffect<D> =
  | { readonly type: 'accept'; readonly generation: number; readonly incarnation: number; readonly fenced: Fenced }
  | { readonly type: 'refuse'; readonly generation: number; readonly incarnation: number; readonly refusal: Refusal }
  /** Close it and discard what is buffered. */
  | { readonly type: 'drop'; readonly generation: number; readonly incarnation: number }
  | { readonly type: 'answer'; readonly generation: number; readonly incarnation: number; readonly id: number; readonly answer: ReplicaAnswer<D> }
  | { readonly type: 'perform'; readonly work: number; readonly request: Work<D> };

interface Connection { readonly generation: number; readonly incarnation: number }
interface Job<D> { readonly connection: Connection | null; readonly id: number; readonly request: Work<D> }

export interface ReplicaServer<D> {
  readonly timing: Timing;
  state: ReplicaState;
  readonly intent: Regions;
  readonly missed: Regions;
  now: number;
  out: ReplicaEffect<D>[];
  readonly startedAt: number;
  connection: Connection | null;
  opening: Connection | null;
  /** The generation before the one that is being opened. */
  previous: number;
  grantUntil: number;
  nextWork: number;
  readonly jobs: Map<number, Job<D>>;
  /** Changes of map and meta wait for each other. */
  readonly queue: Job<D>[];
  changing: boolean;
  /** The medium failed to keep what it was given: nothing is answered with OK in this mount again. */
  broke: boolean;
}

export function createReplica<D>(config: Pick<ReplicaServer<D>, 'timing' | 'state' | 'intent' | 'missed' | 'broke'>, now: number): ReplicaServer<D> {
  return { ...config, now, out: [], startedAt: now, connection: null, opening: null, previous: config.state.generation, grantUntil: 0, nextWork: 0, jobs: new Map(), queue: [], changing: false,};
}

export function stepReplica<D>(r: ReplicaServer<D>, event: ReplicaEvent<D>, now: number): readonly ReplicaEffect<D>[] {
  r.now = now;
  r.out = [];
  if (event.type === 'open') open(r, event);
  else if (event.type === 'closed') closed(r, event);
  else if (event.type === 'request') request(r, event);
  else if (event.type === 'performed') performed(r, event.work, event.answer);
  else if (event.type === 'broke') broke(r);
  openOn(r);
  return r.out;
}

const same = (one: Connection | null, other: Connection): boolean => one !== null && one.generation === other.generation && one.incarnation === other.incarnation;

function open<D>(r: ReplicaServer<D>, { generation, incarnation }: Connection): void {
  const refuse = (refusal: Refusal): void => void r.out.push({ type: 'refuse', generation, incarnation, refusal });
  const newest = Math.max(r.state.generation, r.opening?.generation ?? 0);
  if (generation < newest) return refuse({ why: 'newer', generation: newest });
  const latest = [r.connection, r.opening].filter((one) => one?.generation === generation).map((one) => one?.incarnation ?? 0);
  if (latest.some((other) => other >= incarnation)) return refuse({ why: 'gone' });
  if (r.opening !== null) r.out.push({ type: 'refuse', ...r.opening, refusal: { why: 'newer', generation } });
  if (r.connection !== null) {
    r.out.push({ type: 'drop', ...r.connection });
    r.connection = null;
  }
  if (r.opening === null) r.previous = r.state.generation;
  r.opening = { generation, incarnation };
}

/** Fences when everything of the older generation has ended: operations, and the last grant. */
function openOn<D>(r: ReplicaServer<D>): void {
  const { opening } = r;
  if (opening === null || r.changing || r.queue.length > 0 || r.jobs.size > 0) return;
  if (opening.generation === r.state.generation) return accept(r, opening);
  const grantsOver = r.now >= r.grantUntil && r.now >= r.startedAt + r.timing.grant_ms;
  if (!grantsOver) return;
  change(r, { connection: null, id: 0, request: { kind: 'fence', generation: opening.generation } });
}

function accept<D>(r: ReplicaServer<D>, opening: Connection): void {
  r.opening = null;
  r.connection = opening;
  const { history, size, set_version, restarted, empty } = r.state;
  r.out.push({ type: 'accept', ...opening, fenced: { history, size, set_version, restarted, empty, previous: r.previous, intent: [...r.intent], missed: [...r.missed] } });
}

function closed<D>(r: ReplicaServer<D>, which: Connection): void {
  if (same(r.connection, which)) r.connection = null;
  if (same(r.opening, which)) r.opening = null;
}

function request<D>(r: ReplicaServer<D>, { generation, incarnation, id, request: asked }: Extract<ReplicaEvent<D>, { type: 'request' }>): void {
  const from = { generation, incarnation };
  if (!same(r.connection, from) || r.opening !== null) return; // of a connection that is no more
  invariant(generation >= r.state.generation, 'an older generation is never served');
  if (asked.kind === 'renew') r.grantUntil = r.now + r.timing.grant_ms;
  else if (asked.kind === 'give-back') r.grantUntil = 0;
  else if (r.broke) return answer(r, from, id, { ok: false, error: 'io' });
  else if (isChange(asked)) return change(r, { connection: from, id, request: asked });
  else return perform(r, { connection: from, id, request: asked });
  answer(r, from, id, { ok: true });
}

const CHANGES = ['intend', 'settle', 'forget', 'join', 'recovered', 'version', 'grow', 'fence', 'failed'];
const isChange = (work: Work<unknown>): boolean => CHANGES.includes(work.kind);

function answer<D>(r: ReplicaServer<D>, to: Connection, id: number, what: ReplicaAnswer<D>): void {
  if (same(r.connection, to)) r.out.push({ type: 'answer', ...to, id, answer: what });
}

function perform<D>(r: ReplicaServer<D>, job: Job<D>): void {
  r.nextWork += 1;
  r.jobs.set(r.nextWork, job);
  r.out.push({ type: 'perform', work: r.nextWork, request: job.request });
}

function change<D>(r: ReplicaServer<D>, job: Job<D>): void {
  if (r.changing) { r.queue.push(job); return; }
  r.changing = true;
  perform(r, job);
}

function performed<D>(r: ReplicaServer<D>, work: number, result: ReplicaAnswer<D>): void {
  const job = r.jobs.get(work);
  if (job === undefined) return;
  r.jobs.delete(work);
  let told = result;
  if (isChange(job.request)) {
    r.changing = false;
    if (result.ok) apply(r, job.request);
  }
  const lostData = !result.ok && (job.request.kind === 'flush' || job.request.kind === 'join' || ('fua' in job.request && job.request.fua && result.error === 'io'));
  if (lostData) broke(r);
  if (r.broke && result.ok && job.request.kind !== 'failed' && job.request.kind !== 'fence') told = { ok: false, error: 'io' };
  changeOn(r);
  if (job.connection !== null) answer(r, job.connection, job.id, told);
}

/** Nothing that waits may say that all is well: `recovered` would clear what is to be remembered for ever. */
function broke<D>(r: ReplicaServer<D>): void {
  if (r.broke) return;
  r.broke = true;
  for (const job of r.queue.splice(0)) if (job.connection !== null) answer(r, job.connection, job.id, { ok: false, error: 'io' });
  r.queue.push({ connection: null, id: 0, request: { kind: 'failed' } });
  changeOn(r);
}

function changeOn<D>(r: ReplicaServer<D>): void {
  const next = r.changing ? undefined : r.queue.shift();
  if (next !== undefined) change(r, next);
}

function apply<D>(r: ReplicaServer<D>, done: Work<D>): void {
  switch (done.kind) {
    case 'fence':
      invariant(done.generation > r.state.generation, 'generations only rise');
      r.state = { ...r.state, generation: done.generation };
      return;
    case 'failed': r.state = { ...r.state, restarted: 'failed' }; return;
    case 'intend': r.intent.addAll(done.regions); return;
    case 'settle':
      for (const region of done.regions) {
        r.intent.delete(region);
        if (done.missed) r.missed.add(region);
      }
      return;
    case 'forget': for (const region of done.regions) r.missed.delete(region); return;
    case 'join':
      r.intent.addAll(done.intent);
      r.missed.addAll(done.missed);
      r.state = { ...r.state, restarted: 'no', empty: false, history: done.history };
      return;
    case 'recovered': r.state = { ...r.state, restarted: 'no' }; return;
    case 'version':
      r.state = { ...r.state, set_version: Math.max(r.state.set_version, done.set_version) };
      return;
    case 'grow': r.state = { ...r.state, size: Math.max(r.state.size, done.size) }; return;
    default:
  }
}
