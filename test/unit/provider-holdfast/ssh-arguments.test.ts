import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openOpenssh } from '../../../provider/bootstrap/over-openssh.ts';
import type { SshSettings, Target } from '../../../provider/bootstrap/settings.ts';
import { hostForm } from '../../../provider/resources/machine-schema.ts';

const home = mkdtempSync(path.join(os.tmpdir(), 'hf-ssh-arguments-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const settings: SshSettings = {
  transport: 'openssh', user: 'root', port: 22, privateKey: null, privateKeyFile: null, passphrase: null, agent: null, knownHostsFiles: [], sudo: false, sudoPassword: null, bastion: null, configFile: '/dev/null', options: [],
  connectTimeoutMs: 1_000, waitMs: 0, keepaliveMs: 1_000, home,
};

describe('the name of a machine', () => {
  const mark = path.join(home, 'ran');
  const host = `-oProxyCommand=>${mark}`;

  test('is never read as an option of ssh', async () => {
    const target: Target = { host, port: 22, user: 'root', hostKey: null };
    await expect(openOpenssh(target, settings)).rejects.toThrow();
    expect(existsSync(mark)).toBe(false);
  });

  test('does not begin as an option does', () => {
    expect([hostForm.test(host), hostForm.test('n1.example.com'), hostForm.test('10.0.0.1'), hostForm.test('fd00::1')]).toEqual([false, true, true, true]);
  });
});
