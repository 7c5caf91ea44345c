// A machine's whole life with the Debian package, where there is no systemd: a bare lab node that installs from the lab's
// mirror. What must hold throughout: a mounted volume and who writes to it notice nothing of upgrade, removal and purge.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { VERSION } from '../../../src/model/version.ts';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { command, describeIf, filesystem, loopDevices } from '../../lab/needs.ts';
import { builtPackages, type Packages } from '../../lab/packages.ts';

const NEWER = '0.1.1~test';
/** Writes a numbered line a moment and makes it durable; ends with the first write that fails, and says so. */
const WRITER = `#!/bin/sh
n=0
while [ ! -e /tmp/writer.stop ]; do
  n=$((n + 1))
  { echo "$n" >>/mnt/data/lines && sync /mnt/data/lines; } 2>>/tmp/writer.failed || { echo "at $n" >>/tmp/writer.failed; exit 1; }
done
echo "$n" >/tmp/writer.done
`;
const APT = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 300_000 };

describeIf([loopDevices, filesystem('overlay'), filesystem('xfs'), command('debootstrap'), command('dpkg-deb')], 'a machine without systemd', () => {
  let lab: Lab;
  let node: LabNode;
  let old: Packages;
  let newer: Packages;
  let disk = '';
  interface Answer {
    readonly client?: string;
    readonly daemon_version?: string;
    readonly items?: readonly unknown[];
  }
  const json = async (line: string): Promise<Answer> => JSON.parse(await node.must(`holdfast ${line} -o json`)) as Answer;
  const daemonPid = (): Promise<string> => node.must('cat /run/holdfast/holdfastd.pid');
  const device = async (): Promise<string> => node.must(['findmnt', '-no', 'SOURCE', '/mnt/data']);
  const lines = async (): Promise<number> => Number(await node.must("tail -n 1 /mnt/data/lines"));
  const writerGoesOn = async (): Promise<void> => {
    const before = await lines();
    await node.must(`while [ "$(tail -n 1 /mnt/data/lines)" -le ${before + 20} ]; do [ ! -s /tmp/writer.failed ]; sleep 0.02; done; [ ! -s /tmp/writer.failed ]`);
  };

  beforeAll(async () => {
    old = await builtPackages();
    newer = await builtPackages(NEWER);
    lab = await createLab({ nodes: 1, bare: true });
    node = lab.node('n1');
    await lab.mirror.add(old.deb);
    await node.must('apt-get -qq update');
  }, 900_000);
  afterAll(async () => lab?.dispose(), 120_000);

  test('with a policy that forbids it, installing starts nothing', async () => {
    await node.put('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', 0o755);
    await node.must('apt-get install -qq -y --no-install-recommends holdfast', APT);
    expect((await node.exec(['/etc/init.d/holdfastd', 'status'])).status).toBe(3);
    expect((await node.exec(['pgrep', '-f', 'holdfastd.mjs'])).status).not.toBe(0);
    await node.must('dpkg -P holdfast && rm /usr/sbin/policy-rc.d');
  });

  test('installing starts the daemon as a single machine, and nothing of etcd', async () => {
    const said = await node.must('apt-get install -qq -y --no-install-recommends holdfast 2>&1', APT);
    expect(said).toContain('holdfastd is running');
    expect((await json('version')).client).toBe(VERSION);
    expect((await json('status')).daemon_version).toBe(VERSION);
    expect((await json('node list')).items).toEqual([expect.objectContaining({ name: 'n1' })]);
    expect((await node.exec(['/etc/init.d/holdfast-etcd', 'status'])).status).toBe(3);
    expect((await node.exec(['/etc/init.d/holdfast-etcd', 'start'])).status).toBe(0);
    expect(await node.must('stat -c "%a %U:%G" /etc/holdfast /var/lib/holdfast /var/log/holdfast /var/log/holdfast/holdfastd.log')).toBe('755 root:root\n711 root:root\n750 root:adm\n640 root:adm');
    expect(await node.must('id -un _holdfast-etcd')).toBe('_holdfast-etcd');
  });

  test('nothing of the package was changed by installing it', async () => {
    expect(await node.exec(['dpkg', '--verify', 'holdfast'])).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('the init script keeps to the exit codes of the Linux Standard Base', async () => {
    const act = async (words: string): Promise<number> => (await node.exec(`/etc/init.d/${words}`)).status;
    expect(await act('holdfastd status')).toBe(0);
    expect(await act('holdfastd start')).toBe(0);
    expect(await act('holdfastd stop')).toBe(0);
    expect(await act('holdfastd status')).toBe(3);
    expect(await act('holdfastd stop')).toBe(0);
    expect(await act('holdfastd try-restart')).toBe(0);
    expect(await act('holdfastd status')).toBe(3);
    expect(await act('holdfastd restart')).toBe(0);
    await node.must('kill -9 $(cat /run/holdfast/holdfastd.pid)');
    await node.must('while kill -0 $(cat /run/holdfast/holdfastd.pid) 2>/dev/null; do sleep 0.05; done');
    expect(await act('holdfastd status')).toBe(1);
    expect(await act('holdfastd force-reload')).toBe(0);
    expect(await act('holdfastd status')).toBe(0);
    expect(await act('holdfastd frobnicate')).toBe(2);
    expect((await node.exec('setpriv --reuid 65534 --clear-groups /etc/init.d/holdfastd stop')).status).toBe(4);
  });

  test('a process that happens to have the noted id is not taken for the daemon, and not stopped', async () => {
    await node.must('/etc/init.d/holdfastd stop');
    await node.must('sleep 1000 >/dev/null 2>&1 & echo $! | tee /run/holdfast/holdfastd.pid >/tmp/other.pid');
    expect((await node.exec(['/etc/init.d/holdfastd', 'status'])).status).toBe(1);
    await node.must('/etc/init.d/holdfastd restart');
    await node.must('kill $(cat /tmp/other.pid)');
    expect((await node.exec(['/etc/init.d/holdfastd', 'status'])).status).toBe(0);
  });

  test('a wrong configuration fails the start, with the daemon\'s own words', async () => {
    await node.must('/etc/init.d/holdfastd stop');
    await node.put('/etc/holdfast/holdfastd.json', '{"colour":"blue"}');
    const started = await node.exec(['/etc/init.d/holdfastd', 'start']);
    expect(started.status).toBe(1);
    expect(started.stdout + started.stderr).toContain('"colour" is not a setting');
    await node.put('/etc/holdfast/holdfastd.json', '{"node_name":"kept"}');
    await node.must('/etc/init.d/holdfastd start');
  });

  test('it comes up with the machine', async () => {
    await node.kill();
    await node.boot();
    expect((await node.exec(['/etc/init.d/holdfastd', 'status'])).status).toBe(0);
    expect((await json('node list')).items).toEqual([expect.objectContaining({ name: 'kept' })]);
  });

  test('an upgrade restarts the daemon while a mounted volume is written to', async () => {
    disk = await node.addDisk(2 * 2 ** 30);
    await node.must(`holdfast pool create fast --device ${disk} && holdfast volume create data --size 400M && mkdir /mnt/data && holdfast volume mount data /mnt/data`);
    await node.put('/tmp/writer', WRITER, 0o755);
    node.spawn('/tmp/writer', { outlive: true });
    await node.must('while [ ! -s /mnt/data/lines ]; do sleep 0.05; done');
    const [pid, loop] = [await daemonPid(), await device()];

    await lab.mirror.add(newer.deb);
    await node.must('apt-get -qq update && apt-get install -qq -y --no-install-recommends holdfast', APT);
    expect(await json('version')).toMatchObject({ client: NEWER });
    expect((await json('status')).daemon_version).toBe(NEWER);
    expect(await daemonPid()).not.toBe(pid);
    expect(await device()).toBe(loop);
    await writerGoesOn();
    // The configuration was a person's, and stays.
    expect(await node.read('/etc/holdfast/holdfastd.json')).toBe('{"node_name":"kept"}');
  });

  test('going back to the older version works the same way', async () => {
    await node.must(`apt-get install -qq -y --no-install-recommends --allow-downgrades holdfast=${VERSION}`, APT);
    expect((await json('status')).daemon_version).toBe(VERSION);
    await writerGoesOn();
  });

  test('removal warns of mounted volumes, stops the daemon, and leaves volumes, state and configuration as they are', async () => {
    const loop = await device();
    const said = await node.must('dpkg -r holdfast 2>&1');
    expect(said).toContain('1 volume(s) are mounted');
    expect((await node.exec(['pgrep', '-f', 'holdfastd.mjs'])).status).not.toBe(0);
    expect(await device()).toBe(loop);
    await writerGoesOn();
    await node.must('test -s /var/lib/holdfast/store/store.db && test -s /etc/holdfast/holdfastd.json');
    // What is left of it, the init script, says so in the standard's way.
    expect((await node.exec(['/etc/init.d/holdfastd', 'status'])).status).toBe(4);
    expect((await node.exec(['/etc/init.d/holdfastd', 'start'])).status).toBe(0);
  });

  test('installed again, it takes up what it left', async () => {
    await node.must('apt-get install -qq -y --no-install-recommends holdfast', APT);
    expect(await json('volume inspect data')).toMatchObject({ name: 'data' });
    await writerGoesOn();
  });

  test('purge takes configuration, keys, logs and the store, never what is in pools, and says what stays', async () => {
    await node.put('/etc/holdfast/pki/node.key', 'a key', 0o600);
    await node.must('mkdir -p /srv/pool && mount -t tmpfs pool /srv/pool && holdfast pool create bulk --path /srv/pool --force');
    const loop = await device();
    const said = await node.must('dpkg -P holdfast 2>&1');
    expect(said).toContain('pools keep their data');
    await writerGoesOn();
    expect(await device()).toBe(loop);
    for (const gone of ['/etc/holdfast', '/var/log/holdfast', '/var/lib/holdfast/store', '/etc/init.d/holdfastd', '/etc/logrotate.d/holdfast', '/usr/lib/holdfast']) {
      expect([gone, (await node.exec(['test', '-e', gone])).status]).toEqual([gone, 1]);
    }
    expect((await node.exec('ls /etc/rc?.d/*holdfast*')).status).not.toBe(0);
    expect((await node.exec(['getent', 'passwd', '_holdfast-etcd'])).status).toBe(2);
    await node.must('test -s /srv/pool/holdfast-pool.json');
    await node.must('touch /tmp/writer.stop && while [ ! -e /tmp/writer.done ]; do sleep 0.05; done && [ ! -s /tmp/writer.failed ]');
    // Every line that was written is there, in its place.
    const written = Number(await node.must('cat /tmp/writer.done'));
    expect(await node.must(`seq ${written} | cmp - /mnt/data/lines && echo same`)).toBe('same');
  });

  test('the pool of a purged machine gives its volumes back to a fresh installation', async () => {
    const written = Number(await node.must('cat /tmp/writer.done'));
    await node.kill();
    await node.boot();
    await node.must('apt-get install -qq -y --no-install-recommends holdfast', APT);
    await node.must(`holdfast pool create rescued --device ${disk} --force && holdfast trash restore data && holdfast volume mount data /mnt/data`);
    expect(await node.must(`seq ${written} | cmp - /mnt/data/lines && echo same`)).toBe('same');
    await node.must('holdfast volume unmount data /mnt/data');
  });
});
