// Takes labs down: all that carries their number, and nothing else. Works from the record alone, so that it also
// removes what a crashed test run left.
import { existsSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { endKernel, kernelProcesses } from '../uml/kernel.ts';
import { detachLoops, loopsOf } from './loops.ts';
import { unfurnish } from './node-disk.ts';
import { endNode } from './node.ts';
import { folderOf, mark, numbers, read, runs, tryRead, type LabRecord, type ProcessMark } from './record.ts';
import { networkLeft, removeSwitch } from './switch.ts';

/** Ends a lab's processes, detaches its loop devices, unmounts its disks, removes its network and its folder. Throws when anything is left. */
export async function remove(number: number): Promise<void> {
  const lab = read(number);
  const folder = folderOf(number);
  for (const one of lab.processes) if (runs(one)) process.kill(one.pid, 'SIGKILL');
  for (const kernel of lab.kernels) await endKernel(kernel);
  for (const node of lab.nodes) await endNode(number, node);
  await removeSwitch(lab);
  for (const node of lab.nodes) await unfurnish(number, node.name);
  await detachLoops({ devices: [], folder });
  for (const node of lab.nodes) removeCgroups(`hf-lab${number}-${node.name}`);
  const left = [...await leftOf(lab), ...mountsBelow(folder)];
  if (left.length > 0) throw new Error(`of lab ${number} these are left: ${left.join(', ')}`);
  rmSync(folder, { recursive: true, force: true });
}

/** Removes the labs whose owner has ended without removing them. */
export async function removeOrphans(): Promise<void> {
  for (const number of numbers()) {
    const lab = tryRead(number);
    if (lab?.owner === undefined || runs(lab.owner)) continue;
    if (claim(number)) await remove(number);
  }
}

/** Two processes may sweep at once: one of them does it. The claim of a process that has ended does not count. */
function claim(number: number): boolean {
  const file = path.join(folderOf(number), 'sweeper');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(file, JSON.stringify(mark(process.pid)), { flag: 'wx' });
      return true;
    } catch {
      const other = claimant(file);
      if (other === undefined || runs(other)) return false;
      rmSync(file, { force: true });
    }
  }
  return false;
}

/** Undefined while it is being written, and when all is gone already. */
function claimant(file: string): ProcessMark | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessMark;
  } catch {
    return undefined;
  }
}

async function leftOf(lab: LabRecord): Promise<string[]> {
  const processes = lab.processes.filter((one) => runs(one)).map((one) => `process ${one.pid}`);
  const kernels = lab.kernels.flatMap(kernelProcesses).map((pid) => `process ${pid}`);
  return [...processes, ...kernels, ...networkLeft(lab), ...await loopsOf({ devices: [], folder: folderOf(lab.number) })];
}

const mountsBelow = (folder: string): string[] => readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  .map((line) => line.split(' ')[4] ?? '').filter((mount) => mount.startsWith(`${folder}/`));

/** Docker Engines of nodes make control groups on the host; they are empty once the node is down. */
function removeCgroups(name: string): void {
  const root = '/sys/fs/cgroup';
  if (!existsSync(root)) return;
  for (const hierarchy of [root, ...readdirSync(root).map((entry) => path.join(root, entry))]) removeTree(path.join(hierarchy, name));
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) if (entry.isDirectory()) removeTree(path.join(folder, entry.name));
  try {
    rmdirSync(folder);
  } catch { /* a process of it is still ending; an empty group harms nobody */ }
}
