/** A daemon of its own below a temporary root, and the command line against it. `stop` leaves nothing behind, whatever happened. */
import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TOP = path.resolve(import.meta.dirname, '../../..');

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Machine {
  readonly root: string;
  readonly endpoint: string;
  readonly log: string;
  /** Runs `holdfast` with these words, without a terminal. */
  holdfast(...words: readonly string[]): Promise<Ran>;
  /** The parsed answer of `-o json`. @throws when the exit code is not 0. */
  json(...words: readonly string[]): Promise<any>; // eslint-disable-line @typescript-eslint/no-explicit-any -- tests look into it freely
  /** Begins it, to be spoken to. */
  begin(...words: readonly string[]): ChildProcess;
  stopDaemon(): Promise<void>;
  startDaemon(): Promise<void>;
  stop(): Promise<void>;
}

const HOLDFAST = path.join(TOP, 'bin/holdfast');

export async function startMachine(): Promise<Machine> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'holdfast-cli-'));
  const socket = path.join(root, 'run/holdfast/holdfast.sock');
  const log = path.join(root, 'holdfastd.log');
  const environment = { PATH: process.env['PATH'], HOME: root, LANG: 'C.UTF-8', HOLDFAST_ENDPOINT: `unix://${socket}`, NODE_NO_WARNINGS: '1' };
  let daemon: ChildProcess | null = null;
  const machine: Machine = {
    root, log, endpoint: environment.HOLDFAST_ENDPOINT,
    holdfast: (...words) => new Promise((resolve) => {
      execFile(HOLDFAST, words, { env: environment, cwd: root, maxBuffer: 64 * 1024 ** 2 }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
      });
    }),
    async json(...words) {
      const { code, out, err } = await machine.holdfast(...words, '-o', 'json');
      if (code !== 0) throw new Error(`${words.join(' ')} exited with ${code}: ${err}`);
      return JSON.parse(out);
    },
    begin: (...words) => spawn(HOLDFAST, words, { env: environment, cwd: root, stdio: ['pipe', 'pipe', 'pipe'] }),
    async startDaemon() {
      const child = spawn('/bin/sh', ['-c', 'exec "$0" "$@" 2>>"$LOG"', path.join(TOP, 'bin/holdfastd'), '--root', root, '--plugin-socket', 'none'], { env: { ...environment, LOG: log }, stdio: 'ignore' });
      daemon = child;
      for (let tries = 0; !existsSync(socket); tries += 1) {
        if (tries > 600 || child.exitCode !== null) throw new Error(`holdfastd did not start:\n${readFileSync(log, 'utf8')}`);
        await delay(50);
      }
    },
    async stopDaemon() {
      const child = daemon;
      daemon = null;
      if (child === null || child.exitCode !== null) return;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await Promise.race([gone, delay(10_000, undefined, { ref: false }).then(() => child.kill('SIGKILL'))]);
      rmSync(socket, { force: true });
    },
    async stop() {
      await machine.stopDaemon();
      for (const mount of mountsBelow(root)) quietly('umount', ['--lazy', mount]);
      for (const loop of loopsBelow(root)) quietly('losetup', ['--detach', loop]);
      rmSync(root, { recursive: true, force: true });
    },
  };
  mkdirSync(path.join(root, 'pool'));
  mkdirSync(path.join(root, 'mnt'));
  try {
    await machine.startDaemon();
  } catch (thrown) {
    await machine.stop();
    throw thrown;
  }
  return machine;
}

const mountsBelow = (root: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '').filter((mount) => mount.startsWith(`${root}/`)).sort().reverse();

function loopsBelow(root: string): string[] {
  const { loopdevices } = JSON.parse(execFileSync('losetup', ['--list', '--json', '--output', 'NAME,BACK-FILE'], { encoding: 'utf8' }) || '{"loopdevices":[]}') as { loopdevices: { name: string; 'back-file': string | null }[] };
  return loopdevices.filter((loop) => loop['back-file']?.startsWith(`${root}/`) === true).map(({ name }) => name);
}

function quietly(command: string, words: readonly string[]): void {
  try { execFileSync(command, words, { stdio: 'ignore' }); } catch { /* the next steps say what is left */ }
}
