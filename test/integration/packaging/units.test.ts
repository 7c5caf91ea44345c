// The systemd units as files: what systemd itself says of them, and the one property that volumes depend on and that no
// checker knows: the daemon's unit must not get a mount namespace of its own. How they work is tested under a real systemd.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { command, describeIf } from '../../lab/needs.ts';
import { run } from '../../lab/run.ts';

const UNITS = path.resolve(import.meta.dirname, '../../../packaging/systemd');
const NAMES = ['holdfastd.service', 'holdfast-etcd.service'] as const;
const settings = (name: string): readonly string[] => readFileSync(path.join(UNITS, name), 'utf8').split('\n').filter((line) => /^[A-Z]/.test(line));
const valuesOf = (name: string, key: string): readonly string[] => settings(name).filter((line) => line.startsWith(`${key}=`)).map((line) => line.slice(key.length + 1));

/** systemd.exec(5): each of these sets up a mount namespace, in some version at least. */
const NAMESPACE = /^(Private(Tmp|Devices|Mounts|IPC|PIDs|Users)|Protect(System|Home|Proc|KernelTunables|KernelModules|KernelLogs|ControlGroups|Hostname)|ProcSubset|(ReadOnly|ReadWrite|Inaccessible|Exec|NoExec|Bind|BindReadOnly)Paths|TemporaryFileSystem|Root[A-Z]\w*|MountFlags|MountAPIVFS|DynamicUser|LoadCredential|SetCredential|ImportCredential|ExtensionImages|ExtensionDirectories|MountImages|NetworkNamespacePath|IPCNamespacePath|PrivateNetwork)\w*=/;

describe('the unit of the daemon', () => {
  test('has no setting that would hide its mounts from the machine', () => {
    expect(settings('holdfastd.service').filter((line) => NAMESPACE.test(line))).toEqual([]);
  });

  test('names in its comments every such setting that a hardened unit would have', () => {
    const comments = readFileSync(path.join(UNITS, 'holdfastd.service'), 'utf8').split('\n').filter((line) => line.startsWith('#')).join('\n');
    for (const setting of ['PrivateTmp', 'PrivateDevices', 'PrivateMounts', 'ProtectSystem', 'ProtectHome', 'ProtectProc', 'ProcSubset', 'ProtectKernelTunables', 'ProtectKernelModules', 'ProtectKernelLogs', 'ProtectControlGroups', 'ProtectHostname', 'RootDirectory', 'DynamicUser', 'User', 'PrivateNetwork', 'IPAddressDeny', 'MemoryDenyWriteExecute']) {
      expect(comments).toMatch(new RegExp(`\\b${setting}\\b`));
    }
  });

  test('stops nothing but the daemon, starts it again after a failure, and not after a wrong configuration', () => {
    expect(valuesOf('holdfastd.service', 'KillMode')).toEqual(['process']);
    expect(valuesOf('holdfastd.service', 'Restart')).toEqual(['on-failure']);
    expect(valuesOf('holdfastd.service', 'RestartPreventExitStatus')).toEqual(['2']);
    expect(valuesOf('holdfastd.service', 'Type')).toEqual(['notify']);
  });
});

test('the unit of the store runs as a user of its own without a capability, and is held back where there is no member', () => {
  expect(valuesOf('holdfast-etcd.service', 'User')).toEqual(['_holdfast-etcd']);
  expect(valuesOf('holdfast-etcd.service', 'CapabilityBoundingSet')).toEqual(['']);
  expect(valuesOf('holdfast-etcd.service', 'ConditionPathExists')).toEqual(['/etc/holdfast/etcd.conf.yml']);
});

describeIf(command('systemd-analyze'), 'systemd-analyze', () => {
  let folder = '';
  beforeAll(() => {
    // With a program that is there in the place of ours, so that only the units themselves are judged.
    folder = mkdtempSync(path.join(os.tmpdir(), 'holdfast-units-'));
    for (const name of NAMES) writeFileSync(path.join(folder, name), readFileSync(path.join(UNITS, name), 'utf8').replace(/^(Exec\w+=\+?)\S+/gm, '$1/bin/true'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(NAMES)('finds no fault in %s', async (name) => {
    expect(await run(['systemd-analyze', 'verify', '--man=no', path.join(folder, name)])).toMatchObject({ status: 0, stderr: '' });
  });

  test.each([['holdfastd.service', 55], ['holdfast-etcd.service', 20]] as const)('finds %s exposed by at most %s tenths', async (name, most) => {
    const judged = await run(['systemd-analyze', 'security', '--offline=true', '--no-pager', `--threshold=${most}`, path.join(UNITS, name)]);
    expect(judged).toMatchObject({ status: 0 });
    expect(judged.stdout).toContain('Overall exposure level');
  });
});
