/**
 * Cuts a client's requests out of what was received, in place: a payload is a view of the slab. One object per connection,
 * whose fields hold the last request, so that nothing is made per request. Decides only what the bytes themselves show:
 * `hostile` cannot be answered, `refused` is well-formed and wrong.
 */
import type { Receiver, View } from './slab.ts';
import { BLOCK_SIZE, COMMAND, COMMAND_FLAG, MAGIC, NBD_ERROR, REQUEST_HEADER, type CommandTable, type NbdError } from './wire.ts';

export type ParseOutcome = 'wait' | 'request' | 'refused' | 'hostile';

/** Above this the high half of an offset is beyond 2^53. */
const HIGHEST = 0x1fffff;

export class RequestParser {
  type = 0;
  flags = 0;
  cookieHigh = 0;
  cookieLow = 0;
  offset = 0;
  length = 0;
  /** The payload of a write or private command, with room for the header in front. Belongs to whoever asked. */
  payload: View | null = null;
  error: NbdError = NBD_ERROR.OK;
  reason = '';
  readonly #commands: CommandTable;
  readonly #readOnly: boolean;

  constructor(commands: CommandTable, readOnly: boolean) {
    this.#commands = commands;
    this.#readOnly = readOnly;
  }

  /** @param limit the end of what may be read and written. */
  next(from: Receiver, limit: number): ParseOutcome {
    this.payload = null;
    const words = from.slab.words;
    const at = from.read;
    if (from.available >= 4 && words.getUint32(at) !== MAGIC.request) return this.#hostile(`a request that begins with 0x${words.getUint32(at).toString(16)}`);
    if (from.available < REQUEST_HEADER) return this.#await(from, REQUEST_HEADER);
    const type = (this.type = words.getUint16(at + 6));
    const length = (this.length = words.getUint32(at + 24));
    const carried = type === COMMAND.write || this.#commands.has(type) ? length : 0;
    if (type === COMMAND.write && length > BLOCK_SIZE.maximumPayload) return this.#hostile(`a write of ${length} bytes`);
    const own = this.#commands.get(type);
    if (own !== undefined && length > own.requestBytes) return this.#hostile(`${own.name} with ${length} bytes, ${own.requestBytes} are the most`);
    if (from.available < REQUEST_HEADER + carried) return this.#await(from, REQUEST_HEADER + carried);
    this.flags = words.getUint16(at + 4);
    this.cookieHigh = words.getUint32(at + 8);
    this.cookieLow = words.getUint32(at + 12);
    const high = words.getUint32(at + 16);
    this.offset = high * 0x1_0000_0000 + words.getUint32(at + 20);
    from.read = at + REQUEST_HEADER + carried;
    this.error = high > HIGHEST ? NBD_ERROR.EINVAL : this.#wrong(limit);
    if (this.error !== NBD_ERROR.OK) return 'refused';
    if (carried > 0) this.payload = from.view(at + REQUEST_HEADER, carried, REQUEST_HEADER);
    return 'request';
  }

  #wrong(limit: number): NbdError {
    const { type, flags, offset, length } = this;
    switch (type) {
      case COMMAND.read:
        if (flags & ~COMMAND_FLAG.fua || length === 0 || length > BLOCK_SIZE.maximumPayload) return NBD_ERROR.EINVAL;
        break;
      case COMMAND.write:
      case COMMAND.trim:
        if (this.#readOnly) return NBD_ERROR.EPERM;
        if (flags & ~COMMAND_FLAG.fua || length === 0) return NBD_ERROR.EINVAL;
        break;
      case COMMAND.writeZeroes:
        if (this.#readOnly) return NBD_ERROR.EPERM;
        if (flags & ~(COMMAND_FLAG.fua | COMMAND_FLAG.noHole) || length === 0) return NBD_ERROR.EINVAL;
        break;
      case COMMAND.flush:
        return flags & ~COMMAND_FLAG.fua || offset !== 0 || length !== 0 ? NBD_ERROR.EINVAL : NBD_ERROR.OK;
      case COMMAND.disconnect:
        return NBD_ERROR.OK;
      default:
        return this.#commands.has(type) ? NBD_ERROR.OK : NBD_ERROR.EINVAL;
    }
    return offset + length > limit ? NBD_ERROR.EINVAL : NBD_ERROR.OK;
  }

  #await(from: Receiver, bytes: number): ParseOutcome {
    from.need = bytes;
    return 'wait';
  }

  #hostile(reason: string): ParseOutcome {
    this.reason = reason;
    return 'hostile';
  }
}
