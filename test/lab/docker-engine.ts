/**
 * A private Docker Engine for tests: its own data, state, socket, cgroup and client configuration below one folder, no
 * network and no firewall rule, so that an engine of the machine is never touched. Volume plugins are found by their
 * sockets in /run/docker/plugins, whichever engine asks: give each test's driver a socket file name of its own.
 *
 *   const engine = await startEngine({ dir });                  // dir: absolute, short, made when missing
 *   const { stdout } = await engine.docker(['run', '--rm', engine.image, 'echo', 'hello']);
 *   await engine.kill(); await engine.start();                  // as after a crash
 *   await engine.stop();                                        // ends everything; afterwards dir can be deleted
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lock } from './lock.ts';

export interface CommandResult {
  /** Exit code; -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Engine {
  readonly socket: string;
  /** Name of an image that holds busybox and nothing else. */
  readonly image: string;
  /** The process's own environment, pointed at this engine: for docker, docker-compose and what calls them. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs the docker command line. Never rejects because of its exit code. */
  docker(args: readonly string[], input?: string): Promise<CommandResult>;
  /** As `docker`, but throws with its output when it fails; gives stdout without the last newline. */
  must(args: readonly string[]): Promise<string>;
  /** kill -9 of dockerd; its containers live on. */
  kill(): Promise<void>;
  /** Starts dockerd again on the same state, and waits until it answers. */
  start(): Promise<void>;
  /** Ends dockerd orderly, and starts it again. */
  restart(): Promise<void>;
  /** Ends every container, dockerd and all that belongs to it, its mounts and cgroups. */
  stop(): Promise<void>;
}

/**
 * Waits until no other test has an engine, and gives what ends the own turn: an engine asks every driver in
 * /run/docker/plugins for its volumes. Give `beforeAll` the time TURN_MS.
 */
export const engineTurn = (): Promise<() => Promise<void>> => lock('/run/lock/holdfast-test-engines');
export const TURN_MS = 1_200_000;

const IMAGE = 'holdfast-test/busybox';
const PATIENCE_MS = 60_000;
/** The administrator's folders too: dockerd lies there. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Runs a program to its end. Rejects only when it cannot be started. */
export function run(program: string, args: readonly string[], { env, input, cwd }: { readonly env?: NodeJS.ProcessEnv; readonly input?: string | Buffer; readonly cwd?: string } = {}): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: env ?? process.env, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', reject);
    child.on('close', (code) => { resolve({ code: code ?? -1, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() }); });
    child.stdin.end(input ?? '');
  });
}

export async function startEngine({ dir }: { readonly dir: string }): Promise<Engine> {
  mkdirSync(path.join(dir, 'client'), { recursive: true });
  const socket = path.join(dir, 'docker.sock');
  const execRoot = path.join(dir, 'exec');
  const cgroup = `/holdfast-${path.basename(dir).replace(/[^a-z0-9]/gi, '')}`;
  const config = path.join(dir, 'daemon.json');
  writeFileSync(config, '{}');
  const env: NodeJS.ProcessEnv = { ...process.env, PATH, DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: path.join(dir, 'client') };
  delete env['DOCKER_CONTEXT'];
  delete env['DOCKER_TLS_VERIFY'];
  let dockerd: ChildProcess | undefined;

  const docker: Engine['docker'] = (args, input) => run('docker', args, { env, ...(input === undefined ? {} : { input }) });

  async function start(): Promise<void> {
    const log = openSync(path.join(dir, 'dockerd.log'), 'a');
    dockerd = spawn('dockerd', [
      '--config-file', config, '--host', `unix://${socket}`, '--data-root', path.join(dir, 'data'), '--exec-root', execRoot, '--pidfile', path.join(dir, 'dockerd.pid'),
      '--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-forward=false', '--ip-masq=false', '--userland-proxy=false',
      '--cgroup-parent', cgroup, '--exec-opt', 'native.cgroupdriver=cgroupfs',
    ], { env: { ...process.env, PATH }, stdio: ['ignore', log, log] });
    closeSync(log);
    dockerd.on('error', () => undefined);
    const until = Date.now() + PATIENCE_MS;
    while ((await docker(['version', '--format', '{{.Server.Version}}'])).code !== 0) {
      if (hasEnded(dockerd) || Date.now() > until) throw new Error(`dockerd did not start; its log ends with:\n${readFileSync(path.join(dir, 'dockerd.log'), 'utf8').slice(-2_000)}`);
      await delay(100);
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (dockerd === undefined || hasEnded(dockerd)) return;
    const ended = new Promise((resolve) => dockerd?.once('exit', resolve));
    dockerd.kill(signal);
    await Promise.race([ended, delay(PATIENCE_MS, undefined, { ref: false })]);
    if (!hasEnded(dockerd)) dockerd.kill('SIGKILL');
    await ended;
  }

  /** containerd ends with its dockerd. Where no init reaps it, dockerd would take it for alive by its pid file. */
  async function forgetDeadContainerd(): Promise<void> {
    const pidFile = path.join(execRoot, 'containerd/containerd.pid');
    const pid = read(pidFile).trim();
    for (let round = 0; round < 100 && pid !== '' && /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`)); round += 1) await delay(100);
    rmSync(pidFile, { force: true });
  }

  /** What a killed dockerd leaves: containers (known by the cgroup), shims (by the folder in their arguments), mounts. */
  async function sweep(): Promise<void> {
    for (let round = 0; round < 50; round += 1) {
      const left = [...processesInCgroup(cgroup), ...processesMentioning(`${execRoot}/`)];
      if (left.length === 0) break;
      for (const pid of left) try { process.kill(pid, 'SIGKILL'); } catch { /* it ended by itself */ }
      await delay(100);
    }
    for (const mount of mountsBelow(dir).reverse()) await run('umount', ['--lazy', mount]);
    removeCgroups(cgroup);
  }

  const engine: Engine = {
    socket, env, docker, start, image: IMAGE,
    async must(args) {
      const { code, stdout, stderr } = await docker(args);
      if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
      return stdout.replace(/\n$/, '');
    },
    async kill() {
      await end('SIGKILL');
      await forgetDeadContainerd();
    },
    async restart() {
      await end('SIGTERM');
      await start();
    },
    async stop() {
      if (dockerd !== undefined && !hasEnded(dockerd)) {
        const { stdout } = await docker(['ps', '--all', '--quiet']);
        const containers = stdout.split('\n').filter((id) => id !== '');
        if (containers.length > 0) await docker(['rm', '--force', ...containers]);
        await end('SIGTERM');
      }
      await sweep();
    },
  };
  try {
    await start();
    await importBusybox(engine, dir);
    return engine;
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

async function importBusybox(engine: Engine, dir: string): Promise<void> {
  const busybox = PATH.split(':').map((folder) => path.join(folder, 'busybox')).find((file) => existsSync(file));
  if (busybox === undefined) throw new Error('there is no busybox to make an image of (Debian: busybox-static)');
  const root = mkdtempSync(path.join(dir, 'image-'));
  for (const folder of ['bin', 'etc', 'tmp']) mkdirSync(path.join(root, folder));
  writeFileSync(path.join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  cpSync(busybox, path.join(root, 'bin/busybox'));
  const { stdout } = await run(busybox, ['--list']);
  for (const applet of stdout.split('\n')) if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', path.join(root, 'bin', applet));
  const archive = path.join(dir, 'image.tar');
  const packed = await run('tar', ['-C', root, '-cf', archive, '.']);
  const imported = packed.code === 0 ? await engine.docker(['import', '--change', 'ENV PATH=/bin', archive, IMAGE]) : packed;
  rmSync(root, { recursive: true });
  rmSync(archive, { force: true });
  if (imported.code !== 0) throw new Error(`the image could not be made: ${imported.stderr}`);
}

const CGROUPS = '/sys/fs/cgroup';
/** The cgroup in each hierarchy (v1) or in the one (v2). */
const cgroupFolders = (cgroup: string): string[] => [CGROUPS, ...(existsSync(CGROUPS) ? readdirSync(CGROUPS).map((name) => path.join(CGROUPS, name)) : [])]
  .map((hierarchy) => path.join(hierarchy, cgroup)).filter((folder) => existsSync(folder));

const foldersWithin = (folder: string): string[] => [folder, ...readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).flatMap((entry) => foldersWithin(path.join(folder, entry.name)))];

const processesInCgroup = (cgroup: string): number[] => cgroupFolders(cgroup).flatMap(foldersWithin)
  .flatMap((folder) => read(path.join(folder, 'cgroup.procs')).split('\n')).filter((line) => line !== '').map(Number);

function removeCgroups(cgroup: string): void {
  for (const folder of cgroupFolders(cgroup).flatMap(foldersWithin).reverse()) try { rmdirSync(folder); } catch { /* a process of it is still ending */ }
}

const processesMentioning = (text: string): number[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
  .filter((pid) => read(`/proc/${pid}/cmdline`).includes(text)).map(Number);

const mountsBelow = (dir: string): string[] => read('/proc/self/mountinfo').split('\n').map((line) => line.split(' ')[4] ?? '').filter((mount) => mount.startsWith(`${dir}/`));

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
