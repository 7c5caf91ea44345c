/** A replica server as small as can be: the server's end of NBD in front of an image. For tests and the benchmark. */
import { closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { serveNbd, type FrontConnection } from '../../../src/replication/nbd/server.ts';
import type { View } from '../../../src/replication/nbd/slab.ts';
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../../../src/replication/nbd/wire.ts';
import { openImage, type Image } from '../../../src/replication/storage/image.ts';

export interface ReplicaServer {
  readonly image: Image;
  readonly faults: readonly string[];
  readonly connections: readonly FrontConnection[];
  close(): Promise<void>;
}

export function makeSparse(file: string, size: number): void {
  const fd = openSync(file, 'wx', 0o600);
  ftruncateSync(fd, size);
  closeSync(fd);
}

/** Serves an image at a path (a unix socket), or over TLS on a free port of loopback. */
export async function serveImage(file: string, size: number, at: { readonly socket: string } | { readonly tls: TlsOptions }): Promise<ReplicaServer & { readonly port: number }> {
  const faults: string[] = [];
  const connections: FrontConnection[] = [];
  const image = await openImage({ file, size, failed: (fault, cause) => void faults.push(`${fault}: ${cause}`) });
  const accept = (socket: import('node:net').Socket): void => {
    connections.push(serveNbd(socket, null, {
      open: async (_name, _peer, connection) => ({ size, handler: handlerOf(image, connection) }),
      describe: async () => ({ size }),
      list: () => ['disk'],
    }));
  };
  const listener: Server = 'tls' in at ? createTlsServer(at.tls, accept) : createServer(accept);
  if ('tls' in at) await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
  else {
    rmSync(at.socket, { force: true });
    await new Promise<void>((resolve) => void listener.listen(at.socket, resolve));
  }
  const address = listener.address();
  return {
    image, faults, connections,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      listener.close();
      for (const connection of connections) connection.drop('the server ends');
      await Promise.all(connections.map((connection) => connection.settled()));
      await image.close();
    },
  };
}

function handlerOf(image: Image, connection: FrontConnection): { request(cookie: number, type: number, offset: number, length: number, payload: View | null, flags: number): void; closed(): void } {
  return {
    request(cookie, type, offset, length, payload, flags) {
      const fua = (flags & COMMAND_FLAG.fua) !== 0;
      const done = (error: number): void => connection.reply(cookie, error as 0);
      if (type === COMMAND.read) image.read(offset, length, (error, view) => connection.reply(cookie, error, view));
      else if (type === COMMAND.write && payload !== null) image.write(offset, payload, fua, done);
      else if (type === COMMAND.flush) image.flush(done);
      else if (type === COMMAND.trim) image.zero(offset, length, false, fua, done);
      else if (type === COMMAND.writeZeroes) image.zero(offset, length, (flags & COMMAND_FLAG.noHole) !== 0, fua, done);
      else connection.reply(cookie, NBD_ERROR.EINVAL);
    },
    closed() { /* nothing to let go */ },
  };
}
