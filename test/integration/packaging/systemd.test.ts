// The Debian package under a real systemd, on a User-Mode Linux node: install, mounts that the whole machine sees, an
// upgrade under a mounted volume, the store's unit, removal, purge. Everything in there is slow, so each step looks at much.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { VERSION } from '../../../src/model/version.ts';
import { makeCertificates } from '../../lab/certificates.ts';
import { command, describeIf, filesystem, loopDevices } from '../../lab/needs.ts';
import { builtPackages, type Packages } from '../../lab/packages.ts';
import { createUml, type UmlNode } from '../../lab/uml/uml.ts';

const NEWER = '0.1.1~test';
const WRITER = `#!/bin/sh
n=0
while [ ! -e /run/writer.stop ]; do
  n=$((n + 1))
  { echo "$n" >>/mnt/data/lines && sync /mnt/data/lines; } 2>>/run/writer.failed || { echo "at $n" >>/run/writer.failed; exit 1; }
  sleep 0.2
done
echo "$n" >/run/writer.done
`;
const PATIENCE = { timeoutMs: 600_000 };

describeIf([loopDevices, filesystem('overlay'), command('linux.uml'), command('debootstrap'), command('dpkg-deb')], 'a machine with systemd', () => {
  let node: UmlNode;
  let old: Packages;
  let newer: Packages;
  const install = (deb: Packages): Promise<string> => node.must(`DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends --allow-downgrades /root/${deb.version}.deb 2>&1`, PATIENCE);
  const unit = async (name: string, property: string): Promise<string> => node.must(['systemctl', 'show', '-P', property, name]);
  const daemonVersion = async (): Promise<string> => (JSON.parse(await node.must('holdfast status -o json', PATIENCE)) as { daemon_version: string }).daemon_version;
  const writerGoesOn = (): Promise<string> => node.must('n=$(tail -n 1 /mnt/data/lines); while [ "$(tail -n 1 /mnt/data/lines)" -le $((n + 3)) ]; do [ ! -s /run/writer.failed ]; sleep 0.2; done; [ ! -s /run/writer.failed ]');

  beforeAll(async () => {
    old = await builtPackages();
    newer = await builtPackages(NEWER);
    node = await createUml({ disks: [2 * 2 ** 30], memoryMib: 768, mirror: true });
    for (const one of [old, newer]) await node.put(`/root/${one.version}.deb`, readFileSync(one.deb));
    await node.must('apt-get -qq update', PATIENCE);
  }, 1_800_000);
  afterAll(async () => node?.dispose(), 120_000);

  test('installing starts the unit, which is active when the daemon answers; the store\'s unit is held back', async () => {
    await install(old);
    expect(await unit('holdfastd', 'ActiveState')).toBe('active');
    expect(await unit('holdfastd', 'UnitFileState')).toBe('enabled');
    expect(await daemonVersion()).toBe(VERSION);
    expect([await unit('holdfast-etcd', 'ActiveState'), await unit('holdfast-etcd', 'UnitFileState')]).toEqual(['inactive', 'enabled']);
  }, 900_000);

  test('the unit lives in the machine\'s own mount namespace, and is exposed by at most 5.5', async () => {
    expect(await node.must('readlink /proc/$(systemctl show -P MainPID holdfastd)/ns/mnt')).toBe(await node.must('readlink /proc/1/ns/mnt'));
    const judged = await node.exec('systemd-analyze security --no-pager --threshold=55 holdfastd', PATIENCE);
    expect(judged).toMatchObject({ status: 0 });
    // No more than it was given, even as root.
    expect(await node.must('sed -n s/^NoNewPrivs:.//p /proc/$(systemctl show -P MainPID holdfastd)/status')).toBe('1');
  }, 600_000);

  test('what the kernel offers is found, and nothing that the unit forbids is missed', async () => {
    const [found] = (JSON.parse(await node.must('holdfast node list -o json', PATIENCE)) as { items: { status: { capabilities: { features: Record<string, { available: boolean; reason: string }> } } }[] }).items;
    for (const feature of ['loop', 'xfs', 'ext4', 'mount_propagation']) expect([feature, found?.status.capabilities.features[feature]]).toEqual([feature, { available: true, reason: '' }]);
    expect(await node.must('journalctl -u holdfastd --no-pager -o cat')).not.toMatch(/EPERM|Operation not permitted/);
  }, 600_000);

  test('pools on devices, volumes of both filesystems, growth and snapshots work within the unit; mounts are seen from outside', async () => {
    await node.must('holdfast pool create fast --device /dev/ubdb', PATIENCE);
    await node.must('holdfast volume create data --size 400M && holdfast volume create e4 --size 64M --fs ext4', PATIENCE);
    await node.must('mkdir /mnt/data /mnt/e4 && holdfast volume mount data /mnt/data && holdfast volume mount e4 /mnt/e4', PATIENCE);
    await node.must('findmnt -t xfs /mnt/data && findmnt -t ext4 /mnt/e4');
    // A program that was started by neither, and one in a mount namespace made before, see them too.
    await node.must('systemd-run --wait --quiet findmnt /mnt/data && nsenter -t 1 -m findmnt /mnt/e4');
    await node.must('holdfast volume resize e4 128M && holdfast volume resize data 500M && holdfast snapshot create data', PATIENCE);
    expect(Number(await node.must('findmnt -bno SIZE /mnt/e4'))).toBeGreaterThan(100 * 2 ** 20);
    expect(await node.must('journalctl -u holdfastd --no-pager -o cat')).not.toMatch(/EPERM|Operation not permitted/);
  }, 900_000);

  test('an upgrade restarts the daemon, and who writes to a mounted volume notices nothing', async () => {
    await node.put('/root/writer', WRITER, 0o755);
    await node.must('systemd-run --quiet --unit writer /root/writer && while [ ! -s /mnt/data/lines ]; do sleep 0.2; done');
    const before = { pid: await unit('holdfastd', 'MainPID'), device: await node.must('findmnt -no SOURCE /mnt/data') };
    await install(newer);
    expect(await daemonVersion()).toBe(NEWER);
    expect(await unit('holdfastd', 'MainPID')).not.toBe(before.pid);
    expect(await node.must('findmnt -no SOURCE /mnt/data')).toBe(before.device);
    await writerGoesOn();
  }, 900_000);

  test('a daemon that is killed comes back by itself; stopped, it stays stopped, and its mounts stay', async () => {
    const pid = await unit('holdfastd', 'MainPID');
    await node.must('systemctl kill -s KILL holdfastd');
    await node.must(`while [ "$(systemctl show -P MainPID holdfastd)" = ${pid} ] || ! systemctl -q is-active holdfastd; do sleep 0.5; done`, PATIENCE);
    await node.must('systemctl stop holdfastd', PATIENCE);
    await writerGoesOn();
    await node.must('systemctl start holdfastd', PATIENCE);
    expect(await daemonVersion()).toBe(NEWER);
  }, 900_000);

  test('the store\'s unit runs etcd within its walls, on copies of the certificates, and takes new ones up by a reload', async () => {
    const pki = '/etc/holdfast/pki';
    const work = mkdtempSync(path.join(os.tmpdir(), 'holdfast-units-'));
    try {
      const { ca, cert, key } = makeCertificates(work);
      for (const [name, text] of [['store-ca.crt', ca], ['store.crt', cert], ['store.key', key]] as const) await node.put(`${pki}/${name}`, text, 0o600);
    } finally {
      rmSync(work, { recursive: true });
    }
    const security = { 'cert-file': `${pki}/store.crt`, 'key-file': `${pki}/store.key`, 'trusted-ca-file': `${pki}/store-ca.crt`, 'client-cert-auth': true };
    await node.put('/etc/holdfast/etcd.conf.yml', JSON.stringify({
      name: 'u1', 'data-dir': '/var/lib/holdfast/etcd', 'listen-client-urls': 'https://127.0.0.1:2379', 'advertise-client-urls': 'https://127.0.0.1:2379',
      'listen-peer-urls': 'https://127.0.0.1:2380', 'initial-advertise-peer-urls': 'https://127.0.0.1:2380', 'initial-cluster': 'u1=https://127.0.0.1:2380',
      'client-transport-security': security, 'peer-transport-security': security,
    }, null, 2), 0o600);
    await node.must(`chmod 700 ${pki} && systemctl mask etcd && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends etcd-server etcd-client`, PATIENCE);
    await node.must('systemctl start holdfast-etcd', PATIENCE);
    await node.must(`i=0; until ETCDCTL_API=3 etcdctl --dial-timeout 30s --command-timeout 60s --endpoints https://127.0.0.1:2379 --cacert ${pki}/store-ca.crt --cert ${pki}/store.crt --key ${pki}/store.key endpoint health; do i=$((i + 1)); [ $i -lt 20 ]; sleep 1; done`, PATIENCE);
    const pid = await unit('holdfast-etcd', 'MainPID');
    expect(await node.must(`stat -c %U /proc/${pid} && readlink /proc/${pid}/exe && sed -n 's/^CapBnd:.//p' /proc/${pid}/status`)).toBe('_holdfast-etcd\n/usr/bin/etcd\n0000000000000000');
    await node.must(`touch -d @1 /run/holdfast-etcd/store.crt && systemctl reload holdfast-etcd && [ "$(stat -c %Y /run/holdfast-etcd/store.crt)" -gt 1 ]`, PATIENCE);
    expect(await unit('holdfast-etcd', 'MainPID')).toBe(pid);
    expect((await node.exec('systemd-analyze security --no-pager --threshold=20 holdfast-etcd', PATIENCE)).status).toBe(0);
  }, 900_000);

  test('removal stops the daemon and warns; purge takes what is the package\'s; the volume stays mounted and written to', async () => {
    expect(await node.must('dpkg -r holdfast 2>&1', PATIENCE)).toContain('2 volume(s) are mounted');
    for (const name of ['holdfastd', 'holdfast-etcd']) expect([name, (await node.exec(['systemctl', '-q', 'is-active', name])).status]).not.toEqual([name, 0]);
    await writerGoesOn();
    const said = await node.must('dpkg -P holdfast 2>&1', PATIENCE);
    expect(said).toContain('pools keep their data');
    await writerGoesOn();
    await node.must('findmnt /mnt/data && [ ! -e /etc/holdfast ] && [ ! -e /var/lib/holdfast/store ] && [ ! -e /var/lib/holdfast/etcd ] && [ ! -e /etc/systemd/system/multi-user.target.wants/holdfastd.service ]');
    await node.must('touch /run/writer.stop; while [ ! -e /run/writer.done ]; do sleep 0.2; done; [ ! -s /run/writer.failed ] && seq "$(cat /run/writer.done)" | cmp - /mnt/data/lines');
  }, 900_000);
});
