/** Rule "Release": flush, stop serving, give back the grants, and only then the record; clean only when nothing is left to recover. */
import { fail, send } from './links.ts';
import { required, theSet, usable, type Mirror, type Op } from './mirror-state.ts';
import { admit, finish, newOp } from './queue.ts';

export function beginRelease<D>(m: Mirror<D>): void {
  if (m.phase !== 'serving') return;
  m.phase = 'releasing';
  // A return that is under way is gone on with at the next attach.
  for (const one of m.members.values()) if (one.role === 'syncing' || one.role === 'joining') fail(m, one, 'the volume is given back');
}

export function releaseOn<D>(m: Mirror<D>): void {
  if (m.phase !== 'releasing' || m.releaseOp !== null || m.wanted.length > 0 || m.held.length > 0) return;
  if ([...m.active].some(({ client }) => client !== null) || m.versionOp !== null || theSet(m).some(({ failure }) => failure !== null)) return;
  if ([...m.members.values()].some(({ role }) => role === 'joining') || m.storing !== null || m.doubtful.length > 0) return;
  if (!m.recovered && m.recovering.size === 0) return; // it is all but done
  m.releaseOp = newOp(m, { kind: 'flush' });
  admit(m, m.releaseOp);
}

export function releaseLookAgain<D>(m: Mirror<D>, op: Op<D>): void {
  if (op.owed.size > 0) return;
  finish(m, op);
  m.releaseOp = null;
  const failing = theSet(m).some(({ failure }) => failure !== null);
  if (failing) return; // first the set, then once more
  m.releaseClean = m.recovered && op.result === null;
  m.phase = 'giving-back';
  for (const one of required(m)) if (usable(one)) send(m, one, { kind: 'give-back' }, null);
}
