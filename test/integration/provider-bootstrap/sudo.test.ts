// Becoming root on a real machine by a real sudo: without a password, with one, and where a terminal is asked for.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Machines } from '../../../provider/bootstrap/connect.ts';
import type { Machine } from '../../../provider/bootstrap/shell.ts';
import { sha256Of, upload } from '../../../provider/bootstrap/upload.ts';
import { command, describeIf, root } from '../../lab/needs.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { settingsFor } from './sshd.ts';

const PASSWORD = 'it\'s "a" secret';

describeIf([root, command('sshd'), command('ssh'), command('sudo'), command('unshare')], 'an administrator who is not root', () => {
  let lab: Lab;
  let node: LabNode;
  const open: Machines[] = [];

  beforeAll(async () => {
    lab = await createLab({ nodes: 1 });
    node = lab.node('n1');
    await node.must(`useradd -m -s /bin/bash operator2 && mkdir -p ~operator2/.ssh && cp /root/.ssh/authorized_keys ~operator2/.ssh/ && chown -R operator2: ~operator2/.ssh`);
    await node.put('/root/password', `operator2:${PASSWORD}\n`, 0o600);
    await node.must('chpasswd </root/password && rm /root/password');
  }, 60_000);
  afterEach(() => { for (const machines of open.splice(0)) machines.close(); });
  afterAll(async () => { await lab?.dispose(); });

  const allow = (...lines: string[]): Promise<void> => node.put('/etc/sudoers.d/test', `${lines.join('\n')}\n`, 0o440);
  const WITHOUT = 'operator2 ALL=(ALL) NOPASSWD: ALL';
  const WITH = 'operator2 ALL=(ALL) ALL';

  for (const transport of ['ssh2', 'openssh'] as const) {
    const use = <T>(action: (machine: Machine) => Promise<T>, sudoPassword: string | null): Promise<T> => {
      const machines = new Machines(settingsFor({ keyFile: lab.sshKey, directory: path.dirname(lab.sshKey) }, { transport, sudoPassword }));
      open.push(machines);
      return machines.use({ host: node.address, port: 22, user: 'operator2', hostKey: node.hostKey }, action);
    };
    const who = (machine: Machine): Promise<string> => machine.must('asking', 'id -un; cat', { input: 'from stdin' });

    it.each([['no password is asked for', WITHOUT, null], ['a password is given that is not asked for', WITHOUT, PASSWORD], ['a password is asked for', WITH, PASSWORD]])(`${transport}: is root when %s, and what goes to a command reaches it`, async (_what, line, password) => {
      await allow(line);
      expect(await use(who, password)).toBe('root\nfrom stdin');
      const file = path.join(path.dirname(lab.sshKey), 'bytes');
      const bytes = randomBytes(200_000);
      writeFileSync(file, bytes);
      const to = `/var/cache/there-${randomBytes(4).toString('hex')}/file`;
      expect(await use(async (machine) => upload(machine, file, to, await sha256Of(file)), password)).toBe(bytes.length);
      expect((await node.must(`sha256sum ${to}`)).split(' ')[0]).toBe(await sha256Of(file));
      expect(readFileSync(file).equals(bytes)).toBe(true);
    });

    it(`${transport}: an interrupted command of root's is ended`, async () => {
      await allow('Defaults use_pty', WITH);
      const abort = new AbortController();
      const running = use((machine) => machine.run('echo begun >&2; sleep 4321', { signal: abort.signal, onLine: () => { abort.abort(new Error('interrupted')); } }), PASSWORD);
      await expect(running).rejects.toThrow('interrupted');
      expect((await node.exec('grep -ls "slee[p].4321" /proc/[0-9]*/cmdline')).stdout).toBe('');
    });

    it(`${transport}: is told what to allow`, async () => {
      await allow(WITH);
      await expect(use(who, null)).rejects.toMatchObject({ kind: 'denied', detail: expect.stringContaining('HOLDFAST_SSH_SUDO_PASSWORD') });
      await expect(use(who, 'another')).rejects.toMatchObject({ kind: 'denied', detail: expect.stringContaining('Check ssh.sudo_password') });
      await allow('Defaults:operator2 requiretty', WITHOUT);
      await expect(use(who, null)).rejects.toMatchObject({ kind: 'denied', detail: expect.stringContaining('!requiretty') });
      await allow('');
      await expect(use(who, PASSWORD)).rejects.toMatchObject({ kind: 'denied', detail: expect.stringContaining('NOPASSWD') });
    });
  }
});
