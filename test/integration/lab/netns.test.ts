// The namespace lab does what tests of the cluster rely on: it breaks what it says, keeps what it says, leaves nothing.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createLab, type Lab, type LabNode } from '../../lab/netns/lab.ts';
import { mark, read } from '../../lab/netns/record.ts';
import { removeOrphans } from '../../lab/netns/sweep.ts';
import { describeIf, namespaceLab } from '../../lab/needs.ts';
import { must, run, type RunResult } from '../../lab/run.ts';

const ssh = (lab: Lab, node: LabNode, ...command: string[]): Promise<RunResult> => run(['ssh', '-i', lab.sshKey, '-o', `UserKnownHostsFile=${lab.knownHosts}`,
  '-o', 'StrictHostKeyChecking=yes', '-o', 'BatchMode=yes', '-o', 'ConnectTimeout=5', `root@${node.address}`, ...command]);

/** Whether a TCP connection to the other's sshd comes about. */
const reaches = async (from: LabNode, to: LabNode): Promise<boolean> =>
  (await from.exec(['timeout', '3', 'bash', '-c', `</dev/tcp/${to.address}/22`])).status === 0;
const hostReaches = async (to: LabNode): Promise<boolean> => (await run(['timeout', '3', 'bash', '-c', `</dev/tcp/${to.address}/22`])).status === 0;

/** What a child prints, line by line; nothing is lost between two calls. */
function voiceOf(child: ChildProcess): () => Promise<string> {
  if (child.stdout === null) throw new Error('its output is not ours');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => String((await lines.next()).value);
}

describeIf(namespaceLab, 'the namespace lab', () => {
  let lab: Lab;
  let n1: LabNode;
  let n2: LabNode;
  let n3: LabNode;
  beforeAll(async () => {
    lab = await createLab({ nodes: 3 });
    n1 = lab.node('n1');
    n2 = lab.node('n2');
    n3 = lab.node('n3');
  });
  afterAll(() => lab.dispose());

  test('nodes have names, addresses, hosts and machine ids of their own', async () => {
    expect(await Promise.all(lab.nodes.map((node) => node.must('hostname')))).toEqual(['n1', 'n2', 'n3']);
    const ids = await Promise.all(lab.nodes.map((node) => node.read('/etc/machine-id')));
    expect(new Set(ids).size).toBe(3);
    expect(await n1.must('getent hosts n3')).toContain(n3.address);
    expect(await reaches(n1, n3)).toBe(true);
  });

  test('sshd lets the key in as root, under the host key that the lab says', async () => {
    expect(await ssh(lab, n2, 'hostname')).toEqual({ stdout: 'n2\n', stderr: '', status: 0 });
    expect(await must(['ssh-keyscan', '-t', 'ed25519', n2.address])).toContain(n2.hostKey);
    expect(n1.hostKey).not.toBe(n2.hostKey);
  });

  test('a node sees none of the host\'s files of Holdfast, Docker or root, and writes none of the host\'s', async () => {
    expect(await n1.must('ls -A /var/lib/holdfast /var/lib/docker /etc/holdfast 2>/dev/null | wc -l')).toBe('0');
    await n1.put('/usr/share/lab-was-here', 'x');
    expect(existsSync('/usr/share/lab-was-here')).toBe(false);
    expect((await n2.exec(['test', '-e', '/usr/share/lab-was-here'])).status).toBe(1);
  });

  test('input, output, status and time limit of a command come through', async () => {
    expect(await n1.exec(['sh', '-c', 'cat; echo out "$1"; echo err >&2; exit 7', 'x', 'two  words'], { input: 'in\n' })).toEqual({ stdout: 'in\nout two  words\n', stderr: 'err\n', status: 7 });
    expect(await n1.must('echo $GREETING', { env: { GREETING: 'hello' } })).toBe('hello');
    expect((await n1.exec('sleep 600', { timeoutMs: 300 })).status).toBe(-1);
    await n1.put('/srv/a/b', 'text', 0o600);
    expect(await n1.read('/srv/a/b')).toBe('text');
    expect(await n1.must('stat -c %a /srv/a/b')).toBe('600');
  });

  test('a cut node is reached by none and reaches none until it is healed', async () => {
    await n2.cut();
    expect(await Promise.all([reaches(n1, n2), reaches(n2, n3), hostReaches(n2), reaches(n1, n3)])).toEqual([false, false, false, true]);
    await n2.heal();
    expect(await Promise.all([reaches(n1, n2), reaches(n2, n3), hostReaches(n2)])).toEqual([true, true, true]);
  });

  test('what is dropped one way still goes the other', async () => {
    const port = 9999;
    const receiver = n2.spawn(['python3', '-c', `import socket\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.bind(("",${port})); print("ready",flush=True); print(s.recv(100).decode(),flush=True)`]);
    const heard = voiceOf(receiver);
    expect(await heard()).toBe('ready');
    await lab.drop('n2', 'n1', { oneWay: true });
    expect(await reaches(n1, n2)).toBe(false); // no answer comes back
    await n1.must(['python3', '-c', `import socket\nsocket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b"arrived",("${n2.address}",${port}))`]);
    expect(await heard()).toBe('arrived');
    await lab.undrop('n1', 'n2');
    expect(await reaches(n1, n2)).toBe(true);
  });

  test('a partition parts the groups, not their members, and leaves the host its way to all', async () => {
    await lab.partition(['n1'], ['n2', 'n3']);
    expect(await Promise.all([reaches(n1, n2), reaches(n3, n1), reaches(n2, n3), hostReaches(n1), hostReaches(n2)])).toEqual([false, false, true, true, true]);
    await lab.unite();
    expect(await Promise.all([reaches(n1, n2), reaches(n3, n1)])).toEqual([true, true]);
  });

  test('a share of the packets is lost, and bandwidth is limited, as told', async () => {
    await lab.lose('n1', 'n2', 40);
    await n3.slow(1_000_000);
    const rules = await must(['ip', 'netns', 'exec', `hf-lab${lab.number}`, 'nft', 'list', 'table', 'bridge', 'lab']);
    expect(rules.match(/numgen random mod 10000 < 4000 drop/g)).toHaveLength(2);
    expect(await n3.must('/usr/sbin/tc qdisc show dev eth0')).toContain('tbf');
    await lab.lose('n1', 'n2', 0);
    await n3.slow(undefined);
    expect(await n3.must('/usr/sbin/tc qdisc show dev eth0')).not.toContain('tbf');
    expect(await reaches(n1, n2)).toBe(true);
  });

  test('a killed node is gone with its processes, mounts and loop devices; booted again it has its disk, and a new boot id', async () => {
    await n3.put('/var/lib/kept', 'disk');
    await n3.put('/tmp/lost', 'memory');
    await n3.put('/run/lost', 'memory');
    const boot = await n3.read('/proc/sys/kernel/random/boot_id');
    const machine = await n3.read('/etc/machine-id');
    await n3.must('truncate -s 64M /var/lib/image && mkfs.ext4 -q /var/lib/image && mkdir -p /mnt/inner');
    const device = await n3.must('losetup --find --show /var/lib/image');
    await n3.must(['mount', device, '/mnt/inner']);
    // A device on a file on that device: both have to go, in order.
    const inner = await n3.must('truncate -s 8M /mnt/inner/file && losetup --find --show /mnt/inner/file');
    const pid = n3.pid ?? 0;
    await n3.kill();
    expect(mark(pid)).toBeUndefined();
    expect(n3.pid).toBeUndefined();
    await expect(n3.exec('true')).rejects.toThrow('node n3 is down');
    const loops = await must(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
    expect(loops).not.toMatch(new RegExp(`${device}\\b.*/var/lib/image`));
    expect(loops).not.toMatch(new RegExp(`${inner}\\b.*/mnt/inner/file`));
    expect(await hostReaches(n3)).toBe(false);
    await n3.boot();
    expect(await n3.read('/var/lib/kept')).toBe('disk');
    expect((await n3.exec('ls /tmp/lost /run/lost')).stdout).toBe('');
    expect(await n3.read('/etc/machine-id')).toBe(machine);
    expect(await n3.read('/proc/sys/kernel/random/boot_id')).not.toBe(boot);
    expect((await ssh(lab, n3, 'hostname')).stdout).toBe('n3\n');
  });

  test('peers of a node that is killed silently see no connection close', async () => {
    const server = 'import socket,time\ns=socket.socket(); s.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1); s.bind(("",7000)); s.listen(); print("ready",flush=True)\nc=[]\nwhile True: c.append(s.accept())';
    const client = `import socket,sys\ns=socket.create_connection(("${n3.address}",7000)); print("connected",flush=True); sys.stdin.readline(); s.settimeout(1)\ntry: print("closed",s.recv(1))\nexcept TimeoutError: print("silent")\nexcept OSError as e: print("closed",e)`;
    for (const [silently, seen] of [[false, /^closed/], [true, /^silent/]] as const) {
      const listening = n3.spawn(['python3', '-c', server]);
      await voiceOf(listening)();
      const peer = n1.spawn(['python3', '-c', client]);
      const peerSays = voiceOf(peer);
      await peerSays();
      await n3.kill({ silently });
      peer.stdin?.end('\n');
      expect(await peerSays()).toMatch(seen);
      await n3.boot();
    }
    expect(await reaches(n1, n3)).toBe(true);
  });

  test('a mount made in a node reaches the mount namespaces below it, and neither the host nor another node', async () => {
    const below = n1.spawn(['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', 'echo ready; read -r line; mountpoint -q /mnt/shown && echo seen']);
    const says = voiceOf(below);
    await says();
    await n1.must('mkdir -p /mnt/shown && mount -t tmpfs tmpfs /mnt/shown');
    below.stdin?.end('\n');
    expect(await says()).toBe('seen');
    expect((await run(['mountpoint', '-q', '/mnt/shown'])).status).not.toBe(0);
    expect((await n2.exec(['mountpoint', '-q', '/mnt/shown'])).status).not.toBe(0);
    await n1.must('umount /mnt/shown');
  });

  test('an extra disk is a block device that outlives boots of its node', async () => {
    const device = await n2.addDisk(64 * 2 ** 20);
    await n2.must(['mkfs.ext4', '-q', '-L', 'extra', device]);
    await n2.kill();
    await n2.boot();
    expect(await n2.must(['blkid', '-s', 'LABEL', '-o', 'value', device])).toBe('extra');
  });

  test('a command that may outlive its caller does, with its output in a file of the node', async () => {
    n1.spawn('echo begun; exec sleep 600', { outlive: true, output: '/var/log/long' });
    await n1.must('until grep -q begun /var/log/long; do sleep 0.05; done; pgrep -f "sleep 600"');
  });
});

describeIf(namespaceLab, 'the end of a namespace lab', () => {
  test('leaves no process, mount, loop device, network or file', async () => {
    const lab = await createLab({ nodes: 2, disk: 'file', diskBytes: 2 ** 30 });
    const pids = lab.nodes.map((node) => node.pid ?? 0);
    const device = await lab.node('n1').addDisk(2 ** 24);
    await lab.node('n2').must('truncate -s 16M /srv/image && losetup --find --show /srv/image');
    lab.node('n2').spawn('exec sleep 600', { outlive: true });
    await lab.dispose();
    expect(pids.filter((pid) => mark(pid) !== undefined)).toEqual([]);
    expect(await must(['cat', '/proc/self/mountinfo'])).not.toContain(`/run/holdfast-lab/${lab.number}/`);
    expect(await must(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'])).not.toMatch(new RegExp(`${device}\\b.*/run/holdfast-lab/${lab.number}/|/srv/image`));
    expect((await must(['ip', 'netns', 'list'])).match(new RegExp(`\\bhf-lab${lab.number}\\b`))).toBeNull();
    expect([`/sys/class/net/hf-lab${lab.number}`, path.dirname(lab.sshKey)].filter((file) => existsSync(file))).toEqual([]);
  });

  test('comes with a crash of whoever made it: its processes end at once, the rest is removed by the next lab', async () => {
    const module = path.resolve(import.meta.dirname, '../../lab/netns/lab.ts');
    const child = spawn(process.execPath, ['--input-type=module', '-e', `
      const { createLab } = await import(${JSON.stringify(module)});
      const lab = await createLab({ nodes: 2 });
      lab.node('n1').spawn('exec sleep 600', { outlive: true });
      await lab.node('n1').must('truncate -s 8M /srv/crash-image && losetup --find --show /srv/crash-image');
      console.log(lab.number);
      setInterval(() => {}, 1000);`], { stdio: ['ignore', 'pipe', 'inherit'] });
    const number = Number(await voiceOf(child)());
    const inits = read(number).nodes.map((node) => node.init?.pid ?? 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    while (inits.some((pid) => mark(pid) !== undefined)) await new Promise((resolve) => setTimeout(resolve, 20));
    // Another test that makes a lab just now may have begun with it.
    for (const until = Date.now() + 30_000; existsSync(`/run/holdfast-lab/${number}`) && Date.now() < until;) {
      await removeOrphans();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await must(['losetup', '--list', '--noheadings', '--output', 'NAME,BACK-FILE'])).not.toContain('/srv/crash-image');
    expect([`/run/holdfast-lab/${number}`, `/sys/class/net/hf-lab${number}`, `/run/netns/hf-lab${number}-n1`].filter((file) => existsSync(file))).toEqual([]);
  });
});
