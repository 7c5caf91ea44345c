// Bare nodes have an ssh server and no more; what they install comes from the lab, and its services start as on a
// machine with SysV's rules.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { bareLab, describeIf } from '../../lab/needs.ts';
import { must, run } from '../../lab/run.ts';

describeIf(bareLab, 'a bare node', () => {
  let lab: Lab;
  let n1: LabNode;
  beforeAll(async () => {
    lab = await createLab({ nodes: 1, bare: true });
    n1 = lab.node('n1');
  }, 900_000);
  afterAll(() => lab.dispose());

  test('has sshd, and neither Node.js, Holdfast nor the XFS tools', async () => {
    const { stdout } = await run(['ssh', '-i', lab.sshKey, '-o', `UserKnownHostsFile=${lab.knownHosts}`, '-o', 'BatchMode=yes', `root@${n1.address}`, 'hostname; for c in node holdfast mkfs.xfs etcd; do command -v $c; done; true']);
    expect(stdout).toBe('n1\n');
  });

  test('reaches the package mirror and nothing outside the lab', async () => {
    expect(await n1.must("awk '$2 == \"00000000\"' /proc/net/route")).toBe('');
    expect(await n1.must('apt-get -q update 2>&1')).not.toMatch(/^(E|W|Err)/m);
    expect(await n1.must("apt-cache policy etcd-server | sed -n 's/.*Candidate: //p'")).toMatch(/^[0-9]/);
  });

  test('installs what it needs from there; a service starts when installed, and again at the next boot', async () => {
    await n1.must('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y xfsprogs etcd-server', { timeoutMs: 300_000 });
    await n1.must('command -v mkfs.xfs');
    const etcd = 'grep -lx etcd /proc/[0-9]*/comm';
    await n1.must(etcd);
    await n1.kill();
    await n1.boot();
    await n1.must(etcd);
  }, 400_000);

  test('installs a package that the test adds, with what that depends on', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'holdfast-deb-'));
    try {
      mkdirSync(path.join(dir, 'tree/DEBIAN'), { recursive: true });
      writeFileSync(path.join(dir, 'tree/DEBIAN/control'), 'Package: holdfast-trial\nVersion: 1.2.3\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDepends: ed\nDescription: a trial\n');
      await must(['dpkg-deb', '--build', '--root-owner-group', path.join(dir, 'tree'), path.join(dir, 'holdfast-trial_1.2.3_all.deb')]);
      await lab.mirror.add(path.join(dir, 'holdfast-trial_1.2.3_all.deb'));
      await n1.must('apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y holdfast-trial=1.2.3 && command -v ed', { timeoutMs: 300_000 });
      expect(await n1.must("dpkg-query -W -f '${Version}' holdfast-trial")).toBe('1.2.3');
    } finally {
      rmSync(dir, { recursive: true });
    }
  }, 400_000);
});
