// What is known of a lab outside the process that made it: one folder per lab below /run/holdfast-lab, named by its
// number, with `lab.json` in it. The folder is the marker: whatever carries its number was made by the lab, and may be
// removed with it, also after a crash of whoever made it. Updates are synchronous, so they do not interleave.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where labs leave their marks; gone after a restart of the machine, as everything else of them. */
export const LABS = '/run/holdfast-lab';
/** Labs have the numbers 0 to this: the third byte of their addresses. Lab 0 is the one made by hand. */
const MOST_LABS = 200;

/** A process, told apart from a later one with the same id. */
export interface ProcessMark {
  readonly pid: number;
  /** In clock ticks since the machine's start, as in /proc/<pid>/stat. */
  readonly started: string;
}

export interface NodeRecord {
  readonly name: string;
  readonly address: string;
  readonly bare: boolean;
  readonly docker: boolean;
  /** What its disk lies on: memory, or an XFS image in the file system of the lab's folder for large data. */
  readonly disk: 'memory' | 'file';
  readonly diskBytes: number;
  readonly hostKey: string;
  /** PID 1 of the node, as the host sees it; absent while the node is down. */
  readonly init?: ProcessMark;
  /** Device numbers (st_dev) of the node's files while it is up: they tell whose loop devices are. */
  readonly devices: readonly number[];
  /** Files of its extra disks. */
  readonly disks: readonly string[];
  readonly cut: boolean;
  /** Bytes per second to and from the node; absent: as fast as it goes. */
  readonly slow?: number;
}

/** A machine with a kernel of its own (User-Mode Linux). */
export interface KernelRecord {
  readonly name: string;
  readonly address: string;
  readonly cut: boolean;
  /** Its main process, which leads a process group; of the last boot. */
  readonly main?: ProcessMark;
}

export interface LabRecord {
  readonly number: number;
  /** The process that the lab ends with; absent: it stays until it is taken down by hand. */
  readonly owner?: ProcessMark;
  readonly nodes: readonly NodeRecord[];
  readonly kernels: readonly KernelRecord[];
  /** Traffic that is lost, by `from>to`: percent, 100 is all. */
  readonly losses: Readonly<Record<string, number>>;
  /** Other processes that belong to it: the package mirror. */
  readonly processes: readonly ProcessMark[];
}

export const folderOf = (number: number): string => path.join(LABS, String(number));
const fileOf = (number: number): string => path.join(folderOf(number), 'lab.json');

/** Takes the first free number (from `from` on) for a lab with nothing in it. */
export function reserve(from: number, owner: ProcessMark | undefined): LabRecord {
  mkdirSync(LABS, { recursive: true, mode: 0o700 });
  for (let number = from; number <= MOST_LABS; number += 1) {
    if (readdirSync(LABS).some((name) => name === String(number) || name.startsWith(`${number}.`))) continue;
    try {
      mkdirSync(folderOf(number), { mode: 0o700 });
    } catch {
      continue; // another process was faster
    }
    const record: LabRecord = { number, ...(owner === undefined ? {} : { owner }), nodes: [], kernels: [], losses: {}, processes: [] };
    write(record);
    return record;
  }
  throw new Error(`there are ${MOST_LABS} labs already; 'make lab-down' removes them`);
}

/** The record as it is now. Throws when there is no such lab. */
export function read(number: number): LabRecord {
  if (!existsSync(fileOf(number))) throw new Error(`there is no lab ${number}; 'make lab' makes one`);
  return JSON.parse(readFileSync(fileOf(number), 'utf8')) as LabRecord;
}

/** The same; undefined also while another process makes or removes it. */
export function tryRead(number: number): LabRecord | undefined {
  try {
    return read(number);
  } catch {
    return undefined;
  }
}

export function update(number: number, change: (before: LabRecord) => LabRecord): LabRecord {
  const after = change(read(number));
  write(after);
  return after;
}

export const updateNode = (number: number, name: string, change: (before: NodeRecord) => NodeRecord): LabRecord =>
  update(number, (lab) => ({ ...lab, nodes: lab.nodes.map((node) => (node.name === name ? change(node) : node)) }));

export const updateKernel = (number: number, name: string, change: (before: KernelRecord) => KernelRecord): LabRecord =>
  update(number, (lab) => ({ ...lab, kernels: lab.kernels.map((kernel) => (kernel.name === name ? change(kernel) : kernel)) }));

/** Numbers of the labs there are, also of those whose owner is gone. */
export const numbers = (): number[] => (existsSync(LABS) ? readdirSync(LABS) : []).filter((name) => /^\d+$/.test(name)).map(Number).sort((a, b) => a - b);

function write(record: LabRecord): void {
  const file = fileOf(record.number);
  writeFileSync(`${file}.new`, JSON.stringify(record, null, 1));
  renameSync(`${file}.new`, file);
}

/** Marks a running process; undefined when there is none with this id. */
export function mark(pid: number): ProcessMark | undefined {
  try {
    // The name, in parentheses, may hold anything; what follows it is plain.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : { pid, started: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

/** Whether it is still this process that runs under its id. */
export const runs = (process: ProcessMark | undefined): boolean => process !== undefined && mark(process.pid)?.started === process.started;
