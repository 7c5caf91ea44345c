/** The transport `ssh2`: SSH in this process. Trusts a machine only by `trust.ts`; knows no host certificates. */
import type { Readable } from 'node:stream';
import ssh2, { type AnyAuthMethod, type Client, type ClientChannel, type ConnectConfig } from 'ssh2';
import { expanded, proofs, type Proof } from './keys.ts';
import { algorithmsOf, keyType } from './host-key.ts';
import { MachineError } from './machine-error.ts';
import { targetName, type SshSettings, type Target } from './settings.ts';
import { NoSession, Output, type Channel, type ExecOptions, type Ran } from './shell.ts';
import { trustFor } from './trust.ts';

const KEEPALIVES_MISSED = 4;
/** Time that a command has to end by itself after it was sent TERM. */
const GRACE_MS = 3_000;

/** @throws MachineError of every kind but `failed`; the reason of `signal`. */
export async function openSsh2(target: Target, settings: SshSettings, signal?: AbortSignal): Promise<Channel> {
  const { bastion } = settings;
  if (bastion === null) return channelOf(await connect(target, settings, await proofs(settings), undefined, signal), target);
  const gate: Target = { host: bastion.host, port: bastion.port, user: bastion.user, hostKey: bastion.hostKey };
  const first = await connect(gate, settings, await proofs(settings, bastion.privateKeyFile), undefined, signal);
  try {
    const second = await connect(target, settings, await proofs(settings), () => forwarded(first, gate, target, settings), signal);
    second.on('close', () => { first.end(); });
    return channelOf(second, target);
  } catch (error) {
    first.end();
    throw error;
  }
}

function forwarded(client: Client, gate: Target, target: Target, { connectTimeoutMs }: SshSettings): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const failed = (why: string, cause?: Error): void => { reject(new MachineError('unreachable', `${targetName(target)} cannot be reached through ${targetName(gate)}: ${why}`, { cause })); };
    const timer = setTimeout(() => { failed(`no answer in ${Math.round(connectTimeoutMs / 1000)} s (ssh.connect_timeout).`); }, connectTimeoutMs);
    client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, stream) => {
      clearTimeout(timer);
      if (error === undefined) resolve(stream);
      else failed(error.message, error);
    });
  });
}

type Tunnel = () => Promise<Readable>;

/** A machine that has several keys, of which only a fingerprint is known, is asked for one type after another. */
async function connect(target: Target, settings: SshSettings, keys: readonly Proof[], tunnel: Tunnel | undefined, signal: AbortSignal | undefined): Promise<Client> {
  if (keys.length === 0) throw new MachineError('settings', `There is nothing to log in to ${targetName(target)} with: give ssh.private_key_file, or start an agent (SSH_AUTH_SOCK).`);
  const trust = await trustFor(target, settings.knownHostsFiles.map((file) => expanded(file, settings.home)));
  let first: unknown;
  for (let { types } = trust; ;) {
    let refused = '';
    try {
      return await handshake(target, settings, { keys, types, refuse: (blob) => {
        const error = trust.refuse(blob);
        if (error !== null) refused = keyType(blob);
        return error;
      } }, await tunnel?.(), signal);
    } catch (error) {
      first ??= error;
      types = types.filter((type) => type !== refused);
      if (!trust.anyType || refused === '' || types.length === 0) throw first;
    }
  }
}

interface Proving { readonly keys: readonly Proof[]; readonly types: readonly string[]; readonly refuse: (blob: Buffer) => MachineError | null }

function handshake(target: Target, settings: SshSettings, { keys, types, refuse }: Proving, sock: Readable | undefined, signal: AbortSignal | undefined): Promise<Client> {
  const name = targetName(target);
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    let refused: MachineError | null = null;
    const stop = (): void => {
      client.destroy();
      reject(signal?.reason as Error);
    };
    const settle = (end: () => void): void => {
      signal?.removeEventListener('abort', stop);
      end();
    };
    signal?.addEventListener('abort', stop, { once: true });
    client.on('ready', () => { settle(() => { resolve(client); }); });
    // It stays listened to: a connection that breaks later must not end the process.
    client.on('error', (error) => { settle(() => { reject(refused ?? failureOf(error, name)); }); });
    client.on('close', () => { settle(() => { reject(refused ?? new MachineError('unreachable', `${name}: the connection was closed before the login.`)); }); });
    const config: ConnectConfig = {
      host: target.host, port: target.port, username: target.user, readyTimeout: settings.connectTimeoutMs,
      keepaliveInterval: settings.keepaliveMs, keepaliveCountMax: KEEPALIVES_MISSED,
      hostVerifier: (blob: Buffer) => {
        refused = refuse(blob);
        return refused === null;
      },
      authHandler: keys.map((proof): AnyAuthMethod => (proof.type === 'agent'
        ? { type: 'agent', username: target.user, agent: proof.agent }
        : { type: 'publickey', username: target.user, key: proof.key, ...(proof.passphrase === null ? {} : { passphrase: proof.passphrase }) })),
      algorithms: { serverHostKey: types.flatMap(algorithmsOf) as never },
      ...(sock === undefined ? {} : { sock }),
    };
    try {
      client.connect(config);
    } catch (error) {
      settle(() => { reject(failureOf(error as Error, name)); });
    }
  });
}

type Ssh2Error = Error & { readonly level?: string; readonly code?: string };

/** In words, and sorted into what is worth waiting for and what is not. */
export function failureOf(error: Ssh2Error, name: string): MachineError {
  const { level, code, message } = error;
  if (level === 'client-authentication') return new MachineError('denied', `${name}: none of the keys was accepted. Check ssh.user and ssh.private_key_file (or the agent), and authorized_keys on the machine.`, { cause: error });
  if (/too many authentication failures/i.test(message)) return new MachineError('denied', `${name}: it was shown more keys than it looks at, none of which it knows. Give the one that it lets in by ssh.private_key_file, or set ssh.agent = false.`, { cause: error });
  if (level === 'handshake') return new MachineError('untrusted', `${name}: no agreement about keys and ciphers: ${message}. The key that is recorded for it may be of a type that it no longer has.`, { cause: error });
  if (code === 'ENOTFOUND') return new MachineError('settings', `${name}: there is no host of this name.`, { cause: error });
  if (level === 'agent') return new MachineError('settings', `The SSH agent cannot be used: ${message}. Check SSH_AUTH_SOCK, or give ssh.private_key_file.`, { cause: error });
  return new MachineError('unreachable', `${name}: ${message}. Check host and port, that sshd runs there, and that no firewall is between.`, { cause: error });
}

function channelOf(client: Client, target: Target): Channel {
  const name = targetName(target);
  let lost = false;
  client.on('close', () => { lost = true; });
  return {
    get closed() { return lost; },
    close: () => { client.end(); },
    exec: (command, options) => new Promise((resolve, reject) => {
      if (lost) return reject(gone(name));
      options.signal?.throwIfAborted();
      client.exec(command, (error, stream) => {
        if (error !== undefined) return reject(lost ? gone(name) : new NoSession(`${name}: no command could be started: ${error.message}`, { cause: error }));
        follow(stream, client, name, options).then(resolve, reject);
      });
    }),
  };
}
const gone = (name: string): MachineError => new MachineError('unreachable', `${name}: the connection was lost.`);

function follow(stream: ClientChannel, client: Client, name: string, { input, signal, onLine }: ExecOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const output = new Output(onLine);
    let status: number | null = null;
    let grace: NodeJS.Timeout | undefined;
    const stop = (): void => {
      stream.signal('TERM');
      grace = setTimeout(() => { stream.close(); reject(signal?.reason as Error); }, GRACE_MS);
    };
    const broken = (): void => { reject(gone(name)); };
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
    client.once('close', broken);
    stream.on('data', (chunk: Buffer) => { output.out(chunk); });
    stream.stderr.on('data', (chunk: Buffer) => { output.err(chunk); });
    stream.on('exit', (code: number | null) => { status = code ?? 255; });
    stream.on('error', () => { /* told by `close` */ });
    stream.on('close', () => {
      clearTimeout(grace);
      signal?.removeEventListener('abort', stop);
      client.removeListener('close', broken);
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (status === null) reject(gone(name));
      else resolve(output.ended(status));
    });
    if (input === undefined || typeof input === 'string' || Buffer.isBuffer(input)) return void stream.end(input ?? '');
    input.on('error', (error) => { stream.close(); reject(error); });
    input.pipe(stream);
  });
}

