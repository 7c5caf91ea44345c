/**
 * `make bench`: speed and memory of one machine, ratios side by side in one run, then the bootstrap of a cluster, then the
 * control plane of a large one. Prints what it finds and keeps it in docs/bench.md. `--quick` measures shorter (for a look, not for keeping).
 */
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import path from 'node:path';
import { daemonProcess } from '../integration/daemon/process.ts';
import { bootstrapReport, measureBootstrap } from './bootstrap.ts';
import { controlPlaneReport, measureControlPlane } from './control-plane.ts';
import { compareIo, WORKLOADS, type IoResult } from './io.ts';
import { timeCreates } from './creates.ts';
import { idleMemory } from './memory.ts';

const quick = process.argv.includes('--quick');
const daemon = await daemonProcess({ bundle: true });
let one = '';
const say = (line: string): void => void process.stderr.write(`${line}\n`);
try {
  await daemon.client.pools.create({ name: 'bench', kind: 'directory', path: daemon.directory('pool') });
  say('daemon at rest …');
  const memory = await idleMemory(daemon.pid, quick ? 3 : 15);
  say('create → mounted …');
  const creates = await timeCreates(daemon, quick ? 30 : 200);
  say('reading and writing …');
  const io = await compareIo(daemon, quick ? { seconds: 1, rounds: 1 } : { seconds: 2, rounds: 5 }, say);
  one = report(memory, creates, io);
} finally {
  await daemon.end();
}
const bootstrap = bootstrapReport(await measureBootstrap({ quick }, say));
const text = `${one}\n${bootstrap}\n${controlPlaneReport(await measureControlPlane({ quick }, say))}`;
process.stdout.write(text);
if (!quick) writeFileSync(path.join(import.meta.dirname, '../../docs/bench.md'), text);

function report(memoryBytes: number, creates: { readonly p50_ms: number; readonly p99_ms: number; readonly count: number }, io: readonly IoResult[]): string {
  const mib = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
  const rows = WORKLOADS.map(({ name }) => {
    const of = io.find((result) => result.workload === name);
    if (of === undefined) return '';
    return `| ${name} | ${of.volume.toFixed(0)} | ${of.byHand.toFixed(0)} | ${of.raw.toFixed(0)} | **${of.toByHand.toFixed(2)}×** | ${of.toRaw.toFixed(2)}× |`;
  });
  return `# Measured

Made by \`make bench\` on ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Linux ${release()}, ${new Date().toISOString().slice(0, 10)}. Numbers of another
machine differ; the ratios are what counts, since both sides of each are measured in turns in the same run.

## Volume I/O

fio with direct I/O on one file of a mounted XFS volume, in 4 KiB or 128 KiB blocks. *By hand* is the very same image on
a loop device with direct I/O, attached with \`losetup\` and mounted with \`mount\`. *Raw* is a file of the pool's own
filesystem. Requests per second, and the ratio: the median over the rounds of each round's own.

| workload | volume | by hand | raw file | to by hand | to raw |
|---|---:|---:|---:|---:|---:|
${rows.join('\n')}

Geometric mean to by hand: **${geometricMean(io.map(({ toByHand }) => toByHand)).toFixed(3)}×** (target ≥ 0.98×).

## Create → mounted

From the request for a new volume of 1 GiB (XFS) until it is mounted for its consumer, one after another, ${creates.count} times:
p50 **${(creates.p50_ms / 1000).toFixed(3)} s** (target ≤ 0.3 s), p99 **${(creates.p99_ms / 1000).toFixed(3)} s** (target ≤ 1 s).

## Memory

The daemon at rest holds **${mib(memoryBytes)}** (resident; target ≤ 120 MiB).
`;
}

function geometricMean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / Math.max(1, ratios.length));
}
