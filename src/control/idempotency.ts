/**
 * Creates that carry a key: the same key with the same request gives the first one's result; with another request, a conflict.
 * A key belongs to the caller that used it: nobody gets at, or in the way of, another one's by knowing it.
 */
import { HoldfastError } from '../model/errors.ts';
import type { Operation } from '../model/operation.ts';
import { isoNow, type Context } from './context.ts';
import type { Accepted, CallOptions } from './control.ts';
import { KEYS } from './keys.ts';
import type { Compare, Write } from './ports/store.ts';

interface Claim {
  readonly request: string;
  readonly operation: string;
  readonly object: string;
  readonly at: string;
}

export type Claimer = (operationId: string, objectId: string) => { readonly compare: readonly Compare[]; readonly writes: readonly Write[] };

const KEEP_MS = 24 * 3_600_000;

/** FNV-1a over UTF-16 units, twice with other seeds: a short key for the store; the request itself is compared in full. */
function digest(text: string): string {
  const half = (seed: number): string => {
    let hash = seed;
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
    return hash.toString(16).padStart(8, '0');
  };
  return `${half(0x811c9dc5)}${half(0x01234567)}${text.length.toString(16)}`;
}

/**
 * @param make does the create; it puts what `claim` gives into its transaction.
 * @param reread the object as it is now.
 */
export async function repeatable<T extends { readonly id: string }>(ctx: Context, kind: string, request: object, options: CallOptions, make: (claim: Claimer) => Promise<Accepted<T>>, reread: (id: string) => Promise<T>): Promise<Accepted<T>> {
  const { idempotencyKey, actor = '' } = options;
  if (idempotencyKey === undefined) return make(() => ({ compare: [], writes: [] }));
  if (!/^[\x21-\x7e]{1,128}$/.test(idempotencyKey)) throw new HoldfastError('invalid_argument', 'Idempotency-Key must be 1 to 128 printable ASCII characters', { field: 'Idempotency-Key' });
  const key = KEYS.idempotency(digest(JSON.stringify([kind, actor, idempotencyKey])));
  const text = JSON.stringify([kind, actor, idempotencyKey, request]);
  return ctx.locks.hold(key, async () => {
    const before = await ctx.store.get<Claim>(key);
    if (before !== null) {
      if (before.value.request !== text) throw new HoldfastError('conflict', 'this Idempotency-Key was used for another request', { field: 'Idempotency-Key', hint: 'Use a new key for a new request.' });
      const operation: Operation | null = await ctx.operations.get(before.value.operation).catch(() => null);
      if (operation?.state !== 'failed' && operation?.state !== 'cancelled') return { object: await reread(before.value.object), operation, warnings: [] };
    }
    const claimed = (operation: string, object: string): ReturnType<Claimer> => ({
      compare: [{ key, revision: before?.revision ?? 0 }],
      writes: [{ op: 'put', key, value: { request: text, operation, object, at: isoNow(ctx.clock) } satisfies Claim }],
    });
    try {
      return await make(claimed);
    } catch (error) {
      // The same request may have come to two nodes at once: the other one's result is as good.
      const now = await ctx.store.get<Claim>(key);
      if (now === null || now.revision === (before?.revision ?? 0) || now.value.request !== text) throw error;
      return { object: await reread(now.value.object), operation: await ctx.operations.get(now.value.operation).catch(() => null), warnings: [] };
    }
  });
}

/** Keys of the claims that are older than a day. */
export async function oldClaims(ctx: Pick<Context, 'store' | 'clock'>): Promise<readonly string[]> {
  const { entries } = await ctx.store.list<Claim>(KEYS.idempotencies);
  return entries.filter(({ value }) => Date.parse(value.at) < ctx.clock.now() - KEEP_MS).map(({ key }) => key);
}
