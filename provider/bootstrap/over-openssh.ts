/**
 * The transport `openssh`: the system's `ssh`, with everything that ssh_config knows (CA-signed hosts, ProxyJump,
 * ProxyCommand for SSM). It must trust a machine by itself: it is never allowed to ask, nor to trust at first sight.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseHostKey } from './host-key.ts';
import { expanded } from './keys.ts';
import { MachineError } from './machine-error.ts';
import { targetName, type Bastion, type SshSettings, type Target } from './settings.ts';
import { lastLines, Output, quoted, type Channel, type ExecOptions, type Ran } from './shell.ts';

/** ssh's own status, when the connection and not the command failed. */
const SSH_FAILED = 255;
const GRACE_MS = 3_000;
/** How long what a command said last may be on its way after it has ended. */
const DRAIN_MS = 5_000;

/** What one connection keeps on disk: short, since a control socket's path may have a hundred characters. */
interface Place { readonly directory: string; readonly identity: string | null; readonly env: NodeJS.ProcessEnv; close(): void }

// A provider that ends without closing its connections leaves no folder.
const places = new Set<Place>();
process.on('exit', () => { for (const place of places) place.close(); });

/** What ssh, and with it every ProxyCommand, gets of the provider's environment: keys, tokens and passwords in it are not for them. */
export const handedOn = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('HOLDFAST_')));

function makePlace(settings: SshSettings): Place {
  const directory = mkdtempSync(path.join(tmpdir(), 'hf-ssh-'));
  const key = settings.privateKey === null ? null : keyWithoutName(directory, settings.privateKey);
  const { passphrase } = settings;
  // Never asks anybody: not on the terminal (it has none), nor by a window. A passphrase is answered by this script.
  const env: NodeJS.ProcessEnv = { ...handedOn(process.env), SSH_ASKPASS_REQUIRE: 'never', SSH_AUTH_SOCK: settings.agent ?? undefined };
  if (passphrase !== null) {
    const answers = path.join(directory, 'askpass');
    writeFileSync(answers, '#!/bin/sh\nprintf "%s\\n" "$HOLDFAST_SSH_PASSPHRASE"\n', { mode: 0o700 });
    Object.assign(env, { SSH_ASKPASS: answers, SSH_ASKPASS_REQUIRE: 'force', HOLDFAST_SSH_PASSPHRASE: passphrase });
  }
  const place: Place = {
    directory, env, identity: key?.file ?? (settings.privateKeyFile === null ? null : expanded(settings.privateKeyFile, settings.home)),
    close() {
      if (!places.delete(place)) return;
      key?.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  places.add(place);
  return place;
}

/** The key in a file that has no name any more, so that no way in which this process ends leaves it on a disk. */
function keyWithoutName(directory: string, key: string): { readonly file: string; close(): void } {
  const file = path.join(directory, 'key');
  writeFileSync(file, key.endsWith('\n') ? key : `${key}\n`, { mode: 0o600 });
  if (!existsSync('/proc/self/fd')) return { file, close: () => { /* goes with the folder */ } };
  const opened = openSync(file, 'r');
  unlinkSync(file);
  return { file: `/proc/${process.pid}/fd/${opened}`, close: () => { closeSync(opened); } };
}

/** @throws MachineError; the reason of `signal`. */
export async function openOpenssh(target: Target, settings: SshSettings, signal?: AbortSignal): Promise<Channel> {
  const place = makePlace(settings);
  const name = targetName(target);
  let closed = false;
  let base: readonly string[] = [];
  const close = (): void => {
    if (closed) return;
    closed = true;
    spawn('ssh', [...base, '-O', 'exit', '--', target.host], { stdio: 'ignore' }).on('close', () => { place.close(); }).on('error', () => { place.close(); });
  };
  const run = (command: string, options: ExecOptions, opening = false): Promise<Ran> => execute([...base, '--', target.host, command], { ...options, name, env: place.env, opening, alsoSaid: () => saidByGate(place.directory) });
  try {
    base = optionsFor(target, settings, place);
    // The first command opens the connection that the others share.
    await run('true', { signal }, true);
  } catch (error) {
    close();
    throw error;
  }
  return { get closed() { return closed; }, close, exec: (command, options) => run(command, options) };
}

/** The arguments before the host. Exported for its test. */
export function optionsFor(target: Target, settings: SshSettings, place: Pick<Place, 'directory' | 'identity'>): string[] {
  const { directory, identity } = place;
  const { bastion } = settings;
  const options = [
    ...trusting(settings), 'ControlMaster=auto', 'ControlPersist=30', `ControlPath=${path.join(directory, 'c')}`,
    ...(target.hostKey === null ? [] : pinned(target, directory, 'known_hosts')),
    ...(bastion === null ? [] : [`ProxyCommand=${through(settings, bastion, place)}`]),
    ...settings.options,
  ];
  return [...reading(settings), ...withKey(identity), ...atPort(target.port), '-l', target.user, '-T', ...options.flatMap((option) => ['-o', option])];
}

/** By ProxyJump ssh would take neither our key there nor our rules of trust. */
function through(settings: SshSettings, { host, port, user, hostKey, privateKeyFile }: Bastion, { directory, identity }: Pick<Place, 'directory' | 'identity'>): string {
  const options = [...trusting(settings), 'ControlPath=none', ...(hostKey === null ? [] : pinned({ host, port, user, hostKey }, directory, 'known_gate'))];
  const own = privateKeyFile === null ? identity : expanded(privateKeyFile, settings.home);
  const words = ['ssh', '-E', gateLog(directory), ...reading(settings), ...withKey(own), ...atPort(port), '-l', user, ...options.flatMap((option) => ['-o', option])];
  return `${words.map((word) => quoted(word).replaceAll('%', '%%')).join(' ')} -W '[%h]:%p' -- ${quoted(host).replaceAll('%', '%%')}`;
}

// ssh silences a proxy's stderr when it keeps its connection open afterwards.
const gateLog = (directory: string): string => path.join(directory, 'gate.log');
const saidByGate = (directory: string): string => (existsSync(gateLog(directory)) ? readFileSync(gateLog(directory), 'utf8') : '');
const reading = ({ configFile, home }: SshSettings): string[] => (configFile === null ? [] : ['-F', expanded(configFile, home)]);
// The usual port is left to ssh_config, which may know better.
const atPort = (port: number): string[] => (port === 22 ? [] : ['-p', String(port)]);
const withKey = (identity: string | null): string[] => (identity === null ? [] : ['-i', identity]);

/** Rules of every connection, in front of what ssh_config or the user's options say. */
function trusting({ connectTimeoutMs, keepaliveMs, passphrase }: SshSettings): string[] {
  const seconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));
  const asking = passphrase === null ? ['BatchMode=yes'] : ['PasswordAuthentication=no', 'KbdInteractiveAuthentication=no', 'NumberOfPasswordPrompts=1'];
  return [...asking, 'StrictHostKeyChecking=yes', 'UpdateHostKeys=no', `ConnectTimeout=${seconds(connectTimeoutMs)}`, `ServerAliveInterval=${seconds(keepaliveMs)}`, 'ServerAliveCountMax=4'];
}

// A key that was given is the only one that counts for this machine: in a known_hosts file of its own.
function pinned(target: Target, directory: string, name: string): string[] {
  const given = parseHostKey(target.hostKey ?? '');
  if (given.form === 'fingerprint') throw new MachineError('settings', `${targetName(target)}: transport = "openssh" needs the whole host key ("ssh-ed25519 AAAA…"), not a fingerprint; or leave host_key out and let known_hosts decide.`);
  const file = path.join(directory, name);
  writeFileSync(file, `machine ${given.type} ${given.blob.toString('base64')}\n`, { mode: 0o600 });
  return ['HostKeyAlias=machine', `UserKnownHostsFile=${file}`, 'GlobalKnownHostsFile=/dev/null'];
}

interface Executing extends ExecOptions { readonly name: string; readonly env: NodeJS.ProcessEnv; readonly opening: boolean; readonly alsoSaid: () => string }

function execute(args: readonly string[], { name, env, opening, alsoSaid, input, signal, onLine }: Executing): Promise<Ran> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // A session of its own: Ctrl-C is for Terraform, which tells this process what it means; and no terminal to ask on.
    const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], env, detached: true });
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
    const drained = Promise.all([child.stdout, child.stderr].map((stream) => new Promise<void>((done) => { stream.on('close', done); })));
    // The master of a shared connection keeps the stderr of the command that began it open: there the end of the process counts.
    child.on('exit', (status) => {
      clearTimeout(grace);
      signal?.removeEventListener('abort', stop);
      const late = new Promise<void>((done) => { grace = setTimeout(done, opening && status === 0 ? 0 : DRAIN_MS); });
      void Promise.race([drained, late]).then(() => {
        clearTimeout(grace);
        if (signal?.aborted === true) return reject(signal.reason as Error);
        const ran = output.ended(status ?? SSH_FAILED);
        if (ran.status === SSH_FAILED && (opening || isSshs(ran.stderr))) reject(opensshFailure(alsoSaid() + ran.stderr, name));
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
