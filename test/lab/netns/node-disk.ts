// The disk of a node: what its root keeps between boots, and what is laid on it before the first. It hides from the
// node what the host keeps of its own (keys, engines' data, service links); it writes nothing outside the lab's folder.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { must, run } from '../run.ts';
import { bareSources } from './mirror.ts';
import { folderOf, read, type NodeRecord } from './record.ts';

const TOP = path.resolve(import.meta.dirname, '../../..');
/** Of the host, and no business of a node: it starts without them. */
const HIDDEN = ['/root', '/etc/rc2.d', '/usr/sbin/policy-rc.d', '/etc/holdfast', '/etc/docker', '/var/lib/holdfast', '/var/lib/docker', '/var/lib/containerd', '/var/lib/etcd'];

/** Mounts a node's disk, and lays its first files when it is new. */
export async function furnish(lab: number, node: NodeRecord): Promise<void> {
  const disk = path.join(folderOf(lab), node.name, 'disk');
  mkdirSync(disk, { recursive: true });
  if (existsSync(path.join(disk, 'upper'))) return;
  if (node.disk === 'memory') {
    await must(['mount', '-t', 'tmpfs', '-o', `size=${node.diskBytes},mode=755`, `hf-lab${lab}-${node.name}`, disk]);
  } else {
    writeFileSync(`${disk}.img`, '');
    truncateSync(`${disk}.img`, node.diskBytes);
    await must(['mkfs.xfs', '-q', '-m', 'reflink=1', `${disk}.img`]);
    await must(['mount', '-o', 'loop', `${disk}.img`, disk]);
  }
  mkdirSync(path.join(disk, 'work'));
  if (node.docker) for (const part of ['docker', 'containerd']) mkdirSync(path.join(disk, part), { mode: 0o711 });
  const upper = path.join(disk, 'upper');
  mkdirSync(upper, { mode: 0o755 });
  const lay = (file: string, content: string, mode = 0o644) => {
    mkdirSync(path.dirname(path.join(upper, file)), { recursive: true, mode: 0o755 });
    writeFileSync(path.join(upper, file), content);
    chmodSync(path.join(upper, file), mode);
  };
  const all = read(lab).nodes;
  const keys = path.join(folderOf(lab), node.name);
  lay('etc/hostname', `${node.name}\n`);
  lay('etc/hosts', `127.0.0.1 localhost\n${all.map((one) => `${one.address} ${one.name}\n`).join('')}`);
  lay('etc/resolv.conf', '');
  lay('etc/machine-id', `${randomBytes(16).toString('hex')}\n`, 0o444);
  lay('etc/lab/authorized_keys', readFileSync(path.join(folderOf(lab), 'id_ed25519.pub'), 'utf8'), 0o600);
  lay('etc/ssh/ssh_host_ed25519_key', readFileSync(path.join(keys, 'host_key'), 'utf8'), 0o600);
  lay('etc/ssh/ssh_host_ed25519_key.pub', readFileSync(path.join(keys, 'host_key.pub'), 'utf8'));
  // With these two, Debian's invoke-rc.d knows that services are to be started here: a machine under SysV's rules.
  lay('usr/sbin/init', '#!/bin/sh\n# The node was booted by the lab.\nexit 1\n', 0o755);
  lay('usr/sbin/runlevel', '#!/bin/sh\necho N 2\n', 0o755);
  if (node.bare) return lay('etc/apt/sources.list', bareSources(lab));
  hide(upper);
  lay('etc/ssh/sshd_config', 'HostKey /etc/ssh/ssh_host_ed25519_key\nPermitRootLogin prohibit-password\nUsePAM no\nAcceptEnv LANG LC_*\nSubsystem sftp internal-sftp\n');
  lay('etc/lab/rc2.d/S01ssh', '#!/bin/sh\nexec /usr/sbin/sshd\n', 0o755);
  if (node.docker) lay('etc/lab/rc2.d/S02docker', dockerService(lab, node.name), 0o755);
  mkdirSync(path.join(upper, 'usr/local/bin'), { recursive: true });
  for (const [name, target] of [['holdfast', `${TOP}/bin/holdfast`], ['holdfastd', `${TOP}/bin/holdfastd`], ['node', realpathSync(process.execPath)]] as const) {
    symlinkSync(target, path.join(upper, 'usr/local/bin', name));
  }
}

/** Makes whiteouts: to an overlay, a character device 0:0 says "there is none". */
function hide(upper: string): void {
  for (const hidden of HIDDEN) {
    mkdirSync(path.dirname(path.join(upper, hidden)), { recursive: true, mode: 0o755 });
    execFileSync('mknod', [path.join(upper, hidden), 'c', '0', '0']);
  }
}

/** The overlay shows the host's root only; the checkout and its Node.js may lie on another file system, or in /tmp. */
export function seenFromHost(): string[] {
  const node = path.dirname(path.dirname(realpathSync(process.execPath)));
  const covered = (folder: string) => statSync(folder).dev === statSync('/').dev && !/^\/(root|run|tmp)(\/|$)/.test(folder);
  return [...new Set([TOP, ...(covered(node) || node === '/usr' ? [] : [node])])];
}

/** An engine of the node's own. Its data lies on the node's disk itself: an overlay cannot lie on an overlay's upper layer. */
const dockerService = (lab: number, node: string): string => `#!/bin/sh
# The image is made of the static busybox alone; there is no registry in the lab.
dockerd --host unix:///run/docker.sock --cgroup-parent /hf-lab${lab}-${node} --exec-opt native.cgroupdriver=cgroupfs >/var/log/dockerd.log 2>&1 &
for _ in $(seq 300); do docker version >/dev/null 2>&1 && break; sleep 0.1; done
docker image inspect holdfast-test/busybox >/dev/null 2>&1 && exit 0
mkdir -p /tmp/image/bin && cp "$(command -v busybox)" /tmp/image/bin/busybox
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "/tmp/image/bin/$applet"; done
tar -C /tmp/image -c . | docker import --change 'ENV PATH=/bin' - holdfast-test/busybox
rm -rf /tmp/image
`;

/** Unmounts a node's disk; its content is gone with it when it was in memory. */
export async function unfurnish(lab: number, node: string): Promise<void> {
  const disk = path.join(folderOf(lab), node, 'disk');
  for (let round = 0; round < 20 && (await run(['mountpoint', '-q', disk])).status === 0; round += 1) {
    if ((await run(['umount', disk])).status !== 0) await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
