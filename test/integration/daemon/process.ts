/**
 * A real daemon in a process of its own, run from the sources (or as it is shipped), on a root below the temporary directory: it can be
 * killed at any moment and started again. The typed client speaks to it. Ending it leaves nothing behind.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, mkdirSync, readFileSync, writeFileSync, openSync, closeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type HoldfastClient } from '../../../src/client/client.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');

export interface DaemonProcess {
  readonly root: string;
  readonly client: HoldfastClient;
  readonly pid: number;
  /** An empty directory below the root. */
  directory(name: string): string;
  start(): Promise<void>;
  /** Resolves when the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  log(): string;
  end(): Promise<void>;
}

/** @param options.bundle run `bin/holdfastd` as it is shipped (after `make build`), with its default settings. */
export async function daemonProcess({ bundle = false }: { readonly bundle?: boolean } = {}): Promise<DaemonProcess> {
  const root = mkdtempSync(path.join(os.tmpdir(), 'holdfast-daemon-'));
  writeFileSync(path.join(root, '.holdfast-scratch'), '');
  mkdirSync(path.join(root, 'etc/holdfast'), { recursive: true });
  writeFileSync(path.join(root, 'etc/holdfast/holdfastd.json'), JSON.stringify({ plugin_socket: null, ...(bundle ? {} : { reconcile_interval_ms: 500, consumer_grace_ms: 1000 }) }));
  const logFile = path.join(root, 'holdfastd.log');
  const client = createClient({ endpoint: `unix://${root}/run/holdfast/holdfast.sock` });
  let child: ChildProcess | null = null;

  const [program, ...words] = bundle ? [path.join(TOP, 'bin/holdfastd')] as const : [process.execPath, '--disable-warning=ExperimentalWarning', path.join(TOP, 'src/daemon/main.ts')] as const;

  const start = async (): Promise<void> => {
    const out = openSync(logFile, 'a');
    child = spawn(program, [...words, '--root', root], { stdio: ['ignore', out, out] });
    closeSync(out);
    const deadline = Date.now() + 60_000;
    while (!(await answers(client))) {
      if (child.exitCode !== null || Date.now() > deadline) throw new Error(`holdfastd did not start:\n${readFileSync(logFile, 'utf8')}`);
      await pause(30);
    }
  };
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  };
  await start();
  return {
    root, client, start, kill,
    get pid() {
      return child?.pid ?? 0;
    },
    directory(name) {
      const made = path.join(root, name);
      mkdirSync(made, { recursive: true });
      return made;
    },
    log: () => readFileSync(logFile, 'utf8'),
    async end() {
      await kill('SIGTERM');
      execFileSync(path.join(TOP, 'tools/scrub'), [root], { stdio: ['ignore', 'ignore', 'inherit'] });
    },
  };
}

const answers = (client: HoldfastClient): Promise<boolean> => client.status().then(() => true, () => false);
