/**
 * The User-Mode Linux lab: machines with a real kernel of their own and systemd as PID 1, for what namespaces cannot
 * prove: power loss, the kernel's own clients, a real init. A boot takes a few seconds, and all that runs inside is slow
 * (Node.js 16 to 32 times): keep what runs there small.
 *
 *   const u1 = await createUml({ disks: [512 * 2 ** 20] });      // alone, in a lab of its own; or { lab } to join one
 *   await u1.put('/tmp/holdfast.deb', readFileSync('dist/packages/holdfast_0.1.0_amd64.deb'));
 *   await u1.must('apt-get install -y /tmp/holdfast.deb');       // with { mirror: true } from the lab's package mirror
 *   await u1.must('systemctl is-active holdfastd && systemd-analyze security holdfastd');
 *   await u1.kill();                                             // a power cut: unsynced data is gone
 *   await u1.boot();                                             // the same disks
 *   await u1.dispose();                                          // in a finally
 *
 * Its disks are /dev/ubdb, /dev/ubdc … in the order given; its root is /dev/ubda. Commands go over ssh, as root.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLab, type Lab } from '../netns/lab.ts';
import { bareSources, startMirror } from '../netns/mirror.ts';
import type { Command, ExecOptions } from '../netns/node.ts';
import { folderOf, mark, read, runs, update, updateKernel } from '../netns/record.ts';
import { addressIn, applyFaults, hardwareAddress, plugTap, switchName } from '../netns/switch.ts';
import { ADMIN_PATH, must, run, type RunResult } from '../run.ts';
import { image } from './image.ts';
import { endKernel } from './kernel.ts';

export interface UmlOptions {
  /** The lab whose network it joins, and with which it ends. Default: one of its own. */
  readonly lab?: Lab;
  /** Memory in MiB. Default 384. */
  readonly memoryMib?: number;
  /** Sizes of its disks in bytes, beside the root. Default: none. */
  readonly disks?: readonly number[];
  /** systemd as PID 1, as on a real machine. Default: true. Without it a boot is faster, and nothing runs but sshd. */
  readonly systemd?: boolean;
  /** It can install from the lab's package mirror (`lab.mirror.add` offers more). Default: false. */
  readonly mirror?: boolean;
}

export interface UmlNode {
  readonly name: string;
  readonly address: string;
  readonly hostKey: string;
  readonly lab: Lab;
  /** Its main process; undefined while it is off. */
  readonly pid: number | undefined;
  exec(command: Command, options?: ExecOptions): Promise<RunResult>;
  must(command: Command, options?: ExecOptions): Promise<string>;
  /** Starts a command and does not wait for it; it speaks through the child, an ssh client. */
  spawn(command: Command): ChildProcess;
  put(file: string, content: string | Uint8Array, mode?: number): Promise<void>;
  read(file: string): Promise<string>;
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** A power cut: the kernel is gone between two instructions, and with it all that was not on a disk. */
  kill(): Promise<void>;
  /** Switches it on (again), with the same disks; waits until all is started that is to be. */
  boot(): Promise<void>;
  /** What the kernel and systemd have printed. */
  console(): string;
  /** Ends it, and the lab when it is its own. */
  dispose(): Promise<void>;
}

const BOOT_PATIENCE_MS = 180_000;
const FIRST_ADDRESS = 31;

/** Makes a machine and boots it. */
export async function createUml(options: UmlOptions = {}): Promise<UmlNode> {
  const root = await image();
  const lab = options.lab ?? await createLab({ nodes: 0 });
  try {
    const node = await describe(lab, root, options);
    await node.boot();
    return node;
  } catch (error) {
    if (options.lab === undefined) await lab.dispose();
    throw error;
  }
}

async function describe(lab: Lab, root: string, { lab: given, memoryMib = 384, disks = [], systemd = true, mirror = false }: UmlOptions): Promise<UmlNode> {
  const { number } = lab;
  const index = read(number).kernels.length;
  const name = `u${index + 1}`;
  const address = addressIn(number, FIRST_ADDRESS + index);
  update(number, (before) => ({ ...before, kernels: [...before.kernels, { name, address, cut: false }] }));
  const folder = path.join(folderOf(number), name);
  mkdirSync(folder);
  await must(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path.join(folder, 'host_key')]);
  const hostKey = readFileSync(path.join(folder, 'host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
  writeFileSync(lab.knownHosts, `${name},${address} ${hostKey}\n`, { flag: 'a' });
  copyFileSync(`${lab.sshKey}.pub`, path.join(folder, 'authorized_keys'));
  writeFileSync(path.join(folder, 'hosts'), `127.0.0.1 localhost\n${[...lab.nodes, ...read(number).kernels].map((one) => `${one.address} ${one.name}\n`).join('')}`);
  if (mirror) {
    await startMirror(number);
    writeFileSync(path.join(folder, 'sources.list'), bareSources(number));
  }
  const files = disks.map((bytes, disk) => {
    const file = path.join(folder, `disk${disk}.img`);
    writeFileSync(file, '');
    truncateSync(file, bytes);
    return file;
  });
  const log = path.join(folder, 'console.log');
  const running = (): number | undefined => {
    const main = read(number).kernels.find((kernel) => kernel.name === name)?.main;
    return runs(main) ? main?.pid : undefined;
  };
  const ssh = ['ssh', '-i', lab.sshKey, '-o', `UserKnownHostsFile=${lab.knownHosts}`, '-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=10',
    '-o', 'LogLevel=ERROR', '-o', 'ServerAliveInterval=15', '-o', 'ServerAliveCountMax=8', `root@${address}`];
  const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

  async function setCut(cut: boolean): Promise<void> {
    updateKernel(number, name, (before) => ({ ...before, cut }));
    await applyFaults(number);
  }

  const node: UmlNode = {
    name, address, hostKey, lab,
    get pid() {
      return running();
    },
    async exec(command, { env = {}, ...rest } = {}) {
      if (running() === undefined) throw new Error(`node ${name} is off`);
      const words = typeof command === 'string' ? ['sh', '-c', command] : command;
      const assignments = Object.entries({ LANG: 'C.UTF-8', ...env }).map(([key, value]) => `${key}=${value}`);
      return run([...ssh, ['env', ...assignments, ...words].map(quote).join(' ')], { timeoutMs: 300_000, ...rest });
    },
    spawn(command) {
      const [program = '', ...args] = [...ssh, (typeof command === 'string' ? ['sh', '-c', command] : command).map(quote).join(' ')];
      const child = spawn(program, args, { env: { ...process.env, PATH: ADMIN_PATH } });
      child.on('error', () => undefined);
      return child;
    },
    async must(command, more) {
      const { status, stdout, stderr } = await node.exec(command, more);
      if (status !== 0) throw new Error(`on ${name}: ${typeof command === 'string' ? command : command.join(' ')} ended with ${status}: ${stderr}${stdout}`);
      return stdout.replace(/\n$/, '');
    },
    async put(file, content, mode = 0o644) {
      await node.must(['sh', '-ec', 'mkdir -p "$(dirname "$1")"; umask 077; cat >"$1"; chmod "$2" "$1"', 'put', file, mode.toString(8)], { input: content });
    },
    async read(file) {
      const { status, stdout, stderr } = await node.exec(['cat', file]);
      if (status !== 0) throw new Error(`on ${name}: ${stderr}`);
      return stdout;
    },
    cut: () => setCut(true),
    heal: () => setCut(false),
    async kill() {
      const kernel = read(number).kernels.find((one) => one.name === name);
      if (kernel !== undefined) await endKernel(kernel);
    },
    async boot() {
      if (running() !== undefined) throw new Error(`node ${name} is on`);
      await plugTap(number, name);
      const leash = read(number).owner === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL'];
      const [program = '', ...args] = [...leash, 'nsenter', `--net=/run/netns/${switchName(number)}`, 'linux.uml',
        `mem=${memoryMib}M`, `umid=${name}`, `uml_dir=${folder}`, `ubd0=${path.join(folder, 'root.cow')},${root}`, ...files.map((file, disk) => `ubd${disk + 1}=${file}`),
        'root=/dev/ubda', 'rw', 'con=null', 'con0=null,fd:1', 'ssl=null', `vec0:transport=tap,ifname=${name},depth=128,mac=${hardwareAddress(address)}`,
        `node=${name}`, `ip=${address}`, `lab=${folder}`, ...(systemd ? ['systemd.show_status=0'] : ['init=/usr/local/sbin/lab-init']), 'quiet'];
      const out = openSync(log, 'a');
      const child = spawn(program, args, { detached: true, stdio: ['ignore', out, out], env: { PATH: ADMIN_PATH, HOME: '/root', TMPDIR: '/dev/shm' } });
      closeSync(out);
      child.on('error', () => undefined);
      child.unref();
      const main = child.pid === undefined ? undefined : mark(child.pid);
      if (main === undefined) throw new Error('linux.uml did not start (Debian: user-mode-linux)');
      updateKernel(number, name, (before) => ({ ...before, main }));
      for (const until = Date.now() + BOOT_PATIENCE_MS; ; await pause(200)) {
        // 'degraded' is for the test to judge: the machine is up, and some unit has failed.
        const state = systemd ? ['systemctl', 'is-system-running', '--wait'] : ['echo', 'running'];
        const { stdout } = running() === undefined ? { stdout: 'off' } : await node.exec(state, { timeoutMs: BOOT_PATIENCE_MS });
        if (['running', 'degraded'].includes(stdout.trim())) return;
        if (stdout === 'off' || Date.now() > until) throw new Error(`node ${name} did not come up (${stdout.trim()}); its console ends with:\n${node.console().slice(-2000)}`);
      }
    },
    console: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
    async dispose() {
      await node.kill();
      if (given === undefined) await lab.dispose();
    },
  };
  return node;
}
