// Both transports against a real sshd: who is trusted, who is let in, what a command gives back, and what interrupts do.
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Machines } from '../../../provider/bootstrap/connect.ts';
import { MachineError } from '../../../provider/bootstrap/machine-error.ts';
import type { SshSettings, Target } from '../../../provider/bootstrap/settings.ts';
import type { Machine } from '../../../provider/bootstrap/shell.ts';
import { sha256Of, upload } from '../../../provider/bootstrap/upload.ts';
import { command, describeIf, root } from '../../lab/needs.ts';
import { freePort } from '../../lab/tcp-proxy.ts';
import { createSshd, keygen, settingsFor, type Sshd } from './sshd.ts';

const open: Machines[] = [];
let sshd: Sshd;
let knownHosts: string;
const machinesWith = (change: Partial<SshSettings> = {}): Machines => {
  const machines = new Machines(settingsFor(sshd, change));
  open.push(machines);
  return machines;
};
const target = (change: Partial<Target> = {}): Target => ({ host: '127.0.0.1', port: sshd.port, user: 'root', hostKey: sshd.hostKey, ...change });
const failure = async (promise: Promise<unknown>): Promise<MachineError> => {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MachineError);
  return error as MachineError;
};
/** What is in the files that this transport keeps while it is in use, here and in other processes. */
const laidDown = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('hf-ssh-')).flatMap((name) => {
  try {
    return readdirSync(path.join(tmpdir(), name)).map((file) => path.join(tmpdir(), name, file)).filter((file) => statSync(file).isFile()).map((file) => readFileSync(file, 'utf8'));
  } catch {
    return []; // it is gone already
  }
});
const echo = (machine: Machine): Promise<string> => machine.must('saying hello', 'printf hello');

describeIf([root, command('sshd'), command('ssh'), command('ssh-keygen')], 'machines over SSH', () => {
  beforeAll(async () => {
    sshd = await createSshd();
    knownHosts = path.join(sshd.directory, 'known_hosts');
    await sshd.start();
  });
  beforeEach(() => { writeFileSync(knownHosts, ''); });
  afterEach(() => { for (const machines of open.splice(0)) machines.close(); });
  afterAll(async () => { await sshd.dispose(); });

  for (const transport of ['ssh2', 'openssh'] as const) {
    const use = <T>(action: (machine: Machine) => Promise<T>, at: Partial<Target> = {}, settings: Partial<SshSettings> = {}): Promise<T> =>
      machinesWith({ transport, ...(transport === 'openssh' ? { options: [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null'] } : {}), ...settings }).use(target(at), action);

    it(`${transport}: runs commands with arguments, input, output, errors and status`, async () => {
      await use(async (machine) => {
        const lines: string[] = [];
        const ran = await machine.run('cat; printf "%s" "$1" >&2; exit 7', { args: ['it\'s $HOME "quoted" *\nnext'], input: 'from stdin;', onLine: (line) => { lines.push(line); } });
        expect(ran).toEqual({ stdout: 'from stdin;', stderr: 'it\'s $HOME "quoted" *\nnext', status: 7 });
        expect(lines).toEqual(['it\'s $HOME "quoted" *', 'next']);
        const failed = await failure(machine.must('the test', 'echo so it is >&2; exit 3'));
        expect(failed).toMatchObject({ kind: 'failed', detail: expect.stringMatching(/the test failed \(status 3\): so it is/) });
        expect((await machine.run('head -c 3000000 /dev/zero')).stdout).toHaveLength(3_000_000);
      });
    });

    it(`${transport}: refuses a key that is not the given one`, async () => {
      const other = await createSshd();
      const error = await failure(use(echo, { hostKey: other.hostKey }));
      await other.dispose();
      expect(error.kind).toBe('untrusted');
    });

    it(`${transport}: refuses a host that is not in known_hosts, and takes it when its line is there, hashed too`, async () => {
      expect((await failure(use(echo, { hostKey: null }))).kind).toBe('untrusted');
      writeFileSync(knownHosts, `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
      expect(await use(echo, { hostKey: null })).toBe('hello');
      keygen('-H', '-f', knownHosts);
      expect(readFileSync(knownHosts, 'utf8')).toMatch(/^\|1\|/);
      expect(await use(echo, { hostKey: null })).toBe('hello');
    });

    it(`${transport}: refuses a revoked key`, async () => {
      writeFileSync(knownHosts, `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n@revoked * ${sshd.hostKey}\n`);
      expect(await failure(use(echo, { hostKey: null }))).toMatchObject({ kind: 'untrusted', detail: expect.stringMatching(/revoked/i) });
    });

    it(`${transport}: goes through a bastion with the same key, given as it is, and checks the keys of both`, async () => {
      const bastion = await createSshd({ keyFile: sshd.keyFile });
      await bastion.start();
      const gate = { host: '127.0.0.1', port: bastion.port, user: 'root', hostKey: bastion.hostKey, privateKeyFile: null };
      const key = { privateKey: readFileSync(sshd.keyFile, 'utf8'), privateKeyFile: null };
      expect(await use(async (machine) => {
        // Whatever ends this process, the key is not on a disk.
        expect(laidDown().filter((content) => content.includes(key.privateKey.trim()))).toEqual([]);
        return echo(machine);
      }, {}, { bastion: gate, ...key })).toBe('hello');
      expect(await failure(use(echo, {}, { bastion: { ...gate, hostKey: sshd.hostKey }, ...key }))).toMatchObject({ kind: 'untrusted', detail: expect.stringMatching(/host.key/) });
      expect((await failure(use(echo, { hostKey: bastion.hostKey }, { bastion: gate, ...key }))).kind).toBe('untrusted');
      expect((await failure(use(echo, { port: await freePort() }, { bastion: gate, ...key }))).kind).toBe('unreachable');
      await bastion.dispose();
    });

    it(`${transport}: opens an encrypted key with its passphrase`, async () => {
      const locked = path.join(sshd.directory, `locked-${transport}`);
      copyFileSync(sshd.keyFile, locked);
      keygen('-q', '-p', '-P', '', '-N', 'opens it', '-f', locked);
      expect(await use(echo, {}, { privateKeyFile: locked, passphrase: 'opens it' })).toBe('hello');
      expect(['denied', 'settings']).toContain((await failure(use(echo, {}, { privateKeyFile: locked, passphrase: 'wrong' }))).kind);
    });

    it(`${transport}: runs no more commands at once than the machine takes`, async () => {
      const strict = await createSshd({ keyFile: sshd.keyFile, lines: ['MaxSessions 2'] });
      await strict.start();
      const answers = await use((machine) => Promise.all(Array.from({ length: 8 }, (_, index) => machine.must('counting', 'sleep 0.2; printf %s "$1"', { args: [String(index)] }))), { port: strict.port, hostKey: strict.hostKey });
      expect(answers).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
      await strict.dispose();
    });

    it(`${transport}: says who was not let in`, async () => {
      const stranger = await createSshd();
      const error = await failure(use(echo, {}, { privateKeyFile: stranger.keyFile }));
      await stranger.dispose();
      expect(error).toMatchObject({ kind: 'denied', detail: expect.stringContaining('authorized_keys') });
    });

    it(`${transport}: says when nobody listens, and waits only when it is told to`, async () => {
      const port = await freePort();
      expect((await failure(use(echo, { port }))).kind).toBe('unreachable');
      const late = await createSshd({ keyFile: sshd.keyFile });
      const machines = machinesWith({ transport });
      const waited: string[] = [];
      const answer = machines.use({ ...target(), port: late.port, hostKey: late.hostKey }, echo, { wait: true, onWait: (reason) => { waited.push(reason); void late.start(); } });
      expect(await answer).toBe('hello');
      expect(waited.length).toBeGreaterThan(0);
      await late.dispose();
    });

    it(`${transport}: ends the command, and what it began, when the operation is interrupted`, async () => {
      const abort = new AbortController();
      const marker = path.join(sshd.directory, `beats-${transport}`);
      const running = use((machine) => machine.run('echo begun >&2; (while :; do echo beat >>"$1"; sleep 0.05; done) & wait', { args: [marker], signal: abort.signal, onLine: () => { abort.abort(new Error('interrupted')); } }));
      await expect(running).rejects.toThrow('interrupted');
      expect(execFileSync('sh', ['-c', 'grep -ls "$1" /proc/[0-9]*/cmdline | grep -v "/$$/" || :', 'sh', path.basename(marker).replace('b', '[b]')], { encoding: 'utf8' })).toBe('');
    });

    it(`${transport}: uploads whole files, goes on where it was cut off, and does not send what is there`, async () => {
      const file = path.join(sshd.directory, 'package');
      writeFileSync(file, Buffer.alloc(300_000, 'holdfast'));
      const sha256 = await sha256Of(file);
      const to = path.join(sshd.directory, `there-${transport}`, 'package.deb');
      await use(async (machine) => {
        expect(await upload(machine, file, to, sha256)).toBe(300_000);
        expect(readFileSync(to).equals(readFileSync(file))).toBe(true);
        expect(await upload(machine, file, to, sha256)).toBe(0);
        // Cut off after 100,000 bytes.
        rmSync(to);
        copyFileSync(file, `${to}.${sha256}.part`);
        truncateSync(`${to}.${sha256}.part`, 100_000);
        expect(await upload(machine, file, to, sha256)).toBe(200_000);
        // What lies there is damaged: nothing of it is used, and nothing is left.
        rmSync(to);
        writeFileSync(`${to}.${sha256}.part`, 'not this file');
        expect((await failure(upload(machine, file, to, sha256))).detail).toContain('checksum differs');
        expect(existsSync(to)).toBe(false);
        expect(await upload(machine, file, to, sha256)).toBe(300_000);
      });
    });
  }

  it('ssh2: shows both fingerprints and the line to record', async () => {
    const other = await createSshd();
    writeFileSync(knownHosts, `[127.0.0.1]:${sshd.port} ${other.hostKey}\n`);
    const changed = await failure(machinesWith().use(target({ hostKey: null }), echo));
    expect(changed.detail).toContain(sshd.fingerprint);
    expect(changed.detail).toContain(other.fingerprint);
    expect(changed.detail).toContain(`[127.0.0.1]:${sshd.port} ${sshd.hostKey}`);
    expect(changed.detail).toContain(`${knownHosts}:1`);
    const given = await failure(machinesWith().use(target({ hostKey: other.fingerprint }), echo));
    expect(given.detail).toContain(sshd.fingerprint);
    expect(given.detail).toContain(other.fingerprint);
    await other.dispose();
    expect(await machinesWith().use(target({ hostKey: sshd.fingerprint }), echo)).toBe('hello');
  });

  it('ssh2: asks a server with several keys for one that is recorded', async () => {
    const many = await createSshd({ keyFile: sshd.keyFile });
    keygen('-q', '-t', 'ecdsa', '-N', '', '-f', path.join(many.directory, 'second'));
    writeFileSync(path.join(many.directory, 'config'), `HostKey ${path.join(many.directory, 'second')}\n`, { flag: 'a' });
    await many.start();
    const second = readFileSync(path.join(many.directory, 'second.pub'), 'utf8').split(' ').slice(0, 2).join(' ');
    writeFileSync(knownHosts, `[127.0.0.1]:${many.port} ${second}\n`);
    expect(await machinesWith().use({ ...target(), port: many.port, hostKey: null }, echo)).toBe('hello');
    await many.dispose();
  });

  it('ssh2: finds the key whose fingerprint was given among several', async () => {
    const many = await createSshd({ keyFile: sshd.keyFile });
    const second = path.join(many.directory, 'second');
    keygen('-q', '-t', 'rsa', '-N', '', '-f', second);
    writeFileSync(path.join(many.directory, 'config'), `HostKey ${second}\n`, { flag: 'a' });
    await many.start();
    const at = { ...target(), port: many.port };
    const wanted = keygen('-lf', `${second}.pub`).split(' ')[1] ?? '';
    expect(await machinesWith().use({ ...at, hostKey: wanted }, echo)).toBe('hello');
    const error = await failure(machinesWith().use({ ...at, hostKey: sshd.fingerprint }, echo));
    expect(error).toMatchObject({ kind: 'untrusted', detail: expect.stringContaining(many.fingerprint) });
    await many.dispose();
  });

  it('ssh2: an agent with too many keys is told, and not waited for', async () => {
    const strict = await createSshd({ lines: ['MaxAuthTries 2'] });
    await strict.start();
    const socket = path.join(strict.directory, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      while (!existsSync(socket)) await new Promise((resolve) => { setTimeout(resolve, 10); });
      for (const name of ['a', 'b', 'c', 'd']) {
        const file = path.join(strict.directory, name);
        keygen('-q', '-t', 'ed25519', '-N', '', '-f', file);
        execFileSync('ssh-add', ['-q', file], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      }
      const error = await failure(machinesWith({ privateKeyFile: null, agent: socket }).use({ ...target(), port: strict.port, hostKey: strict.hostKey }, echo, { wait: true }));
      expect(error).toMatchObject({ kind: 'denied', detail: expect.stringContaining('ssh.private_key_file') });
    } finally {
      agent.kill();
      await once(agent, 'exit');
      await strict.dispose();
    }
  });

  it('ssh2: names transport = "openssh" for a host whose key is signed by an authority; that transport takes it', async () => {
    const signed = await createSshd({ keyFile: sshd.keyFile });
    const ca = path.join(signed.directory, 'ca');
    keygen('-q', '-t', 'ed25519', '-N', '', '-f', ca);
    keygen('-q', '-s', ca, '-I', 'n1', '-h', '-n', '127.0.0.1', path.join(signed.directory, 'host.pub'));
    writeFileSync(path.join(signed.directory, 'config'), `HostCertificate ${path.join(signed.directory, 'host-cert.pub')}\n`, { flag: 'a' });
    await signed.start();
    writeFileSync(knownHosts, `@cert-authority [127.0.0.1]:* ${readFileSync(`${ca}.pub`, 'utf8')}`);
    const at = { ...target(), port: signed.port, hostKey: null };
    expect(await failure(machinesWith().use(at, echo))).toMatchObject({ kind: 'untrusted', detail: expect.stringContaining('transport = "openssh"') });
    expect(await machinesWith({ transport: 'openssh', options: [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null'] }).use(at, echo)).toBe('hello');
    await signed.dispose();
  });

  it('ssh2: opens an encrypted key with its passphrase only', async () => {
    const locked = path.join(sshd.directory, 'locked');
    copyFileSync(sshd.keyFile, locked);
    keygen('-q', '-p', '-P', '', '-N', 'opens it', '-f', locked);
    expect((await failure(machinesWith({ privateKeyFile: locked }).use(target(), echo))).detail).toContain('HOLDFAST_SSH_PASSPHRASE');
    expect((await failure(machinesWith({ privateKeyFile: locked, passphrase: 'wrong' }).use(target(), echo))).detail).toContain('does not open it');
    expect(await machinesWith({ privateKeyFile: locked, passphrase: 'opens it' }).use(target(), echo)).toBe('hello');
  });

  it('ssh2: takes keys from the agent', async () => {
    const socket = path.join(sshd.directory, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
    try {
      while (!existsSync(socket)) await new Promise((resolve) => { setTimeout(resolve, 10); });
      execFileSync('ssh-add', ['-q', sshd.keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      expect(await machinesWith({ privateKeyFile: null, agent: socket }).use(target(), echo)).toBe('hello');
    } finally {
      agent.kill();
      await once(agent, 'exit');
    }
    expect((await failure(machinesWith({ privateKeyFile: null }).use(target(), echo))).kind).toBe('settings');
  });

  it('ssh2: goes through a bastion, and checks the keys of both', async () => {
    const bastion = await createSshd({ keyFile: sshd.keyFile });
    await bastion.start();
    const gate = { host: '127.0.0.1', port: bastion.port, user: 'root', hostKey: bastion.hostKey, privateKeyFile: null };
    expect(await machinesWith({ bastion: gate }).use(target(), (machine) => machine.must('asking', 'printf %s "$SSH_CONNECTION"'))).toContain(String(sshd.port));
    expect((await failure(machinesWith({ bastion: { ...gate, hostKey: sshd.hostKey } }).use(target(), echo))).kind).toBe('untrusted');
    expect((await failure(machinesWith({ bastion: gate }).use(target({ hostKey: bastion.hostKey }), echo))).kind).toBe('untrusted');
    expect((await failure(machinesWith({ bastion: gate }).use(target({ port: await freePort() }), echo))).kind).toBe('unreachable');
    await bastion.dispose();
  });

  it('ssh2: a connection that breaks fails what runs, and the next use opens a new one', async () => {
    const fragile = await createSshd({ keyFile: sshd.keyFile });
    await fragile.start();
    const at = { ...target(), port: fragile.port, hostKey: fragile.hostKey };
    const machines = machinesWith();
    const broken = await failure(machines.use(at, (machine) => machine.run('echo begun >&2; kill -9 $PPID; sleep 60')));
    expect(broken.kind).toBe('unreachable');
    expect(await machines.use(at, echo)).toBe('hello');
    await fragile.dispose();
  });

  it('one connection serves many uses at once', async () => {
    const machines = machinesWith();
    const ports = await Promise.all(Array.from({ length: 8 }, () => machines.use(target(), (machine) => machine.must('asking', 'printf %s "$SSH_CONNECTION"'))));
    expect(new Set(ports).size).toBe(1);
  });
});
