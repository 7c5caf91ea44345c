/**
 * A watch that loses and doubles nothing: it goes on across reconnects, other members and elections behind the last
 * change that it gave, known by its revision and its place in that revision. Only events move it, never a
 * notice of progress: etcd up to 3.4 sends these too early.
 */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import type { Change } from '../../control/ports/store.ts';
import type { Clock, Log } from '../../control/ports/system.ts';
import { HoldfastError } from '../../model/errors.ts';
import { closedError, compactedError } from '../rules.ts';
import type { EtcdConnection } from './connection.ts';
import { isCompacted, outcomeOf, refusal } from './failure.ts';
import { KVService, RangeRequest, WatchRequest, WatchService, type WatchResponse } from './generated/rpc.ts';
import type { KeySpace } from './key-space.ts';
import { causeOf } from './reading.ts';

export interface WatchParts {
  readonly connection: EtcdConnection;
  readonly keys: KeySpace;
  readonly clock: Clock;
  readonly log: Log;
}

/** So many revisions etcd sends at once to a watcher that is behind; then it looks into its history again. */
const BATCH_REVISIONS = 1_000;
const AGAIN_MS = 50;

/** @throws failed_precondition `compacted`; unavailable when the store is closed; permission_denied */
export async function* watchChanges(parts: WatchParts, prefix: string, fromRevision: number, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
  const reader = new Reader(parts, prefix, Math.max(fromRevision, 1));
  while (!signal.aborted) {
    let stream: ClientDuplexStream<WatchRequest, WatchResponse> | null = null;
    let failed: (thrown: unknown) => void = () => undefined;
    const stop = (): void => stream?.cancel();
    signal.addEventListener('abort', stop);
    try {
      ({ stream, failed } = await parts.connection.open(WatchService.watch, signal));
      stream.write(reader.request());
      for await (const answer of stream as AsyncIterable<WatchResponse>) {
        for (const change of await reader.read(answer)) {
          if (signal.aborted) return;
          yield change;
        }
        if (signal.aborted) return;
      }
      throw new Error('the watch ended');
    } catch (thrown) {
      if (signal.aborted) return;
      if (parts.connection.closed) throw closedError();
      if (thrown instanceof HoldfastError && thrown.code !== 'unavailable') throw thrown;
      if (outcomeOf(thrown) === 'refused') throw refusal(thrown, 'watch');
      parts.log.debug({ prefix, next: reader.next, reason: String(thrown) }, 'a watch goes on over another connection');
      failed(thrown);
    } finally {
      signal.removeEventListener('abort', stop);
      stream?.cancel();
    }
    await parts.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
  }
}

class Reader {
  /** The first revision that was not given wholly, and how many of its changes were. */
  next: number;
  #given = 0;
  /** Of those, how many come again on this stream. */
  #again = 0;
  /** The last revision of a batch after which etcd looks into its history again. */
  #lookedUntil = 0;
  /** Revisions in the fragments that came so far of one answer. */
  readonly #batch = new Set<number>();
  readonly #parts: WatchParts;
  readonly #prefix: string;

  constructor(parts: WatchParts, prefix: string, next: number) {
    this.#parts = parts;
    this.#prefix = prefix;
    this.next = next;
  }

  /**
   * From one revision earlier than what is wanted, whose changes are dropped: where history begins exactly at the
   * revision asked for, etcd has forgotten the deletions in it and does not say so.
   */
  request(): WatchRequest {
    this.#again = this.#given;
    this.#lookedUntil = 0;
    this.#batch.clear();
    const create_request = { ...this.#parts.keys.range(this.#prefix), start_revision: BigInt(Math.max(this.next - 1, 1)), fragment: true };
    return WatchRequest.fromPartial({ request_union: { $case: 'create_request', create_request } });
  }

  /** What the answer has that was not given before. */
  async read(answer: WatchResponse): Promise<readonly Change[]> {
    if (answer.compact_revision > 0n) throw compactedError(this.next, Number(answer.compact_revision));
    if (answer.canceled) throw new Error(`the watch was ended: ${answer.cancel_reason}`);
    const heard = this.#parts.connection.heard(answer.header?.revision);
    if (answer.events.length === 0) return [];
    await this.#nothingSkipped();
    const changes: Change[] = [];
    for (const event of answer.events) {
      const { kv } = event;
      if (kv === undefined) throw new Error('an event without a key');
      const revision = Number(kv.mod_revision);
      this.#batch.add(revision);
      if (revision < this.next) continue;
      if (revision > this.next) this.#begin(revision);
      if (this.#again > 0) {
        this.#again -= 1;
        continue;
      }
      this.#given += 1;
      changes.push(this.#parts.keys.changeOf(event, kv));
    }
    // What is left of a fragment's last revision comes with the next one.
    if (answer.fragment) return changes;
    const last = Math.max(...this.#batch);
    if (last >= this.next) this.#begin(last + 1);
    if (this.#batch.size >= BATCH_REVISIONS && last < heard) this.#lookedUntil = last;
    this.#batch.clear();
    return changes;
  }

  #begin(revision: number): void {
    this.next = revision;
    this.#given = 0;
    this.#again = 0;
  }

  /** History that was compacted between two looks of etcd into it may lack deletions, as in `request`. */
  async #nothingSkipped(): Promise<void> {
    if (this.#lookedUntil === 0) return;
    const revision = this.#lookedUntil;
    this.#lookedUntil = 0;
    try {
      await this.#parts.connection.call(KVService.range, RangeRequest.fromPartial({ key: this.#parts.keys.key(' '), count_only: true, revision: BigInt(revision) }), { what: 'watch', repeatable: true });
    } catch (thrown) {
      if (isCompacted(causeOf(thrown))) throw compactedError(revision + 1, revision + 1);
      throw thrown;
    }
  }
}
