/**
 * The server's end of an NBD connection. Give it a socket and `open`; it shakes hands, hands each request to the handler
 * that `open` resolved to, and sends the handler's answers. It bounds everything: time and size of the handshake, requests
 * and bytes in flight (it stops reading), replies that nobody takes, requests that never end. It decides nothing about data.
 *
 * A handler must answer every request once, also after the connection has closed: only then its payload is free and the
 * connection `settled`.
 */
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { HoldfastError, type ErrorCode } from '../../model/errors.ts';
import { InFlight } from './in-flight.ts';
import { Link } from './link.ts';
import { putReplyHeader } from './outbox.ts';
import { RequestParser } from './request-parser.ts';
import { greeting, ServerHandshake, type ExportShape, type OptionRefusal } from './server-handshake.ts';
import { type SlabPool, View } from './slab.ts';
import { COMMAND, MAGIC, NBD_ERROR, REPLY_HEADER, type CommandTable, type NbdError } from './wire.ts';
import { Watchdog } from './watchdog.ts';

/** Who answers the requests of one connection. Called from the receiving socket, so it returns soon and never throws on purpose. */
export interface RequestHandler {
  /**
   * A request to be answered by `reply(cookie, …)`, now or later. Offset and length lie within the export's limit.
   * @param cookie never the same twice on this connection.
   * @param type `COMMAND.*`, or a private one of the export's table.
   * @param payload of a write or private command; stays valid until the answer, for longer it is to be retained.
   * @param flags `COMMAND_FLAG.*`.
   */
  request(cookie: number, type: number, offset: number, length: number, payload: View | null, flags: number): void;
  /** All requests that arrived together have been handed over: a moment to send what goes to other nodes, before slow work. */
  batchEnd?(): void;
  /** The connection is gone, for whatever reason. Once. Requests in flight are still to be answered. */
  closed(reason: string): void;
}

export interface Export extends ExportShape {
  readonly handler: RequestHandler;
  /** Reads and writes beyond are refused with EINVAL; `size` when not given. Raised by `connection.limit`. */
  readonly limit?: number;
  /** Private commands that this client may use. */
  readonly commands?: CommandTable;
}

export interface FrontLimits {
  /** Until transmission begins, the time that `open` takes not counted. */
  readonly handshakeMs: number;
  /** A request that has begun, or replies that are not taken, without any progress. */
  readonly stalledMs: number;
  readonly requests: number;
  /** Payloads and answers to reads in flight; exceeded by one request at most. */
  readonly bytes: number;
  /** Replies that are not sent yet. */
  readonly backlogBytes: number;
}
export const FRONT_LIMITS: FrontLimits = { handshakeMs: 10_000, stalledMs: 60_000, requests: 256, bytes: 64 * 1024 * 1024, backlogBytes: 16 * 1024 * 1024 };
/** Slabs in which old requests still wait, before reading stops. */
const MOST_PINNED = 64;
/** What a client may send ahead while its export is being opened. */
const AHEAD_BYTES = 64 * 1024;

export interface FrontOptions<Peer> {
  /**
   * Opens an export for this connection; may take its time. `connection.signal` is aborted when the client has gone meanwhile.
   * @throws HoldfastError to refuse; the client is told its message.
   */
  open(name: string, peer: Peer, connection: FrontConnection): Promise<Export>;
  /** What to tell a client that only asks. Without it, it is told nothing. */
  describe?(name: string, peer: Peer): Promise<ExportShape>;
  /** Names for a client that asks for a list; without it the list is refused. */
  list?(peer: Peer): readonly string[];
  readonly limits?: Partial<FrontLimits>;
  readonly slabs?: SlabPool;
}

const REFUSALS: Partial<Record<ErrorCode, OptionRefusal>> = { not_found: 'unknownExport', permission_denied: 'policy', invalid_argument: 'unknownExport' };
const NO_COMMANDS: CommandTable = new Map();

/** Serves NBD on a connected socket, a TLS one after its handshake. */
export function serveNbd<Peer>(socket: Duplex, peer: Peer, options: FrontOptions<Peer>): FrontConnection {
  return new FrontConnection(socket, {
    open: (name, connection) => options.open(name, peer, connection),
    describe: options.describe === undefined ? null : (name) => options.describe?.(name, peer) ?? Promise.reject(new Error('gone')),
    list: options.list === undefined ? null : () => options.list?.(peer) ?? [],
  }, { ...FRONT_LIMITS, ...options.limits }, options.slabs);
}

interface Exports {
  open(name: string, connection: FrontConnection): Promise<Export>;
  readonly describe: ((name: string) => Promise<ExportShape>) | null;
  readonly list: (() => readonly string[]) | null;
}

export class FrontConnection {
  /** The end of what may be read and written; may be raised at any time. */
  limit = 0;
  readonly #link: Link;
  readonly #limits: FrontLimits;
  readonly #exports: Exports;
  readonly #handshake: ServerHandshake;
  readonly #deadline: Watchdog;
  readonly #halfRequest: Watchdog;
  readonly #inFlight: InFlight;
  readonly #gone = new AbortController();
  #phase: 'options' | 'opening' | 'transmission' | 'ending' = 'options';
  #parser: RequestParser | null = null;
  #handler: RequestHandler | null = null;
  #closedBy: string | null = null;
  /** How often it asked for an export. */
  #asked = 0;
  #requests = 0;
  #held = false;
  #pumping = false;
  #waitingForSettled: (() => void)[] = [];

  constructor(socket: Duplex, exports: Exports, limits: FrontLimits, slabs?: SlabPool) {
    this.#limits = limits;
    this.#exports = exports;
    this.#inFlight = new InFlight(limits.requests);
    this.#handshake = new ServerHandshake({ encrypted: socket instanceof TLSSocket });
    this.#deadline = new Watchdog(limits.handshakeMs, () => (this.#phase === 'options' ? this.#asked : null), () => this.drop(`no export was chosen within ${limits.handshakeMs} ms`));
    this.#halfRequest = new Watchdog(limits.stalledMs, () => (this.#phase !== 'transmission' || this.#held || this.#link.receiver.available === 0 ? null : this.#requests), () => this.drop(`a request was not finished within ${limits.stalledMs} ms`));
    this.#link = new Link(socket, { received: () => this.#received(), relieved: () => this.#relieve(), closed: (reason) => this.#closed(reason) }, { rank: 'last', stalledMs: limits.stalledMs, ...(slabs === undefined ? {} : { slabs }) });
    this.#send(greeting());
    this.#deadline.watch();
  }

  /** Aborted when the connection is gone. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Requests handed over and not answered. */
  get inFlight(): number {
    return this.#inFlight.count;
  }

  /** Why the connection is gone; null: it is not. */
  get closedBy(): string | null {
    return this.#closedBy;
  }

  /**
   * Answers a request. After the connection has closed, nothing is sent and all is as before otherwise.
   * @param data of a read: exactly what it asked for; of a private command: what it answers, also with an error. Retained as long as needed.
   * @throws internal when the request was answered before.
   */
  reply(cookie: number, error: NbdError, data: View | Uint8Array | null = null): void {
    const { type, length, high, low, payload } = this.#inFlight.take(cookie);
    payload?.release();
    if (this.#closedBy === null) {
      if (type === COMMAND.read && error === NBD_ERROR.OK && data?.length !== length) this.#answer(type, NBD_ERROR.EIO, high, low, null);
      else this.#answer(type, error, high, low, data);
    }
    if (this.#inFlight.count === 0) this.#settle();
    if (this.#phase === 'ending') this.#finish();
  }

  /** Cuts the connection at once; what was received and not handed over is thrown away. */
  drop(reason: string): void {
    this.#link.destroy(reason);
  }

  /** Resolves when no request is in flight. */
  settled(): Promise<void> {
    return this.#inFlight.count === 0 ? Promise.resolve() : new Promise((resolve) => void this.#waitingForSettled.push(resolve));
  }

  /** Sends collected replies now instead of at the end of the tick. */
  flush(): void {
    this.#link.outbox.flush();
  }

  #answer(type: number, error: NbdError, high: number, low: number, data: View | Uint8Array | null): void {
    const outbox = this.#link.outbox;
    const own = type >= COMMAND.private;
    const sends = own || (type === COMMAND.read && error === NBD_ERROR.OK);
    if (sends && !own && data instanceof View && data.room >= REPLY_HEADER && !data.stamped) {
      data.stamped = true;
      putReplyHeader(data.slab.words, data.start - REPLY_HEADER, MAGIC.reply, error, high, low);
      outbox.view(data, REPLY_HEADER);
    } else {
      const header = outbox.header(REPLY_HEADER + (own ? 4 : 0));
      putReplyHeader(header.words, header.start, MAGIC.reply, error, high, low);
      if (own) header.words.setUint32(header.start + REPLY_HEADER, data?.length ?? 0);
      if (sends && data instanceof View) outbox.view(data, 0);
      else if (sends && data !== null) outbox.bytes(data as Uint8Array);
    }
    this.#link.sent();
  }

  #send(bytes: Buffer): void {
    if (this.#closedBy !== null || bytes.length === 0) return;
    this.#link.outbox.bytes(bytes);
    this.#link.sent();
  }

  #received(): void {
    if (this.#phase === 'options') this.#options();
    else if (this.#phase === 'transmission') this.#pump();
    else if (this.#phase === 'ending') this.#link.receiver.read = this.#link.receiver.written;
    else if (this.#link.receiver.available > AHEAD_BYTES) this.#link.pause();
  }

  #options(): void {
    const receiver = this.#link.receiver;
    while (this.#phase === 'options' && this.#closedBy === null) {
      const { used, step } = this.#handshake.next(receiver.slab.bytes.subarray(receiver.read, receiver.written));
      receiver.read += used;
      switch (step.kind) {
        case 'wait':
          return;
        case 'send':
          this.#send(step.bytes);
          break;
        case 'list':
          this.#send(this.#exports.list === null ? this.#refusal('policy', 'exports are not listed') : this.#handshake.listed(this.#exports.list()));
          break;
        case 'end':
          this.#send(step.bytes);
          this.#link.end('the client gave up');
          return;
        case 'hostile':
          this.drop(`cut off: ${step.reason}`);
          return;
        default: {
          this.#phase = 'opening';
          this.#asked += 1;
          const { name, kind } = step;
          void (kind === 'open' ? this.#open(name) : this.#describe(name));
        }
      }
    }
  }

  async #open(name: string): Promise<void> {
    let opened: Export;
    try {
      opened = await this.#exports.open(name, this);
    } catch (thrown) {
      return this.#goOn(this.#refusalOf(thrown));
    }
    if (this.#closedBy !== null) return opened.handler.closed(this.#closedBy);
    this.#handler = opened.handler;
    this.limit = Math.max(this.limit, opened.limit ?? opened.size);
    this.#parser = new RequestParser(opened.commands ?? NO_COMMANDS, opened.readOnly === true);
    this.#phase = 'transmission';
    this.#deadline.stop();
    this.#send(this.#handshake.opened(opened));
    this.#link.resume();
    this.#pump();
  }

  async #describe(name: string): Promise<void> {
    const { describe } = this.#exports;
    try {
      if (describe === null) throw new HoldfastError('permission_denied', 'exports are not described');
      const shape = await describe(name);
      this.#goOn(this.#handshake.opened(shape));
    } catch (thrown) {
      this.#goOn(this.#refusalOf(thrown));
    }
  }

  /** Back to the options, with this answer. */
  #goOn(answer: Buffer | null): void {
    if (this.#closedBy !== null) return;
    if (answer === null) return this.drop('the export was refused');
    this.#phase = 'options';
    this.#send(answer);
    this.#deadline.watch();
    this.#link.resume();
    this.#options();
  }

  #refusal(why: OptionRefusal, message: string): Buffer {
    return this.#handshake.refused(why, message) ?? Buffer.alloc(0);
  }

  #refusalOf(thrown: unknown): Buffer | null {
    if (thrown instanceof HoldfastError) return this.#handshake.refused(REFUSALS[thrown.code] ?? 'shutdown', thrown.message);
    return this.#handshake.refused('shutdown', 'the export could not be opened');
  }

  #full(): boolean {
    return this.#inFlight.full || this.#inFlight.bytes >= this.#limits.bytes || this.#link.outbox.backlog >= this.#limits.backlogBytes || this.#link.receiver.pinned >= MOST_PINNED;
  }

  /** Hands over what is complete and allowed. */
  #pump(): void {
    const parser = this.#parser;
    const handler = this.#handler;
    if (parser === null || handler === null || this.#pumping) return;
    this.#pumping = true;
    let handed = 0;
    try {
      while (this.#phase === 'transmission' && this.#closedBy === null) {
        if (this.#full()) {
          this.#held = true;
          this.#link.pause();
          break;
        }
        const outcome = parser.next(this.#link.receiver, this.limit);
        if (outcome === 'wait') break;
        if (outcome === 'hostile') {
          this.drop(`cut off: ${parser.reason}`);
          break;
        }
        this.#requests += 1;
        if (outcome === 'refused') this.#answer(parser.type, parser.error, parser.cookieHigh, parser.cookieLow, null);
        else if (parser.type === COMMAND.disconnect) this.#phase = 'ending';
        else {
          handed += 1;
          this.#hand(parser, handler);
        }
      }
      if (handed > 0) handler.batchEnd?.();
    } catch (thrown) {
      this.drop(`internal: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    } finally {
      this.#pumping = false;
    }
    if (this.#phase === 'ending') this.#finish();
    else this.#halfRequest.watch();
  }

  #hand(parser: RequestParser, handler: RequestHandler): void {
    const { type, length, payload } = parser;
    const bytes = type === COMMAND.read || payload !== null ? length : 0;
    const cookie = this.#inFlight.add(type, bytes, parser.cookieHigh, parser.cookieLow, payload);
    handler.request(cookie, type, parser.offset, length, payload, parser.flags);
  }

  #relieve(): void {
    if (!this.#held || this.#full() || this.#pumping) return;
    this.#held = false;
    this.#link.resume();
    this.#pump();
  }

  #settle(): void {
    const waiting = this.#waitingForSettled;
    this.#waitingForSettled = [];
    for (const resolve of waiting) resolve();
  }

  /** The client has said good-bye: what it still waits for is answered first. */
  #finish(): void {
    if (this.#inFlight.count === 0) this.#link.end('disconnected by the client');
  }

  #closed(reason: string): void {
    this.#closedBy = reason;
    this.#deadline.stop();
    this.#halfRequest.stop();
    this.#gone.abort();
    const handler = this.#handler;
    handler?.closed(reason);
  }
}
