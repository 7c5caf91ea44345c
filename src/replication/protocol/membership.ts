/**
 * Who is in the set: changed by compare-and-swap of the record only, one change at a time. An outcome that nobody knows
 * counts as both until the record's revision has moved: what may be written is never given up, only written over.
 */
import { changeRecorded, changedRecord } from './changes.ts';
import { inSync, eject, isWriter, join, release } from './record.ts';
import { fail, proven, renew, sendAll, sendAway, tell } from './links.ts';
import { member, theSet, usable, type Mirror, type MirrorEvent, type Op } from './mirror-state.ts';
import { finish, newOp } from './queue.ts';
import { park } from './park.ts';
import { readAgain } from './requests.ts';
import type { ReplicationRecord } from '../../model/volume.ts';

/** Wants the set to be what the connections tell, and takes the next step towards that. */
export function reconcileSet<D>(m: Mirror<D>): void {
  if (m.storing !== null || m.phase === 'parked' || m.phase === 'released' || m.now < m.storeRetryAt) return;
  if (m.readRecordNow) return readRecord(m);
  if (m.doubtful.length === 0) for (const one of [...m.members.values()]) if (one.role === 'joining' && one.failure !== null) sendAway(m, one);
  if (m.phase === 'giving-back') return propose(m, release(m.record, m.releaseClean));
  const failed = theSet(m).filter(({ failure }) => failure !== null);
  if (failed.length > 0) {
    if (failed.length === theSet(m).length) return park(m, 'no replica of the set can be reached');
    const since = Math.max(...failed.map(({ failure }) => failure?.seq ?? 0));
    if (proven(m, since)) propose(m, eject(m.record, new Set(failed.map(({ id }) => id))));
    return;
  }
  const joiner = [...m.members.values()].find(({ role, sync, failure }) => role === 'joining' && sync?.stage === 'persisted' && failure === null);
  if (joiner !== undefined) return propose(m, join(m.record, joiner.id));
  const changed = changedRecord(m);
  if (changed !== null) return propose(m, changed);
  // Something is in doubt, and nothing is wanted: the same record once more makes it certain.
  if (m.doubtful.length > 0) propose(m, m.record);
}

function propose<D>(m: Mirror<D>, record: ReplicationRecord): void {
  m.nextToken += 1;
  m.storing = { token: m.nextToken, proposal: record };
  m.out.push({ type: 'cas', token: m.nextToken, revision: m.revision, record });
}

function readRecord<D>(m: Mirror<D>): void {
  m.readRecordNow = false;
  m.nextToken += 1;
  m.storing = { token: m.nextToken, proposal: null };
  m.out.push({ type: 'read', token: m.nextToken });
}

export function stored<D>(m: Mirror<D>, { token, outcome }: Extract<MirrorEvent<D>, { type: 'stored' }>): void {
  if (m.storing?.token !== token) return;
  const { proposal } = m.storing;
  m.storing = null;
  switch (outcome.kind) {
    case 'committed':
      if (proposal !== null) recorded(m, outcome.revision, proposal);
      return;
    case 'read':
      return seen(m, outcome.revision, outcome.record);
    case 'unavailable':
    case 'unknown':
      if (proposal !== null && outcome.kind === 'unknown') m.doubtful.push(proposal);
      m.readRecordNow = true;
      m.storeRetryAt = m.now + m.timing.retry_ms;
      return;
    case 'conflict':
      m.readRecordNow = true;
  }
}

/** What is in the store now, as somebody who looked has seen it. */
function seen<D>(m: Mirror<D>, revision: number, record: ReplicationRecord): void {
  if (revision === m.revision) return; // nothing new; what is in doubt stays in doubt
  const mine = isWriter(record, m.self, m.generation);
  if (m.phase === 'giving-back' && !mine && record.generation >= m.generation) {
    m.record = record;
    m.phase = 'released';
    m.out.push({ type: 'released', clean: m.releaseClean });
    return;
  }
  if (!mine) return park(m, 'another node has taken the volume');
  recorded(m, revision, record);
}

/** The record as it certainly is. */
function recorded<D>(m: Mirror<D>, revision: number, record: ReplicationRecord): void {
  const before = new Set(theSet(m).map(({ id }) => id));
  m.record = record;
  m.revision = revision;
  m.doubtful = [];
  if (record.writer === null) {
    m.phase = 'released';
    m.out.push({ type: 'released', clean: record.clean });
    return;
  }
  const after = new Set(inSync(record));
  const gone = [...before].filter((id) => !after.has(id));
  for (const id of gone) sendAway(m, member(m, id));
  if (gone.length > 0) tell(m, 'ReplicaEjected', gone, 'it is out of the set: what is written from now on it lacks');
  for (const id of after) if (!before.has(id)) cameIn(m, id);
  for (const one of [...m.members.values()]) if (one.role === 'joining' && one.failure !== null) sendAway(m, one);
  for (const one of [...m.members.values()]) {
    if (record.replicas.some(({ id }) => id === one.id)) continue;
    fail(m, one, 'it is no replica of the volume any more'); // what is under way for it ends
    m.members.delete(one.id);
  }
  for (const replica of record.replicas) addMember(m, replica.id, replica.node);
  if (gone.length > 0 && !after.has(m.source)) newSource(m);
  if (gone.length > 0) announce(m);
  changeRecorded(m);
  readAgain(m);
}

function cameIn<D>(m: Mirror<D>, id: string): void {
  const one = member(m, id);
  one.role = 'in-sync';
  one.sync = null;
  if (one.failure === null && !usable(one)) one.failure = { seq: m.seq, reason: 'its connection broke' };
  if (one.failure !== null) for (const other of theSet(m)) if (usable(other)) renew(m, other);
  tell(m, 'ReplicaInSync', [id], 'it holds every acknowledged write again');
}

export function addMember<D>(m: Mirror<D>, id: string, node: string): void {
  if (m.members.has(id)) return;
  m.members.set(id, { id, node, role: 'away', link: 'down', incarnation: 0, openedAt: 0, grantUntil: null, renewedAt: 0, aliveSeq: -1, awaited: new Map(), failure: null, sync: null, reopenAt: m.now, size: 0, restarted: false });
}

/** Recovery goes on from another member; the regions that are done are done. */
function newSource<D>(m: Mirror<D>): void {
  const set = theSet(m);
  m.source = (set.find(({ restarted, failure }) => !restarted && failure === null) ?? set[0])?.id ?? m.source;
}

/** Those who stay have the new set on their medium before anything is acknowledged under it. */
function announce<D>(m: Mirror<D>): void {
  if (m.versionOp !== null) finish(m, m.versionOp);
  const op: Op<D> = newOp(m, { kind: 'version', regions: [] });
  m.versionOp = op;
  m.active.add(op);
  op.stage = 'issued';
  sendAll(m, theSet(m), { kind: 'version', set_version: m.record.set_version, members: inSync(m.record) }, op);
  m.recheck.add(op);
}

export function versionLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  if (m.versionOp === op) m.versionOp = null;
  finish(m, op);
}
