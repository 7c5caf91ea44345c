// What every test with Docker needs: a Docker Engine, a holdfastd with one pool, and a driver name that nobody else has.
// Closing it leaves no process, mount, loop device, socket or file behind. It knows nothing of what a test does with it.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createClient, type HoldfastClient } from '../../../src/client/client.ts';
import { engineTurn, startEngine, type Engine } from '../../lab/docker-engine.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
/** How long something that must come about by itself is waited for. */
const PATIENCE_MS = 180_000;

export interface Stage {
  readonly engine: Engine;
  readonly client: HoldfastClient;
  /** The driver's name, which is its socket's. */
  readonly driver: string;
  readonly pluginSocket: string;
  /** Folder for a test's own files. */
  readonly folder: string;
  /** Ends holdfastd by the signal and leaves it so. */
  stopDaemon(signal: NodeJS.Signals): Promise<void>;
  startDaemon(): Promise<void>;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const turnIsOver = await engineTurn();
  const root = mkdtempSync(path.join(os.tmpdir(), 'hfd-'));
  writeFileSync(path.join(root, '.holdfast-scratch'), '');
  const driver = `holdfast-${randomBytes(4).toString('hex')}`;
  const pluginSocket = `/run/docker/plugins/${driver}.sock`;
  for (const folder of ['etc/holdfast', 'pool', 'own', 'docker']) mkdirSync(path.join(root, folder), { recursive: true });
  // Dead consumers are collected soon, so that tests need not wait as long as operators would.
  writeFileSync(path.join(root, 'etc/holdfast/holdfastd.json'), JSON.stringify({ reconcile_interval_ms: 300, consumer_grace_ms: 3_000 }));
  const client = createClient({ endpoint: `unix://${root}/run/holdfast/holdfast.sock`, agent: 'test' });
  let daemon: ChildProcess | undefined;
  let engine: Engine | undefined;

  async function startDaemon(): Promise<void> {
    const log = openSync(path.join(root, 'holdfastd.log'), 'a');
    const started = spawn(path.join(TOP, 'bin/holdfastd'), ['--root', root, '--plugin-socket', pluginSocket], { stdio: ['ignore', log, log] });
    closeSync(log);
    daemon = started;
    await until('holdfastd answers', async () => {
      if (started.exitCode !== null) throw new Error(`holdfastd did not start:\n${readFileSync(path.join(root, 'holdfastd.log'), 'utf8').slice(-2_000)}`);
      return (await client.status().catch(() => undefined)) !== undefined;
    });
  }

  async function stopDaemon(signal: NodeJS.Signals): Promise<void> {
    if (daemon === undefined || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, 'exit');
    daemon.kill(signal);
    await ended;
  }

  async function close(): Promise<void> {
    try {
      client.close();
      await engine?.stop();
      await stopDaemon('SIGTERM');
      execFileSync('rm', ['-f', pluginSocket]);
      execFileSync(path.join(TOP, 'tools/scrub'), [root], { stdio: ['ignore', 'ignore', 'inherit'] });
    } finally {
      await turnIsOver();
    }
  }

  try {
    await startDaemon();
    await client.pools.create({ name: 'main', kind: 'directory', path: path.join(root, 'pool') });
    engine = await startEngine({ dir: path.join(root, 'docker') });
    return { engine, client, driver, pluginSocket, folder: path.join(root, 'own'), stopDaemon, startDaemon, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits until it is so. @throws what `holds` throws, and when it does not come about in three minutes. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await pause(100);
  }
}

/** Small, and quickly made. */
export const SMALL = '32M';
