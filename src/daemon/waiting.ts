/** While the daemon waits for its control store: every request on the socket is told so. Liveness answers as always. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { connect } from 'node:net';
import { HoldfastError } from '../model/errors.ts';

export interface Waiting {
  say(why: string): void;
  close(): Promise<void>;
}

/** @throws conflict when a daemon answers on the socket already. */
export async function serveWaiting(socketPath: string): Promise<Waiting> {
  let why = 'it is just starting';
  const server = createServer((request, response) => {
    if (request.url === '/healthz') return void response.end('ok\n');
    const error = new HoldfastError('unavailable', `holdfastd waits for its control store: ${why}`, { object: 'store', hint: 'It goes on by itself when the store answers. Mounted volumes go on working. See holdfast-etcd and its log on the control nodes.' });
    response.writeHead(503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(error.toBody()));
  });
  mkdirSync(path.dirname(socketPath), { recursive: true, mode: 0o755 });
  if (await isServed(socketPath)) throw new HoldfastError('conflict', `a daemon answers on ${socketPath} already`, { object: `socket ${socketPath}`, hint: 'End it first.' });
  rmSync(socketPath, { force: true });
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath, resolve);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(socketPath, 0o600);
  return {
    say: (now) => { why = now; },
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

const isServed = (socketPath: string): Promise<boolean> => new Promise((resolve) => {
  const socket = connect(socketPath);
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});
