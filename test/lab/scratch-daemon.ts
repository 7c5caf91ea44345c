// A daemon of its own for a suite that looks at the product from outside: the built `bin/holdfastd`, on a root
// directory below the system's temporary one, without the Docker plugin unless it is asked for. Ending it leaves
// nothing on the machine: no process, mount, loop device or file. It knows nothing of what a test does with it.
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** The checkout. */
export const TOP = path.resolve(import.meta.dirname, '../..');

export interface ScratchDaemon {
  /** Everything of this daemon and of its test lies below it. */
  readonly root: string;
  /** As HOLDFAST_ENDPOINT takes it. */
  readonly endpoint: string;
  /** The process, until `restart` puts another in its place. */
  readonly process: ChildProcess;
  /** Makes an empty directory below the root, and gives its path. */
  directory(name: string): string;
  /** Runs `holdfast …  -o json` and gives what it prints. */
  cli(...words: readonly string[]): unknown;
  /** Ends the process with a signal (default SIGTERM), and starts another on the same root. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process and removes every trace. Throws when something is left. */
  end(): Promise<void>;
}

/** Starts one and waits until it answers. `pluginSocket` is a path, where the test needs the Docker driver. */
export async function startScratchDaemon({ pluginSocket = 'none' }: { readonly pluginSocket?: string } = {}): Promise<ScratchDaemon> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'holdfast-e2e-'));
  writeFileSync(path.join(root, '.holdfast-scratch'), '');
  const endpoint = `unix://${root}/run/holdfast/holdfast.sock`;
  const launch = () => launchDaemon(root, pluginSocket);
  let child = await launch().catch((error: unknown) => {
    scrub(root);
    throw error;
  });
  return {
    root,
    endpoint,
    get process() {
      return child;
    },
    directory(name) {
      const made = path.join(root, name);
      mkdirSync(made, { recursive: true });
      return made;
    },
    cli(...words) {
      return JSON.parse(execFileSync(path.join(TOP, 'bin/holdfast'), [...words, '-o', 'json'], { env: { ...process.env, HOLDFAST_ENDPOINT: endpoint }, encoding: 'utf8' }));
    },
    async restart(signal = 'SIGTERM') {
      await stop(child, signal);
      child = await launch();
    },
    async end() {
      await stop(child, 'SIGTERM');
      scrub(root);
    },
  };
}

async function launchDaemon(root: string, pluginSocket: string): Promise<ChildProcess> {
  const log = path.join(root, 'holdfastd.log');
  const out = openSync(log, 'a');
  const child = spawn(path.join(TOP, 'bin/holdfastd'), ['--root', root, '--plugin-socket', pluginSocket], { stdio: ['ignore', out, out] });
  closeSync(out);
  const deadline = Date.now() + 60_000;
  while (spawnSync(path.join(TOP, 'bin/holdfast'), ['node', 'list'], { env: { ...process.env, HOLDFAST_ENDPOINT: `unix://${root}/run/holdfast/holdfast.sock` } }).status !== 0) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop(child, 'SIGKILL');
      throw new Error(`holdfastd did not start:\n${readFileSync(log, 'utf8')}`);
    }
    await pause(100);
  }
  return child;
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

function scrub(root: string): void {
  execFileSync(path.join(TOP, 'tools/scrub'), [root], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (existsSync(root)) throw new Error(`${root} is still there`);
}
