/**
 * A socket as the data path needs it: bytes arrive in a receiver's slab, replies leave through an outbox. Any duplex stream
 * will do; a plain socket that nobody has read from is taken over, so that the kernel writes straight into the slab (Node
 * offers this only to sockets that it connects itself; where its inside looks different, and for TLS, bytes are copied
 * once). A stream must be done with what it was given when it calls back, as sockets are: the memory is used again.
 * Knows nothing of NBD.
 */
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Outbox, type Rank } from './outbox.ts';
import { Receiver, sharedSlabs, type SlabPool } from './slab.ts';
import { Watchdog } from './watchdog.ts';

export interface LinkOwner {
  /** There are new bytes in the receiver. */
  received(): void;
  /** Something was written, or memory became free. */
  relieved(): void;
  /** The link is gone. Once. */
  closed(reason: string): void;
}

export interface LinkOptions {
  readonly rank: Rank;
  /** The other side does not take what is sent for so long: cut off. */
  readonly stalledMs: number;
  readonly slabs?: SlabPool;
}

/** How long a socket that we ended may take to close. */
const LINGER_MS = 5_000;

export class Link {
  readonly receiver: Receiver;
  readonly outbox: Outbox;
  readonly #socket: Duplex;
  readonly #owner: LinkOwner;
  readonly #stalled: Watchdog;
  #reason: string | null = null;
  #paused = false;
  #direct = false;

  constructor(socket: Duplex, owner: LinkOwner, options: LinkOptions) {
    this.receiver = new Receiver(options.slabs ?? sharedSlabs);
    this.#owner = owner;
    const taken = takeOver(socket, this.receiver, (bytes) => this.#receive(bytes));
    this.#socket = taken ?? socket;
    this.#direct = taken !== null;
    this.outbox = new Outbox(this.#socket, options.slabs ?? sharedSlabs, options.rank, () => {
      this.#stalled.watch();
      if (this.#reason === null) this.#owner.relieved();
    });
    this.#stalled = new Watchdog(options.stalledMs, () => (this.outbox.backlog > 0 ? this.outbox.finished : null), () => this.destroy(`nothing that was sent has been taken for ${options.stalledMs} ms`));
    this.receiver.onFreed = () => this.#owner.relieved();
    if (this.#socket instanceof Socket) this.#socket.setNoDelay(true);
    this.#socket.on('error', (error: Error) => this.destroy(error.message));
    this.#socket.on('end', () => this.destroy('closed by the other side'));
    this.#socket.on('close', () => {
      this.destroy('closed');
      this.#stalled.stop();
      // Not before: until here the kernel may write into the slab.
      this.receiver.close();
    });
    if (!this.#direct) this.#socket.on('data', (chunk: Buffer) => this.#copy(chunk));
    this.#socket.resume();
    if (this.#socket.destroyed) this.destroy('closed');
  }

  get closed(): boolean {
    return this.#reason !== null;
  }

  /** Something was put into the outbox. */
  sent(): void {
    this.#stalled.watch();
  }

  pause(): void {
    if (this.#paused || this.closed) return;
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#paused || this.closed) return;
    this.#paused = false;
    this.#socket.resume();
  }

  /** Writes what is collected, then closes. What still arrives is thrown away. */
  end(reason: string): void {
    if (this.closed) return;
    this.outbox.flush();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
    this.#finish(reason);
  }

  /** Closes at once; what was not yet sent or not yet read is lost. */
  destroy(reason: string): void {
    this.#socket.destroy();
    this.#finish(reason);
  }

  #finish(reason: string): void {
    if (this.#reason !== null) return;
    this.#reason = reason;
    this.outbox.close();
    this.#socket.resume();
    this.#owner.closed(reason);
  }

  #receive(bytes: number): boolean {
    this.receiver.got(bytes);
    if (this.closed) this.receiver.read = this.receiver.written;
    else this.#owner.received();
    return !this.#paused || this.closed;
  }

  #copy(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.closed; ) {
      const room = this.receiver.next();
      const taken = chunk.copy(room, 0, at);
      at += taken;
      this.receiver.got(taken);
      this.#owner.received();
    }
  }
}

interface Handle { reading?: boolean; readStop?(): number }
interface Inside { _handle: Handle | null }
/** What Node's constructor takes, and its types do not tell. */
type SocketOptions = Omit<NonNullable<ConstructorParameters<typeof Socket>[0]>, 'handle'> & { handle: Handle; manualStart: boolean; onread: { buffer: () => Buffer; callback: (bytes: number) => boolean } };

/** A socket on the same handle that receives into the slab; null when that cannot be done without losing something. */
function takeOver(socket: Duplex, receiver: Receiver, received: (bytes: number) => boolean): Socket | null {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket) return null;
  if (socket.connecting || socket.destroyed || socket.readableLength > 0 || socket.writableLength > 0 || socket.readableEnded || socket.listenerCount('data') > 0) return null;
  const inside = socket as unknown as Inside;
  const handle = inside._handle;
  if (handle === null || typeof handle !== 'object' || typeof handle.readStop !== 'function') return null;
  handle.readStop();
  handle.reading = false;
  inside._handle = null;
  socket.destroy();
  const options: SocketOptions = { handle, manualStart: true, onread: { buffer: () => receiver.next(), callback: received } };
  return new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
}
