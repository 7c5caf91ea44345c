import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openNbd, type NbdClient, type ReplyHandler } from '../../../../src/replication/nbd/client.ts';
import { serveNbd, type FrontLimits, type FrontOptions } from '../../../../src/replication/nbd/server.ts';
import { sharedSlabs, View } from '../../../../src/replication/nbd/slab.ts';
import { COMMAND, COMMAND_FLAG, NBD_ERROR, PEER, PEER_COMMANDS, type NbdError } from '../../../../src/replication/nbd/wire.ts';
import { HoldfastError } from '../../../../src/model/errors.ts';
import { MemoryDisk, socketPair, streamPair, until, type Pair } from './memory-disk.ts';

const MIB = 1024 * 1024;

class Answers implements ReplyHandler {
  readonly got = new Map<number, { readonly error: NbdError; readonly data: Buffer | null }>();
  readonly order: number[] = [];
  closedBy: string | null = null;
  reply(cookie: number, error: NbdError, data: View | null): void {
    this.order.push(cookie);
    this.got.set(cookie, { error, data: data === null ? null : Buffer.from(data.bytes) });
  }
  closed(reason: string): void {
    this.closedBy = reason;
  }
  async of(cookie: number): Promise<{ readonly error: NbdError; readonly data: Buffer | null }> {
    await until(() => this.got.has(cookie) || this.closedBy !== null);
    const answer = this.got.get(cookie);
    if (answer === undefined) throw new Error(`closed: ${this.closedBy}`);
    return answer;
  }
}

const pairs: Pair[] = [];
afterEach(() => {
  for (const pair of pairs.splice(0)) pair.dispose();
});

describe.each([['sockets', socketPair], ['streams', streamPair]] as const)('both ends over %s', (_name, makePair) => {
  async function connected(disk: MemoryDisk, limits: Partial<FrontLimits> = {}, more: Partial<FrontOptions<string>> = {}): Promise<{ client: NbdClient; answers: Answers }> {
    const pair = await makePair();
    pairs.push(pair);
    serveNbd(pair.server, 'peer', { open: async (_export, _peer, connection) => disk.open(connection), limits, ...more });
    const answers = new Answers();
    const client = await openNbd(pair.client, { export: 'v/1/1', handler: answers, commands: PEER_COMMANDS });
    return { client, answers };
  }

  test('the client learns size and abilities, and who it is asked for reaches the server', async () => {
    const asked: unknown[] = [];
    const disk = new MemoryDisk(MIB);
    const { client } = await connected(disk, {}, { open: async (name, peer, connection) => {
      asked.push([name, peer]);
      return disk.open(connection);
    } });
    expect(asked).toEqual([['v/1/1', 'peer']]);
    expect(client.facts).toEqual({ size: MIB, readOnly: false, canFlush: true, canFua: true, canTrim: true, canZero: true });
  });

  test('what is written is read back, zeroed ranges are zeroes, flags arrive', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    client.send(1, COMMAND.write, 4096, 8192, Buffer.alloc(8192, 7), COMMAND_FLAG.fua);
    client.send(2, COMMAND.trim, 4096, 4096);
    client.send(3, COMMAND.read, 0, 16384);
    client.send(4, COMMAND.flush, 0, 0);
    client.send(5, COMMAND.writeZeroes, 0, 4096, null, COMMAND_FLAG.noHole);
    const { data } = await answers.of(3);
    expect(data?.equals(Buffer.concat([Buffer.alloc(8192), Buffer.alloc(4096, 7), Buffer.alloc(4096)]))).toBe(true);
    await answers.of(5);
    expect(disk.seen.map(({ type, flags }) => [type, flags])).toEqual([[1, 1], [4, 0], [0, 0], [3, 0], [6, 2]]);
  });

  test('replies in another order reach those who asked', async () => {
    const disk = new MemoryDisk(MIB);
    for (let block = 0; block < 16; block += 1) disk.bytes.fill(block, block * 4096, (block + 1) * 4096);
    const { client, answers } = await connected(disk);
    disk.holding = true;
    for (let block = 0; block < 16; block += 1) client.send(block, COMMAND.read, block * 4096, 4096);
    await until(() => disk.held === 16);
    disk.release();
    for (let block = 0; block < 16; block += 1) expect((await answers.of(block)).data?.equals(Buffer.alloc(4096, block))).toBe(true);
    expect(answers.order).toEqual([...Array(16).keys()].reverse());
  });

  test('private commands carry payloads both ways, also empty ones and with an error', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    client.command(1, PEER.renew, Buffer.from('abc'));
    client.command(2, PEER.intend, Buffer.alloc(0), 77);
    client.command(3, PEER.join, Buffer.alloc(MIB, 5));
    expect((await answers.of(1)).data?.toString()).toBe('cba');
    expect(await answers.of(2)).toEqual({ error: 0, data: null });
    expect((await answers.of(3)).data?.length).toBe(MIB);
    expect(disk.seen[1]?.offset).toBe(77);
    disk.holding = true;
    client.command(4, PEER.clone, Buffer.from('x'));
    await until(() => disk.held === 1);
    const clone = disk.connection;
    disk.request = (cookie) => clone?.reply(cookie, NBD_ERROR.ENOSPC, Buffer.from('full'));
    client.command(5, PEER.clone, Buffer.from('y'));
    expect(await answers.of(5)).toEqual({ error: NBD_ERROR.ENOSPC, data: Buffer.from('full') });
  });

  test('a payload of 32 MiB passes, in both directions', async () => {
    const disk = new MemoryDisk(64 * MIB);
    const { client, answers } = await connected(disk);
    const data = Buffer.alloc(32 * MIB);
    for (let at = 0; at < data.length; at += 4096) data.writeUInt32BE(at, at);
    client.send(1, COMMAND.write, 4096, data.length, data);
    client.send(2, COMMAND.read, 4096, data.length);
    expect((await answers.of(2)).data?.equals(data)).toBe(true);
  });

  test('requests past the end, without length, with wrong flags or too high offsets are refused, and what follows is served', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    const wrong: [number, number, number, number][] = [
      [COMMAND.read, MIB - 4096, 8192, 0], [COMMAND.read, MIB, 512, 0], [COMMAND.read, 0, 0, 0], [COMMAND.trim, 0, 2 ** 32 - 1, 0],
      [COMMAND.writeZeroes, MIB - 1, 2, 0], [COMMAND.read, 0, 4096, 8], [COMMAND.trim, 0, 4096, COMMAND_FLAG.noHole], [COMMAND.flush, 1, 0, 0],
      [COMMAND.read, 2 ** 53 - 1, 4096, 0], [COMMAND.read, 2 ** 63, 4096, 0], [9, 0, 0, 0], [5, 0, 4096, 0],
    ];
    for (const [index, [type, offset, length, flags]] of wrong.entries()) client.send(index + 1, type, offset, length, null, flags);
    client.send(90, COMMAND.write, MIB - 4096, 8192, Buffer.alloc(8192, 1));
    client.send(91, COMMAND.read, MIB - 4096, 4096);
    expect((await answers.of(91)).data?.equals(Buffer.alloc(4096))).toBe(true);
    for (const index of wrong.keys()) expect(answers.got.get(index + 1)?.error).toBe(NBD_ERROR.EINVAL);
    expect(answers.got.get(90)?.error).toBe(NBD_ERROR.EINVAL);
    expect(disk.seen).toHaveLength(1);
  });

  test('the limit of an export is below its size until it is raised', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk, {}, { open: async (_name, _peer, connection) => ({ ...disk.open(connection), limit: 4096 }) });
    expect(client.facts.size).toBe(MIB);
    client.send(1, COMMAND.read, 4096, 4096);
    expect((await answers.of(1)).error).toBe(NBD_ERROR.EINVAL);
    if (disk.connection !== null) disk.connection.limit = 8192;
    client.send(2, COMMAND.read, 4096, 4096);
    expect((await answers.of(2)).error).toBe(NBD_ERROR.OK);
  });

  test('a read-only export refuses what would change it', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk, {}, { open: async (_name, _peer, connection) => ({ ...disk.open(connection), readOnly: true }) });
    expect(client.facts.readOnly).toBe(true);
    client.send(1, COMMAND.write, 0, 4096, Buffer.alloc(4096));
    client.send(2, COMMAND.trim, 0, 4096);
    client.send(3, COMMAND.writeZeroes, 0, 4096);
    client.send(4, COMMAND.read, 0, 4096);
    await answers.of(4);
    expect([1, 2, 3, 4].map((cookie) => answers.got.get(cookie)?.error)).toEqual([1, 1, 1, 0]);
  });

  test('a refused export is an error that says why, of the right code', async () => {
    const refusing = async (error: HoldfastError): Promise<unknown> => {
      const pair = await makePair();
      pairs.push(pair);
      serveNbd(pair.server, 'peer', { open: async () => Promise.reject(error) });
      return openNbd(pair.client, { export: 'v/1/1', handler: new Answers() }).then(() => null, (thrown: unknown) => thrown);
    };
    expect(await refusing(new HoldfastError('not_found', 'no such volume'))).toMatchObject({ code: 'not_found', message: 'export v/1/1 was refused: no such volume' });
    expect(await refusing(new HoldfastError('permission_denied', 'not yours'))).toMatchObject({ code: 'permission_denied' });
    expect(await refusing(new HoldfastError('conflict', 'generation 7 was fenced'))).toMatchObject({ code: 'unavailable', message: 'export v/1/1 was refused: generation 7 was fenced' });
  });

  test('a dropped connection hands over nothing more, and is settled when the last request is answered', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    disk.holding = true;
    for (let cookie = 1; cookie <= 4; cookie += 1) client.send(cookie, COMMAND.write, 0, 4096, Buffer.alloc(4096, cookie));
    await until(() => disk.held === 4);
    disk.connection?.drop('fenced');
    expect(disk.closedBy).toBe('fenced');
    let settled = false;
    const settling = disk.connection?.settled().then(() => void (settled = true));
    client.send(5, COMMAND.write, 0, 4096, Buffer.alloc(4096, 9));
    await until(() => answers.closedBy !== null);
    expect([settled, disk.connection?.inFlight]).toEqual([false, 4]);
    disk.release();
    await settling;
    expect([disk.seen.length, answers.got.size, disk.connection?.inFlight]).toEqual([4, 0, 0]);
  });

  test('a client that says good-bye gets its answers first', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    disk.holding = true;
    client.send(1, COMMAND.read, 0, 4096);
    client.send(2, COMMAND.disconnect, 0, 0);
    await until(() => disk.held === 1);
    disk.release();
    await until(() => answers.closedBy !== null);
    expect(answers.order).toEqual([1]);
    expect(disk.closedBy).toBe('disconnected by the client');
  });

  test('a client that goes while its export is being opened aborts the opening, and the late handler is told', async () => {
    const pair = await makePair();
    pairs.push(pair);
    const disk = new MemoryDisk(MIB);
    let opening: AbortSignal | null = null;
    let finish = (): void => undefined;
    serveNbd(pair.server, 'peer', { open: (_name, _peer, connection) => {
      opening = connection.signal;
      return new Promise((resolve) => void (finish = () => resolve(disk.open(connection))));
    } });
    const abort = new AbortController();
    const failure = openNbd(pair.client, { export: 'v', handler: new Answers(), signal: abort.signal }).then(() => null, (thrown: unknown) => thrown);
    await until(() => opening !== null);
    abort.abort();
    expect(await failure).toMatchObject({ code: 'unavailable' });
    await until(() => opening?.aborted === true);
    finish();
    await until(() => disk.closedBy !== null);
  });

  test('requests and bytes in flight are bounded: the rest waits in the socket and is served later', async () => {
    const disk = new MemoryDisk(8 * MIB);
    const { client, answers } = await connected(disk, { requests: 8, bytes: MIB });
    disk.holding = true;
    for (let cookie = 0; cookie < 64; cookie += 1) client.send(cookie, COMMAND.write, cookie * 65536, 65536, Buffer.alloc(65536, cookie));
    await until(() => disk.held === 8);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(disk.held).toBe(8);
    while (answers.got.size < 64) {
      expect(disk.held).toBeLessThanOrEqual(8);
      disk.release();
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let cookie = 0; cookie < 64; cookie += 1) expect(disk.bytes[cookie * 65536 + 5]).toBe(cookie);
    disk.seen.length = 0;
    for (let cookie = 100; cookie < 110; cookie += 1) client.send(cookie, COMMAND.read, 0, MIB);
    await until(() => disk.held > 0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(disk.held).toBe(1);
    disk.holding = false;
    disk.release();
    await answers.of(109);
  });

  test('a handler that breaks loses its connection, and nobody else does', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    disk.request = () => {
      throw new Error('invariant broken');
    };
    client.send(1, COMMAND.read, 0, 4096);
    await until(() => answers.closedBy !== null);
    expect(disk.closedBy).toBe('internal: invariant broken');
  });

  test('answering twice, or what nobody asked, is an error of the one who does it', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    const cookies: number[] = [];
    disk.request = (cookie) => {
      cookies.push(cookie);
      disk.connection?.reply(cookie, NBD_ERROR.EIO);
      expect(() => disk.connection?.reply(cookie, NBD_ERROR.OK)).toThrow('does not wait for an answer');
    };
    client.send(1, COMMAND.read, 0, 4096);
    expect(await answers.of(1)).toEqual({ error: NBD_ERROR.EIO, data: null });
    client.send(2, COMMAND.read, 0, 4096);
    await answers.of(2);
    expect(new Set(cookies).size).toBe(2);
    expect(() => disk.connection?.reply(cookies[0] ?? 0, NBD_ERROR.OK)).toThrow('does not wait for an answer');
  });

  test('a read that is answered with another length is an I/O error', async () => {
    const disk = new MemoryDisk(MIB);
    const { client, answers } = await connected(disk);
    disk.request = (cookie) => disk.connection?.reply(cookie, NBD_ERROR.OK, Buffer.alloc(512));
    client.send(1, COMMAND.read, 0, 4096);
    expect((await answers.of(1)).error).toBe(NBD_ERROR.EIO);
  });

  test('whatever is asked, in whatever pieces, the disk is as a model says, and payloads are free afterwards', async () => {
    const BLOCK = 512;
    const blocks = 256;
    const request = fc.record({
      kind: fc.constantFrom('write', 'write', 'write', 'read', 'trim', 'zero', 'flush', 'own'),
      block: fc.nat(blocks - 1), count: fc.integer({ min: 1, max: 64 }), fill: fc.integer({ min: 1, max: 255 }), asView: fc.boolean(),
    });
    await fc.assert(fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 60 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }), async (requests, breaks) => {
      const disk = new MemoryDisk(blocks * BLOCK);
      const model = Buffer.alloc(blocks * BLOCK);
      const { client, answers } = await connected(disk, { requests: 16 });
      const expected = new Map<number, Buffer>();
      for (const [cookie, { kind, block, count, fill, asView }] of requests.entries()) {
        const offset = block * BLOCK;
        const length = Math.min(count, blocks - block) * BLOCK;
        if (kind === 'write') {
          model.fill(fill, offset, offset + length);
          const view = sharedSlabs.view(length);
          view.bytes.fill(fill);
          client.send(cookie, COMMAND.write, offset, length, asView ? view : Buffer.from(view.bytes));
          view.release();
        } else if (kind === 'read') {
          expected.set(cookie, Buffer.from(model.subarray(offset, offset + length)));
          client.send(cookie, COMMAND.read, offset, length);
        } else if (kind === 'flush') client.send(cookie, COMMAND.flush, 0, 0);
        else if (kind === 'own') client.command(cookie, PEER.settle, Buffer.alloc(fill, fill));
        else {
          model.fill(0, offset, offset + length);
          client.send(cookie, kind === 'trim' ? COMMAND.trim : COMMAND.writeZeroes, offset, length);
        }
        if (breaks[cookie % breaks.length] === true) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const cookie of requests.keys()) expect((await answers.of(cookie)).error).toBe(NBD_ERROR.OK);
      for (const [cookie, data] of expected) expect(answers.got.get(cookie)?.data?.equals(data)).toBe(true);
      expect(disk.bytes.equals(model)).toBe(true);
      expect([client.inFlight, disk.connection?.inFlight]).toEqual([0, 0]);
      client.disconnect();
      await until(() => disk.closedBy !== null);
    }), { numRuns: 60 });
  });

  test('one payload goes to several servers with one header, and to another one with its own', async () => {
    const disks = [new MemoryDisk(MIB), new MemoryDisk(MIB), new MemoryDisk(MIB)];
    const ends = await Promise.all(disks.map((disk) => connected(disk)));
    const views = Array.from({ length: 8 }, (_unused, index) => {
      const view = sharedSlabs.view(4096);
      view.bytes.fill(index + 1);
      return view;
    });
    for (const [index, view] of views.entries()) {
      for (const [which, { client }] of ends.entries()) client.send(which === 2 ? 1000 + index : index, COMMAND.write, index * (which === 2 ? 8192 : 4096), 4096, view);
      view.release();
    }
    for (const { client } of ends) client.flush();
    for (const [which, { answers }] of ends.entries()) for (const index of views.keys()) await answers.of(which === 2 ? 1000 + index : index);
    const whole = Buffer.concat(Array.from({ length: 8 }, (_unused, index) => Buffer.alloc(4096, index + 1)));
    expect(disks[0]?.bytes.subarray(0, 32768).equals(whole)).toBe(true);
    expect(disks[1]?.bytes.subarray(0, 32768).equals(whole)).toBe(true);
    for (const index of views.keys()) expect(disks[2]?.bytes[index * 8192]).toBe(index + 1);
  });
});
