/** The same file read and written through a published volume, through the same image attached by hand, and raw. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { DaemonProcess } from '../integration/daemon/process.ts';

const GIB = 1024 ** 3;
const FILE = 'bench.dat';

export const WORKLOADS = [
  { name: '4k random read, depth 1', rw: 'randread', bs: '4k', depth: 1 },
  { name: '4k random read, depth 32', rw: 'randread', bs: '4k', depth: 32 },
  { name: '4k random write, depth 1', rw: 'randwrite', bs: '4k', depth: 1 },
  { name: '4k random write, depth 32', rw: 'randwrite', bs: '4k', depth: 32 },
  { name: '128k sequential read', rw: 'read', bs: '128k', depth: 8 },
  { name: '128k sequential write', rw: 'write', bs: '128k', depth: 8 },
] as const;
type Workload = (typeof WORKLOADS)[number];

export interface IoResult {
  readonly workload: string;
  /** Requests per second, medians over the rounds. */
  readonly volume: number;
  readonly byHand: number;
  readonly raw: number;
  /** Medians of each round's own ratio. */
  readonly toByHand: number;
  readonly toRaw: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** The image cannot be attached both ways at once, so every workload takes turns; who is first alternates. */
export async function compareIo(daemon: DaemonProcess, { seconds, rounds }: { readonly seconds: number; readonly rounds: number }, say: (line: string) => void): Promise<readonly IoResult[]> {
  await daemon.client.volumes.create({ name: 'io', size_bytes: 2 * GIB });
  const rawDirectory = daemon.directory('raw');
  fill(rawDirectory);
  await throughVolume(daemon, (at) => fill(at));
  const samples = new Map<string, { volume: number[]; byHand: number[]; raw: number[] }>();
  for (let round = 0; round < rounds; round += 1) {
    say(`  round ${round + 1} of ${rounds}`);
    const ways: Record<'volume' | 'byHand' | 'raw', (work: (at: string) => void) => Promise<void>> = {
      volume: (work) => throughVolume(daemon, work),
      byHand: (work) => byHand(daemon, work),
      raw: async (work) => work(rawDirectory),
    };
    for (const [index, workload] of WORKLOADS.entries()) {
      const order = (round + index) % 2 === 0 ? (['volume', 'byHand', 'raw'] as const) : (['raw', 'byHand', 'volume'] as const);
      const of = samples.get(workload.name) ?? { volume: [], byHand: [], raw: [] };
      samples.set(workload.name, of);
      for (const way of order) await ways[way]((at) => void of[way].push(fio(path.join(at, FILE), workload, seconds)));
    }
  }
  await daemon.client.volumes.remove('io', { purge: true });
  rmSync(rawDirectory, { recursive: true });
  return [...samples].map(([workload, { volume, byHand: hand, raw }]) => ({
    workload, volume: median(volume), byHand: median(hand), raw: median(raw),
    toByHand: median(volume.map((value, i) => value / (hand[i] ?? Number.NaN))), toRaw: median(volume.map((value, i) => value / (raw[i] ?? Number.NaN))),
  }));
}

async function throughVolume(daemon: DaemonProcess, work: (at: string) => void): Promise<void> {
  const target = path.join(daemon.root, 'io');
  const { mount_path } = await daemon.client.volumes.publish('io', { consumer: 'path:io', path: target });
  try {
    work(mount_path);
  } finally {
    await daemon.client.volumes.unpublish('io', { path: target });
  }
}

async function byHand(daemon: DaemonProcess, work: (at: string) => void): Promise<void> {
  const volume = await daemon.client.volumes.get('io');
  const [replica] = volume.replication.replicas;
  const image = path.join(daemon.root, 'pool/volumes', volume.id, replica?.id ?? '', `data.${volume.replication.history}.img`);
  const at = path.join(daemon.root, 'by-hand');
  mkdirSync(at, { recursive: true });
  const device = execFileSync('losetup', ['--direct-io=on', '--show', '-f', image], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount', ['-o', 'discard,nodev', device, at]);
    try {
      work(at);
    } finally {
      execFileSync('umount', [at]);
    }
  } finally {
    execFileSync('losetup', ['-d', device]);
  }
}

function fill(at: string): void {
  execFileSync('fio', ['--name=fill', `--filename=${path.join(at, FILE)}`, '--rw=write', '--bs=1M', '--size=1G', '--direct=1', '--end_fsync=1', '--output-format=json'], { stdio: 'ignore' });
}

/** @returns requests per second. */
function fio(file: string, { rw, bs, depth }: Workload, seconds: number): number {
  const text = execFileSync('fio', ['--name=bench', `--filename=${file}`, `--rw=${rw}`, `--bs=${bs}`, `--iodepth=${depth}`, '--ioengine=libaio', '--direct=1', '--size=1G', '--time_based', `--runtime=${seconds}`, '--ramp_time=0.5', '--randrepeat=1', '--output-format=json'], { encoding: 'utf8' });
  const { jobs: [job] } = JSON.parse(text) as { jobs: [{ read: { iops: number }; write: { iops: number } }] };
  return job.read.iops + job.write.iops;
}
