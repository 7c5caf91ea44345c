/** The client's side of the fixed newstyle handshake, pure: bytes in, steps out. Chooses one export by NBD_OPT_GO. */
import { GREETING_BYTES, HANDSHAKE_FLAG, INFO, MAGIC, OPTION, OPTION_ERROR, OPTION_HEADER, OPTION_REPLY, OPTION_REPLY_HEADER, TRANSMISSION_FLAG } from './wire.ts';

export interface ExportFacts {
  readonly size: number;
  readonly readOnly: boolean;
  readonly canFlush: boolean;
  readonly canFua: boolean;
  readonly canTrim: boolean;
  readonly canZero: boolean;
}

export type ClientStep =
  | { readonly kind: 'wait' }
  | { readonly kind: 'send'; readonly bytes: Buffer }
  | { readonly kind: 'skip' }
  /** Transmission begins. */
  | { readonly kind: 'open'; readonly facts: ExportFacts }
  /** The server says no. */
  | { readonly kind: 'refused'; readonly why: keyof typeof OPTION_ERROR | 'other'; readonly message: string }
  /** It does not speak what we speak. */
  | { readonly kind: 'broken'; readonly reason: string };

const MOST_REPLY_BYTES = 64 * 1024;
const MOST_REPLIES = 64;

export class ClientHandshake {
  readonly #name: string;
  #greeted = false;
  #facts: ExportFacts | null = null;
  #replies = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Consumes from the beginning of `bytes`, at most one message. */
  next(bytes: Buffer): { readonly used: number; readonly step: ClientStep } {
    if (!this.#greeted) {
      if (bytes.length < GREETING_BYTES) return wait;
      if (bytes.readBigUInt64BE(0) !== MAGIC.greeting || bytes.readBigUInt64BE(8) !== MAGIC.option) return broken('no NBD server, or one of the old style');
      const flags = bytes.readUInt16BE(16);
      if ((flags & HANDSHAKE_FLAG.fixedNewstyle) === 0) return broken('an NBD server without fixed newstyle');
      this.#greeted = true;
      return { used: GREETING_BYTES, step: { kind: 'send', bytes: this.#begin(flags & (HANDSHAKE_FLAG.fixedNewstyle | HANDSHAKE_FLAG.noZeroes)) } };
    }
    if (bytes.length < OPTION_REPLY_HEADER) return wait;
    const length = bytes.readUInt32BE(16);
    if (bytes.readBigUInt64BE(0) !== MAGIC.optionReply || bytes.readUInt32BE(8) !== OPTION.go) return broken('an answer to another option');
    this.#replies += 1;
    if (length > MOST_REPLY_BYTES || this.#replies > MOST_REPLIES) return broken('an answer that is too long');
    if (bytes.length < OPTION_REPLY_HEADER + length) return wait;
    return { used: OPTION_REPLY_HEADER + length, step: this.#answer(bytes.readUInt32BE(12), bytes.subarray(OPTION_REPLY_HEADER, OPTION_REPLY_HEADER + length)) };
  }

  #begin(flags: number): Buffer {
    const name = Buffer.from(this.#name);
    const bytes = Buffer.alloc(4 + OPTION_HEADER + 4 + name.length + 4);
    bytes.writeUInt32BE(flags, 0);
    bytes.writeBigUInt64BE(MAGIC.option, 4);
    bytes.writeUInt32BE(OPTION.go, 12);
    bytes.writeUInt32BE(8 + name.length, 16);
    bytes.writeUInt32BE(name.length, 20);
    name.copy(bytes, 24);
    bytes.writeUInt16BE(1, 24 + name.length);
    bytes.writeUInt16BE(INFO.blockSize, 26 + name.length);
    return bytes;
  }

  #answer(type: number, data: Buffer): ClientStep {
    if (type === OPTION_REPLY.info) {
      if (data.length < 2) return { kind: 'broken', reason: 'an information without a type' };
      if (data.readUInt16BE(0) !== INFO.export) return { kind: 'skip' };
      if (data.length !== 12) return { kind: 'broken', reason: 'a malformed description of the export' };
      const size = data.readBigUInt64BE(2);
      if (size > BigInt(Number.MAX_SAFE_INTEGER)) return { kind: 'broken', reason: `an export of ${size} bytes` };
      this.#facts = factsOf(Number(size), data.readUInt16BE(10));
      return { kind: 'skip' };
    }
    if (type === OPTION_REPLY.ack) return this.#facts === null ? { kind: 'broken', reason: 'an export without a size' } : { kind: 'open', facts: this.#facts };
    if (type < OPTION_ERROR.unsupported) return { kind: 'broken', reason: `an answer of type ${type}` };
    const known = Object.entries(OPTION_ERROR).find(([, code]) => code === type)?.[0] as keyof typeof OPTION_ERROR | undefined;
    return { kind: 'refused', why: known ?? 'other', message: data.toString('utf8', 0, 1024) };
  }
}

const wait = { used: 0, step: { kind: 'wait' } } as const;
const broken = (reason: string): { readonly used: number; readonly step: ClientStep } => ({ used: 0, step: { kind: 'broken', reason } });

const factsOf = (size: number, flags: number): ExportFacts => ({
  size,
  readOnly: (flags & TRANSMISSION_FLAG.readOnly) !== 0,
  canFlush: (flags & TRANSMISSION_FLAG.flush) !== 0,
  canFua: (flags & TRANSMISSION_FLAG.fua) !== 0,
  canTrim: (flags & TRANSMISSION_FLAG.trim) !== 0,
  canZero: (flags & TRANSMISSION_FLAG.writeZeroes) !== 0,
});
