/**
 * The way from other nodes to the replicas of this one: NBD over mutual TLS 1.3. An export is
 * `<volume>/<generation>/<incarnation>`; who opens it must be the node that owns this generation of this volume.
 */
import { createServer, type Server } from 'node:tls';
import { HoldfastError } from '../../model/errors.ts';
import { serveNbd, type Export, type FrontConnection, type RequestHandler } from '../nbd/server.ts';
import { NBD_ERROR, PEER, PEER_COMMANDS } from '../nbd/wire.ts';
import type { View } from '../nbd/slab.ts';
import type { Fenced } from '../protocol/messages.ts';
import { regionsOf } from '../storage/region-set.ts';
import { decodeRequest, encodeFenced, errorOf, refusalText } from './peer-codec.ts';
import { nodeOfPeer, TLS, type PeerCredentials } from './peer-identity.ts';
import type { ReplicaHost, ReplicaLink } from './replica-host.ts';

export interface ReplicaServerOptions extends PeerCredentials {
  readonly host: string;
  readonly port: number;
  /** The node that reserved or activated this generation; null: nobody, or it cannot be told. */
  ownerOf(volume: string, generation: number): Promise<string | null>;
  /** The replica of the volume that this node serves. */
  replicaOf(volume: string): ReplicaHost | null;
  readonly handshakeMs?: number;
}

export interface ReplicaListener {
  readonly port: number;
  close(): Promise<void>;
}

const MOST_CONNECTIONS = 1024;
const EXPORT = /^(vol_[0-9A-Z]{26})\/(\d{1,15})\/(\d{1,15})$/;

export async function listenForPeers(options: ReplicaServerOptions): Promise<ReplicaListener> {
  const connections = new Set<FrontConnection>();
  const server: Server = createServer({ cert: options.cert, key: options.key, ca: options.ca, requestCert: true, rejectUnauthorized: true, handshakeTimeout: options.handshakeMs ?? 10_000, ...TLS }, (socket) => {
    const node = nodeOfPeer(socket);
    if (node === null) return void socket.destroy();
    const front = serveNbd(socket, node, { open: (name, peer, connection) => openExport(options, name, peer, connection), ...(options.handshakeMs === undefined ? {} : { limits: { handshakeMs: options.handshakeMs } }) });
    connections.add(front);
    front.signal.addEventListener('abort', () => connections.delete(front), { once: true });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      const ended = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const front of connections) front.drop('the server ends');
      await ended;
    },
  };
}

async function openExport(options: ReplicaServerOptions, name: string, node: string, front: FrontConnection): Promise<Export> {
  const [, volume = '', generation = '', incarnation = ''] = EXPORT.exec(name) ?? [];
  const replica = options.replicaOf(volume);
  if (replica === null) throw new HoldfastError('not_found', 'there is no such replica here', { object: name });
  // An older generation is refused by the replica itself, whoever asks, and whether or not the store can be reached.
  if (Number(generation) >= replica.generation && await options.ownerOf(volume, Number(generation)) !== node) throw new HoldfastError('permission_denied', `generation ${generation} of volume ${volume} is not yours`, { object: name });
  return new Promise((resolve, reject) => {
    const handler = new PeerHandler(front, replica, (fenced) => resolve({ size: Math.max(replica.size, fenced.size), handler, commands: PEER_COMMANDS }), (text) => reject(new HoldfastError('failed_precondition', text, { object: name })));
    handler.begin(Number(generation), Number(incarnation));
  });
}

/** One connection: its requests go to the replica, the replica's answers come back. */
class PeerHandler implements RequestHandler {
  readonly #front: FrontConnection;
  readonly #replica: ReplicaHost;
  readonly #opened: (fenced: Fenced) => void;
  readonly #refused: (text: string) => void;
  #link: ReplicaLink | null = null;
  #fenced: Fenced | null = null;
  /** Requests that the replica has not answered. */
  readonly #waiting = new Map<number, number>();
  #over = false;

  constructor(front: FrontConnection, replica: ReplicaHost, opened: (fenced: Fenced) => void, refused: (text: string) => void) {
    this.#front = front;
    this.#replica = replica;
    this.#opened = opened;
    this.#refused = refused;
  }

  begin(generation: number, incarnation: number): void {
    this.#link = this.#replica.open(generation, incarnation, {
      accepted: (fenced) => {
        this.#fenced = fenced;
        this.#opened(fenced);
      },
      refused: (refusal) => this.#end(refusalText(refusal)),
      dropped: () => this.#end('fenced'),
      answer: (id, answer) => {
        const type = this.#waiting.get(id);
        if (type === undefined) return;
        this.#waiting.delete(id);
        if (type === PEER.grow) this.#front.limit = Math.max(this.#front.limit, this.#replica.size);
        this.#front.reply(id, errorOf(answer), answer.ok ? answer.data ?? null : null);
      },
    });
    if (this.#front.signal.aborted) this.closed();
    else this.#front.signal.addEventListener('abort', () => this.closed(), { once: true });
  }

  request(cookie: number, type: number, offset: number, length: number, payload: View | null, flags: number): void {
    if (type === PEER.facts && this.#fenced !== null) return this.#front.reply(cookie, NBD_ERROR.OK, encodeFenced(this.#fenced));
    const request = decodeRequest({ type, offset, length, payload, flags }, regionsOf(this.#replica.size));
    if (request === null || this.#over) return this.#front.reply(cookie, request === null ? NBD_ERROR.EINVAL : NBD_ERROR.ESHUTDOWN);
    this.#waiting.set(cookie, type);
    this.#link?.request(cookie, request);
  }

  /** The client is gone: the replica hears it, and what it was asked for is answered to nobody. */
  closed(): void {
    this.#end('the client has gone');
  }

  #end(text: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#link?.close();
    // Before it was accepted the client is told why; afterwards it is cut off.
    if (this.#fenced === null) this.#refused(text);
    else this.#front.drop(text);
    for (const cookie of this.#waiting.keys()) this.#front.reply(cookie, NBD_ERROR.ESHUTDOWN);
    this.#waiting.clear();
  }
}
