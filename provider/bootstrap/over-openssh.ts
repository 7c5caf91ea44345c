/**
 * The transport `openssh`: the system's `ssh`, with everything that ssh_config knows (CA-signed hosts, ProxyJump,
 * ProxyCommand for SSM). It must trust a machine by itself: it is never allowed to ask, nor to trust at first sight.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseHostKey } from './host-key.ts';
import { expanded } from './keys.ts';
import { MachineError } from './machine-error.ts';
import { targetName, type SshSettings, type Target } from './settings.ts';
import { lastLines, Output, type Channel, type ExecOptions, type Ran } from './shell.ts';

/** ssh's own status, when the connection and not the command failed. */
const SSH_FAILED = 255;
const GRACE_MS = 3_000;

/** @throws MachineError; the reason of `signal`. */
export async function openOpenssh(target: Target, settings: SshSettings, signal?: AbortSignal): Promise<Channel> {
  // Short, since a control socket's path may have a hundred characters.
  const directory = mkdtempSync(path.join(tmpdir(), 'hf-ssh-'));
  const name = targetName(target);
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    spawn('ssh', [...base, '-O', 'exit', '--', target.host], { stdio: 'ignore' }).on('close', () => { rmSync(directory, { recursive: true, force: true }); }).on('error', () => { rmSync(directory, { recursive: true, force: true }); });
  };
  const base = [...optionsFor(target, settings, directory)];
  const exec = (command: string, options: ExecOptions): Promise<Ran> => execute([...base, '--', target.host, command], name, options);
  try {
    // The first command opens the connection that the others share.
    await execute([...base, '--', target.host, 'true'], name, { signal }, true);
  } catch (error) {
    close();
    throw error;
  }
  return { get closed() { return closed; }, close, exec };
}

/** The arguments before the host. Exported for its test. */
export function optionsFor(target: Target, settings: SshSettings, directory: string): string[] {
  const seconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));
  const file = (text: string): string => expanded(text, settings.home);
  const { configFile, privateKeyFile, bastion } = settings;
  if (settings.privateKey !== null) writeFileSync(path.join(directory, 'key'), settings.privateKey.endsWith('\n') ? settings.privateKey : `${settings.privateKey}\n`, { mode: 0o600 });
  const identity = settings.privateKey !== null ? path.join(directory, 'key') : privateKeyFile === null ? null : file(privateKeyFile);
  const options = [
    'BatchMode=yes', 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no', 'ControlMaster=auto', 'ControlPersist=30', `ControlPath=${path.join(directory, 'c')}`,
    `ConnectTimeout=${seconds(settings.connectTimeoutMs)}`, `ServerAliveInterval=${seconds(settings.keepaliveMs)}`, 'ServerAliveCountMax=4',
    ...(target.hostKey === null ? [] : pinned(target, directory)),
    ...(bastion === null ? [] : [`ProxyJump=${bastion.user}@${bastion.host.includes(':') ? `[${bastion.host}]` : bastion.host}:${bastion.port}`]),
    ...settings.options,
  ];
  return [...(configFile === null ? [] : ['-F', file(configFile)]), ...(identity === null ? [] : ['-i', identity]), '-p', String(target.port), '-l', target.user, '-T', ...options.flatMap((option) => ['-o', option])];
}

// A key that was given is the only one that counts for this machine: in a known_hosts file of its own.
function pinned(target: Target, directory: string): string[] {
  const given = parseHostKey(target.hostKey ?? '');
  if (given.form === 'fingerprint') throw new MachineError('settings', `${targetName(target)}: transport = "openssh" needs the whole host key ("ssh-ed25519 AAAA…"), not a fingerprint; or leave host_key out and let known_hosts decide.`);
  const file = path.join(directory, 'known_hosts');
  writeFileSync(file, `machine ${given.type} ${given.blob.toString('base64')}\n`, { mode: 0o600 });
  return ['HostKeyAlias=machine', `UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=/dev/null'];
}

function execute(args: readonly string[], name: string, { input, signal, onLine }: ExecOptions, opening = false): Promise<Ran> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const output = new Output(onLine);
    let grace: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGTERM');
      grace = setTimeout(() => { child.kill('SIGKILL'); }, GRACE_MS);
    };
    signal?.addEventListener('abort', stop, { once: true });
    child.stdout.on('data', (chunk: Buffer) => { output.out(chunk); });
    child.stderr.on('data', (chunk: Buffer) => { output.err(chunk); });
    // The command may end before it has read everything.
    child.stdin.on('error', () => { /* told by its status */ });
    child.on('error', (error) => { reject(new MachineError('settings', `The system's ssh cannot be started: ${error.message}. Install openssh-client, or use transport = "ssh2".`, { cause: error })); });
    // With a shared connection its master keeps stderr open: the end of the process is what counts.
    child.on('exit', (status) => {
      clearTimeout(grace);
      signal?.removeEventListener('abort', stop);
      setImmediate(() => {
        if (signal?.aborted === true) return reject(signal.reason as Error);
        const ran = output.ended(status ?? SSH_FAILED);
        if (ran.status === SSH_FAILED && (opening || isSshs(ran.stderr))) reject(opensshFailure(ran.stderr, name));
        else resolve(ran);
        child.stdout.destroy();
        child.stderr.destroy();
      });
    });
    if (input === undefined || typeof input === 'string' || Buffer.isBuffer(input)) return void child.stdin.end(input ?? '');
    input.on('error', (error) => { child.kill('SIGTERM'); reject(error); });
    input.pipe(child.stdin);
  });
}

const isSshs = (stderr: string): boolean => /^(ssh: |kex_|Connection (to|closed|reset)|client_loop|mux_|Host key verification failed|.*Permission denied \()/m.test(stderr);

/** What ssh says when it fails, sorted. */
export function opensshFailure(stderr: string, name: string): MachineError {
  const said = lastLines(stderr.replaceAll('\r', ''), 14);
  if (/Host key verification failed|REVOKED HOST KEY|REMOTE HOST IDENTIFICATION HAS CHANGED|No .* host key is known/.test(stderr)) {
    return new MachineError('untrusted', `${name}: ssh does not trust its host key, and is not allowed to ask. Nothing was sent to it.\n${said}\nCompare the fingerprint on the machine's console, then add the key to known_hosts, have it signed by an authority that known_hosts trusts (@cert-authority), or give host_key.`);
  }
  if (/Permission denied|Too many authentication failures/.test(stderr)) return new MachineError('denied', `${name}: ${said}\nCheck ssh.user, ssh.private_key_file (or the agent), and authorized_keys on the machine.`);
  if (/Could not resolve hostname/.test(stderr) && !/Temporary failure/.test(stderr)) return new MachineError('settings', `${name}: ${said}`);
  if (/Bad configuration option|bad configuration options|Bad owner or permissions|command-line.*:/i.test(stderr)) return new MachineError('settings', `${name}: ${said}`);
  return new MachineError('unreachable', `${name}: ${said}`);
}
