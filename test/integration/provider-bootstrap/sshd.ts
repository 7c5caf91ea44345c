// A real sshd on loopback with keys of its own, for the transports. Everything lies in one temporary folder.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { SshSettings } from '../../../provider/bootstrap/settings.ts';
import { freePort } from '../../lab/tcp-proxy.ts';

export interface Sshd {
  readonly port: number;
  /** `ssh-ed25519 AAAA…` */
  readonly hostKey: string;
  /** `SHA256:…` */
  readonly fingerprint: string;
  readonly directory: string;
  /** Private key that it lets in. */
  readonly keyFile: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Ends it with all its sessions and removes its folder. */
  dispose(): Promise<void>;
}

export const keygen = (...args: readonly string[]): string => execFileSync('ssh-keygen', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** @param lines added to its configuration. */
export async function createSshd({ lines = [], keyFile, type = 'ed25519' }: { readonly lines?: readonly string[]; readonly keyFile?: string; readonly type?: string } = {}): Promise<Sshd> {
  const directory = mkdtempSync(path.join(tmpdir(), 'hf-sshd-'));
  const file = (name: string): string => path.join(directory, name);
  keygen('-q', '-t', type, '-N', '', '-f', file('host'));
  const key = keyFile ?? file('user');
  if (keyFile === undefined) keygen('-q', '-t', 'ed25519', '-N', '', '-f', key);
  writeFileSync(file('authorized_keys'), readFileSync(`${key}.pub`));
  const port = await freePort();
  writeFileSync(file('config'), [
    `Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${file('host')}`, `AuthorizedKeysFile ${file('authorized_keys')}`, `PidFile ${file('pid')}`,
    'PermitRootLogin prohibit-password', 'PasswordAuthentication no', 'UsePAM no', 'StrictModes no', 'MaxStartups 100', ...lines, '',
  ].join('\n'));
  mkdirSync('/run/sshd', { recursive: true });
  let child: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = once(running, 'exit');
    // Its group: the sessions as well.
    process.kill(-(running.pid ?? 0), 'SIGKILL');
    await ended;
  };
  const pub = readFileSync(file('host.pub'), 'utf8').trim().split(' ').slice(0, 2).join(' ');
  const sshd: Sshd = {
    port, directory, keyFile: key, hostKey: pub, fingerprint: keygen('-lf', file('host.pub')).split(' ')[1] ?? '',
    async start() {
      child = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', file('config')], { stdio: 'ignore', detached: true });
      while (!await answers(port)) await pause(20);
    },
    stop,
    async dispose() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return sshd;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => { socket.destroy(); resolve(true); });
    socket.once('error', () => { resolve(false); });
    socket.once('close', () => { resolve(false); });
  });
}

/** Settings that read nothing of the user who runs the tests. */
export const settingsFor = (sshd: Pick<Sshd, 'keyFile' | 'directory'>, change: Partial<SshSettings> = {}): SshSettings => ({
  transport: 'ssh2', user: 'root', port: 22, privateKey: null, privateKeyFile: sshd.keyFile, passphrase: null, agent: null, knownHostsFiles: [path.join(sshd.directory, 'known_hosts')], sudo: true, sudoPassword: null, bastion: null,
  configFile: null, options: [], connectTimeoutMs: 10_000, waitMs: 20_000, keepaliveMs: 5_000, home: sshd.directory, ...change,
});
