/**
 * A connection of a mirror to one replica, for one (generation, incarnation): the same words for a replica in this process
 * and for one behind a socket. After `close` nothing is heard of it.
 */
import type { View } from '../nbd/slab.ts';
import type { Fenced, Refusal, ReplicaAnswer, ReplicaRequest } from '../protocol/messages.ts';
import type { ReplicaHost } from './replica-host.ts';

export interface ConnectionEvents {
  /** Its server is there, and fences. */
  reached(): void;
  opened(fenced: Fenced): void;
  refused(refusal: Refusal): void;
  /** Data is valid until this returns. */
  answer(id: number, answer: ReplicaAnswer<View>): void;
  lost(reason: string): void;
}

export interface Connection {
  /** Payloads are retained as long as they are needed. */
  send(id: number, request: ReplicaRequest<View>): void;
  /** Sends now what was collected. */
  flush(): void;
  close(): void;
  /** Bytes of payloads that were sent and not answered. */
  readonly owed: number;
}

/** Payloads that are not answered yet. */
export class Owed {
  bytes = 0;
  readonly #of = new Map<number, number>();

  sent(id: number, request: ReplicaRequest<View>): void {
    if (request.kind !== 'write') return;
    this.bytes += request.length;
    this.#of.set(id, request.length);
  }

  answered(id: number): void {
    const bytes = this.#of.get(id);
    if (bytes === undefined) return;
    this.bytes -= bytes;
    this.#of.delete(id);
  }
}

/** To the replica of this process: no socket, no copy. */
export function connectHere(replica: ReplicaHost, generation: number, incarnation: number, events: ConnectionEvents): Connection {
  const owed = new Owed();
  let over = false;
  const unlessOver = (tell: () => void): void => { if (!over) tell(); };
  const link = replica.open(generation, incarnation, {
    accepted: (fenced) => unlessOver(() => events.opened(fenced)),
    refused: (refusal) => unlessOver(() => events.refused(refusal)),
    answer: (id, answer) => unlessOver(() => {
      owed.answered(id);
      events.answer(id, answer);
    }),
    dropped: () => unlessOver(() => {
      over = true;
      events.lost('fenced');
    }),
  });
  queueMicrotask(() => unlessOver(() => events.reached()));
  return {
    send: (id, request) => {
      if (over) return;
      owed.sent(id, request);
      link.request(id, request);
    },
    flush: () => undefined,
    close: () => {
      if (over) return;
      over = true;
      link.close();
    },
    get owed() { return owed.bytes; },
  };
}
