// The service that runs the store's member, where there is no systemd: etcd gets copies of the one key it may have, runs
// without any privilege, and takes rotated certificates up while it runs. Certificates are the tests' own.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { makeCertificates, type TestCertificates } from '../../lab/certificates.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { command, describeIf, filesystem, loopDevices } from '../../lab/needs.ts';
import { builtPackages } from '../../lab/packages.ts';

const PKI = '/etc/holdfast/pki';
const CONFIG = '/etc/holdfast/etcd.conf.yml';
const APT = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 300_000 };
const security = { 'cert-file': `${PKI}/store.crt`, 'key-file': `${PKI}/store.key`, 'trusted-ca-file': `${PKI}/store-ca.crt`, 'client-cert-auth': true };
const SETTINGS = {
  name: 'n1', 'data-dir': '/var/lib/holdfast/etcd', 'listen-client-urls': 'https://0.0.0.0:2379', 'advertise-client-urls': 'https://127.0.0.1:2379',
  'listen-peer-urls': 'https://127.0.0.1:2380', 'initial-advertise-peer-urls': 'https://127.0.0.1:2380', 'initial-cluster': 'n1=https://127.0.0.1:2380',
  'client-transport-security': security, 'peer-transport-security': security, logger: 'zap', 'log-outputs': ['stderr'],
};
const NEEDS = [loopDevices, filesystem('overlay'), command('debootstrap'), command('dpkg-deb'), command('openssl')] as const;

describeIf(NEEDS, 'the service of the store\'s member', () => {
  let lab: Lab;
  let node: LabNode;
  let work = '';
  let first: TestCertificates;
  const service = (words: string) => node.exec(`/etc/init.d/holdfast-etcd ${words}`);
  const health = (): Promise<string> => node.must(`i=0; until ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --cacert ${PKI}/store-ca.crt --cert ${PKI}/store.crt --key ${PKI}/store.key endpoint health 2>&1; do i=$((i + 1)); [ $i -lt 100 ]; sleep 0.1; done`);
  const certificates = async (set: TestCertificates, ca = set): Promise<void> => {
    await node.put(`${PKI}/store-ca.crt`, ca.ca, 0o600);
    await node.put(`${PKI}/store.crt`, set.cert, 0o600);
    await node.put(`${PKI}/store.key`, set.key, 0o600);
  };
  /** Fingerprint of the certificate that etcd shows to somebody who connects now. */
  const shown = (): Promise<string> => new Promise((resolve, reject) => {
    const socket = tls.connect({ host: node.address, port: 2379, rejectUnauthorized: false, cert: first.cert, key: first.key, ALPNProtocols: ['h2'] }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
  const certificateSet = (name: string): TestCertificates => {
    const folder = path.join(work, name);
    mkdirSync(folder);
    return makeCertificates(folder);
  };

  beforeAll(async () => {
    work = mkdtempSync(path.join(os.tmpdir(), 'holdfast-etcd-service-'));
    first = certificateSet('first');
    const { deb } = await builtPackages();
    lab = await createLab({ nodes: 1, bare: true });
    node = lab.node('n1');
    await lab.mirror.add(deb);
    // Debian's etcd starts by itself when it is installed; here nothing may start but what a test starts.
    await node.put('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    await node.must('apt-get -qq update && apt-get install -qq -y --no-install-recommends holdfast etcd-server etcd-client && update-rc.d etcd disable', APT);
    await node.must(`install -d -m 0700 ${PKI}`);
    await certificates(first);
    await node.put(`${PKI}/issuer.key`, 'the key of an authority', 0o600);
  }, 900_000);
  afterAll(async () => {
    await lab?.dispose();
    rmSync(work, { recursive: true, force: true });
  }, 120_000);

  test('a configuration that names a key which etcd may not have is refused', async () => {
    await node.put(CONFIG, JSON.stringify({ ...SETTINGS, 'peer-transport-security': { ...security, 'key-file': `${PKI}/issuer.key` } }, null, 2), 0o600);
    const started = await service('start');
    expect(started.status).toBe(6);
    expect(started.stderr).toContain('issuer.key, a key that etcd may not have');
    expect((await node.exec('ls /run/holdfast-etcd/*key')).status).not.toBe(0);
  });

  test('it runs etcd as a user of its own, without a capability, on copies of what the configuration names', async () => {
    await node.put(CONFIG, `# Written by a test.\n${JSON.stringify(SETTINGS, null, 2)}\n`, 0o600);
    // As a restored copy would lie there.
    await node.must('install -d -m 0755 /var/lib/holdfast/etcd');
    expect(await service('start')).toMatchObject({ status: 0 });
    expect(await health()).toContain('is healthy');
    const pid = await node.must('cat /run/holdfast/holdfast-etcd.pid');
    expect(await node.must(`stat -c %U /proc/${pid} && readlink /proc/${pid}/exe && sed -n 's/^CapBnd:.//p;s/^CapEff:.//p;s/^NoNewPrivs:.//p' /proc/${pid}/status`)).toBe('_holdfast-etcd\n/usr/bin/etcd\n0000000000000000\n0000000000000000\n1');
    expect(await node.must('cd /run/holdfast-etcd && stat -c "%n %a %U" . *')).toBe('. 700 _holdfast-etcd\netcd.conf.yml 400 _holdfast-etcd\nstore-ca.crt 400 _holdfast-etcd\nstore.crt 400 _holdfast-etcd\nstore.key 400 _holdfast-etcd');
    expect(await node.must(`stat -c "%n %a %U" ${PKI} ${PKI}/store.key /var/lib/holdfast/etcd`)).toBe(`${PKI} 700 root\n${PKI}/store.key 600 root\n/var/lib/holdfast/etcd 700 _holdfast-etcd`);
    expect((await node.exec(`setpriv --reuid=_holdfast-etcd --clear-groups cat ${PKI}/store.key`)).status).not.toBe(0);
    expect((await service('status')).status).toBe(0);
  });

  test('rotated certificates are taken up by a reload, without a restart', async () => {
    const before = await node.must('cat /run/holdfast/holdfast-etcd.pid');
    expect(await shown()).toBe(new X509Certificate(first.cert).fingerprint256);
    const second = certificateSet('second');
    await certificates(second, first);
    expect(await service('force-reload')).toMatchObject({ status: 0 });
    expect(await shown()).toBe(new X509Certificate(second.cert).fingerprint256);
    expect(await node.must('cat /run/holdfast/holdfast-etcd.pid')).toBe(before);
    await certificates(first);
    await service('force-reload');
  });

  test('it comes up with the machine, with its data', async () => {
    await node.must(`ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --cacert ${PKI}/store-ca.crt --cert ${PKI}/store.crt --key ${PKI}/store.key put kept yes`);
    await node.kill();
    await node.boot();
    expect(await health()).toContain('is healthy');
    expect(await node.must(`ETCDCTL_API=3 etcdctl --endpoints https://127.0.0.1:2379 --cacert ${PKI}/store-ca.crt --cert ${PKI}/store.crt --key ${PKI}/store.key get kept`)).toBe('kept\nyes');
  });

  test('an upgrade of the package leaves it alone; removal stops it; purge takes its data, and its user', async () => {
    const pid = await node.must('cat /run/holdfast/holdfast-etcd.pid');
    await node.must('rm /usr/sbin/policy-rc.d && apt-get install -qq -y --reinstall --no-install-recommends holdfast', APT);
    expect(await node.must('cat /run/holdfast/holdfast-etcd.pid')).toBe(pid);
    expect((await service('status')).status).toBe(0);
    await node.must('dpkg -r holdfast');
    expect((await node.exec(['kill', '-0', pid])).status).not.toBe(0);
    await node.must('test -d /var/lib/holdfast/etcd/member && dpkg -P holdfast');
    await node.must('[ ! -e /var/lib/holdfast/etcd ] && [ ! -e /run/holdfast-etcd ] && ! getent passwd _holdfast-etcd');
  });
});
