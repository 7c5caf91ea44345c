/**
 * Who asked for what its role does not allow: an entry of the audit log where it would have been a change, and a line of
 * the log. Sparing, for each caller by itself, so that none can fill either. It refuses nothing: that has been done.
 */
import { asHoldfastError } from '../model/errors.ts';
import type { AuditEntry } from '../model/identity.ts';
import { withoutTokensAndKeys } from '../model/secrets.ts';
import type { AuditSeams } from './audit.ts';
import { AUDITED, type Audited } from './audited-calls.ts';
import { isoNow, mintId } from './context.ts';
import { KEYS } from './keys.ts';
import { sparing, type Sparing } from './sparing.ts';

export interface Denial {
  /** null: its certificate was none that counts here. */
  readonly actor: string | null;
  /** The use case, by its name in the API. */
  readonly operation: string;
  /** How the caller named what it is about; "" where nothing was named. */
  readonly ref: string;
  readonly reason: string;
}

/** Callers that are told apart. */
const MAX_CALLERS = 1_000;

export function createDenials(seams: AuditSeams): (denial: Denial) => void {
  const callers = new Map<string | null, Sparing>();
  const mayTell = (actor: string | null): number | null => {
    if (callers.size >= MAX_CALLERS && !callers.has(actor)) callers.clear();
    const own = callers.get(actor) ?? sparing(seams.clock);
    callers.set(actor, own);
    return own();
  };
  return ({ actor, operation, ref, reason }) => {
    const untold = mayTell(actor);
    if (untold === null) return;
    const rule = Object.hasOwn(AUDITED, operation) ? (AUDITED as Readonly<Record<string, Audited>>)[operation] : undefined;
    const name = withoutTokensAndKeys(ref).slice(0, 128);
    seams.log.warn({ actor: actor ?? 'somebody', action: rule?.action ?? operation, object: name, reason: withoutTokensAndKeys(reason), ...(untold === 0 ? {} : { untold }) }, 'a request was refused');
    if (actor === null || rule === undefined) return;
    const entry: AuditEntry = { id: mintId(seams, 'audit'), at: isoNow(seams.clock), actor, action: rule.action, object: { kind: rule.kind, id: '', name }, request: {}, outcome: 'refused', reason: withoutTokensAndKeys(reason), before: null, after: null };
    void seams.store.txn([], [{ op: 'put', key: KEYS.audit(entry.id), value: entry }]).catch((error: unknown) => seams.log.warn({ entry: entry.id, err: asHoldfastError(error).message }, 'a refused request could not be written to the audit log'));
  };
}
