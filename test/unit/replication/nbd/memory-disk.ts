/** A disk in memory behind the server's end, and sockets to reach it: what the tests of both ends share. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import type { Export, FrontConnection, RequestHandler } from '../../../../src/replication/nbd/server.ts';
import { sharedSlabs, type View } from '../../../../src/replication/nbd/slab.ts';
import { COMMAND, NBD_ERROR, PEER_COMMANDS } from '../../../../src/replication/nbd/wire.ts';

export class MemoryDisk implements RequestHandler {
  readonly bytes: Buffer;
  readonly seen: { readonly type: number; readonly offset: number; readonly length: number; readonly flags: number }[] = [];
  closedBy: string | null = null;
  batches = 0;
  /** Answers wait until `release` is called. */
  holding = false;
  connection: FrontConnection | null = null;
  #held: (() => void)[] = [];

  constructor(size: number) {
    this.bytes = Buffer.alloc(size);
  }

  open(connection: FrontConnection): Export {
    this.connection = connection;
    return { size: this.bytes.length, handler: this, commands: PEER_COMMANDS };
  }

  request(cookie: number, type: number, offset: number, length: number, payload: View | null, flags: number): void {
    this.seen.push({ type, offset, length, flags });
    if (this.holding) this.#held.push(() => this.#answer(cookie, type, offset, length, payload));
    else this.#answer(cookie, type, offset, length, payload);
  }

  batchEnd(): void {
    this.batches += 1;
  }

  closed(reason: string): void {
    if (this.closedBy !== null) throw new Error('closed twice');
    this.closedBy = reason;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Answers what waits, the newest first. */
  release(): void {
    const held = this.#held.reverse();
    this.#held = [];
    for (const answer of held) answer();
  }

  #answer(cookie: number, type: number, offset: number, length: number, payload: View | null): void {
    const connection = this.connection as FrontConnection;
    if (type === COMMAND.read) {
      const view = sharedSlabs.view(length);
      this.bytes.copy(view.bytes, 0, offset, offset + length);
      connection.reply(cookie, NBD_ERROR.OK, view);
      view.release();
      return;
    }
    if (type === COMMAND.write) payload?.bytes.copy(this.bytes, offset);
    if (type === COMMAND.trim || type === COMMAND.writeZeroes) this.bytes.fill(0, offset, offset + length);
    connection.reply(cookie, NBD_ERROR.OK, type >= COMMAND.private && payload !== null ? Buffer.from(payload.bytes).reverse() : null);
  }
}

/** Two ends of a connection: streams in memory, or sockets that the server's end takes over. */
export interface Pair { readonly client: Duplex; readonly server: Duplex; dispose(): void }

export async function socketPair(): Promise<Pair> {
  const directory = mkdtempSync(path.join(tmpdir(), 'holdfast-nbd-'));
  const address = path.join(directory, 's');
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(address, resolve));
  const accepted = new Promise<Socket>((resolve) => listener.once('connection', (socket) => {
    socket.pause();
    resolve(socket);
  }));
  const client = connect(address);
  client.on('error', () => undefined);
  client.pause();
  const server = await accepted;
  listener.close();
  rmSync(directory, { recursive: true });
  return { client, server, dispose: () => void client.destroy() };
}

/** Streams in memory that take and give what they carry in pieces of other sizes, as a network does. */
export async function streamPair(): Promise<Pair> {
  const client = new End();
  const server = new End();
  client.other = server;
  server.other = client;
  client.on('error', () => undefined);
  return { client, server, dispose: () => void client.destroy() };
}

class End extends Duplex {
  other: End | null = null;
  #piece = 1;
  #wanted: (() => void) | null = null;

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    const copy = Buffer.from(chunk);
    let at = 0;
    const go = (): void => {
      while (at < copy.length) {
        this.#piece = (this.#piece * 16807) % 2147483647;
        const size = this.#piece % 7 === 0 ? 1 + (this.#piece % 40) : 1 + (this.#piece % 100_000);
        const more = this.other?.push(copy.subarray(at, at + size)) ?? true;
        at += size;
        if (!more && at < copy.length && this.other !== null) {
          this.other.#wanted = go;
          return;
        }
      }
      done();
    };
    go();
  }

  override _read(): void {
    const wanted = this.#wanted;
    this.#wanted = null;
    wanted?.();
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const other = this.other;
    setImmediate(() => other?.destroy());
    done(error);
  }
}

/** Waits until it is so. */
export async function until(so: () => boolean): Promise<void> {
  while (!so()) await new Promise((resolve) => setTimeout(resolve, 1));
}
