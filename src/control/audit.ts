/**
 * The audit log: a decorator around every use case that changes something. An entry is written before the change (begun,
 * with the object as it was) and completed after it. Where the first cannot be written, the change is refused; one that
 * was never completed (the daemon died) stays `begun`. Secrets never reach it.
 */
import { HoldfastError, asHoldfastError } from '../model/errors.ts';
import type { AuditEntry } from '../model/identity.ts';
import { withoutTokensAndKeys } from '../model/secrets.ts';
import type { IdentityControl } from './cluster-control.ts';
import { isoNow, mintId } from './context.ts';
import type { CallOptions } from './control.ts';
import { AUDITED, type Audited, type Before } from './audited-calls.ts';
import { KEYS } from './keys.ts';
import { page, scan } from './repository.ts';
import { sparing, type Sparing } from './sparing.ts';
import type { Store } from './ports/store.ts';
import type { Clock, Log, RandomBytes } from './ports/system.ts';

export interface AuditSeams {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
}

/** Entries that are kept. */
export const KEEP_AUDIT = 20_000;
/** An object beyond this is told by its id and size only; the store takes values up to 1 MiB. */
const MAX_TOLD_CHARS = 64 * 1024;
const PAGE = 500;

/**
 * The same control; every change of it leaves an entry.
 * @param actor who it was when a call does not say: the daemon itself.
 */
export function audited<C extends object>(control: C, seams: AuditSeams, actor: string): C {
  const mayTell = sparing(seams.clock);
  const wrapped = Object.entries(AUDITED).flatMap(([method, rule]) => {
    const act = (control as Record<string, unknown>)[method];
    return typeof act === 'function' ? [[method, wrap(control, act as Act, rule, seams, actor, mayTell)] as const] : [];
  });
  return Object.assign(Object.create(control) as C, Object.fromEntries(wrapped));
}

type Act = (...args: unknown[]) => Promise<unknown>;

function wrap(control: object, act: Act, rule: Audited, seams: AuditSeams, daemon: string, mayTell: Sparing): Act {
  return async (...args) => {
    const options = args[rule.options] as CallOptions | undefined;
    const found = await rule.before(seams.store, args).catch((): Before => ({ object: null, ref: '' }));
    const begun: AuditEntry = {
      id: mintId(seams, 'audit'), at: isoNow(seams.clock), actor: rule.actor?.(args) ?? options?.actor ?? daemon, action: rule.action,
      object: { kind: rule.kind, id: found.object?.id ?? '', name: withoutTokensAndKeys(found.object?.name ?? found.ref).slice(0, 128) },
      request: told(rule.request(args)) as AuditEntry['request'], outcome: 'begun', reason: '', before: told(found.object), after: null,
    };
    const put = (entry: AuditEntry): Promise<unknown> => seams.store.txn([], [{ op: 'put', key: KEYS.audit(entry.id), value: entry }]);
    try {
      if (rule.strangers !== true) await put(begun);
    } catch (error) {
      const { code, message, detail, retryable } = asHoldfastError(error);
      const full = code === 'resource_exhausted';
      throw new HoldfastError(full ? code : 'unavailable', `the change was refused: it cannot be written to the audit log of the control store (${message})`, {
        object: `${rule.kind} ${begun.object.name}`, hint: full && detail.hint !== undefined ? detail.hint : 'Nothing was changed. Look after the control store, then try again.',
      }, { cause: error, ...(full ? { retryable } : {}) });
    }
    const complete = async (entry: AuditEntry): Promise<void> => {
      await put(entry).catch((error: unknown) => seams.log.warn({ entry: entry.id, action: entry.action, err: asHoldfastError(error).message }, 'an entry of the audit log could not be completed'));
    };
    try {
      const result = await act.apply(control, args);
      const after = rule.after(result) as { readonly id?: string; readonly name?: string } | null;
      await complete({ ...begun, object: { ...begun.object, id: begun.object.id || (after?.id ?? ''), name: begun.object.name || (after?.name ?? '') }, outcome: 'done', after: told(after) });
      return result;
    } catch (error) {
      if (rule.strangers === true) {
        const untold = mayTell();
        if (untold !== null) seams.log.warn({ action: rule.action, object: begun.object.name, actor: begun.actor, reason: withoutTokensAndKeys(asHoldfastError(error).message), ...(untold === 0 ? {} : { untold }) }, 'a join was refused');
      } else await complete({ ...begun, outcome: 'refused', reason: withoutTokensAndKeys(asHoldfastError(error).message) });
      throw error;
    }
  };
}

/** As it is written down: without what is secret, and within bounds. */
function told(value: unknown): unknown {
  if (value === null || value === undefined) return value ?? null;
  const text = JSON.stringify(value, (key, part: unknown) => (SECRET_KEYS.test(key) && typeof part === 'string' ? '[secret]' : typeof part === 'string' ? withoutTokensAndKeys(part) : part)) as string | undefined;
  if (text === undefined) return null;
  if (text.length <= MAX_TOLD_CHARS) return JSON.parse(text) as unknown;
  const { id, name } = value as { readonly id?: unknown; readonly name?: unknown };
  return { id, name, told: `left out: ${text.length} characters` };
}

const SECRET_KEYS = /^(token|secret|password|passphrase|key|private_key)$/i;

/** Reads the log, newest first. */
export const readAudit = (store: Store): IdentityControl['listAudit'] => (query = {}) => page<AuditEntry>(store, KEYS.audits, query, ({ object, actor }) =>
  (query.object === undefined || object.id === query.object || object.name === query.object) && (query.actor === undefined || actor === query.actor || actor.split(' ')[0] === query.actor));

/**
 * For the leader, about once an hour: keeps the newest entries. Whoever makes many pushes out its own, not those of others:
 * each keeps as many as it may when the room is shared evenly among those who want more. @returns how many were dropped.
 */
export async function pruneAudit(store: Store, keep: number = KEEP_AUDIT): Promise<number> {
  const written = new Map<string, number>();
  await scan<AuditEntry>(store, KEYS.audits, (entries) => { for (const { actor } of entries) written.set(actor, (written.get(actor) ?? 0) + 1); });
  const each = evenShare([...written.values()], keep);
  const seen = new Map<string, number>();
  let dropped = 0;
  let after: string | undefined;
  for (;;) {
    const { entries } = await store.list<AuditEntry>(KEYS.audits, { ...(after === undefined ? {} : { after }), limit: PAGE });
    // Newest first: of each, those beyond its share are the oldest.
    const old = entries.filter(({ value: { actor } }) => {
      const newer = seen.get(actor) ?? 0;
      seen.set(actor, newer + 1);
      return newer >= each;
    });
    for (let at = 0; at < old.length; at += 100) await store.txn([], old.slice(at, at + 100).map(({ key }) => ({ op: 'delete', key })));
    dropped += old.length;
    after = entries.at(-1)?.key;
    if (entries.length < PAGE) return dropped;
  }
}

/** The largest share at which all that want more and all that want less fit together. */
function evenShare(wanted: readonly number[], room: number): number {
  let [left, share] = [room, Number.MAX_SAFE_INTEGER];
  for (const [at, want] of [...wanted].sort((a, b) => a - b).entries()) {
    share = Math.floor(left / (wanted.length - at));
    if (want > share) return share;
    left -= want;
  }
  return Number.MAX_SAFE_INTEGER;
}
