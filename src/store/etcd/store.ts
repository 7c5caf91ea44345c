/**
 * The Store port on etcd. One transaction is one round trip; reads go through the leader, so that each sees all that
 * returned before it. Who answers, and what to do when nobody does, is connection.ts's.
 */
import type { Change, Compare, Entry, Lease, Store, TxnResult, Write } from '../../control/ports/store.ts';
import type { Clock, Log } from '../../control/ports/system.ts';
import { checkInteger, checkKey, checkPrefix, checkTxn, noLeaseError, type EncodedWrite } from '../rules.ts';
import type { EtcdConnection } from './connection.ts';
import { isLeaseGone, isNoSpace, unknownOutcomeError } from './failure.ts';
import { Compare_CompareResult, Compare_CompareTarget, KVService, RangeRequest, TxnRequest } from './generated/rpc.ts';
import { faultsOf } from './health.ts';
import type { KeySpace } from './key-space.ts';
import { EtcdLeases } from './leases.ts';
import { Narrowing } from './narrowing.ts';
import { causeOf, readList, type Listed } from './reading.ts';
import { watchChanges } from './watch.ts';

export interface EtcdStoreParts {
  readonly connection: EtcdConnection;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly log: Log;
  /** What etcd's database may hold, when etcd does not tell. */
  readonly quotaBytes: number;
}

export class EtcdStore implements Store {
  readonly #parts: EtcdStoreParts;
  readonly #connection: EtcdConnection;
  readonly #keys: KeySpace;
  readonly #leases: EtcdLeases;
  readonly #narrowing = new Narrowing();

  constructor(parts: EtcdStoreParts) {
    this.#parts = parts;
    this.#connection = parts.connection;
    this.#keys = parts.keys;
    this.#leases = new EtcdLeases(parts.connection, parts.clock, parts.log);
  }

  async get<T>(key: string): Promise<Entry<T> | null> {
    checkKey(key);
    const answer = await this.#connection.call(KVService.range, RangeRequest.fromPartial({ key: this.#keys.key(key) }), { what: `reading of ${key}`, repeatable: true });
    this.#connection.heard(answer.header?.revision);
    const kv = answer.kvs[0];
    return kv === undefined ? null : this.#keys.entryOf<T>(kv);
  }

  async list<T>(prefix: string, options: { readonly after?: string; readonly limit?: number } = {}): Promise<Listed<T>> {
    const { after = '', limit = Number.MAX_SAFE_INTEGER } = options;
    checkPrefix(prefix, 'prefix');
    checkPrefix(after, 'after');
    checkInteger(limit, 'limit', 1);
    return readList<T>(this.#connection, this.#keys, this.#narrowing, prefix, after, limit);
  }

  async txn(compare: readonly Compare[], writes: readonly Write[]): Promise<TxnResult> {
    const encoded = checkTxn(compare, writes);
    const request = TxnRequest.fromPartial({
      compare: compare.map(({ key, revision }) => ({ result: Compare_CompareResult.EQUAL, target: Compare_CompareTarget.MOD, key: this.#keys.key(key), target_union: { $case: 'mod_revision' as const, mod_revision: BigInt(revision) } })),
      success: encoded.map((write) => ({ request: this.#operation(write) })),
    });
    const before = this.#connection.revision;
    const what = `transaction of ${Math.max(compare.length, writes.length)} operations`;
    try {
      const answer = await this.#connection.call(KVService.txn, request, { what, repeatable: false });
      const revision = this.#connection.heard(answer.header?.revision);
      return answer.succeeded ? { committed: true, revision } : { committed: false };
    } catch (thrown) {
      const leases = [...new Set(encoded.flatMap((write) => (write.text !== null && write.lease !== null ? [write.lease] : [])))];
      if (isLeaseGone(causeOf(thrown))) throw noLeaseError(leases.join(', '));
      if (isNoSpace(causeOf(thrown))) return this.#afterAll(encoded, before, what, thrown);
      throw thrown;
    }
  }

  /** The transaction that makes etcd full is refused in its words, and carried out all the same: it is read back. */
  async #afterAll(writes: readonly EncodedWrite[], before: number, what: string, thrown: unknown): Promise<TxnResult> {
    const put = writes.find((write) => write.text !== null);
    const first = put ?? writes[0];
    if (first === undefined) throw thrown;
    const answer = await this.#connection.call(KVService.range, RangeRequest.fromPartial({ key: this.#keys.key(first.key) }), { what: `reading of ${first.key}`, repeatable: true });
    const kv = answer.kvs[0];
    // What deletes only leaves nothing to know it by: that it is gone may be another's doing.
    if (put === undefined && kv === undefined) throw unknownOutcomeError(what, 'etcd', causeOf(thrown));
    const revision = Number(kv?.mod_revision ?? 0n);
    if (kv === undefined || revision <= before) throw thrown;
    if (kv.value.toString() === first.text) return { committed: true, revision };
    throw unknownOutcomeError(what, 'etcd', causeOf(thrown));
  }

  async *watch(prefix: string, fromRevision: number, signal: AbortSignal): AsyncIterable<Change> {
    checkPrefix(prefix, 'prefix');
    checkInteger(fromRevision, 'fromRevision', 0);
    yield* watchChanges(this.#parts, prefix, fromRevision, signal);
  }

  async grantLease(ttlMs: number): Promise<Lease> {
    checkInteger(ttlMs, 'ttlMs', 1);
    return this.#leases.grant(ttlMs);
  }

  async keepAlive(lease: Lease): Promise<void> {
    await this.#leases.keepAlive(lease);
  }

  async revokeLease(lease: Lease): Promise<void> {
    await this.#leases.revoke(lease.id);
  }

  /** Also what threatens it: members that do not answer, alarms, a database that is nearly full. */
  async check(): Promise<readonly string[]> {
    return faultsOf(this.#connection, this.#keys, this.#parts.quotaBytes);
  }

  /** Leases go on until they end by themselves. */
  async close(): Promise<void> {
    this.#leases.close();
    this.#connection.close();
  }

  #operation(write: EncodedWrite) {
    const key = this.#keys.key(write.key);
    if (write.text === null) return { $case: 'request_delete_range' as const, request_delete_range: { key } };
    const lease = write.lease === null ? 0n : this.#leases.alive(write.lease);
    return { $case: 'request_put' as const, request_put: { key, value: Buffer.from(write.text), lease } };
  }
}
