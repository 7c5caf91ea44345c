// One node of the namespace lab: a machine's worth of namespaces over an overlay of the host's root (or of the bare
// root), with a disk that outlives its boots. Ending PID 1 ends all that runs in it, as pulling the plug would; only the
// kernel's page cache is the host's, so what a power cut loses is proved in test/lab/uml instead.
import { spawn as spawnProcess, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { ADMIN_PATH, must, run, type RunResult } from '../run.ts';
import { detachLoops } from './loops.ts';
import { bareRoot } from './bare-root.ts';
import { furnish, seenFromHost } from './node-disk.ts';
import { folderOf, mark, read, runs, updateNode, type NodeRecord, type ProcessMark } from './record.ts';
import { applyFaults, consoleOf, nodeNetns, plugIn, shape, unplug } from './switch.ts';

/** A command: words, or a line for sh. */
export type Command = string | readonly string[];

export interface ExecOptions {
  readonly input?: string | Uint8Array;
  /** Default 120000. It is killed then, and its status is -1. */
  readonly timeoutMs?: number;
  /** Added to a plain environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** It goes on when the process that asked for it ends (it never outlives its node). Default: false. */
  readonly outlive?: boolean;
  /** A file of the node that gets what it prints; default: pipes to the caller, or nothing when it outlives. */
  readonly output?: string;
}

export interface LabNode {
  readonly name: string;
  /** IPv4, reachable from the host and from the other nodes. */
  readonly address: string;
  /** Public host key of its sshd, as in known_hosts: "ssh-ed25519 AAAA…". */
  readonly hostKey: string;
  /** PID 1 of the node as the host sees it; undefined while it is down. */
  readonly pid: number | undefined;
  /** Runs a command in the node, as root, in /. Rejects only when the node is down. */
  exec(command: Command, options?: ExecOptions): Promise<RunResult>;
  /** As `exec`, but rejects when its status is not 0; gives its output without the last newline. */
  must(command: Command, options?: ExecOptions): Promise<string>;
  /** Starts a command and does not wait for it. */
  spawn(command: Command, options?: SpawnOptions): ChildProcess;
  /** Writes a file of the node, and the folders above it. `mode` default 0644. */
  put(file: string, content: string | Uint8Array, mode?: number): Promise<void>;
  read(file: string): Promise<string>;
  /** Gives it a disk: the path of a block device that is there in every boot of the node. */
  addDisk(bytes: number): Promise<string>;
  /** Nothing reaches it or leaves it any more; it sees no difference but the silence. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** Limits what goes to it and comes from it, in bytes per second; undefined: no limit. */
  slow(bytesPerSecond: number | undefined): Promise<void>;
  /** kill -9 of all that runs in it. `silently`: peers see no connection close. */
  kill(options?: { readonly silently?: boolean }): Promise<void>;
  /** Starts it (again): its disk is as it was, /run and /tmp are empty, the boot id is new, what was cut stays cut. */
  boot(): Promise<void>;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PATIENCE_MS = 60_000;

/** The node of that name of a lab that is there. */
export function openNode(lab: number, name: string): LabNode {
  const record = (): NodeRecord => {
    const found = read(lab).nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`lab ${lab} has no node ${name}`);
    return found;
  };
  const { address, hostKey } = record();
  const running = (): ProcessMark | undefined => {
    const { init } = record();
    return runs(init) ? init : undefined;
  };

  /** The words that run a command in the node; it ends with its caller unless it may outlive it. */
  function inside(command: Command, outlive: boolean): string[] {
    const init = running();
    if (init === undefined) throw new Error(`node ${name} is down`);
    const words = typeof command === 'string' ? ['sh', '-c', command] : command;
    const enter = ['nsenter', '-t', String(init.pid), '-m', '-u', '-i', '-n', '-p', '-r', '-w', '--'];
    return outlive ? [...enter, 'setsid', ...words] : ['setpriv', '--pdeathsig', 'KILL', ...enter, 'setpriv', '--pdeathsig', 'KILL', ...words];
  }
  async function setCut(cut: boolean): Promise<void> {
    updateNode(lab, name, (before) => ({ ...before, cut }));
    await applyFaults(lab);
  }
  const environment = (env: Readonly<Record<string, string>> = {}) => ({ PATH, HOME: '/root', LANG: 'C.UTF-8', TERM: 'xterm', ...env });

  const node: LabNode = {
    name, address, hostKey,
    get pid() {
      return running()?.pid;
    },
    async exec(command, { env, ...options } = {}) {
      return run(inside(command, false), { ...options, env: environment(env) });
    },
    async must(command, options) {
      const { status, stdout, stderr } = await node.exec(command, options);
      if (status !== 0) throw new Error(`on ${name}: ${typeof command === 'string' ? command : command.join(' ')} ended with ${status}: ${stderr}${stdout}`);
      return stdout.replace(/\n$/, '');
    },
    spawn(command, { env, outlive = false, output } = {}) {
      const toFile = ['sh', '-c', 'exec >>"$0" 2>&1; exec "$@"', output ?? '/dev/null', ...(typeof command === 'string' ? ['sh', '-c', command] : command)];
      const [program = '', ...args] = inside(outlive || output !== undefined ? toFile : command, outlive);
      const child = spawnProcess(program, args, {
        env: environment(env), detached: outlive, stdio: outlive ? 'ignore' : output === undefined ? 'pipe' : ['pipe', 'ignore', 'ignore'],
      });
      child.on('error', () => undefined);
      if (outlive) child.unref();
      return child;
    },
    async put(file, content, mode = 0o644) {
      await node.must(['sh', '-ec', 'mkdir -p "$(dirname "$1")"; umask 077; cat >"$1"; chmod "$2" "$1"', 'put', file, mode.toString(8)], { input: content });
    },
    async read(file) {
      const { status, stdout, stderr } = await node.exec(['cat', file]);
      if (status !== 0) throw new Error(`on ${name}: ${stderr}`);
      return stdout;
    },
    async addDisk(bytes) {
      const file = path.join(folderOf(lab), name, `disk${record().disks.length}.img`);
      writeFileSync(file, '');
      truncateSync(file, bytes);
      updateNode(lab, name, (before) => ({ ...before, disks: [...before.disks, file] }));
      return (await must(['losetup', '--find', '--show', file])).trim();
    },
    cut: () => setCut(true),
    heal: () => setCut(false),
    async slow(bytesPerSecond) {
      const after = updateNode(lab, name, ({ slow: _, ...before }) => (bytesPerSecond === undefined ? before : { ...before, slow: bytesPerSecond }));
      await shape(lab, after.nodes.find((one) => one.name === name) ?? record());
    },
    async kill({ silently = false } = {}) {
      const before = record().cut;
      if (silently) await setCut(true);
      await endNode(lab, record());
      // Its network stack goes too, and with it every connection of it, without another word.
      await unplug(lab, name);
      if (silently) await setCut(before);
    },
    async boot() {
      if (running() !== undefined) throw new Error(`node ${name} is up`);
      await furnish(lab, record());
      await plugIn(lab, record());
      await start(lab, record());
    },
  };
  return node;
}

/** Ends all that runs in a node, and detaches the loop devices that it attached. */
export async function endNode(lab: number, node: NodeRecord): Promise<void> {
  const { init } = node;
  const wasUp = init !== undefined && runs(init);
  if (wasUp) {
    process.kill(init.pid, 'SIGKILL');
    for (const until = Date.now() + PATIENCE_MS; runs(init);) {
      if (Date.now() > until) throw new Error(`node ${node.name} (process ${init.pid}) does not end`);
      await pause(5);
    }
  }
  const folder = path.join(folderOf(lab), node.name);
  // A file system that the node had on one of its disks stays in use as long as a loop device lies on a file of it.
  const left = await detachLoops({ devices: node.devices, carriers: folder, ...(wasUp ? {} : { files: path.join(folder, 'disk/upper') }) });
  if (left.length > 0) throw new Error(`loop devices of node ${node.name} are still in use: ${left.join(', ')}`);
  // The device number is free now, and may be another's soon.
  updateNode(lab, node.name, ({ init: _, ...before }) => ({ ...before, devices: [] }));
}

async function start(lab: number, node: NodeRecord): Promise<void> {
  const folder = path.join(folderOf(lab), node.name);
  const lower = node.bare ? await bareRoot() : '/';
  // Where the lab has an owner, its nodes end with the process that boots them: nothing runs on after a crash of it.
  const leash = read(lab).owner === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
  const [program = '', ...args] = [...leash, 'nsenter', `--net=/run/netns/${nodeNetns(lab, node.name)}`,
    'unshare', '--mount', '--uts', '--ipc', '--pid', '--fork', '--kill-child', '--propagation', 'private',
    path.join(import.meta.dirname, 'node-init.sh'), folder, node.name, lower, randomUUID(), ...(node.bare ? [] : seenFromHost())];
  mkdirSync(path.join(folder, 'root'), { recursive: true });
  const log = openSync(consoleOf(lab, node.name), 'a');
  const child = spawnProcess(program, args, { detached: true, stdio: ['ignore', log, log, 'pipe'], env: { PATH: ADMIN_PATH } });
  closeSync(log);
  const [word, pid, device] = (await firstLine(child)).split(' ');
  const init = mark(Number(pid));
  if (word !== 'up' || init === undefined) throw new Error(`node ${node.name} did not come up; its console ends with:\n${readFileSync(consoleOf(lab, node.name), 'utf8').slice(-2000)}`);
  child.unref();
  updateNode(lab, node.name, (before) => ({ ...before, init, devices: [Number(device)] }));
}

/** What the child says first on its descriptor 3; empty when it ends or says nothing in time. */
function firstLine(child: ChildProcess): Promise<string> {
  const voice = child.stdio[3] as Readable;
  return new Promise((resolve) => {
    let text = '';
    const finish = () => {
      clearTimeout(timer);
      voice.destroy();
      resolve(text.split('\n')[0] ?? '');
    };
    const timer = setTimeout(() => { child.kill('SIGKILL'); finish(); }, PATIENCE_MS);
    voice.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) finish();
    });
    voice.on('close', finish);
    child.on('error', finish);
  });
}
