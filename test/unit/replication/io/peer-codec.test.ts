import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { decodeFenced, decodeRequest, encodeFenced, encodeRequest, refusalOf, refusalText } from '../../../../src/replication/io/peer-codec.ts';
import { View, sharedSlabs } from '../../../../src/replication/nbd/slab.ts';
import { COMMAND, PEER, PEER_COMMANDS } from '../../../../src/replication/nbd/wire.ts';
import type { Fenced, Refusal, ReplicaRequest } from '../../../../src/replication/protocol/messages.ts';

const REGIONS = 1_000_000;
const payloadOf = (bytes: View | Uint8Array | null): View | null => {
  if (bytes === null || bytes instanceof View) return bytes;
  const view = sharedSlabs.view(bytes.length);
  view.bytes.set(bytes);
  return view;
};
const over = (request: ReplicaRequest<View>): ReplicaRequest<View> | null => {
  const { payload, ...command } = encodeRequest(request);
  return decodeRequest({ ...command, payload: payloadOf(payload) }, REGIONS);
};
const regions = fc.uniqueArray(fc.nat(REGIONS - 1), { maxLength: 300 });
const offset = fc.nat(2 ** 40).map((at) => at * 4096);

test('every message means the same on the other side', () => {
  const view = sharedSlabs.view(4096);
  const message: fc.Arbitrary<ReplicaRequest<View>> = fc.oneof(
    fc.record({ kind: fc.constant('read' as const), offset, length: fc.constant(4096) }),
    fc.record({ kind: fc.constant('write' as const), offset, length: fc.constant(4096), data: fc.constant(view), fua: fc.boolean() }),
    fc.record({ kind: fc.constant('zero' as const), offset, length: fc.constant(4096), fua: fc.boolean(), punch: fc.boolean() }),
    fc.constantFrom<ReplicaRequest<View>>({ kind: 'flush' }, { kind: 'renew' }, { kind: 'give-back' }, { kind: 'recovered' }),
    fc.record({ kind: fc.constantFrom('intend' as const, 'forget' as const), regions }),
    fc.record({ kind: fc.constant('settle' as const), regions, missed: fc.boolean() }),
    fc.record({ kind: fc.constant('join' as const), history: fc.nat(), intent: regions, missed: regions }),
    fc.record({ kind: fc.constant('version' as const), set_version: fc.nat(), members: fc.array(fc.constant('rep_1'), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('grow' as const), size: offset }),
    fc.constant<ReplicaRequest<View>>({ kind: 'clone', snapshot: `snap_${'0'.repeat(26)}` }),
  );
  fc.assert(fc.property(message, (request) => expect(over(request)).toEqual(request)));
});

test('many regions are told exactly while they fit, and as a larger set when they do not, but never where bits are cleared', () => {
  const run = Array.from({ length: 20_000 }, (_unused, index) => index);
  for (const kind of ['intend', 'forget'] as const) expect(over({ kind, regions: run })).toEqual({ kind, regions: run });
  const scattered = Array.from({ length: 600_000 }, (_unused, index) => index * 2);
  const { payload } = encodeRequest({ kind: 'intend', regions: scattered });
  expect(payload?.length).toBeLessThanOrEqual(PEER_COMMANDS.get(PEER.intend)?.requestBytes ?? 0);
  const decoded = decodeRequest({ type: PEER.intend, offset: 0, length: 0, flags: 0, payload: payloadOf(payload) }, 2_000_000);
  const told = new Set(decoded?.kind === 'intend' ? decoded.regions : []);
  expect(scattered.every((region) => told.has(region))).toBe(true);
  expect(() => encodeRequest({ kind: 'forget', regions: scattered })).toThrow('do not fit');
});

test('what is no message of the protocol is none, whatever bytes it has', () => {
  fc.assert(fc.property(fc.constantFrom(...PEER_COMMANDS.keys(), COMMAND.read, 77), fc.nat(2 ** 45), fc.uint8Array({ maxLength: 200 }), fc.nat(3), (type, at, bytes, flags) => {
    const request = decodeRequest({ type, offset: at, length: bytes.length, flags, payload: bytes.length === 0 ? null : payloadOf(bytes) }, 100);
    if (request !== null && 'regions' in request) expect(request.regions.every((region) => region >= 0 && region < 100)).toBe(true);
  }), { numRuns: 2_000 });
});

test('what a fenced replica holds means the same on the other side, and rubbish means nothing', () => {
  const fenced: fc.Arbitrary<Fenced> = fc.record({ history: fc.nat(), size: fc.nat(), set_version: fc.nat(), previous: fc.nat(), restarted: fc.constantFrom('no' as const, 'boot' as const, 'failed' as const), empty: fc.boolean(), intent: regions, missed: regions });
  fc.assert(fc.property(fenced, (told) => expect(decodeFenced(encodeFenced(told), REGIONS)).toEqual(told)));
  fc.assert(fc.property(fc.uint8Array(), (bytes) => expect(decodeFenced(Buffer.from(bytes), REGIONS)).toBeNull()));
});

test('the reason why a replica refuses is understood on the other side', () => {
  for (const refusal of [{ why: 'newer', generation: 12 }, { why: 'damaged' }, { why: 'gone' }] satisfies Refusal[]) {
    expect(refusalOf(new HoldfastError('unavailable', `export vol/1/1 was refused: ${refusalText(refusal)}`))).toEqual(refusal);
  }
  expect(refusalOf(new HoldfastError('unavailable', 'export vol/1/1 could not be opened: closed by the other side'))).toBeNull();
});
