/**
 * Requests per second of a volume with two replicas: the mirror with the local one in one process, the other one behind TLS in
 * a second process, asked over a unix socket. Beside it the same calls on a file, and one NBD server in front of a file.
 *
 *   node test/bench/mirror-path.ts [seconds per line, 3]
 */
import { closeSync, mkdtempSync, openSync, readFileSync, readSync, rmSync, writeSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openNbd } from '../../src/replication/nbd/client.ts';
import { sharedSlabs } from '../../src/replication/nbd/slab.ts';
import { COMMAND, NBD_ERROR } from '../../src/replication/nbd/wire.ts';
import { makeSparse, serveImage } from '../integration/replication/replica-server.ts';
import { ThreeNodes } from '../integration/replication/three-nodes.ts';

const MIB = 1024 * 1024;
const SIZE = 256 * MIB;
interface Load { readonly name: string; readonly type: number; readonly bytes: number; readonly depth: number }

const [first, second, third] = process.argv.slice(2);
if (first === 'serve' && second !== undefined && third !== undefined) {
  await serveImage(second, SIZE, { socket: third });
  process.send?.('ready');
  process.on('disconnect', () => process.exit(0));
} else await measure(Number(first ?? 3));

async function measure(seconds: number): Promise<void> {
  const world = await new ThreeNodes(SIZE, ['a', 'b'], {}).begin();
  const directory = mkdtempSync(path.join(tmpdir(), 'holdfast-mirror-path-'));
  const file = path.join(directory, 'raw');
  makeSparse(file, SIZE);
  const fd = openSync(file, 'r+');
  for (let at = 0; at < SIZE; at += MIB) writeSync(fd, Buffer.alloc(MIB, 7), 0, MIB, at);
  const single = fork(fileURLToPath(import.meta.url), ['serve', file, path.join(directory, 'single')]);
  await new Promise((resolve) => void single.once('message', resolve));
  const { a, b } = world.nodes;
  await a.attach();
  console.log('load                       2 replicas/s   p99 µs   raw/s   of raw   1 NBD server/s   of that   CPU µs mirror, replica');
  for (const bytes of [4096, 131072]) {
    for (const type of [COMMAND.write, COMMAND.read]) {
      for (const depth of [1, 32]) {
        const load: Load = { name: `${bytes / 1024}k random ${type === COMMAND.read ? 'read ' : 'write'}, depth ${depth}`, type, bytes, depth };
        const raw = measureRaw(fd, load, seconds / 3);
        const one = await overNbd(path.join(directory, 'single'), load, seconds / 2);
        const before = [cpuOf(a.pid), cpuOf(b.pid)];
        const { perSecond, p99, count } = await overNbd(a.socket, load, seconds);
        const cpu = [cpuOf(a.pid), cpuOf(b.pid)].map((now, index) => ((now - (before[index] ?? 0)) / count).toFixed(1));
        console.log(`${load.name.padEnd(26)}${perSecond.toFixed(0).padStart(13)}${p99.toFixed(0).padStart(9)}${raw.toFixed(0).padStart(8)}${(perSecond / raw).toFixed(2).padStart(9)}${one.perSecond.toFixed(0).padStart(17)}${(perSecond / one.perSecond).toFixed(2).padStart(10)}   ${cpu.join(', ')}`);
      }
    }
  }
  await a.detach();
  single.disconnect();
  closeSync(fd);
  rmSync(directory, { recursive: true });
  await world.end();
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
  const payloads = Array.from({ length: depth }, () => sharedSlabs.view(bytes));
  const begun = new Float64Array(depth);
  const took: number[] = [];
  const end = performance.now() + seconds * 1000;
  await new Promise<void>((resolve, reject) => {
    let running = depth;
    void openNbd(socket, { export: '', handler: { closed: (reason) => reject(new Error(reason)), reply: (slot, error) => {
      if (error !== NBD_ERROR.OK) reject(new Error(`error ${error}`));
      took.push(performance.now() - (begun[slot] ?? 0));
      if (performance.now() < end) go(slot);
      else {
        running -= 1;
        if (running === 0) resolve();
      }
    } } }).then((client) => {
      go = (slot) => {
        begun[slot] = performance.now();
        client.send(slot, type, randomOffset(bytes), bytes, type === COMMAND.write ? payloads[slot] ?? null : null);
      };
      for (let slot = 0; slot < depth; slot += 1) go(slot);
    }, reject);
    let go: (slot: number) => void = () => undefined;
  });
  socket.destroy();
  took.sort((one, other) => one - other);
  return { perSecond: took.length / seconds, p99: (took[Math.floor(took.length * 0.99)] ?? 0) * 1000, count: took.length };
}

/** Of a process, in µs. */
function cpuOf(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
