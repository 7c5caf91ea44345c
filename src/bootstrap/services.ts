/**
 * The two services of a node, whoever keeps them: systemd, init scripts, or nobody (an archive without either, or a root
 * of its own): then they are plain processes known by pid files. Restarting the daemon never touches what is mounted.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { HoldfastError } from '../model/errors.ts';
import { inherited, lastLines, must, run } from './command.ts';
import type { ServiceName } from './facts.ts';
import { readIfThere, readObject } from './files.ts';
import type { Places } from './places.ts';
import { isAlive } from './process-mark.ts';

export interface Services {
  readonly kind: 'systemd' | 'init' | 'plain';
  isRunning(name: ServiceName): Promise<boolean>;
  /** Starts it now and at every boot. @throws internal with what it said. */
  start(name: ServiceName): Promise<void>;
  restart(name: ServiceName): Promise<void>;
  /** The last lines of its log, "" when there is none. */
  tail(name: ServiceName, lines: number): Promise<string>;
}

/** @param programs the command line of each, for plain processes. */
export function chooseServices(places: Places, programs: Readonly<Record<ServiceName, readonly string[]>>): Services {
  if (places.root === '/') {
    const unit = ['/lib/systemd/system', '/usr/lib/systemd/system', '/etc/systemd/system'].some((directory) => existsSync(path.join(directory, 'holdfastd.service')));
    if (existsSync('/run/systemd/system') && unit) return systemd();
    if (existsSync('/etc/init.d/holdfastd')) return initScripts();
  }
  return plainProcesses(places, programs);
}

const START_MS = 120_000;

function systemd(): Services {
  return {
    kind: 'systemd',
    // A daemon that waits for its control store is there, too.
    isRunning: async (name) => ['active', 'activating', 'reloading'].includes((await run('systemctl', ['is-active', name])).stdout.trim()),
    async start(name) {
      await must(`starting ${name}`, 'systemctl', ['daemon-reload']);
      await must(`starting ${name}`, 'systemctl', ['enable', '--now', name], { timeoutMs: START_MS, hint: `Its log: journalctl -u ${name}` });
    },
    async restart(name) { await must(`restarting ${name}`, 'systemctl', ['restart', name], { timeoutMs: START_MS, hint: `Its log: journalctl -u ${name}` }); },
    tail: async (name, lines) => (await run('journalctl', ['-u', name, '-n', String(lines), '-o', 'cat', '--no-pager'])).stdout.trim(),
  };
}

function initScripts(): Services {
  const script = (name: ServiceName): string => `/etc/init.d/${name}`;
  return {
    kind: 'init',
    isRunning: async (name) => (await run(script(name), ['status'])).status === 0,
    async start(name) {
      await run('update-rc.d', [name, 'defaults']);
      await must(`starting ${name}`, script(name), ['start'], { timeoutMs: START_MS, hint: `Its log: /var/log/holdfast/${name}.log` });
    },
    async restart(name) { await must(`restarting ${name}`, script(name), ['restart'], { timeoutMs: START_MS, hint: `Its log: /var/log/holdfast/${name}.log` }); },
    tail: async (name, lines) => lastLines(await readIfThere(`/var/log/holdfast/${name}.log`) ?? '', lines),
  };
}

const STOP_MS = 30_000;
/**
 * The process notes itself, and only then becomes the program: whoever starts it may be killed at any moment, and never
 * leaves one behind that nobody knows. $1: the pid file; $2 …: the program.
 */
const NOTED = `command -v "$2" >/dev/null || { echo "$2: not found" >&2; exit 127; }
IFS= read -r stat </proc/$$/stat
began=$(set -f; set -- \${stat##*) }; shift 19; printf %s "$1")
printf '{"pid":%s,"began":"%s"}' "$$" "$began" >"$1.new" && mv "$1.new" "$1" || exit 1
shift
exec "$@"`;

function plainProcesses(places: Places, programs: Readonly<Record<ServiceName, readonly string[]>>): Services {
  const pidFile = (name: ServiceName): string => path.join(places.run, `${name}.pid.json`);
  const logFile = (name: ServiceName): string => path.join(places.log, `${name}.log`);
  const isRunning = async (name: ServiceName): Promise<boolean> => isAlive(await readObject(pidFile(name)));

  async function start(name: ServiceName): Promise<void> {
    if (await isRunning(name)) return;
    for (const directory of [places.run, places.log]) await mkdir(directory, { recursive: true, mode: 0o755 });
    if (name === 'holdfast-etcd') await mkdir(places.etcdData, { recursive: true, mode: 0o700 });
    const log = await open(logFile(name), 'a', 0o640);
    try {
      const child = spawn('sh', ['-c', NOTED, 'sh', pidFile(name), ...programs[name]], { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/', env: inherited() });
      let failed: string | null = null;
      child.once('error', (error) => { failed = error.message; });
      child.once('exit', () => { failed ??= ''; });
      while (failed === null && !(await isRunning(name))) await pause(5);
      child.removeAllListeners('exit').unref();
      if (failed !== null) throw new HoldfastError('internal', `${name} could not be started: ${failed === '' ? lastLines(await readIfThere(logFile(name)) ?? '', 8) : String(failed)}`, { object: `service ${name}` });
    } finally {
      await log.close();
    }
  }

  async function stop(name: ServiceName): Promise<void> {
    const mark = await readObject(pidFile(name));
    if (isAlive(mark)) {
      process.kill(Number(mark?.['pid']), 'SIGTERM');
      for (let waited = 0; isAlive(mark); waited += 50) {
        if (waited === STOP_MS) process.kill(Number(mark?.['pid']), 'SIGKILL');
        await pause(50);
      }
    }
    await rm(pidFile(name), { force: true });
  }

  return {
    kind: 'plain', isRunning, start,
    async restart(name) {
      await stop(name);
      await start(name);
    },
    tail: async (name, lines) => lastLines(await readIfThere(logFile(name)) ?? '', lines),
  };
}
