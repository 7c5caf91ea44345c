/**
 * The client's end of an NBD connection: opens one export on a connected socket, sends requests, hands over replies in
 * whatever order they come. A connection that is gone stays gone: nothing is ever sent again by itself, and what was not
 * answered has an unknown outcome, which is the caller's to deal with.
 *
 * Cookies are the caller's: a number that no other request in flight here has. The same payload may go to several clients;
 * with the same cookie, its header is written once, in front of it, and payloads that lie one after another in a slab
 * leave as one piece.
 */
import type { Duplex } from 'node:stream';
import { HoldfastError, type ErrorCode } from '../../model/errors.ts';
import { ClientHandshake, type ClientStep, type ExportFacts } from './client-handshake.ts';
import { Link } from './link.ts';
import { ReplyParser } from './reply-parser.ts';
import { type SlabPool, View } from './slab.ts';
import { COMMAND, MAGIC, REQUEST_HEADER, type CommandTable, type NbdError } from './wire.ts';

export interface ReplyHandler {
  /**
   * A request was answered.
   * @param data of a read without error, or of a private command; valid until this returns, for longer it is to be retained.
   */
  reply(cookie: number, error: NbdError, data: View | null): void;
  /** All replies that arrived together have been handed over. */
  batchEnd?(): void;
  /** The connection is gone. Once; nothing comes after it. Requests in flight have an unknown outcome. */
  closed(reason: string): void;
}

export interface ClientOptions {
  readonly export: string;
  readonly handler: ReplyHandler;
  readonly commands?: CommandTable;
  /** The handshake must be over by then; 30 s when not given (a fence may take that long). */
  readonly openMs?: number;
  /** Ends the opening. */
  readonly signal?: AbortSignal;
  /** What is sent is not taken for so long: gone. Never, when not given: who waits for an answer has its own patience. */
  readonly stalledMs?: number;
  readonly slabs?: SlabPool;
}

const REFUSALS: Partial<Record<Extract<ClientStep, { kind: 'refused' }>['why'], ErrorCode>> = { policy: 'permission_denied', unknownExport: 'not_found', unsupported: 'unsupported' };
const NO_COMMANDS: CommandTable = new Map();

/**
 * Opens the export. The socket is connected, and TLS has shaken hands; nobody has read from it.
 * @throws not_found, permission_denied when the server refuses; unavailable when it cannot now, or the connection broke.
 */
export function openNbd(socket: Duplex, options: ClientOptions): Promise<NbdClient> {
  return new Promise((resolve, reject) => {
    const client = new NbdClient(socket, options, (failure) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      if (failure === null) resolve(client);
      else reject(failure);
    });
    const timer = setTimeout(() => client.drop(`export ${options.export} was not opened in time`), options.openMs ?? 30_000);
    const abort = (): void => client.drop('no longer wanted');
    if (options.signal?.aborted === true) abort();
    else options.signal?.addEventListener('abort', abort, { once: true });
  });
}

export class NbdClient {
  readonly #link: Link;
  readonly #handler: ReplyHandler;
  readonly #exportName: string;
  readonly #commands: CommandTable;
  readonly #handshake: ClientHandshake;
  readonly #parser: ReplyParser;
  readonly #opened: (failure: Error | null) => void;
  #facts: ExportFacts | null = null;
  #refusal: HoldfastError | null = null;
  #closedBy: string | null = null;

  /** Use `openNbd`. */
  constructor(socket: Duplex, options: ClientOptions, opened: (failure: Error | null) => void) {
    this.#handler = options.handler;
    this.#exportName = options.export;
    this.#commands = options.commands ?? NO_COMMANDS;
    this.#handshake = new ClientHandshake(options.export);
    this.#parser = new ReplyParser(this.#commands);
    // Later than this constructor, so that who waits has the client.
    this.#opened = (failure) => queueMicrotask(() => opened(failure));
    this.#link = new Link(socket, { received: () => this.#received(), relieved: () => undefined, closed: (reason) => this.#closed(reason) }, { rank: 'first', stalledMs: options.stalledMs ?? Infinity, ...(options.slabs === undefined ? {} : { slabs: options.slabs }) });
  }

  /** @throws internal before the export is open. */
  get facts(): ExportFacts {
    if (this.#facts === null) throw new HoldfastError('internal', `export ${this.#exportName} is not open`);
    return this.#facts;
  }

  get inFlight(): number {
    return this.#parser.inFlight;
  }

  /** Bytes that wait to be sent. */
  get backlog(): number {
    return this.#link.outbox.backlog;
  }

  get closedBy(): string | null {
    return this.#closedBy;
  }

  /**
   * Sends a request, at the end of the tick or with `flush`. After the connection is gone it does nothing: `closed` was told.
   * @param type `COMMAND.*` or a private one of the table.
   * @param payload of a write or private command; retained as long as needed. A plain array must not change any more.
   * @param flags `COMMAND_FLAG.*`.
   * @throws internal when the cookie is in flight already.
   */
  send(cookie: number, type: number, offset: number, length: number, payload: View | Uint8Array | null = null, flags = 0): void {
    if (this.#closedBy !== null) return;
    this.#parser.expect(cookie, type, length);
    const outbox = this.#link.outbox;
    if (payload instanceof View && payload.room >= REQUEST_HEADER && stamp(payload, cookie, type, offset, length, flags)) {
      outbox.view(payload, REQUEST_HEADER);
    } else {
      const header = outbox.header(REQUEST_HEADER);
      putRequestHeader(header.words, header.start, cookie, type, offset, length, flags);
      if (payload instanceof View) outbox.view(payload, 0);
      else if (payload !== null) outbox.bytes(payload);
    }
    this.#link.sent();
  }

  /** A private command; `offset` is whatever the command means by it. */
  command(cookie: number, type: number, payload: Uint8Array, offset = 0): void {
    this.send(cookie, type, offset, payload.length, payload);
  }

  /** Sends what is collected now. */
  flush(): void {
    this.#link.outbox.flush();
  }

  /** Says good-bye and closes; for when nothing is in flight. */
  disconnect(): void {
    if (this.#closedBy !== null) return;
    const header = this.#link.outbox.header(REQUEST_HEADER);
    putRequestHeader(header.words, header.start, 0, COMMAND.disconnect, 0, 0, 0);
    this.#link.end('disconnected');
  }

  /** Cuts the connection at once. */
  drop(reason: string): void {
    this.#link.destroy(reason);
  }

  #received(): void {
    if (this.#facts === null) this.#shakeHands();
    if (this.#facts === null || this.#closedBy !== null) return;
    let handed = 0;
    try {
      while (this.#closedBy === null) {
        const outcome = this.#parser.next(this.#link.receiver);
        if (outcome === 'wait') break;
        if (outcome === 'broken') return this.drop(`the server broke the protocol: ${this.#parser.reason}`);
        handed += 1;
        const { cookie, error, data } = this.#parser;
        try {
          this.#handler.reply(cookie, error, data);
        } finally {
          data?.release();
        }
      }
      if (handed > 0 && this.#closedBy === null) this.#handler.batchEnd?.();
    } catch (thrown) {
      this.drop(`internal: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  }

  #shakeHands(): void {
    const receiver = this.#link.receiver;
    for (;;) {
      const { used, step } = this.#handshake.next(receiver.slab.bytes.subarray(receiver.read, receiver.written));
      receiver.read += used;
      switch (step.kind) {
        case 'wait':
          return;
        case 'skip':
          break;
        case 'send':
          this.#link.outbox.bytes(step.bytes);
          this.#link.sent();
          break;
        case 'open':
          this.#facts = step.facts;
          this.#opened(null);
          return;
        case 'refused':
          this.#refusal = new HoldfastError(REFUSALS[step.why] ?? 'unavailable', `export ${this.#exportName} was refused: ${step.message === '' ? step.why : step.message}`, { object: `export ${this.#exportName}` });
          return this.drop('refused');
        default:
          return this.drop(`the server broke the protocol: ${step.reason}`);
      }
    }
  }

  #closed(reason: string): void {
    this.#closedBy = reason;
    this.#parser.forget();
    if (this.#facts !== null) this.#handler.closed(reason);
    else this.#opened(this.#refusal ?? new HoldfastError('unavailable', `export ${this.#exportName} could not be opened: ${reason}`, { object: `export ${this.#exportName}` }));
  }
}

function putRequestHeader(words: DataView, at: number, cookie: number, type: number, offset: number, length: number, flags: number): void {
  words.setUint32(at, MAGIC.request);
  words.setUint16(at + 4, flags);
  words.setUint16(at + 6, type);
  words.setUint32(at + 8, Math.floor(cookie / 0x1_0000_0000));
  words.setUint32(at + 12, cookie >>> 0);
  words.setUint32(at + 16, Math.floor(offset / 0x1_0000_0000));
  words.setUint32(at + 20, offset >>> 0);
  words.setUint32(at + 24, length);
}

const scratch = new DataView(new ArrayBuffer(REQUEST_HEADER));

/** Puts the header into the view's room, once. False: another one is there, which somebody may still be sending. */
function stamp(view: View, cookie: number, type: number, offset: number, length: number, flags: number): boolean {
  const at = view.start - REQUEST_HEADER;
  if (!view.stamped) {
    view.stamped = true;
    putRequestHeader(view.slab.words, at, cookie, type, offset, length, flags);
    return true;
  }
  putRequestHeader(scratch, 0, cookie, type, offset, length, flags);
  for (let word = 0; word < REQUEST_HEADER; word += 4) if (scratch.getUint32(word) !== view.slab.words.getUint32(at + word)) return false;
  return true;
}
