/** Our ends of NBD with the clients and servers of libnbd and nbdkit, and with each other over mutual TLS. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { openNbd, type NbdClient } from '../../../src/replication/nbd/client.ts';
import type { View } from '../../../src/replication/nbd/slab.ts';
import { COMMAND, COMMAND_FLAG, NBD_ERROR } from '../../../src/replication/nbd/wire.ts';
import { makeCertificates } from '../../lab/certificates.ts';
import { command, describeIf, root } from '../../lab/needs.ts';
import { until } from '../../unit/replication/nbd/memory-disk.ts';
import { makeSparse, serveImage, type ReplicaServer } from './replica-server.ts';

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;
const run = promisify(execFile);

let directory: string;
let server: ReplicaServer | null = null;
const children: ChildProcess[] = [];
const at = (name: string): string => path.join(directory, name);
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'holdfast-interop-'));
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => void child.once('exit', resolve));
  }
  await server?.close();
  server = null;
  rmSync(directory, { recursive: true });
});

const serve = async (): Promise<string> => {
  makeSparse(at('image'), SIZE);
  server = await serveImage(at('image'), SIZE, { socket: at('socket') });
  return `nbd+unix:///disk?socket=${at('socket')}`;
};
const start = (program: string, ...words: string[]): void => void children.push(spawn(program, words, { stdio: 'ignore' }));
const sameBytes = (one: string, other: string): boolean => readFileSync(one).equals(readFileSync(other));

/** Asks and waits. */
class Asking {
  client: NbdClient | null = null;
  closedBy: string | null = null;
  readonly #waiting = new Map<number, (answer: { error: number; data: Buffer | null }) => void>();
  #cookie = 0;
  reply(cookie: number, error: number, data: View | null): void {
    this.#waiting.get(cookie)?.({ error, data: data === null ? null : Buffer.from(data.bytes) });
    this.#waiting.delete(cookie);
  }
  closed(reason: string): void {
    this.closedBy = reason;
  }
  ask(type: number, offset: number, length: number, payload: Buffer | null = null, flags = 0): Promise<{ error: number; data: Buffer | null }> {
    return new Promise((resolve) => {
      this.#cookie += 1;
      this.#waiting.set(this.#cookie, resolve);
      this.client?.send(this.#cookie, type, offset, length, payload, flags);
    });
  }
}

describeIf([command('nbdinfo'), command('nbdcopy')], 'clients of libnbd', () => {
  test('nbdinfo reads the export, its list and a refusal', async () => {
    const uri = await serve();
    const { stdout } = await run('nbdinfo', ['--json', uri]);
    expect(JSON.parse(stdout)).toMatchObject({ exports: [{ 'export-size': SIZE, can_flush: true, can_fua: true, can_trim: true, can_zero: true, can_multi_conn: false, can_df: false, is_read_only: false, block_size_minimum: 512, block_size_preferred: 4096, block_size_maximum: 32 * MIB }] });
    expect(JSON.parse((await run('nbdinfo', ['--json', '--list', uri])).stdout)).toMatchObject({ exports: [{ 'export-name': 'disk' }] });
  });

  test('nbdcopy copies a disk with holes there and back, many requests at a time', async () => {
    const uri = await serve();
    const disk = Buffer.alloc(SIZE);
    for (let offset = 0; offset < SIZE; offset += 8 * MIB) randomBytes(3 * MIB + 4096).copy(disk, offset);
    writeFileSync(at('there'), disk);
    await run('nbdcopy', ['--flush', '--requests=64', at('there'), uri]);
    expect(sameBytes(at('there'), at('image'))).toBe(true);
    expect(statSync(at('image')).blocks * 512).toBeLessThan(SIZE);
    await run('nbdcopy', ['--requests=64', uri, at('back')]);
    expect(sameBytes(at('there'), at('back'))).toBe(true);
    // Over what is there already: holes are trimmed or zeroed.
    disk.fill(0, 0, 32 * MIB);
    writeFileSync(at('there'), disk);
    await run('nbdcopy', [at('there'), uri]);
    expect(sameBytes(at('there'), at('image'))).toBe(true);
    expect(server?.connections.map(({ inFlight }) => inFlight).every((count) => count === 0)).toBe(true);
  });
});

describeIf([root, command('nbdfuse'), () => (existsSync('/dev/fuse') ? undefined : 'the kernel has no FUSE')], 'a file of nbdfuse', () => {
  test('reads and writes the image, and its fsync reaches it', async () => {
    const uri = await serve();
    mkdirSync(at('mount'));
    start('nbdfuse', at('mount'), uri);
    const file = at('mount/nbd');
    try {
      await until(() => existsSync(file));
      const data = randomBytes(MIB);
      // Not on this thread: the file is served by it.
      await run(process.execPath, ['-e', `
        const fs = require('node:fs');
        const fd = fs.openSync(${JSON.stringify(file)}, 'r+');
        const data = Buffer.from('${data.subarray(0, 4096).toString('hex')}', 'hex');
        for (let at = 0; at < 256; at += 1) fs.writeSync(fd, data, 0, 4096, at * 8192);
        fs.fsyncSync(fd);
        const back = Buffer.alloc(4096);
        for (let at = 0; at < 256; at += 1) if (fs.readSync(fd, back, 0, 4096, at * 8192) !== 4096 || !back.equals(data)) process.exit(3);
        fs.closeSync(fd);`]);
      const image = readFileSync(at('image'));
      for (let block = 0; block < 256; block += 1) expect(image.subarray(block * 8192, block * 8192 + 4096).equals(data.subarray(0, 4096))).toBe(true);
    } finally {
      await run('umount', [at('mount')]);
    }
  });
});

describeIf([command('nbdkit')], 'our client with servers of nbdkit', () => {
  const asking = async (...words: string[]): Promise<Asking> => {
    start('nbdkit', '-f', '-U', at('nbdkit'), ...words);
    await until(() => existsSync(at('nbdkit')));
    const made = new Asking();
    made.client = await openNbd(connect(at('nbdkit')), { export: '', handler: made });
    return made;
  };

  test('a disk in memory keeps what is written, trimmed and zeroed', async () => {
    const disk = await asking('memory', '64M');
    expect(disk.client?.facts).toMatchObject({ size: SIZE, readOnly: false, canFlush: true, canTrim: true, canZero: true });
    const data = randomBytes(4 * MIB);
    const writes = Array.from({ length: 64 }, (_unused, block) => disk.ask(COMMAND.write, block * MIB, 65536, data.subarray(block * 65536, (block + 1) * 65536)));
    for (const { error } of await Promise.all(writes)) expect(error).toBe(NBD_ERROR.OK);
    const reads = await Promise.all(Array.from({ length: 64 }, (_unused, block) => disk.ask(COMMAND.read, block * MIB, 65536)));
    expect(Buffer.concat(reads.map((answer) => answer.data ?? Buffer.alloc(0))).equals(data)).toBe(true);
    expect((await disk.ask(COMMAND.trim, 0, 65536)).error).toBe(NBD_ERROR.OK);
    expect((await disk.ask(COMMAND.writeZeroes, MIB, 65536, null, COMMAND_FLAG.noHole)).error).toBe(NBD_ERROR.OK);
    expect((await disk.ask(COMMAND.write, 2 * MIB, 4096, Buffer.alloc(4096), COMMAND_FLAG.fua)).error).toBe(NBD_ERROR.OK);
    expect((await disk.ask(COMMAND.flush, 0, 0)).error).toBe(NBD_ERROR.OK);
    for (const offset of [0, MIB, 2 * MIB]) expect((await disk.ask(COMMAND.read, offset, 4096)).data).toEqual(Buffer.alloc(4096));
    disk.client?.disconnect();
    expect(disk.closedBy).toBe('disconnected');
  });

  test('answers in any order, errors and a killed server reach those who asked', async () => {
    const slow = await asking('--filter=error', '--filter=delay', 'memory', '64M', 'delay-read=20ms', 'error-pwrite=ENOSPC', 'error-pwrite-rate=1', 'error-zero=EIO', 'error-zero-rate=1');
    const reads = Promise.all(Array.from({ length: 16 }, (_unused, block) => slow.ask(COMMAND.read, block * 4096, 4096)));
    expect((await slow.ask(COMMAND.write, 0, 4096, Buffer.alloc(4096))).error).toBe(NBD_ERROR.ENOSPC);
    expect((await slow.ask(COMMAND.writeZeroes, 0, 4096)).error).toBe(NBD_ERROR.EIO);
    for (const { error } of await reads) expect(error).toBe(NBD_ERROR.OK);
    void slow.ask(COMMAND.read, 0, 4096);
    children[0]?.kill('SIGKILL');
    await until(() => slow.closedBy !== null);
    expect(slow.client?.inFlight).toBe(0);
  });

  test('an export that is not there is refused', async () => {
    start('nbdkit', '-f', '-U', at('nbdkit'), '--filter=exportname', 'memory', '1M', 'exportname=only', 'exportname-strict=true');
    await until(() => existsSync(at('nbdkit')));
    await expect(openNbd(connect(at('nbdkit')), { export: 'other', handler: new Asking() })).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('both ends over mutual TLS', () => {
  test('payloads of all sizes arrive whole, in both directions', async () => {
    const { ca, cert, key } = makeCertificates(directory);
    makeSparse(at('image'), SIZE);
    const tls = await serveImage(at('image'), SIZE, { tls: { ca, cert, key, requestCert: true, rejectUnauthorized: true } });
    server = tls;
    const socket = connectTls({ host: '127.0.0.1', port: tls.port, ca, cert, key, servername: 'localhost' });
    await new Promise((resolve, reject) => void socket.once('secureConnect', resolve).once('error', reject));
    const disk = new Asking();
    disk.client = await openNbd(socket, { export: 'disk', handler: disk });
    const data = randomBytes(8 * MIB);
    const sizes = [512, 4096, 16384, 65536 + 512, MIB, 4 * MIB];
    let offset = 0;
    const writes = sizes.map((size) => {
      const answer = disk.ask(COMMAND.write, offset, size, data.subarray(offset, offset + size));
      offset += size;
      return answer;
    });
    for (const { error } of await Promise.all(writes)) expect(error).toBe(NBD_ERROR.OK);
    expect((await disk.ask(COMMAND.read, 0, offset)).data?.equals(data.subarray(0, offset))).toBe(true);
    const pieces = await Promise.all(Array.from({ length: 200 }, (_unused, block) => disk.ask(COMMAND.read, block * 4096, 4096)));
    expect(Buffer.concat(pieces.map((piece) => piece.data ?? Buffer.alloc(0))).equals(data.subarray(0, 200 * 4096))).toBe(true);
    expect((await disk.ask(COMMAND.flush, 0, 0)).error).toBe(NBD_ERROR.OK);
    expect(tls.faults).toEqual([]);
    disk.client.drop('done');
  });
});
