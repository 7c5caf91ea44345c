/**
 * Deliberate breaks of the protocol, each as a change of its source text. The simulation must catch every one of them:
 * what it cannot see when broken it does not prove when whole. Rules that guard each other are broken together.
 */
export interface Change { readonly file: string; readonly from: string; readonly to: string }
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
  /** The promise whose failure is looked for, where others fail, too. */
  readonly promise?: string;
  /** A seed from which on it is caught soon, where it is not from 1. */
  readonly first?: number;
}

const one = (name: string, file: string, from: string, to: string): Mutation => ({ name, changes: [{ file, from, to }] });
/** A member's grant is neither waited for nor does its end fail the member. */
const NO_GRANTS: readonly Change[] = [
  { file: 'requests.ts', from: 'm.versionOp === null && required(m).every((one) => granted(m, one))', to: 'm.versionOp === null' },
  { file: 'links.ts', from: 'm.now >= one.grantUntil : m.now', to: 'false : m.now' },
];
/** A region counts as recovered as soon as its copy is on its way. */
const RECOVERED_WHEN_SENT: Change = { file: 'recovery.ts', from: "  sendAll(m, theSet(m).filter(({ id }) => id !== from.id), { kind: 'write', offset: op.from, length: op.to - op.from, data: answer.data, fua: false }, op);\n", to: "  for (const to of theSet(m)) if (to.id !== from.id && usable(to)) send(m, to, { kind: 'write', offset: op.from, length: op.to - op.from, data: answer.data, fua: false }, null);\n" };
/** A writer whose connection to a member of the set breaks makes a new one and sends again what was not answered. */
export const CONNECTS_AGAIN: readonly Change[] = [
  { file: 'links.ts', from: 'one: Member<D>, reason: string): void {', to: 'one: Member<D>, reason: string, gone = false): void {' },
  { file: 'links.ts', from: "  if (one.role === 'in-sync' || undecided) {", to: "  if (one.role === 'in-sync' && !gone) one.again = [...(one.again ?? []), ...awaited];\n  else if (one.role === 'in-sync' || undecided) {" },
  { file: 'returning.ts', from: "one.role !== 'away' || one.link", to: "(one.role !== 'away' && one.role !== 'in-sync') || one.failure !== null || one.link" },
  { file: 'returning.ts', from: "  one.link = 'up';\n", to: "  one.link = 'up';\n  if (one.role === 'in-sync' && fenced.restarted !== 'no') return fail(m, one, 'restarted', true);\n  if (one.role === 'in-sync') {\n    Object.assign(one, { openedAt: m.now, grantUntil: null });\n    for (const { op, request } of (one.again ?? []).splice(0)) if (op !== null && op.stage !== 'done' && op.owed.has(one.id)) send(m, one, request, op);\n    return renew(m, one);\n  }\n" },
];

const BREAKS: readonly Mutation[] = [
  one('a write is acknowledged when one member has answered', 'requests.ts', 'else if (owing.length === 0) {', 'else if (owing.length === 0 || (op.exclusive && theSet(m).some(({ id }) => !op.owed.has(id)))) {'),
  one('reads do not wait for writes in flight', 'queue.ts', '(one.exclusive || other.exclusive)', 'one.exclusive'),
  one('overlapping writes are not serialised', 'queue.ts', '  return overlap(op, earlier);', '  return (op.client === null || earlier.client === null || !op.exclusive) && overlap(op, earlier);'),
  one('a write goes out before its region\'s intent is durable', 'requests.ts', 'if (!intentFor(m, op)) return;', 'if (!intentFor(m, op)) op.blocked = 0;'),
  one('intent is set on one member only', 'intents.ts', "sendAll(m, to, { kind: 'intend', regions: batch.regions }, batch)", "sendAll(m, to.slice(0, 1), { kind: 'intend', regions: batch.regions }, batch)"),
  { name: 'intent is cleared before a flush', changes: [
    { file: 'intents.ts', from: 'if (seq >= m.flushedSeq) flushWanted = true;', to: 'if (seq < 0) flushWanted = true;' },
    { file: 'intents.ts', from: 'touched >= m.flushedSeq || anyJoining(m)', to: 'anyJoining(m)' },
  ] },
  one('intent is cleared without missed', 'intents.ts', 'const missed = anyAbsent(m);', 'const missed = false;'),
  one('missed is forgotten while a replica is away', 'intents.ts', 'm.forgetting !== null || anyAbsent(m) ||', 'm.forgetting !== null ||'),
  one('nothing is recovered after an unclean attach', 'recovery.ts', 'if (theSet(m).length === 1) return done(m, op);', 'if (theSet(m).length >= 1) return done(m, op);'),
  { name: 'a flush is answered while recovery runs', changes: [RECOVERED_WHEN_SENT, { file: 'queue.ts', from: "return earlier.kind === 'recover';", to: 'return false;' }] },
  one('a release is clean while recovery runs', 'release.ts', 'm.releaseClean = m.recovered && op.result === null;', 'm.releaseClean = op.result === null;'),
  { name: 'recovery takes a member that lost power', changes: [
    { file: 'attach.ts', from: 'if (sound.length > 0) return sound;', to: 'if (sound.length > 0) return there;' },
    { file: 'mirror.ts', from: '(set.find(({ restarted }) => !restarted) ?? set[0])', to: '(set.find(({ restarted }) => restarted) ?? set[0])' },
  ] },
  one('an attach does not wait for the member that lost nothing', 'attach.ts', 'return missing && a.now - a.fencingSince < a.timing.patience_ms ? null : there;', 'return there;'),
  { name: 'answers are given without grants', changes: NO_GRANTS },
  { name: 'a grant is renewed after it passed', changes: [
    { file: 'links.ts', from: 'm.now >= one.grantUntil : m.now', to: 'false : m.now' },
    { file: 'links.ts', from: '  if (one.grantUntil === null || m.now < one.grantUntil) one.grantUntil = Math.max(one.grantUntil ?? 0, until);', to: '  one.grantUntil = until > 0 ? m.now + m.timing.grant_ms : 0;' },
  ] },
  { name: 'grants are looked at before the work and not after it', promise: 'I4', changes: [
    { file: 'requests.ts', from: '  const request = op.client?.request;\n  if (request === undefined) return;', to: '  const request = op.client?.request;\n  if (request === undefined || !mayComplete(m)) return;' },
    { file: 'requests.ts', from: 'if (m.answered.size === 0 || !mayComplete(m)) return;', to: 'if (m.answered.size === 0) return;' },
    { file: 'links.ts', from: 'm.now >= one.grantUntil : m.now', to: 'false : m.now' },
    { file: 'requests.ts', from: '  for (const op of m.active) if (op.client?.request.kind', to: '  for (const op of [...m.active]) if (op.client !== null && op.blocked === 0 && op.stage === \'queued\') begin(m, op);\n  for (const op of m.active) if (op.client?.request.kind' },
  ] },
  { name: 'a member that fails is left out without asking the record', changes: [
    { file: 'requests.ts', from: 'm.versionOp === null && required(m).every((one) => granted(m, one))', to: 'm.versionOp === null && required(m).every((one) => one.failure !== null || granted(m, one))' },
    { file: 'requests.ts', from: 'const owing = [...op.owed].filter((id) => isRequired(member(m, id)));', to: 'const owing = [...op.owed].filter((id) => isRequired(member(m, id)) && member(m, id).failure === null);' },
  ] },
  { name: 'a connection is resumed', changes: [
    { file: 'replica.ts', from: "    r.out.push({ type: 'drop', ...r.connection });\n", to: '' },
    { file: 'replica.ts', from: 'if (!same(r.connection, from) || r.opening !== null) return;', to: 'if (r.connection?.generation !== generation || r.opening !== null) return;' },
    { file: 'replica.ts', from: 'if (opening === null || r.changing || r.queue.length > 0 || r.jobs.size > 0) return;', to: 'if (opening === null || r.changing || r.queue.length > 0) return;' },
  ] },
  { name: 'an older generation is served after a fence', changes: [
    { file: 'replica.ts', from: "    r.out.push({ type: 'drop', ...r.connection });\n", to: '' },
    { file: 'replica.ts', from: 'if (!same(r.connection, from) || r.opening !== null) return;', to: 'if (r.connection === null && r.opening === null) return;' },
    { file: 'replica.ts', from: "invariant(generation >= r.state.generation, 'an older generation is never served');", to: '' },
    { file: 'replica.ts', from: 'if (same(r.connection, to)) r.out.push', to: 'r.out.push' },
    { file: 'replica.ts', from: 'if (!grantsOver) return;', to: '' },
    ...NO_GRANTS,
  ] },
  one('a fence is answered within a grant', 'replica.ts', 'if (!grantsOver) return;', ''),
  one('a replica server that was restarted within a grant answers a fence at once', 'replica.ts', 'r.now >= r.grantUntil && r.now >= r.startedAt + r.timing.grant_ms', 'r.now >= r.grantUntil'),
  one('a fence is answered while operations are under way', 'replica.ts', ' || r.jobs.size > 0) return;', ') return;'),
  one('a join does not wait for earlier writes', 'returning.ts', 'if (sync.barrier.size > 0) return;', ''),
  { name: 'a join does not flush', changes: [{ file: '../../../test/sim/disk.ts', from: "      case 'join':\n        this.#flush(flushing);\n", to: "      case 'join':\n" }] },
  one('a join hands over no map', 'returning.ts', 'intent: [...m.intents], missed: [...m.missed]', 'intent: [], missed: []'),
  one('an unknown outcome of a join counts as a refusal', 'membership.ts', "if (proposal !== null && outcome.kind === 'unknown') m.doubtful.push(proposal);", "if (proposal !== null) for (const gone of [...m.members.values()]) if (gone.role === 'joining') sendAway(m, gone);"),
  one('a member that joins is not required until the record says so', 'mirror-state.ts', "role === 'in-sync' || role === 'joining';", "role === 'in-sync';"),
  one('a return copies only what the replica knows that it lacks', 'returning.ts', 'for (const lacking of [fenced.missed, m.intents, m.missed]) sync.copy.addAll(lacking);', 'sync.copy.addAll(fenced.missed);'),
  one('a return copies nothing that was settled', 'returning.ts', '[fenced.missed, m.intents, m.missed]', '[fenced.missed, m.intents]'),
  one('writes do not go to a replica that is being copied to', 'requests.ts', "reached(m).filter((one) => one.sync?.stage !== 'preparing'), request, op", 'required(m), request, op'),
  one('a region is written to while it is copied', 'queue.ts', '  return overlap(op, earlier);', "  return op.kind !== 'copy' && earlier.kind !== 'copy' && overlap(op, earlier);"),
  one('a flush reaches one member only', 'requests.ts', 'sendAll(m, required(m), request, op)', 'sendAll(m, required(m).slice(0, 1), request, op)'),
  { name: 'the map is torn by a power cut', changes: [{ file: '../../../test/sim/disk.ts', from: '    this.broke = false;\n', to: '    this.broke = false;\n    for (const region of [...this.intent]) this.intent.delete(region);\n    for (const region of [...this.missed]) this.missed.delete(region);\n' }] },
  { name: 'a power cut is not noticed', changes: [{ file: '../../../test/sim/disk.ts', from: "if (this.meta.restarted === 'no') this.meta = { ...this.meta, restarted: 'boot' };", to: '' }] },
  { name: 'a replica that was removed is taken back', changes: [
    { file: '../../../test/sim/world.ts', from: "const id = `${old.id.split('.')[0] ?? ''}.${this.#newReplicas}`;", to: 'const { id } = old;' },
    { file: '../../../test/sim/world.ts', from: '      node.addReplica(id, disk);\n', to: '' },
  ] },
  one('a member that joins gives no grant that reads need', 'requests.ts', 'm.versionOp === null && required(m).every((one) => granted(m, one))', 'm.versionOp === null && theSet(m).every((one) => granted(m, one))'),
  { name: 'a fence is forgotten across a restart, and a writer connects to a member of its set again', promise: 'I1', changes: [
    { file: '../../../test/sim/replica-process.ts', from: 'state: disk.meta,', to: 'state: { ...disk.meta, generation: 0 },' },
    ...CONNECTS_AGAIN,
  ] },
  one('what is under way for a replica that leaves the record goes on', 'membership.ts', "    fail(m, one, 'it is no replica of the volume any more'); // what is under way for it ends\n", ''),
];

/** Seeds shortly before the first that catches it, where that takes long from 1 on. When plans change they are nothing but a beginning. */
const SOON: Readonly<Record<string, number>> = {
  'a write goes out before its region\'s intent is durable': 1_380,
  'a grant is renewed after it passed': 350,
  'an attach does not wait for the member that lost nothing': 170,
  'a connection is resumed': 185,
  'a fence is answered while operations are under way': 205,
  'a replica server that was restarted within a grant answers a fence at once': 400,
  'a member that joins gives no grant that reads need': 1_395,
  'a join does not wait for earlier writes': 60,
  'what is under way for a replica that leaves the record goes on': 85,
  'a release is clean while recovery runs': 85,
  'a flush is answered while recovery runs': 42,
  'a fence is forgotten across a restart, and a writer connects to a member of its set again': 25,
  'grants are looked at before the work and not after it': 20,
};

export const MUTATIONS: readonly Mutation[] = BREAKS.map((mutation) => ({ ...mutation, first: SOON[mutation.name] ?? 1 }));
