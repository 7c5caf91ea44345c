/**
 * The same API over TLS 1.3, for other machines: bounds what strangers can make it hold, changes its certificates without
 * dropping connections, and cuts those of certificates that were revoked or have ended. Who may do what is not decided here.
 */
import { constants } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { HoldfastError } from '../../model/errors.ts';
import { rawAnswer } from './failure.ts';
import { isCutOff, type PeerTrust } from './peer.ts';

/** PEM. `cert` holds the whole chain with the root, so that joiners can see it. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface TlsSurfaceOptions extends TlsFiles {
  readonly host: string;
  readonly port: number;
  readonly trust: PeerTrust;
}

export interface TlsBounds {
  readonly handshakeMs: number;
  readonly headersMs: number;
  readonly requestMs: number;
  /** Between two looks for open connections whose certificate has ended. */
  readonly expiryMs: number;
  readonly connections: number;
  /** Of connections that have not finished their handshake. */
  readonly handshakes: number;
  /** Of connections that showed no certificate that the cluster signed. */
  readonly strangers: number;
}

export interface TlsSurface {
  readonly port: number;
  /** New connections use these from now on; open ones go on. */
  renew(files: TlsFiles): void;
  close(impatientMs: number): Promise<void>;
}

const context = ({ ca, cert, key }: TlsFiles) => ({
  ca, cert, key, minVersion: 'TLSv1.3' as const,
  // Every connection shows its certificate anew: a resumed one would not be checked against its issuers.
  secureOptions: constants.SSL_OP_NO_TICKET,
});

/** @throws conflict when the port is taken; unavailable when the address is not there. */
export async function serveTls(options: TlsSurfaceOptions, bounds: TlsBounds, handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<TlsSurface> {
  const server: Server = createServer({
    ...context(options), requestCert: true, rejectUnauthorized: false, handshakeTimeout: bounds.handshakeMs, ALPNProtocols: ['http/1.1'],
    headersTimeout: bounds.headersMs, requestTimeout: bounds.requestMs, keepAliveTimeout: 60_000, connectionsCheckingInterval: Math.min(1000, bounds.headersMs),
  }, handle);
  server.maxConnections = bounds.connections;
  const open = new Set<TLSSocket>();
  let strangers = 0;
  /** Connections that have not finished their handshake, by where they come from. */
  const shaking = new Set<string>();
  const placeOf = (socket: Socket): string => `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
  server.on('connection', (socket: Socket) => {
    // Too many strangers at once are not let in at all.
    if (shaking.size >= bounds.handshakes) return void socket.destroy();
    const place = placeOf(socket);
    shaking.add(place);
    socket.once('close', () => shaking.delete(place));
  });
  server.on('secureConnection', (socket) => {
    shaking.delete(placeOf(socket));
    if (!socket.authorized) {
      if (strangers >= bounds.strangers) return void socket.destroy();
      strangers += 1;
      socket.once('close', () => { strangers -= 1; });
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable || !open.has(socket as TLSSocket)) return void socket.destroy();
    socket.end(rawAnswer(error.code));
    socket.once('finish', () => socket.destroy());
  });
  const cut = (): void => {
    const now = Date.now();
    for (const socket of open) if (isCutOff(socket, options.trust, now)) socket.destroy();
  };
  const unfollow = options.trust.onRevoked(cut);
  // A request is checked when it comes; a stream goes on for as long as its reader likes.
  const looking = setInterval(cut, bounds.expiryMs);
  looking.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, options)));
    server.listen({ host: options.host, port: options.port, backlog: 1024 }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    renew: (files) => server.setSecureContext(context(files)),
    async close(impatientMs) {
      unfollow();
      clearInterval(looking);
      const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
      server.closeIdleConnections();
      const impatience = setTimeout(() => { server.closeAllConnections(); for (const socket of open) socket.destroy(); }, impatientMs);
      await closed;
      clearTimeout(impatience);
    },
  };
}

function cannotListen(error: NodeJS.ErrnoException, { host, port }: TlsSurfaceOptions): HoldfastError {
  const object = `listen ${host}:${port}`;
  if (error.code === 'EADDRINUSE') return new HoldfastError('conflict', `somebody listens on ${host}:${port} already`, { object, field: 'listen', hint: 'Is another holdfastd running? End it, or set another port.' }, { cause: error });
  return new HoldfastError('failed_precondition', `${host}:${port} cannot be listened on: ${error.message}`, { object, field: 'listen', hint: 'Set an address of this machine.' }, { cause: error });
}
