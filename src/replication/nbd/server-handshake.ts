/**
 * The server's side of the fixed newstyle handshake, pure: bytes in, steps out. Bounded in size and number of options; the
 * time is bounded by whoever runs it. TLS is not begun here: where it is wanted, it is spoken from the first byte on.
 */
import { BLOCK_SIZE, EXPORT_NAME_BYTES, GREETING_BYTES, HANDSHAKE_FLAG, INFO, MAGIC, OPTION, OPTION_ERROR, OPTION_HEADER, OPTION_REPLY, OPTION_REPLY_HEADER, TRANSMISSION_FLAG } from './wire.ts';

/** What the client is told of an export. */
export interface ExportShape {
  /** Bytes; the device never shows another size. */
  readonly size: number;
  readonly readOnly?: boolean;
}

export type HandshakeStep =
  /** More bytes are needed. */
  | { readonly kind: 'wait' }
  /** Send this, go on. */
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** Open the export, then call `opened` or `refused` and send what they return. */
  | { readonly kind: 'open'; readonly name: string }
  /** The same, only to tell about it. */
  | { readonly kind: 'describe'; readonly name: string }
  | { readonly kind: 'list' }
  /** Send this and close. */
  | { readonly kind: 'end'; readonly bytes: Buffer }
  /** Close: no client that means well does this. */
  | { readonly kind: 'hostile'; readonly reason: string };

export type OptionRefusal = keyof typeof OPTION_ERROR;

const MOST_OPTIONS = 32;
const MOST_OPTION_BYTES = 8192;
const OLD_PADDING = 124;

export function greeting(): Buffer {
  const bytes = Buffer.alloc(GREETING_BYTES);
  bytes.writeBigUInt64BE(MAGIC.greeting, 0);
  bytes.writeBigUInt64BE(MAGIC.option, 8);
  bytes.writeUInt16BE(HANDSHAKE_FLAG.fixedNewstyle | HANDSHAKE_FLAG.noZeroes, 16);
  return bytes;
}

function optionReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const bytes = Buffer.alloc(OPTION_REPLY_HEADER + data.length);
  bytes.writeBigUInt64BE(MAGIC.optionReply, 0);
  bytes.writeUInt32BE(option, 8);
  bytes.writeUInt32BE(type, 12);
  bytes.writeUInt32BE(data.length, 16);
  data.copy(bytes, OPTION_REPLY_HEADER);
  return bytes;
}

const transmissionFlags = (shape: ExportShape): number =>
  TRANSMISSION_FLAG.hasFlags | TRANSMISSION_FLAG.flush | TRANSMISSION_FLAG.fua | TRANSMISSION_FLAG.trim | TRANSMISSION_FLAG.writeZeroes | (shape.readOnly === true ? TRANSMISSION_FLAG.readOnly : 0);

export class ServerHandshake {
  readonly #encrypted: boolean;
  #greeted = false;
  #noZeroes = false;
  #options = 0;
  /** The option that waits for `opened`, `listed` or `refused`. */
  #pending = 0;

  constructor(options: { readonly encrypted: boolean }) {
    this.#encrypted = options.encrypted;
  }

  /** Consumes from the beginning of `bytes`, at most one option. */
  next(bytes: Buffer): { readonly used: number; readonly step: HandshakeStep } {
    if (!this.#greeted) {
      if (bytes.length < 4) return wait;
      const flags = bytes.readUInt32BE(0);
      if ((flags & ~(HANDSHAKE_FLAG.fixedNewstyle | HANDSHAKE_FLAG.noZeroes)) !== 0) return hostile(`unknown flags of the client: 0x${flags.toString(16)}`);
      this.#greeted = true;
      this.#noZeroes = (flags & HANDSHAKE_FLAG.noZeroes) !== 0;
      return { used: 4, step: nothing };
    }
    if (bytes.length >= 8 && bytes.readBigUInt64BE(0) !== MAGIC.option) return hostile('an option without its magic');
    if (bytes.length < OPTION_HEADER) return wait;
    const option = bytes.readUInt32BE(8);
    const length = bytes.readUInt32BE(12);
    if (length > MOST_OPTION_BYTES) return hostile(`an option of ${length} bytes`);
    if (bytes.length < OPTION_HEADER + length) return wait;
    this.#options += 1;
    if (this.#options > MOST_OPTIONS) return hostile(`more than ${MOST_OPTIONS} options`);
    return { used: OPTION_HEADER + length, step: this.#option(option, bytes.subarray(OPTION_HEADER, OPTION_HEADER + length)) };
  }

  #option(option: number, data: Buffer): HandshakeStep {
    this.#pending = option;
    switch (option) {
      case OPTION.exportName: {
        const name = nameOf(data);
        return name === null ? { kind: 'hostile', reason: 'an export name that cannot be one' } : { kind: 'open', name };
      }
      case OPTION.abort:
        return { kind: 'end', bytes: optionReply(option, OPTION_REPLY.ack) };
      case OPTION.list:
        return data.length === 0 ? { kind: 'list' } : this.#refuse('invalid', 'NBD_OPT_LIST has no data');
      case OPTION.startTls:
        return this.#encrypted ? this.#refuse('invalid', 'the connection is encrypted already') : this.#refuse('policy', 'TLS is not begun on this connection');
      case OPTION.info:
      case OPTION.go: {
        const name = goName(data);
        if (name === null) return this.#refuse('invalid', 'malformed option');
        return { kind: option === OPTION.go ? 'open' : 'describe', name };
      }
      default:
        return this.#refuse('unsupported', '');
    }
  }

  /** The export is there: the answer to `open` (transmission begins after it) and `describe`. */
  opened(shape: ExportShape): Buffer {
    const info = Buffer.alloc(12);
    info.writeUInt16BE(INFO.export, 0);
    info.writeBigUInt64BE(BigInt(shape.size), 2);
    info.writeUInt16BE(transmissionFlags(shape), 10);
    if (this.#pending === OPTION.exportName) return Buffer.concat([info.subarray(2), Buffer.alloc(this.#noZeroes ? 0 : OLD_PADDING)]);
    const blocks = Buffer.alloc(14);
    blocks.writeUInt16BE(INFO.blockSize, 0);
    blocks.writeUInt32BE(BLOCK_SIZE.minimum, 2);
    blocks.writeUInt32BE(BLOCK_SIZE.preferred, 6);
    blocks.writeUInt32BE(BLOCK_SIZE.maximumPayload, 10);
    const option = this.#pending;
    return Buffer.concat([optionReply(option, OPTION_REPLY.info, info), optionReply(option, OPTION_REPLY.info, blocks), optionReply(option, OPTION_REPLY.ack)]);
  }

  /** The answer to `list`. */
  listed(names: readonly string[]): Buffer {
    const entries = names.map((name) => {
      const bytes = Buffer.from(name);
      const entry = Buffer.alloc(4 + bytes.length);
      entry.writeUInt32BE(bytes.length, 0);
      bytes.copy(entry, 4);
      return optionReply(OPTION.list, OPTION_REPLY.server, entry);
    });
    return Buffer.concat([...entries, optionReply(OPTION.list, OPTION_REPLY.ack)]);
  }

  /** Not to be had. null: the option leaves no other way than to close. */
  refused(why: OptionRefusal, message: string): Buffer | null {
    if (this.#pending === OPTION.exportName) return null;
    return optionReply(this.#pending, OPTION_ERROR[why], Buffer.from(message.slice(0, 1024)));
  }

  #refuse(why: OptionRefusal, message: string): HandshakeStep {
    const bytes = this.refused(why, message);
    return bytes === null ? { kind: 'hostile', reason: message } : { kind: 'send', bytes };
  }
}

const nothing: HandshakeStep = { kind: 'send', bytes: Buffer.alloc(0) };
const wait = { used: 0, step: { kind: 'wait' } } as const;
const hostile = (reason: string): { readonly used: number; readonly step: HandshakeStep } => ({ used: 0, step: { kind: 'hostile', reason } });

function nameOf(data: Buffer): string | null {
  if (data.length > EXPORT_NAME_BYTES) return null;
  const name = data.toString('utf8');
  return name.includes('\0') || name.includes('\ufffd') ? null : name;
}

/** The name in the data of NBD_OPT_GO and NBD_OPT_INFO; what else the client asks for is told anyway. */
function goName(data: Buffer): string | null {
  if (data.length < 6) return null;
  const length = data.readUInt32BE(0);
  if (length > data.length - 6) return null;
  const asked = data.readUInt16BE(4 + length);
  if (data.length !== 6 + length + 2 * asked) return null;
  return nameOf(data.subarray(4, 4 + length));
}
