/**
 * The namespace lab: machines that are namespaces, up in about a second, with a network that can be broken.
 *
 *   const lab = await createLab({ nodes: 3 });
 *   const [n1, n2, n3] = lab.nodes;
 *   await n1.must('hostname');
 *   await lab.partition(['n1'], ['n2', 'n3']);
 *   await n2.kill(); await n2.boot();
 *   await lab.dispose();                         // in a finally: leaves nothing behind
 *
 * A lab ends with the process that made it (`keep` makes it stay). What a crash leaves is removed by the next lab, or by
 * `make lab-down`.
 */
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { must } from '../run.ts';
import { mirrorOf, startMirror, type Mirror } from './mirror.ts';
import { openNode, type LabNode } from './node.ts';
import { folderOf, mark, read, reserve, update, type NodeRecord } from './record.ts';
import { remove, removeOrphans } from './sweep.ts';
import { addressIn, applyFaults, HOST, makeSwitch } from './switch.ts';

export type { Command, ExecOptions, LabNode, SpawnOptions } from './node.ts';

export interface LabOptions {
  /** How many nodes: n1, n2, …; 0 to 19. */
  readonly nodes: number;
  /** Nodes boot from a minimal Debian root with sshd instead of the host's; they install from the lab's package mirror. */
  readonly bare?: boolean;
  /** Every node runs a Docker Engine, with the image `holdfast-test/busybox`. */
  readonly docker?: boolean;
  /** What the nodes' disks lie on. Default `memory`; `file` for large or copied-on-write data (XFS). */
  readonly disk?: 'memory' | 'file';
  /** Size of each node's disk; it takes up what is used only. Default 4 GiB. */
  readonly diskBytes?: number;
  /** It stays when this process ends. Default: false. */
  readonly keep?: boolean;
}

export interface Lab {
  readonly number: number;
  readonly nodes: readonly LabNode[];
  /** The host's own address in the lab's network. */
  readonly hostAddress: string;
  /** Private key file: root of every node lets its owner in. */
  readonly sshKey: string;
  /** A known_hosts file with every node, by name and address. */
  readonly knownHosts: string;
  /** The packages that bare nodes can install. */
  readonly mirror: Mirror;
  /** The node of that name. Throws when there is none. */
  node(name: string): LabNode;
  /** Loses what goes from `a` to `b`, and, unless `oneWay`, back. */
  drop(a: string, b: string, options?: { readonly oneWay?: boolean }): Promise<void>;
  undrop(a: string, b: string): Promise<void>;
  /** Loses this share of what goes between the two, at random; 0 ends it. */
  lose(a: string, b: string, percent: number): Promise<void>;
  /** Nodes of different groups do not reach each other, until `unite`. The host reaches all. */
  partition(...groups: readonly (readonly string[])[]): Promise<void>;
  /** Ends every drop, loss and partition. Cut nodes stay cut. */
  unite(): Promise<void>;
  /** Removes all of it: processes, loop devices, mounts, network, files. Throws when something is left. */
  dispose(): Promise<void>;
}

/** Makes a lab and boots its nodes. Removes labs whose processes have ended first. */
export async function createLab(options: LabOptions): Promise<Lab> {
  await removeOrphans();
  const keep = options.keep ?? false;
  const { number } = reserve(keep ? 0 : 1, keep ? undefined : mark(process.pid));
  try {
    const sshKey = path.join(folderOf(number), 'id_ed25519');
    await makeKey(sshKey, `lab${number}`);
    const nodes = await Promise.all(Array.from({ length: options.nodes }, (_, index) => describeNode(number, index + 1, options)));
    update(number, (before) => ({ ...before, nodes }));
    writeFileSync(path.join(folderOf(number), 'known_hosts'), nodes.map((node) => `${node.name},${node.address} ${node.hostKey}\n`).join(''));
    await makeSwitch(number);
    if (options.bare === true) await startMirror(number);
    await Promise.all(nodes.map((node) => openNode(number, node.name).boot()));
    return openLab(number);
  } catch (error) {
    await remove(number);
    throw error;
  }
}

/** The lab of that number, made by whichever process. */
export function openLab(number: number): Lab {
  const setLosses = async (change: (losses: Record<string, number>) => void): Promise<void> => {
    update(number, (before) => {
      const losses = { ...before.losses };
      change(losses);
      return { ...before, losses };
    });
    await applyFaults(number);
  };
  const nodes = read(number).nodes.map((node) => openNode(number, node.name));
  const node = (name: string): LabNode => {
    const found = nodes.find((one) => one.name === name);
    if (found === undefined) throw new Error(`lab ${number} has no node ${name}; it has ${nodes.map((one) => one.name).join(', ')}`);
    return found;
  };
  const port = (name: string): string => (read(number).kernels.some((kernel) => kernel.name === name) ? name : node(name).name);
  const pairs = (a: string, b: string): [string, string] => [`${port(a)}>${port(b)}`, `${port(b)}>${port(a)}`];
  return {
    number, nodes, node,
    mirror: mirrorOf(number),
    hostAddress: addressIn(number, HOST),
    sshKey: path.join(folderOf(number), 'id_ed25519'),
    knownHosts: path.join(folderOf(number), 'known_hosts'),
    drop: (a, b, { oneWay = false } = {}) => setLosses((losses) => { for (const pair of pairs(a, b).slice(0, oneWay ? 1 : 2)) losses[pair] = 100; }),
    undrop: (a, b) => setLosses((losses) => { for (const pair of pairs(a, b)) delete losses[pair]; }),
    lose: (a, b, percent) => setLosses((losses) => { for (const pair of pairs(a, b)) losses[pair] = percent; }),
    partition: (...groups) => setLosses((losses) => {
      for (const [index, group] of groups.entries()) {
        for (const other of groups.slice(index + 1)) for (const a of group) for (const b of other) for (const pair of pairs(a, b)) losses[pair] = 100;
      }
    }),
    unite: () => setLosses((losses) => { for (const pair of Object.keys(losses)) delete losses[pair]; }),
    dispose: () => remove(number),
  };
}

async function describeNode(lab: number, index: number, { bare = false, docker = false, disk = 'memory', diskBytes = 4 * 2 ** 30 }: LabOptions): Promise<NodeRecord> {
  const name = `n${index}`;
  const folder = path.join(folderOf(lab), name);
  mkdirSync(folder, { recursive: true });
  await makeKey(path.join(folder, 'host_key'), name);
  const hostKey = readFileSync(path.join(folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  return { name, address: addressIn(lab, 10 + index), bare, docker, disk, diskBytes, hostKey, devices: [], disks: [], cut: false };
}

const makeKey = (file: string, comment: string): Promise<string> => must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
