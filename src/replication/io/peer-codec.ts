/**
 * What a mirror and a replica server say to each other, as NBD: the protocol's messages to commands with payloads and back.
 * Pure. Sets of regions are exact as long as they fit into a payload; a larger one becomes a superset, which is safe for
 * whatever is set, and is refused where regions are cleared.
 */
import { HoldfastError } from '../../model/errors.ts';
import type { View } from '../nbd/slab.ts';
import { COMMAND, COMMAND_FLAG, NBD_ERROR, PEER, PRIVATE_PAYLOAD, type NbdError } from '../nbd/wire.ts';
import type { Fenced, Refusal, ReplicaAnswer, ReplicaRequest } from '../protocol/messages.ts';
import { decodeRegions, encodeRegions, RegionSet } from '../storage/region-set.ts';

export interface Command {
  readonly type: number;
  readonly offset: number;
  readonly length: number;
  readonly payload: View | Uint8Array | null;
  readonly flags: number;
}

const NOTHING = new Uint8Array(0);
/** A list of so many regions goes out as numbers. */
const MOST_LISTED = 4096;

const own = (type: number, payload: Uint8Array = NOTHING, offset = 0): Command => ({ type, offset, length: payload.length, payload: payload.length === 0 ? null : payload, flags: 0 });

export function encodeRequest(request: ReplicaRequest<View>): Command {
  switch (request.kind) {
    case 'read': return { type: COMMAND.read, offset: request.offset, length: request.length, payload: null, flags: 0 };
    case 'write': return { type: COMMAND.write, offset: request.offset, length: request.length, payload: request.data, flags: request.fua ? COMMAND_FLAG.fua : 0 };
    case 'zero': return { type: request.punch ? COMMAND.trim : COMMAND.writeZeroes, offset: request.offset, length: request.length, payload: null, flags: (request.fua ? COMMAND_FLAG.fua : 0) | (request.punch ? 0 : COMMAND_FLAG.noHole) };
    case 'flush': return { type: COMMAND.flush, offset: 0, length: 0, payload: null, flags: 0 };
    case 'renew': return own(PEER.renew);
    case 'give-back': return own(PEER.giveBack);
    case 'intend': return own(PEER.intend, putRegions(request.regions, PRIVATE_PAYLOAD, false));
    case 'settle': return own(PEER.settle, putRegions(request.regions, PRIVATE_PAYLOAD, true), request.missed ? 1 : 0);
    case 'forget': return own(PEER.forget, putRegions(request.regions, PRIVATE_PAYLOAD, true));
    case 'join': {
      const half = PRIVATE_PAYLOAD / 2 - 64;
      const intent = putRegions(request.intent, half, false);
      return own(PEER.join, Buffer.concat([number(intent.length), intent, putRegions(request.missed, half, false)]), request.history);
    }
    case 'recovered': return own(PEER.recovered);
    case 'version': return own(PEER.version, Buffer.from(JSON.stringify({ set_version: request.set_version, members: request.members })));
    case 'grow': return own(PEER.grow, NOTHING, request.size);
    case 'clone': return own(PEER.clone, Buffer.from(request.snapshot));
  }
}

/** @param regions of the replica. @returns null: no message of this protocol. */
export function decodeRequest(command: Omit<Command, 'payload'> & { readonly payload: View | null }, regions: number): ReplicaRequest<View> | null {
  const { type, offset, length, payload, flags } = command;
  const fua = (flags & COMMAND_FLAG.fua) !== 0;
  const bytes = payload?.bytes ?? Buffer.alloc(0);
  switch (type) {
    case COMMAND.read: return { kind: 'read', offset, length };
    case COMMAND.write: return payload === null ? null : { kind: 'write', offset, length, data: payload, fua };
    case COMMAND.trim: return { kind: 'zero', offset, length, fua, punch: true };
    case COMMAND.writeZeroes: return { kind: 'zero', offset, length, fua, punch: (flags & COMMAND_FLAG.noHole) === 0 };
    case COMMAND.flush: return { kind: 'flush' };
    case PEER.renew: return { kind: 'renew' };
    case PEER.giveBack: return { kind: 'give-back' };
    case PEER.recovered: return { kind: 'recovered' };
    case PEER.grow: return offset % 4096 === 0 ? { kind: 'grow', size: offset } : null;
    case PEER.clone: return /^snap_[0-9A-Z]{26}$/.test(bytes.toString()) ? { kind: 'clone', snapshot: bytes.toString() } : null;
    case PEER.version: return versionOf(bytes);
    case PEER.join: {
      const middle = bytes.length < 4 ? 0 : 4 + bytes.readUInt32BE(0);
      const intent = takeRegions(bytes.subarray(4, middle), regions);
      const missed = takeRegions(bytes.subarray(middle), regions);
      return intent === null || missed === null ? null : { kind: 'join', history: offset, intent, missed };
    }
    default:
  }
  const named = takeRegions(bytes, regions);
  if (named === null) return null;
  if (type === PEER.intend) return { kind: 'intend', regions: named };
  if (type === PEER.settle) return { kind: 'settle', regions: named, missed: offset === 1 };
  return type === PEER.forget ? { kind: 'forget', regions: named } : null;
}

function versionOf(bytes: Buffer): ReplicaRequest<View> | null {
  try {
    const told: unknown = JSON.parse(bytes.toString());
    if (typeof told !== 'object' || told === null || !('set_version' in told) || !('members' in told)) return null;
    const { set_version, members } = told;
    return typeof set_version === 'number' && Number.isSafeInteger(set_version) && Array.isArray(members) && members.length <= 16 && members.every((one) => typeof one === 'string' && one.length <= 64) ? { kind: 'version', set_version, members: members as string[] } : null;
  } catch {
    return null;
  }
}

export const errorOf = (answer: ReplicaAnswer<View>): NbdError => (answer.ok ? NBD_ERROR.OK : answer.error === 'full' ? NBD_ERROR.ENOSPC : NBD_ERROR.EIO);

/** @param data of a read. */
export const answerOf = (error: NbdError, data: View | null): ReplicaAnswer<View> => (error !== NBD_ERROR.OK ? { ok: false, error: error === NBD_ERROR.ENOSPC ? 'full' : 'io' } : data === null ? { ok: true } : { ok: true, data });

/** Length of the JSON, the JSON, the length of the intents, intents, missed. */
export function encodeFenced(fenced: Fenced): Buffer {
  const { intent, missed, ...rest } = fenced;
  const json = Buffer.from(JSON.stringify(rest));
  const most = PRIVATE_PAYLOAD / 2 - 1024;
  const set = putRegions(intent, most, false);
  return Buffer.concat([number(json.length), json, number(set.length), set, putRegions(missed, most, false)]);
}

/** null: not what `encodeFenced` makes. @param most regions that any volume can have. */
export function decodeFenced(bytes: Buffer, most: number): Fenced | null {
  try {
    const json = bytes.subarray(4, 4 + bytes.readUInt32BE(0));
    const rest = JSON.parse(json.toString()) as Omit<Fenced, 'intent' | 'missed'>;
    const from = 4 + json.length;
    const to = from + 4 + bytes.readUInt32BE(from);
    const intent = takeRegions(bytes.subarray(from + 4, to), most);
    const missed = takeRegions(bytes.subarray(to), most);
    const numbers = [rest.history, rest.size, rest.set_version, rest.previous].every((one) => Number.isSafeInteger(one) && one >= 0);
    return intent === null || missed === null || !numbers || typeof rest.empty !== 'boolean' || !['no', 'boot', 'failed'].includes(rest.restarted) ? null : { ...rest, intent, missed };
  } catch {
    return null;
  }
}

/** As the message with which a server refuses an export, which people may read too. */
export function refusalText(refusal: Refusal): string {
  switch (refusal.why) {
    case 'newer': return `fenced to generation ${refusal.generation}`;
    case 'damaged': return 'the replica is damaged';
    case 'gone': return 'the replica is not to be had';
  }
}

/** What an opening failed with: the replica's own word, or its server's, which counts as `gone`; null: there was no word. */
export function refusalOf(thrown: unknown): Refusal | null {
  const text = thrown instanceof Error ? thrown.message : '';
  if (!/^export \S+ was refused/.test(text)) return null;
  const newer = /fenced to generation (\d{1,15})$/.exec(text);
  if (newer !== null) return { why: 'newer', generation: Number(newer[1]) };
  return { why: text.endsWith('the replica is damaged') ? 'damaged' : 'gone' };
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** First a byte: 0, and each region as four bytes; or 1, how many regions there are, and `encodeRegions`. */
function putRegions(regions: readonly number[], most: number, exact: boolean): Buffer {
  if (regions.length <= MOST_LISTED) {
    const bytes = Buffer.alloc(1 + 4 * regions.length);
    regions.forEach((region, index) => bytes.writeUInt32BE(region, 1 + 4 * index));
    return bytes;
  }
  const set = new RegionSet(regions.reduce((highest, region) => Math.max(highest, region), 0) + 1);
  for (const region of regions) set.add(region);
  const bytes = encodeRegions(set, most - 5);
  if (exact && decodeRegions(bytes, set.count)?.size !== set.size) throw new HoldfastError('internal', `${regions.length} regions do not fit into one message`);
  return Buffer.concat([Buffer.from([1]), number(set.count), bytes]);
}

function takeRegions(bytes: Buffer, most: number): number[] | null {
  if (bytes.length === 0) return null;
  if (bytes[0] === 1) {
    const count = bytes.length < 5 ? 0 : bytes.readUInt32BE(1);
    if (count > most) return null;
    const set = decodeRegions(bytes.subarray(5), count);
    return set === null ? null : [...set];
  }
  if (bytes[0] !== 0 || bytes.length % 4 !== 1 || bytes.length > 1 + 4 * MOST_LISTED) return null;
  const regions: number[] = [];
  for (let at = 1; at < bytes.length; at += 4) regions.push(bytes.readUInt32BE(at));
  return regions.every((region) => region < most) ? regions : null;
}
