/** A mirror's connection to a replica of another node: NBD over mutual TLS 1.3, to the node that shall have it and to nobody else. */
import { connect, type TLSSocket } from 'node:tls';
import { openNbd, type NbdClient } from '../nbd/client.ts';
import { NBD_ERROR, PEER, PEER_COMMANDS, type NbdError } from '../nbd/wire.ts';
import type { View } from '../nbd/slab.ts';
import type { ReplicaRequest } from '../protocol/messages.ts';
import { Owed, type Connection, type ConnectionEvents } from './connection.ts';
import { answerOf, decodeFenced, encodeRequest, refusalOf } from './peer-codec.ts';
import { nodeOfPeer, TLS, type PeerCredentials } from './peer-identity.ts';

export interface RemoteReplica extends PeerCredentials {
  readonly host: string;
  readonly port: number;
  readonly node: string;
  readonly volume: string;
  readonly generation: number;
  readonly incarnation: number;
}

/** The machine numbers its messages from 1 on. */
const FACTS = 0;
/** 1 PiB of regions. */
const MOST_REGIONS = 2 ** 30;
/** Longer than any fence may take; who waits has its own patience. */
const OPEN_MS = 60_000;

export const connectThere = (to: RemoteReplica, events: ConnectionEvents): Connection => new RemoteConnection(to, events);

class RemoteConnection implements Connection {
  readonly #events: ConnectionEvents;
  readonly #owed = new Owed();
  readonly #gone = new AbortController();
  readonly #socket: TLSSocket;
  #client: NbdClient | null = null;
  #over = false;

  constructor(to: RemoteReplica, events: ConnectionEvents) {
    this.#events = events;
    this.#socket = connect({
      host: to.host, port: to.port, cert: to.cert, key: to.key, ca: to.ca, ...TLS,
      // Not the name that it is reached under counts, but the node.
      checkServerIdentity: () => undefined,
    });
    const broke = (error?: Error): void => this.#lost(error?.message ?? 'closed by the other side');
    this.#socket.once('error', broke);
    this.#socket.once('close', () => broke());
    this.#socket.once('secureConnect', () => {
      this.#socket.off('error', broke);
      this.#socket.setNoDelay(true);
      const node = nodeOfPeer(this.#socket);
      if (node !== to.node) {
        this.#socket.destroy();
        return this.#lost(`${to.host}:${to.port} is node ${node ?? 'unknown'}, not ${to.node}`);
      }
      if (this.#over) return;
      this.#events.reached();
      void this.#open(`${to.volume}/${to.generation}/${to.incarnation}`);
    });
  }

  get owed(): number {
    return this.#owed.bytes;
  }

  send(id: number, request: ReplicaRequest<View>): void {
    if (this.#over || this.#client === null) return;
    const { type, offset, length, payload, flags } = encodeRequest(request);
    this.#owed.sent(id, request);
    this.#client.send(id, type, offset, length, payload, flags);
  }

  flush(): void {
    this.#client?.flush();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone.abort();
    if (this.#client !== null) this.#client.drop('no longer wanted');
    else this.#socket.destroy();
  }

  async #open(name: string): Promise<void> {
    try {
      this.#client = await openNbd(this.#socket, {
        export: name, commands: PEER_COMMANDS, openMs: OPEN_MS, signal: this.#gone.signal,
        handler: { reply: (cookie, error, data) => this.#reply(cookie, error, data), closed: (reason) => this.#lost(reason) },
      });
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      if (refusal === null) return this.#lost(thrown instanceof Error ? thrown.message : String(thrown));
      if (this.#over) return;
      this.#over = true;
      this.#socket.destroy();
      return this.#events.refused(refusal);
    }
    if (this.#over) return this.#client.drop('no longer wanted');
    this.#client.command(FACTS, PEER.facts, new Uint8Array(0));
  }

  #reply(cookie: number, error: NbdError, data: View | null): void {
    if (this.#over) return;
    if (cookie !== FACTS) {
      this.#owed.answered(cookie);
      return this.#events.answer(cookie, answerOf(error, data));
    }
    const fenced = error === NBD_ERROR.OK && data !== null ? decodeFenced(data.bytes, MOST_REGIONS) : null;
    if (fenced !== null) return this.#events.opened(fenced);
    this.close();
    this.#events.lost('it does not tell what it holds');
  }

  #lost(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone.abort();
    this.#socket.destroy();
    this.#events.lost(reason);
  }
}
