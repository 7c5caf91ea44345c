/**
 * Lists of any length, in pages that neither etcd nor gRPC minds, all read at one revision. A list that compaction
 * overtakes begins anew.
 */
import type { Entry } from '../../control/ports/store.ts';
import { HoldfastError } from '../../model/errors.ts';
import type { EtcdConnection } from './connection.ts';
import { isAnswerTooLarge, isCompacted } from './failure.ts';
import { KVService, RangeRequest, type RangeResponse } from './generated/rpc.ts';
import type { KeySpace } from './key-space.ts';
import type { Narrowing } from './narrowing.ts';

/** Keys in the first page, and in any. */
const FIRST_PAGE = 500;
const MOST_PAGE = 4_000;
/** What an answer should have, about: large enough to be worth its round trip. */
const PAGE_BYTES = 2 * 1024 * 1024;
/** A list that takes longer than the history is kept, so often, will not end. */
const ROUNDS = 5;

export interface Listed<T> {
  readonly entries: readonly Entry<T>[];
  readonly revision: number;
}

/** @param limit at most so many entries */
export async function readList<T>(connection: EtcdConnection, keys: KeySpace, narrowing: Narrowing, prefix: string, after: string, limit: number): Promise<Listed<T>> {
  for (let round = 1; ; round += 1) {
    try {
      return await readOnce<T>(connection, keys, narrowing, prefix, after, limit);
    } catch (thrown) {
      if (!isCompacted(causeOf(thrown))) throw thrown;
      if (round === ROUNDS) throw new HoldfastError('unavailable', `The list of ${prefix} takes longer than etcd keeps its history`, { object: 'store', hint: 'Let etcd keep more history (auto-compaction-retention), or list smaller pages.' }, { cause: thrown });
    }
  }
}

async function readOnce<T>(connection: EtcdConnection, keys: KeySpace, narrowing: Narrowing, prefix: string, after: string, limit: number): Promise<Listed<T>> {
  const walk = narrowing.walk(prefix, after);
  const entries: Entry<T>[] = [];
  let revision = 0;
  let most = FIRST_PAGE;
  for (;;) {
    const page = Math.min(most, limit - entries.length);
    const piece = walk.next();
    if (piece === null) return { entries, revision };
    const answer = await ask(connection, { ...keys.between(piece.from, piece.end), limit: BigInt(page), revision: BigInt(revision) });
    if (answer === null) {
      most = Math.max(1, page >> 2);
      continue;
    }
    // Only the first answer was read at the revision that it tells.
    if (revision === 0) revision = connection.heard(answer.header?.revision);
    let bytes = 0;
    for (const kv of answer.kvs) {
      bytes += kv.value.length + kv.key.length;
      entries.push(keys.entryOf<T>(kv));
    }
    const [first, last] = [entries.at(-answer.kvs.length), entries.at(-1)];
    walk.got(answer.kvs.length === 0 || first === undefined || last === undefined ? null : { first: first.key, last: last.key }, answer.more, Number(answer.count));
    if (entries.length >= limit) return { entries, revision };
    if (answer.kvs.length > 0) most = Math.max(1, Math.min(MOST_PAGE, 4 * page, Math.floor((PAGE_BYTES * answer.kvs.length) / Math.max(bytes, 1))));
  }
}

/** null: the answer would have been too large. */
async function ask(connection: EtcdConnection, request: Partial<RangeRequest>): Promise<RangeResponse | null> {
  try {
    return await connection.call(KVService.range, RangeRequest.fromPartial(request), { what: 'list', repeatable: true });
  } catch (thrown) {
    if (isAnswerTooLarge(causeOf(thrown)) && request.limit !== 1n) return null;
    throw thrown;
  }
}

/** etcd's own error below ours. */
export const causeOf = (thrown: unknown): unknown => (thrown instanceof HoldfastError ? thrown.cause : thrown);
