/**
 * A replica that is away comes back: it is reached, told the intents, sent every write from then on, copied what it
 * lacks region by region, and joins. From `joining` on its answer is required for every write and flush, and its grant
 * for every completion; the record has the last word.
 */
import { holdsJoins, holdsWrites } from './changes.ts';
import type { Fenced, ReplicaAnswer } from './messages.ts';
import { fail, renew, send, sendAll, tell } from './links.ts';
import { member, theSet, usable, type Member, type Mirror, type Op } from './mirror-state.ts';
import { finish, newOp, regionOp, admit } from './queue.ts';
import { Regions } from './regions.ts';

/** Regions copied at once for one replica. */
const AT_ONCE = 2;

export function reopen<D>(m: Mirror<D>): void {
  if (m.phase !== 'serving') return;
  for (const one of m.members.values()) {
    if (one.role !== 'away' || one.link !== 'down' || m.now < one.reopenAt) continue;
    m.nextIncarnation += 1;
    one.link = 'opening';
    one.openedAt = m.now;
    one.incarnation = m.nextIncarnation;
    m.out.push({ type: 'open', replica: one.id, incarnation: one.incarnation });
  }
}

export function opened<D>(m: Mirror<D>, one: Member<D>, fenced: Fenced): void {
  one.link = 'up';
  one.openedAt = m.now;
  one.grantUntil = null;
  one.aliveSeq = -1;
  one.size = fenced.size;
  one.restarted = fenced.restarted !== 'no';
  one.sync = { stage: 'preparing', fenced, intended: new Set(), copy: new Regions(0), total: 0, barrier: new Set() };
  one.role = 'syncing';
  renew(m, one);
  tell(m, 'ReplicaReturned', [one.id], fenced.empty || fenced.history !== m.record.history ? 'all of it is copied' : 'what it missed is copied');
}

export function syncOn<D>(m: Mirror<D>): void {
  if (m.phase !== 'serving') return;
  for (const one of m.members.values()) {
    if (one.sync === null || !usable(one)) continue;
    if (one.sync.stage === 'preparing') prepare(m, one);
    if (one.sync.stage === 'copying') copyOn(m, one);
    if (one.sync.stage === 'settling') persist(m, one);
  }
}

/** The regions with intent are durable there first; only then it counts among those who are written to. */
function prepare<D>(m: Mirror<D>, one: Member<D>): void {
  const { sync } = one;
  if (sync === null || !m.recovered || [...m.active].some((op) => op.kind === 'join' && op.target === one.id)) return;
  if (one.size < m.record.size) {
    return tellIt(m, one, { kind: 'grow', size: m.record.size });
  }
  const lacking = [...m.intents].filter((region) => !sync.intended.has(region));
  if (lacking.length > 0) {
    for (const region of lacking) sync.intended.add(region);
    return tellIt(m, one, { kind: 'intend', regions: lacking });
  }
  const regions = Math.ceil(m.record.size / m.region_bytes);
  const { fenced } = sync;
  sync.copy = fenced.empty || fenced.history !== m.record.history ? Regions.all(regions) : new Regions(regions, fenced.intent);
  for (const lacking of [fenced.missed, m.intents, m.missed]) sync.copy.addAll(lacking);
  sync.total = sync.copy.size;
  sync.stage = 'copying';
}

function tellIt<D>(m: Mirror<D>, one: Member<D>, request: { readonly kind: 'intend'; readonly regions: readonly number[] } | { readonly kind: 'grow'; readonly size: number }): void {
  const op = newOp<D>(m, { kind: 'join', target: one.id });
  m.active.add(op);
  op.stage = 'issued';
  sendAll(m, [one], request, op);
}

function copyOn<D>(m: Mirror<D>, one: Member<D>): void {
  const { sync } = one;
  if (sync === null) return;
  const mine = [...m.copies].filter(({ target }) => target === one.id);
  const busy = new Set(mine.flatMap(({ regions }) => regions));
  let room = holdsWrites(m) ? 0 : AT_ONCE - mine.length;
  for (let region = sync.copy.next(); region !== null && room > 0; region = sync.copy.next(region + 1)) {
    if (busy.has(region)) continue;
    const op = regionOp(m, 'copy', region, one.id);
    m.copies.add(op);
    admit(m, op);
    room -= 1;
  }
  if (sync.copy.size > 0 || mine.length > 0 || holdsJoins(m)) return;
  // From here on nothing is acknowledged without it.
  one.role = 'joining';
  sync.stage = 'settling';
  sync.barrier = new Set([...m.active].filter((op) => op.stage !== 'queued' && op.kind !== 'read' && op.kind !== 'flush'));
}

export function beginCopy<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.reader !== null || op.stage !== 'queued') return;
  const target = member(m, op.target ?? '');
  if (target.role !== 'syncing') return endCopy(m, op);
  const from = theSet(m).filter((one) => usable(one) && !op.tried.has(one.id));
  const source = from.find(({ node }) => node === m.self.node) ?? from[0];
  if (source === undefined) return;
  op.stage = 'reading';
  op.reader = source.id;
  send(m, source, { kind: 'read', offset: op.from, length: op.to - op.from }, op);
}

export function copyRead<D>(m: Mirror<D>, from: Member<D>, op: Op<D>, answer: ReplicaAnswer<D>): void {
  op.reader = null;
  op.stage = 'queued';
  if (!answer.ok || answer.data === undefined) {
    if (theSet(m).length > 1) fail(m, from, 'it could not be read');
    else fail(m, member(m, op.target ?? ''), 'what it lacks cannot be read');
    return;
  }
  const target = member(m, op.target ?? '');
  op.stage = 'issued';
  sendAll(m, [target], { kind: 'write', offset: op.from, length: op.to - op.from, data: answer.data, fua: false }, op);
  m.recheck.add(op);
}

export function copyLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.stage !== 'issued' || op.owed.size > 0) return;
  const target = member(m, op.target ?? '');
  for (const region of op.regions) target.sync?.copy.delete(region);
  endCopy(m, op);
}

export function copyAgain<D>(m: Mirror<D>): void {
  for (const op of [...m.copies]) if (op.stage === 'queued' && op.blocked === 0) beginCopy(m, op);
}

function endCopy<D>(m: Mirror<D>, op: Op<D>): void {
  m.copies.delete(op);
  finish(m, op);
}

function persist<D>(m: Mirror<D>, one: Member<D>): void {
  const { sync } = one;
  if (sync === null) return;
  for (const op of sync.barrier) if (op.stage === 'done') sync.barrier.delete(op);
  if (sync.barrier.size > 0) return;
  if (one.size < m.record.size) {
    if (![...m.active].some((op) => op.kind === 'join' && op.target === one.id)) tellIt(m, one, { kind: 'grow', size: m.record.size });
    return;
  }
  sync.stage = 'persisting';
  const op = newOp<D>(m, { kind: 'join', target: one.id });
  m.active.add(op);
  op.stage = 'issued';
  sendAll(m, [one], { kind: 'join', history: m.record.history, intent: [...m.intents], missed: [...m.missed] }, op);
}

/** An answer to what only the returning replica was told. */
export function joinLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  finish(m, op);
  const { sync } = member(m, op.target ?? '');
  if (sync?.stage === 'persisting') sync.stage = 'persisted';
}
