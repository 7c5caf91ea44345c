// A TCP proxy on a loopback port that can be cut: what a test puts between two ends to take the network away from
// them. It forwards bytes and knows nothing of what they mean.
import { once } from 'node:events';
import net from 'node:net';

/** `reset`: connections break, new ones are refused at once. `silence`: nothing arrives any more, and nobody is told. */
export type CutKind = 'reset' | 'silence';

export interface TcpProxy {
  readonly port: number;
  cut(kind: CutKind): void;
  heal(): void;
  /** Breaks every connection; new ones are taken. */
  breakConnections(): void;
  dispose(): Promise<void>;
}

/**
 * @param target port on 127.0.0.1; asked at each connection
 * @param admit asked with the port that a connection comes from; false: it is broken at once
 */
export async function startTcpProxy(target: () => number, admit: (fromPort: number) => boolean = () => true): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  let cut: CutKind | null = null;
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = net.createServer({ pauseOnConnect: true }, (front) => {
    keep(front);
    if (cut === 'reset' || !admit(front.remotePort ?? 0)) return void front.destroy();
    if (cut === 'silence') return;
    const back = net.connect(target(), '127.0.0.1');
    keep(back);
    for (const [one, other] of [[front, back], [back, front]] as const) {
      one.on('data', (bytes) => {
        // While silent, what arrives is lost: the connection can never be used again.
        if (cut !== null) return;
        if (!other.write(bytes)) {
          one.pause();
          other.once('drain', () => one.resume());
        }
      });
      one.on('end', () => cut === null && other.end());
      one.on('close', () => cut === null && other.destroy());
    }
    front.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const breakConnections = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    cut(kind) {
      cut = kind;
      if (kind === 'reset') breakConnections();
    },
    heal() {
      // A connection that lost bytes must not go on as if it had not.
      if (cut === 'silence') breakConnections();
      cut = null;
    },
    breakConnections,
    async dispose() {
      breakConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Below those that the kernel gives to outgoing connections, which may begin at any moment. */
const [LOWEST, HIGHEST] = [12_000, 32_000];

/** A port on 127.0.0.1 that nobody listens on just now. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = net.createServer().listen(port, '127.0.0.1');
    if (!await once(server, 'listening').then(() => true, () => false)) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no port between ${LOWEST} and ${HIGHEST} is free on 127.0.0.1`);
}
