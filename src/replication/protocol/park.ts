/** Rule "Park, not fail": the requests stay where they are, unanswered, and the node attaches again. */
import { tell } from './links.ts';
import type { Mirror } from './mirror-state.ts';

export function park<D>(m: Mirror<D>, reason: string): void {
  if (m.phase === 'parked' || m.phase === 'released') return;
  m.phase = 'parked';
  for (const one of m.members.values()) {
    if (one.link !== 'down') m.out.push({ type: 'close', replica: one.id, incarnation: one.incarnation });
    one.link = 'down';
    one.awaited.clear();
  }
  tell(m, 'Parked', [], reason);
  m.out.push({ type: 'park', reason });
}
