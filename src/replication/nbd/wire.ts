/**
 * The words of NBD on the wire (fixed newstyle, simple replies), and what Holdfast adds between nodes: commands from
 * 0x8000 on, whose request carries `length` bytes of payload and whose reply, also a refusal, carries a length and so
 * many bytes. Numbers and tables only; nothing here reads or writes.
 */

export const MAGIC = {
  /** `NBDMAGIC`, then `IHAVEOPT`: the greeting; the second again before each option. */
  greeting: 0x4e42444d_41474943n,
  option: 0x49484156_454f5054n,
  optionReply: 0x3e88_9045565a9n,
  request: 0x25609513,
  reply: 0x67446698,
} as const;

export const REQUEST_HEADER = 28;
export const REPLY_HEADER = 16;
export const OPTION_HEADER = 16;
export const OPTION_REPLY_HEADER = 20;
export const GREETING_BYTES = 18;

/** Flags of the greeting and of the client's answer to it. */
export const HANDSHAKE_FLAG = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const OPTION = { exportName: 1, abort: 2, list: 3, startTls: 5, info: 6, go: 7 } as const;
export const INFO = { export: 0, blockSize: 3 } as const;
export const OPTION_REPLY = { ack: 1, server: 2, info: 3 } as const;
export const OPTION_ERROR = {
  unsupported: 0x80000001,
  policy: 0x80000002,
  invalid: 0x80000003,
  unknownExport: 0x80000006,
  shutdown: 0x80000007,
  tooBig: 0x80000009,
} as const;

export const TRANSMISSION_FLAG = { hasFlags: 1, readOnly: 2, flush: 4, fua: 8, trim: 32, writeZeroes: 64 } as const;

/** Types of requests; those of Holdfast's own begin at `private`. */
export const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6, private: 0x8000 } as const;
export const COMMAND_FLAG = { fua: 1, noHole: 2 } as const;

export const BLOCK_SIZE = { minimum: 512, preferred: 4096, maximumPayload: 32 * 1024 * 1024 } as const;
/** The most that a private command may carry, each way. */
export const PRIVATE_PAYLOAD = 1024 * 1024;
/** Longest name of an export that we take; the protocol itself allows 4096. */
export const EXPORT_NAME_BYTES = 255;

/** A private command: its name for people, and the most that its request and its reply may carry. */
export interface PrivateCommand {
  readonly name: string;
  readonly requestBytes: number;
  readonly replyBytes: number;
}
/** By type, from `COMMAND.private` on. */
export type CommandTable = ReadonlyMap<number, PrivateCommand>;

/** What a mirror asks of a replica server beside reads and writes. */
export const PEER = {
  renew: 0x8001, giveBack: 0x8002, intend: 0x8003, settle: 0x8004, forget: 0x8005,
  join: 0x8006, recovered: 0x8007, version: 0x8008, clone: 0x8009, grow: 0x800a,
  /** What the replica told when it was fenced; asked once, first of all. */
  facts: 0x800b,
} as const;

const SMALL = 64 * 1024;
const peer = (name: string, requestBytes: number, replyBytes: number): PrivateCommand => ({ name, requestBytes, replyBytes });
export const PEER_COMMANDS: CommandTable = new Map([
  [PEER.renew, peer('renew', SMALL, SMALL)],
  [PEER.giveBack, peer('give-back', SMALL, SMALL)],
  [PEER.intend, peer('intend', PRIVATE_PAYLOAD, SMALL)],
  [PEER.settle, peer('settle', PRIVATE_PAYLOAD, SMALL)],
  [PEER.forget, peer('forget', PRIVATE_PAYLOAD, SMALL)],
  [PEER.join, peer('join', PRIVATE_PAYLOAD, PRIVATE_PAYLOAD)],
  [PEER.recovered, peer('recovered', SMALL, SMALL)],
  [PEER.version, peer('version', SMALL, SMALL)],
  [PEER.clone, peer('clone', SMALL, SMALL)],
  [PEER.grow, peer('grow', SMALL, SMALL)],
  [PEER.facts, peer('facts', SMALL, PRIVATE_PAYLOAD)],
]);

/** Errors of replies. 0 is success. `ENOSPC` means a full medium and nothing else: past the end is `EINVAL`. */
export const NBD_ERROR = { OK: 0, EPERM: 1, EIO: 5, ENOMEM: 12, EINVAL: 22, ENOSPC: 28, EOVERFLOW: 75, ENOTSUP: 95, ESHUTDOWN: 108 } as const;
export type NbdError = (typeof NBD_ERROR)[keyof typeof NBD_ERROR];

const KNOWN: ReadonlyMap<number, NbdError> = new Map(Object.values(NBD_ERROR).map((code) => [code, code]));
/** An error number from the wire; what the protocol does not know counts as EIO. */
export const knownError = (code: number): NbdError => KNOWN.get(code) ?? NBD_ERROR.EIO;

/** The error to answer when a system call failed with this errno name. A medium that is full is told apart from one that is broken. */
export function nbdErrorOf(code: string | undefined): NbdError {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return NBD_ERROR.ENOSPC;
    case 'EINVAL':
      return NBD_ERROR.EINVAL;
    case 'ENOMEM':
      return NBD_ERROR.ENOMEM;
    default:
      return NBD_ERROR.EIO;
  }
}
