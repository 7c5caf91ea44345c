/**
 * The device's end of a volume: an NBD server on a unix socket, in front of a mirror. It translates requests and answers, and
 * knows nothing of replicas. Payloads stay where they arrived until the mirror has answered.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { serveNbd, type FrontConnection, type FrontLimits, type RequestHandler } from '../nbd/server.ts';
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../nbd/wire.ts';
import type { View } from '../nbd/slab.ts';
import type { ClientRequest } from '../protocol/mirror-state.ts';
import type { DeviceResult, MirrorHost } from './mirror-host.ts';
import { errorOf } from './peer-codec.ts';

export interface FrontOptions {
  readonly socket: string;
  /** What the device shows; requests beyond the volume's own size are refused. */
  readonly size: number;
  readonly limit: number;
  readonly limits?: Partial<FrontLimits>;
}

export interface Front {
  /** Nobody is served any more; the socket is gone. */
  close(): Promise<void>;
}

export async function openFront(mirror: Pick<MirrorHost, 'request' | 'flush'>, options: FrontOptions): Promise<Front> {
  const connections = new Set<FrontConnection>();
  const server: Server = createServer((socket) => {
    const connection = serveNbd(socket, null, {
      open: async (_name, _peer, front) => ({ size: options.size, limit: options.limit, handler: handlerOf(mirror, front) }),
      describe: async () => ({ size: options.size }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    connections.add(connection);
    connection.signal.addEventListener('abort', () => connections.delete(connection), { once: true });
  });
  rmSync(options.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.socket, () => {
      server.off('error', reject);
      resolve();
    });
  });
  chmodSync(options.socket, 0o600);
  return {
    close: async () => {
      const ended = new Promise<void>((resolve) => void server.close(() => resolve()));
      for (const connection of connections) {
        connection.flush();
        connection.drop('the device has ended');
      }
      await ended;
    },
  };
}

function handlerOf(mirror: Pick<MirrorHost, 'request' | 'flush'>, front: FrontConnection): RequestHandler {
  return {
    request(cookie, type, offset, length, payload, flags) {
      const request = requestOf(type, offset, length, payload, flags);
      if (request === null) return front.reply(cookie, NBD_ERROR.EINVAL);
      mirror.request(request, (result) => reply(front, cookie, result));
    },
    batchEnd: () => mirror.flush(),
    // What is in flight is answered all the same: nobody hears it.
    closed: () => undefined,
  };
}

function requestOf(type: number, offset: number, length: number, payload: View | null, flags: number): ClientRequest<View> | null {
  const fua = (flags & COMMAND_FLAG.fua) !== 0;
  switch (type) {
    case COMMAND.read: return { kind: 'read', offset, length };
    case COMMAND.write: return payload === null ? null : { kind: 'write', offset, length, data: payload, fua };
    case COMMAND.trim: return { kind: 'zero', offset, length, fua, punch: true };
    case COMMAND.writeZeroes: return { kind: 'zero', offset, length, fua, punch: (flags & COMMAND_FLAG.noHole) === 0 };
    case COMMAND.flush: return { kind: 'flush' };
    default: return null;
  }
}

function reply(front: FrontConnection, cookie: number, result: DeviceResult): void {
  if (result === 'ESHUTDOWN') front.reply(cookie, NBD_ERROR.ESHUTDOWN);
  else front.reply(cookie, errorOf(result), result.ok ? result.data ?? null : null);
}
