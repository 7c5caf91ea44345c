import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Duplex } from 'node:stream';
import { openNbd } from '../../../../src/replication/nbd/client.ts';
import { serveNbd, type FrontConnection, type FrontLimits } from '../../../../src/replication/nbd/server.ts';
import { COMMAND, MAGIC, OPTION, OPTION_ERROR, OPTION_REPLY, PEER } from '../../../../src/replication/nbd/wire.ts';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { MemoryDisk, socketPair, until, type Pair } from './memory-disk.ts';

const MIB = 1024 * 1024;
const pairs: Pair[] = [];
afterEach(() => {
  for (const pair of pairs.splice(0)) pair.dispose();
});

/** A client that sends whatever bytes it likes. */
class Raw {
  readonly socket: Duplex;
  got = Buffer.alloc(0);
  closed = false;
  constructor(socket: Duplex, reads = true) {
    this.socket = socket;
    if (reads) socket.on('data', (chunk: Buffer) => void (this.got = Buffer.concat([this.got, chunk])));
    if (reads) socket.resume();
    socket.on('close', () => void (this.closed = true));
  }
  write(...parts: readonly (Buffer | number[])[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => Buffer.from(part))));
  }
}

async function attacked(limits: Partial<FrontLimits> = {}, reads = true): Promise<{ raw: Raw; disk: MemoryDisk; connection: FrontConnection; opened: string[] }> {
  const pair = await socketPair();
  pairs.push(pair);
  const disk = new MemoryDisk(MIB);
  const opened: string[] = [];
  const connection = serveNbd(pair.server, 'peer', {
    open: async (name, _peer, front) => {
      opened.push(name);
      if (name === 'none') throw new HoldfastError('not_found', 'no such export');
      return disk.open(front);
    },
    limits,
  });
  return { raw: new Raw(pair.client, reads), disk, connection, opened };
}

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const flags = u32(3);
const option = (type: number, data: Buffer = Buffer.alloc(0), length = data.length): Buffer => Buffer.concat([Buffer.from('IHAVEOPT'), u32(type), u32(length), data]);
const goData = (name: string): Buffer => Buffer.concat([u32(name.length), Buffer.from(name), Buffer.alloc(2)]);
function request(type: number, offset: bigint, length: number, { cookie = 1, magic = 0x25609513, flag = 0 } = {}): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt16BE(flag, 4);
  bytes.writeUInt16BE(type, 6);
  bytes.writeBigUInt64BE(BigInt(cookie), 8);
  bytes.writeBigUInt64BE(offset, 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
}
const go = Buffer.concat([flags, option(OPTION.go, goData('v'))]);

describe('hostile clients are cut off', () => {
  test.each([
    ['answers the greeting with unknown flags', [u32(0xffffffff)]],
    ['begins an option with another magic', [flags, Buffer.from('IHAVENOTHING1234')]],
    ['announces a huge option', [flags, option(OPTION.go, Buffer.alloc(0), 0xffffffff)]],
    ['asks for a name that is too long', [flags, option(OPTION.exportName, Buffer.alloc(256, 97))]],
    ['asks for a name that is no text', [flags, option(OPTION.exportName, Buffer.from([0xff, 0xfe]))]],
    ['asks the old way for what is not there', [flags, option(OPTION.exportName, Buffer.from('none'))]],
    ['floods with options', [flags, ...Array<Buffer>(40).fill(option(OPTION.list))]],
    ['speaks HTTP', [Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')]],
    ['begins a request with another magic', [go, request(COMMAND.read, 0n, 4096, { magic: 0x12345678 })]],
    ['writes too much at once', [go, request(COMMAND.write, 0n, 0xffffffff)]],
    ['sends a private command that is too long', [go, request(PEER.renew, 0n, 64 * 1024 + 1)]],
    ['sends options after transmission has begun', [go, option(OPTION.go, goData('v'))]],
  ])('one that %s', async (_what, parts) => {
    const { raw, disk } = await attacked();
    raw.write(...parts);
    await until(() => raw.closed);
    expect(disk.seen).toEqual([]);
  });

  test.each([
    ['says nothing', []],
    ['sends half an answer to the greeting', [[0, 0]]],
    ['sends half an option', [flags, option(OPTION.go, goData('v')).subarray(0, 20)]],
    ['keeps asking for what is not there and then says nothing', [flags, option(OPTION.go, goData('none'))]],
  ])('one that %s, after a time', async (_what, parts) => {
    const { raw, connection } = await attacked({ handshakeMs: 30 });
    raw.write(...parts);
    await until(() => raw.closed);
    expect(connection.closedBy).toContain('no export was chosen');
  });

  test('one that leaves a request half sent', async () => {
    const { raw, disk } = await attacked({ stalledMs: 30 });
    raw.write(go, request(COMMAND.write, 0n, 8192), Buffer.alloc(100));
    await until(() => raw.closed);
    expect(disk.closedBy).toContain('a request was not finished');
  });

  test('one that reads no replies, after what is bounded in memory', async () => {
    const { raw, disk, connection } = await attacked({ stalledMs: 200, requests: 16, backlogBytes: 4 * MIB }, false);
    raw.write(go);
    for (let cookie = 0; cookie < 200; cookie += 1) raw.write(request(COMMAND.read, 0n, MIB, { cookie }));
    await until(() => connection.closedBy !== null);
    expect(disk.closedBy).toContain('has been taken');
    expect(disk.seen.length).toBeLessThan(60);
  });

  test('and those beside them are served all the while', async () => {
    const good = await attacked();
    good.raw.write(go);
    for (let round = 0; round < 10; round += 1) {
      const bad = await attacked();
      bad.raw.write(go, request(COMMAND.write, 0n, 0x7fffffff));
      good.raw.write(request(COMMAND.write, 0n, 512, { cookie: round }), Buffer.alloc(512, round));
      await until(() => bad.raw.closed);
    }
    await until(() => good.disk.seen.length === 10);
    expect(good.disk.closedBy).toBeNull();
  });
});

describe('options', () => {
  const answers = (bytes: Buffer): { option: number; type: number; data: Buffer }[] => {
    const found = [];
    for (let at = 18; at < bytes.length; ) {
      const length = bytes.readUInt32BE(at + 16);
      found.push({ option: bytes.readUInt32BE(at + 8), type: bytes.readUInt32BE(at + 12), data: bytes.subarray(at + 20, at + 20 + length) });
      at += 20 + length;
    }
    return found;
  };

  test('what is not offered is refused, and the client may go on', async () => {
    const { raw } = await attacked();
    raw.write(flags, option(OPTION.startTls), option(OPTION.list), option(OPTION.list, Buffer.from('x')), option(8), option(77, Buffer.alloc(100)), option(OPTION.info, goData('v')),
      option(OPTION.go, Buffer.alloc(3)), option(OPTION.go, u32(0xfffffff0)), option(OPTION.go, goData('none')), option(OPTION.abort));
    await until(() => raw.closed);
    const { policy, invalid, unsupported, unknownExport } = OPTION_ERROR;
    expect(answers(raw.got).map(({ type }) => type)).toEqual([policy, policy, invalid, unsupported, unsupported, policy, invalid, invalid, unknownExport, OPTION_REPLY.ack]);
  });

  test('NBD_OPT_GO tells size, abilities and sizes of blocks', async () => {
    const { raw } = await attacked();
    raw.write(go);
    await until(() => raw.got.length >= 18 + 32 + 34 + 20);
    const [shape, blocks, ack] = answers(raw.got);
    expect([shape?.data.readBigUInt64BE(2), shape?.data.readUInt16BE(10)]).toEqual([BigInt(MIB), 1 | 4 | 8 | 32 | 64]);
    expect([2, 6, 10].map((at) => blocks?.data.readUInt32BE(at))).toEqual([512, 4096, 32 * MIB]);
    expect(ack?.type).toBe(OPTION_REPLY.ack);
  });

  test.each([[1, 124], [3, 0]])('NBD_OPT_EXPORT_NAME works, with and without padding (flags %d)', async (clientFlags, padding) => {
    const { raw, opened } = await attacked();
    raw.write(u32(clientFlags), option(OPTION.exportName, Buffer.from('v/1/1')), request(COMMAND.read, 0n, 512));
    await until(() => raw.got.length >= 18 + 10 + padding + 16 + 512);
    expect(opened).toEqual(['v/1/1']);
    expect(raw.got.length).toBe(18 + 10 + padding + 16 + 512);
  });
});

describe('whatever bytes come', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(flags, go, option(OPTION.list), option(OPTION.startTls), option(OPTION.info, goData('v')), option(OPTION.abort), Buffer.from('IHAVEOPT')),
    fc.record({
      type: fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 6, 7, PEER.renew, PEER.join, 0xffff), fc.nat(0xffff)),
      offset: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: BigInt(2 * MIB) })),
      length: fc.oneof(fc.nat(8192), fc.integer({ min: 0, max: 0xffffffff })),
      flag: fc.constantFrom(0, 1, 2, 3, 0xffff), payload: fc.nat(8192),
    }).map(({ type, offset, length, flag, payload }) => Buffer.concat([request(type, offset, length, { flag }), Buffer.alloc(type === 1 ? payload : 0)])),
  );

  test('the server hands over only what lies within the export, and goes on serving others', async () => {
    const other = await attacked();
    other.raw.write(go);
    await fc.assert(fc.asyncProperty(fc.boolean(), fc.array(piece, { maxLength: 12 }), async (begins, pieces) => {
      const { raw, disk, connection } = await attacked();
      raw.write(...(begins ? [go] : []), ...pieces);
      raw.socket.end();
      await until(() => connection.closedBy !== null);
      for (const { type, offset, length } of disk.seen) if (type < COMMAND.private && type !== COMMAND.flush) expect(offset >= 0 && length > 0 && offset + length <= MIB).toBe(true);
      expect(connection.inFlight).toBe(0);
      raw.socket.destroy();
    }), { numRuns: 300 });
    other.raw.write(request(COMMAND.read, 0n, 512));
    await until(() => other.disk.seen.length === 1);
  });

  test('the client ends, with an error or a close, whatever a server sends', async () => {
    const greeting = Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), Buffer.from([0, 3])]);
    const reply = (type: number, data: Buffer, length = data.length): Buffer => Buffer.concat([Buffer.from('0003e889045565a9', 'hex'), u32(OPTION.go), u32(type), u32(length), data]);
    const info = Buffer.alloc(12);
    info.writeBigUInt64BE(4096n, 2);
    const simple = (error: number, cookie: number): Buffer => Buffer.concat([u32(MAGIC.reply), u32(error), u32(0), u32(cookie)]);
    const served = fc.oneof(
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc.constantFrom(reply(3, info), reply(1, Buffer.alloc(0)), reply(3, Buffer.alloc(1)), reply(3, info, 0xffffffff), reply(0x80000006, Buffer.from('no')), reply(3, Buffer.concat([Buffer.alloc(2), Buffer.alloc(10, 255)]))),
      fc.tuple(fc.nat(200), fc.nat(3)).map(([error, cookie]) => simple(error, cookie)),
    );
    await fc.assert(fc.asyncProperty(fc.boolean(), fc.boolean(), fc.array(served, { maxLength: 12 }), async (greets, opens, pieces) => {
      const pair = await socketPair();
      const raw = new Raw(pair.server);
      let closed = 0;
      const opening = openNbd(pair.client, { export: 'v', handler: { reply: () => undefined, closed: () => void (closed += 1) } });
      raw.write(...(greets ? [greeting] : []), ...(opens ? [reply(3, info), reply(1, Buffer.alloc(0))] : []), ...pieces);
      const client = await Promise.race([opening.catch(() => null), until(() => raw.closed).then(() => opening.catch(() => null)), new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 20))]);
      if (client !== null && client !== undefined) for (let cookie = 0; cookie < 3; cookie += 1) client.send(cookie, COMMAND.read, 0, 512);
      raw.socket.destroy();
      const settled = await opening.then((opened) => opened, () => null);
      if (settled !== null) {
        await until(() => closed === 1);
        expect(settled.inFlight).toBe(0);
      }
      pair.dispose();
    }), { numRuns: 200 });
  });
});
