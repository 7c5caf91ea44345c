/**
 * Requests per second of one replica server: the server's end of NBD in front of an image, in a process of its own, asked
 * over a unix socket by our own client. Beside it the same calls on the file without NBD.
 *
 *   node test/bench/data-path.ts [seconds per line, 3]
 */
import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openNbd, type ReplyHandler } from '../../src/replication/nbd/client.ts';
import { sharedSlabs, type View } from '../../src/replication/nbd/slab.ts';
import { COMMAND } from '../../src/replication/nbd/wire.ts';
import { makeSparse, serveImage } from '../integration/replication/replica-server.ts';

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
const [first, second, third] = process.argv.slice(2);

if (first === 'serve' && second !== undefined && third !== undefined) {
  await serveImage(second, SIZE, { socket: third });
  process.send?.('ready');
  process.on('disconnect', () => process.exit(0));
} else await measure(Number(first ?? 3));

interface Load { readonly name: string; readonly type: number; readonly bytes: number; readonly depth: number }

async function measure(seconds: number): Promise<void> {
  const directory = mkdtempSync(path.join(process.env['BENCH_DIR'] ?? tmpdir(), 'holdfast-data-path-'));
  const file = path.join(directory, 'data.1.img');
  makeSparse(file, SIZE);
  const fd = openSync(file, 'r+');
  const chunk = Buffer.alloc(MIB, 7);
  for (let at = 0; at < SIZE; at += MIB) writeSync(fd, chunk, 0, MIB, at);
  const server = fork(fileURLToPath(import.meta.url), ['serve', file, path.join(directory, 'socket')]);
  await new Promise((resolve) => void server.once('message', resolve));
  console.log('load                      requests/s       MiB/s   p99 µs   raw requests/s   ratio   server CPU µs per request');
  for (const bytes of [4096, 131072]) {
    for (const type of [COMMAND.read, COMMAND.write]) {
      for (const depth of [1, 32]) {
        const load: Load = { name: `${bytes / 1024}k random ${type === COMMAND.read ? 'read ' : 'write'}, depth ${depth}`, type, bytes, depth };
        const raw = measureRaw(fd, load, seconds / 3);
        const before = cpuOf(server.pid);
        const { perSecond, p99, count } = await overNbd(path.join(directory, 'socket'), load, seconds);
        const cpu = (cpuOf(server.pid) - before) / count;
        console.log(`${load.name.padEnd(26)}${perSecond.toFixed(0).padStart(10)}${((perSecond * bytes) / MIB).toFixed(0).padStart(12)}${p99.toFixed(0).padStart(9)}${raw.toFixed(0).padStart(17)}${(perSecond / raw).toFixed(2).padStart(8)}${cpu.toFixed(1).padStart(12)}`);
      }
    }
  }
  server.disconnect();
  closeSync(fd);
  rmSync(directory, { recursive: true });
}

function randomOffset(bytes: number): number {
  return Math.floor(Math.random() * (SIZE / bytes)) * bytes;
}

function measureRaw(fd: number, { type, bytes }: Load, seconds: number): number {
  const buffer = Buffer.alloc(bytes, 3);
  const end = performance.now() + seconds * 1000;
  let count = 0;
  for (; (count & 63) !== 0 || performance.now() < end; count += 1) {
    if (type === COMMAND.read) readSync(fd, buffer, 0, bytes, randomOffset(bytes));
    else writeSync(fd, buffer, 0, bytes, randomOffset(bytes));
  }
  return count / seconds;
}

async function overNbd(socketPath: string, { type, bytes, depth }: Load, seconds: number): Promise<{ perSecond: number; p99: number; count: number }> {
  const socket = await new Promise<Socket>((resolve) => {
    const made: Socket = connect(socketPath, () => resolve(made));
  });
  const begun = new Float64Array(depth);
  const took: number[] = [];
  const payloads: View[] = Array.from({ length: depth }, () => sharedSlabs.view(bytes));
  let running = depth;
  let end = 0;
  await new Promise<void>((resolve, reject) => {
    const ask = (cookie: number): void => {
      begun[cookie] = performance.now();
      const payload = payloads[cookie];
      if (payload !== undefined) payload.stamped = false;
      client?.send(cookie, type, randomOffset(bytes), bytes, type === COMMAND.write ? (payload ?? null) : null);
    };
    const handler: ReplyHandler = {
      reply: (cookie, error) => {
        if (error !== 0) return reject(new Error(`error ${error}`));
        const now = performance.now();
        took.push((now - (begun[cookie] ?? now)) * 1000);
        if (now < end) ask(cookie);
        else if ((running -= 1) === 0) resolve();
      },
      closed: (reason) => reject(new Error(reason)),
    };
    let client: Awaited<ReturnType<typeof openNbd>> | null = null;
    openNbd(socket, { export: 'v', handler }).then((opened) => {
      client = opened;
      end = performance.now() + seconds * 1000;
      for (let cookie = 0; cookie < depth; cookie += 1) ask(cookie);
    }, reject);
  });
  socket.destroy();
  for (const view of payloads) view.release();
  took.sort((a, b) => a - b);
  return { perSecond: took.length / seconds, p99: took[Math.floor(took.length * 0.99)] ?? Number.NaN, count: took.length };
}

/** Microseconds of CPU that a process has used. */
function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
