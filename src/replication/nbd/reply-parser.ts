/** Cuts a server's replies out of what was received, in place. One object per connection, whose fields hold the last reply. */
import { HoldfastError } from '../../model/errors.ts';
import type { Receiver, View } from './slab.ts';
import { COMMAND, knownError, MAGIC, NBD_ERROR, REPLY_HEADER, type CommandTable, type NbdError } from './wire.ts';

interface Expected { readonly type: number; readonly length: number }

export class ReplyParser {
  cookie = 0;
  error: NbdError = NBD_ERROR.OK;
  /** Belongs to whoever asked. Has room for a reply's header in front. */
  data: View | null = null;
  reason = '';
  readonly #commands: CommandTable;
  readonly #expected = new Map<number, Expected>();

  constructor(commands: CommandTable) {
    this.#commands = commands;
  }

  get inFlight(): number {
    return this.#expected.size;
  }

  /** @throws internal when the cookie is in flight. */
  expect(cookie: number, type: number, length: number): void {
    if (this.#expected.has(cookie)) throw new HoldfastError('internal', `request ${cookie} is in flight already`);
    if (type >= COMMAND.private && !this.#commands.has(type)) throw new HoldfastError('internal', `no private command ${type} was agreed on`);
    this.#expected.set(cookie, { type, length });
  }

  forget(): void {
    this.#expected.clear();
  }

  next(from: Receiver): 'wait' | 'reply' | 'broken' {
    this.data = null;
    const words = from.slab.words;
    const at = from.read;
    if (from.available >= 4 && words.getUint32(at) !== MAGIC.reply) return this.#broken(`a reply that begins with 0x${words.getUint32(at).toString(16)}`);
    if (from.available < REPLY_HEADER) return this.#await(from, REPLY_HEADER);
    const cookie = words.getUint32(at + 8) * 0x1_0000_0000 + words.getUint32(at + 12);
    const expected = this.#expected.get(cookie);
    if (expected === undefined) return this.#broken(`a reply to request ${cookie}, which is not in flight`);
    const code = words.getUint32(at + 4);
    let header = REPLY_HEADER;
    let carried = 0;
    if (expected.type >= COMMAND.private) {
      header += 4;
      if (from.available < header) return this.#await(from, header);
      carried = words.getUint32(at + REPLY_HEADER);
      const command = this.#commands.get(expected.type);
      if (command === undefined || carried > command.replyBytes) return this.#broken(`an answer of ${carried} bytes to ${command?.name ?? expected.type}`);
    } else if (expected.type === COMMAND.read && code === NBD_ERROR.OK) carried = expected.length;
    if (from.available < header + carried) return this.#await(from, header + carried);
    from.read = at + header + carried;
    this.#expected.delete(cookie);
    this.cookie = cookie;
    this.error = knownError(code);
    if (carried > 0) this.data = from.view(at + header, carried, header);
    return 'reply';
  }

  #await(from: Receiver, bytes: number): 'wait' {
    from.need = bytes;
    return 'wait';
  }

  #broken(reason: string): 'broken' {
    this.reason = reason;
    return 'broken';
  }
}
