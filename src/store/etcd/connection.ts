/**
 * The way to etcd as a whole: one member is used at a time, by all calls over one connection; when it fails, is cut off
 * or stops answering, another takes its place. Every call has a deadline. What can be repeated without harm is repeated
 * until then; what cannot is repeated only when it certainly had no effect. Knows nothing of keys and values.
 */
import { Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import type { Clock, Log } from '../../control/ports/system.ts';
import { HoldfastError } from '../../model/errors.ts';
import { closedError } from '../rules.ts';
import { Endpoint, callUnary, exchange, needsLeader, openStream, type EtcdTlsSource, type Link, type Rpc } from './endpoint.ts';
import { noMemberError, outcomeOf, reasonOf, refusal, unknownOutcomeError } from './failure.ts';
import { KVService, RangeRequest, type RangeResponse } from './generated/rpc.ts';

export interface EtcdConnectionOptions {
  /** `https://host:port` of the members, the preferred first. */
  readonly endpoints: readonly string[];
  readonly tls: EtcdTlsSource;
  /** The members as they are known now; asked when one is looked for. New ones are tried last, those that are gone no more. */
  readonly learned?: () => readonly string[];
  readonly log: Log;
  readonly clock: Clock;
  /** For each call, all its attempts together. Default 5,000 ms. */
  readonly deadlineMs?: number;
}

export interface CallKind {
  /** For messages: `list`, `transaction of 3 operations`. */
  readonly what: string;
  /** It may be carried out twice. */
  readonly repeatable: boolean;
  /** Less than the usual deadline. */
  readonly deadlineMs?: number;
}

/** One attempt of a call that can go elsewhere, and the proof that a member serves. */
const ATTEMPT_MS = 2_000;
const PROOF_MS = 1_500;
/** A member with open streams that was silent for so long is asked whether it still serves. */
const BEAT_MS = 1_000;
/** Before the same single member is asked again that had no effect to tell of. */
const AGAIN_MS = 50;

/** Any key will do: what counts is that it answers. */
const ASK = { key: Buffer.from('\0'), count_only: true };

export class EtcdConnection {
  readonly deadlineMs: number;
  readonly #options: EtcdConnectionOptions;
  #endpoints: readonly Endpoint[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #closing = new AbortController();
  #current = 0;
  #clusterId: bigint | null = null;
  #revision = 0;
  #beating = false;

  /** @throws invalid_argument when there is no endpoint, or one is none */
  constructor(options: EtcdConnectionOptions) {
    if (options.endpoints.length === 0) throw new HoldfastError('invalid_argument', 'No endpoint of etcd is given', { object: 'store', field: 'endpoints', hint: 'Give at least one: https://10.77.0.11:2379.' });
    this.#endpoints = options.endpoints.map((url) => new Endpoint(url, options.tls));
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.deadlineMs = options.deadlineMs ?? 5_000;
  }

  /** In the order in which they were given. */
  get endpoints(): readonly Endpoint[] {
    this.#learn();
    return this.#endpoints;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** @throws as etcd refuses it; unavailable when no member can, or when the outcome is unknown */
  async call<Q, A>(rpc: Rpc<Q, A>, request: Q, kind: CallKind): Promise<A> {
    return this.#attempt(kind, (link, ms) => callUnary(link, rpc, request, ms, needsLeader()));
  }

  /** One request and one answer over a stream. */
  async exchange<Q, A>(rpc: Rpc<Q, A>, request: Q, kind: CallKind): Promise<A> {
    return this.#attempt(kind, (link, ms) => exchange(link, rpc, request, ms));
  }

  /** A stream on a member that serves; it breaks when that member is given up. Waits as long as it takes. */
  async open<Q, A>(rpc: Rpc<Q, A>, signal: AbortSignal): Promise<{ readonly stream: ClientDuplexStream<Q, A>; readonly failed: (thrown: unknown) => void }> {
    const { endpoint, link } = await this.#serving(Infinity, signal);
    const stream = openStream(link, rpc);
    this.#startBeat();
    return { stream, failed: (thrown) => this.#giveUp(endpoint, link, thrown) };
  }

  /** Asks one member, whatever others say: for looking at it. @throws ServiceError */
  async ask<Q, A>(endpoint: Endpoint, rpc: Rpc<Q, A>, request: Q, deadlineMs = PROOF_MS): Promise<A> {
    this.#mustBeOpen();
    return callUnary(endpoint.connect(), rpc, request, deadlineMs, new Metadata());
  }

  /** The highest revision that was heard of so far. */
  get revision(): number {
    return this.#revision;
  }

  /** Takes note of an answer's revision. */
  heard(revision: bigint | undefined): number {
    const number = Number(revision ?? 0n);
    if (number > this.#revision) this.#revision = number;
    return number;
  }

  close(): void {
    if (this.closed) return;
    this.#closing.abort(closedError());
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  #mustBeOpen(): void {
    if (this.closed) throw closedError();
  }

  #learn(): void {
    const now = this.#options.learned?.().map((url) => url.replace(/\/$/, '')) ?? [];
    if (now.length === 0) return;
    const inUse = this.#endpoints[this.#current];
    const kept = this.#endpoints.filter((endpoint) => now.includes(endpoint.url) || endpoint.link?.proven === true);
    for (const endpoint of this.#endpoints) if (!kept.includes(endpoint)) endpoint.close();
    const added = now.filter((url) => !kept.some((endpoint) => endpoint.url === url)).map((url) => new Endpoint(url, this.#options.tls));
    this.#endpoints = [...kept, ...added];
    this.#current = Math.max(inUse === undefined ? 0 : this.#endpoints.indexOf(inUse), 0);
  }

  async #attempt<A>(kind: CallKind, run: (link: Link, deadlineMs: number) => Promise<A>): Promise<A> {
    this.#mustBeOpen();
    const end = this.#clock.monotonic() + Math.min(kind.deadlineMs ?? this.deadlineMs, this.deadlineMs);
    for (;;) {
      const { endpoint, link } = await this.#serving(end);
      const left = Math.max(end - this.#clock.monotonic(), 1);
      try {
        const answer = await run(link, kind.repeatable && this.#endpoints.length > 1 ? Math.min(left, ATTEMPT_MS) : left);
        link.answeredAt = this.#clock.monotonic();
        return answer;
      } catch (thrown) {
        this.#mustBeOpen();
        const outcome = outcomeOf(thrown);
        if (outcome === 'refused') throw isOurs(thrown) ? thrown : new Refused(thrown, kind.what);
        this.#giveUp(endpoint, link, thrown);
        if (outcome === 'unknown' && !kind.repeatable) throw unknownOutcomeError(kind.what, endpoint.url, thrown);
        if (this.#clock.monotonic() + AGAIN_MS >= end) throw this.#noMember();
      }
    }
  }

  /** A member that has proved that it serves. @param end monotonic ms */
  async #serving(end: number, signal?: AbortSignal): Promise<{ readonly endpoint: Endpoint; readonly link: Link }> {
    const inUse = this.#endpoints[this.#current];
    if (inUse?.link?.proven === true) return { endpoint: inUse, link: inUse.link };
    const stop = signal === undefined ? this.#closing.signal : AbortSignal.any([this.#closing.signal, signal]);
    for (;;) {
      this.#mustBeOpen();
      signal?.throwIfAborted();
      this.#learn();
      const now = this.#clock.monotonic();
      const count = this.#endpoints.length;
      const order = Array.from({ length: count }, (_, i) => this.#endpoints[(this.#current + i) % count] as Endpoint);
      for (const endpoint of order) {
        if (endpoint.link?.proven !== true) continue;
        this.#current = this.#endpoints.indexOf(endpoint);
        return { endpoint, link: endpoint.link };
      }
      const next = order.find((endpoint) => endpoint.notBefore <= now);
      if (next !== undefined) {
        await unlessAborted(this.#prove(next).catch(() => undefined), stop);
      } else {
        const earliest = Math.min(...order.map((endpoint) => endpoint.notBefore));
        if (earliest >= end) throw this.#noMember();
        await this.#clock.sleep(Math.max(earliest - now, 1), stop).catch(() => undefined);
      }
      if (this.#clock.monotonic() >= end) throw this.#noMember();
    }
  }

  /** One proof at a time for each member, whoever waits for it. */
  #prove(endpoint: Endpoint): Promise<Link> {
    endpoint.connecting ??= this.#connect(endpoint).finally(() => (endpoint.connecting = null));
    return endpoint.connecting;
  }

  async #connect(endpoint: Endpoint): Promise<Link> {
    const known = this.#revision;
    let link: Link | null = null;
    try {
      link = endpoint.connect();
      // A read through the leader: the member is no learner, and the majority is there.
      const answer = await callUnary(link, KVService.range, RangeRequest.fromPartial(ASK), PROOF_MS, needsLeader());
      this.#sameCluster(answer, known);
      link.answeredAt = this.#clock.monotonic();
      endpoint.prove(link);
      this.#log.info({ endpoint: endpoint.url }, 'connected to the control store');
      return link;
    } catch (thrown) {
      this.#giveUp(endpoint, link, thrown);
      throw thrown;
    }
  }

  #sameCluster(answer: RangeResponse, known: number): void {
    const id = answer.header?.cluster_id ?? 0n;
    const revision = Number(answer.header?.revision ?? 0n);
    if (this.#clusterId !== null && this.#clusterId !== id) throw new HoldfastError('failed_precondition', `it belongs to another etcd cluster (${id.toString(16)}) than the others (${this.#clusterId.toString(16)})`);
    if (revision < known) throw new HoldfastError('failed_precondition', `it was set back from revision ${known} to ${revision}: if etcd was restored on purpose, start holdfastd again`);
    this.#clusterId = id;
    this.heard(answer.header?.revision);
  }

  #giveUp(endpoint: Endpoint, link: Link | null, thrown: unknown): void {
    if (this.closed || endpoint.link !== link) return;
    const reason = reasonOf(thrown);
    if (endpoint.reason !== reason) this.#log.warn({ endpoint: endpoint.url, reason }, 'a member of the control store cannot be used');
    endpoint.giveUp(link, reason, this.#clock.monotonic());
    this.#current = (this.#endpoints.indexOf(endpoint) + 1) % this.#endpoints.length;
  }

  #noMember(): HoldfastError {
    return noMemberError(this.#endpoints.map((endpoint) => `${endpoint.url}: ${endpoint.reason}`));
  }

  /** A member that is frozen, or cut off from the leader, would leave its streams silent for ever. */
  #startBeat(): void {
    if (this.#beating) return;
    this.#beating = true;
    void this.#beat();
  }

  async #beat(): Promise<void> {
    while (this.#beating) {
      await this.#clock.sleep(BEAT_MS, this.#closing.signal).catch(() => undefined);
      const links = this.#endpoints.flatMap((endpoint) => (endpoint.link !== null && endpoint.link.streams.size > 0 ? [{ endpoint, link: endpoint.link }] : []));
      this.#beating = !this.closed && links.length > 0;
      if (this.#beating) await Promise.all(links.map(({ endpoint, link }) => this.#listen(endpoint, link)));
    }
  }

  async #listen(endpoint: Endpoint, link: Link): Promise<void> {
    if (link.answeredAt > this.#clock.monotonic() - BEAT_MS) return;
    try {
      // Not through the leader: with a thousand nodes that listen, this is what they cost.
      await callUnary(link, KVService.range, RangeRequest.fromPartial({ ...ASK, serializable: true }), PROOF_MS, needsLeader());
      link.answeredAt = this.#clock.monotonic();
    } catch (thrown) {
      this.#giveUp(endpoint, link, thrown);
    }
  }
}

/** Resolves with the work, or when the signal aborts. */
function unlessAborted(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', done);
    void work.then(done, done);
  });
}

const isOurs = (thrown: unknown): thrown is HoldfastError => thrown instanceof HoldfastError;

/** What etcd refused, with its own error as the cause: for those who know better what it means. */
export class Refused extends HoldfastError {
  constructor(thrown: unknown, what: string) {
    const error = refusal(thrown, what);
    super(error.code, error.message, error.detail, { cause: thrown, retryable: error.retryable });
  }
}
