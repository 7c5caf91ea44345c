// The disk image that User-Mode Linux nodes boot: the release's smallest system with systemd, udev and an ssh server,
// the kernel's modules, and one unit that gives the node what it is told on the kernel's command line. Made once, cached;
// each node writes to a copy-on-write file of its own.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CACHE, makeRoot, ownRelease } from '../netns/bare-root.ts';
import { must, script } from '../run.ts';

const PACKAGES = ['openssh-server', 'ca-certificates', 'systemd', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'iproute2', 'ethtool', 'e2fsprogs', 'xfsprogs', 'procps'];

/** Runs before the network is wanted; `lab=` on the kernel's command line is a folder of the host. */
const SETUP = `#!/bin/sh
# Gives this machine its name, keys and address; FOLDER is the node's folder on the host, seen through hostfs.
set -e
for word in $(cat /proc/cmdline); do case $word in node=*) node=\${word#node=} ;; ip=*) ip=\${word#ip=} ;; lab=*) lab=\${word#lab=} ;; esac; done
mkdir -p /run/lab /root/.ssh
mount -t hostfs -o "$lab" none /run/lab
hostname "$node"
echo "$node" >/etc/hostname
cp /run/lab/hosts /etc/hosts
install -m 600 /run/lab/authorized_keys /root/.ssh/authorized_keys
install -m 600 /run/lab/host_key /etc/ssh/ssh_host_ed25519_key
install -m 644 /run/lab/host_key.pub /etc/ssh/ssh_host_ed25519_key.pub
[ ! -e /run/lab/sources.list ] || cp /run/lab/sources.list /etc/apt/sources.list
umount /run/lab
# Segmentation offload between two vector devices loses packets.
ethtool -K vec0 tso off gso off >/dev/null
ip link set lo up
ip addr replace "$ip/24" dev vec0
ip link set vec0 up
`;

/** PID 1 where systemd is not wanted: up in a few seconds. */
const PLAIN_INIT = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /tmp
mkdir -p /run/sshd /run/lock
lab-setup
/usr/sbin/sshd
while :; do
  sleep 3600 &
  wait $!
done
`;

const UNIT = `[Unit]
Description=Name, keys and address of this lab node
DefaultDependencies=no
After=local-fs.target systemd-remount-fs.service
Before=network-pre.target ssh.service sysinit.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-setup

[Install]
WantedBy=sysinit.target
`;

let made: Promise<string> | undefined;

/** Gives the image file; makes it when it is not there (about a minute). */
export function image(): Promise<string> {
  made ??= make();
  return made;
}

/** Another recipe is another image. */
const fingerprint = (): string => createHash('sha256').update(readFileSync(import.meta.filename)).digest('hex').slice(0, 8);

async function make(): Promise<string> {
  const { codename } = await ownRelease();
  const file = path.join(CACHE, `${codename}-uml-${fingerprint()}.ext4`);
  if (existsSync(file)) return file;
  const root = await makeRoot('uml', PACKAGES);
  await must(['flock', path.join(CACHE, 'lock'), ...script(`
    root=$1 image=$2
    [ ! -e "$image" ] || exit 0
    printf '%s' "$3" >"$root/usr/local/sbin/lab-setup"
    printf '%s' "$5" >"$root/usr/local/sbin/lab-init"
    chmod 755 "$root/usr/local/sbin/lab-setup" "$root/usr/local/sbin/lab-init"
    printf '%s' "$4" >"$root/etc/systemd/system/lab-setup.service"
    mkdir -p "$root/etc/systemd/system/sysinit.target.wants" "$root/usr/lib/modules"
    ln -sf ../lab-setup.service "$root/etc/systemd/system/sysinit.target.wants/lab-setup.service"
    for unit in getty@tty1.service getty-static.service console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer; do
      ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    # Everything is slow here: only what a disk or a network card is gets its udev events again at boot.
    mkdir -p "$root/etc/systemd/system/systemd-udev-trigger.service.d" "$root/etc/systemd/journald.conf.d"
    printf '[Service]\nExecStart=\nExecStart=udevadm trigger --action=add --subsystem-match=block --subsystem-match=net --subsystem-match=misc\n' >"$root/etc/systemd/system/systemd-udev-trigger.service.d/lab.conf"
    printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/lab.conf"
    echo '/dev/ubda / ext4 defaults 0 0' >"$root/etc/fstab"
    cp -r /usr/lib/uml/modules/* "$root/usr/lib/modules/"
    for modules in "$root"/usr/lib/modules/*; do chroot "$root" depmod "$(basename "$modules")"; done
    rm -f "$image.new"
    truncate -s 8G "$image.new"
    mkfs.ext4 -q -d "$root" "$image.new"
    mv "$image.new" "$image"
    rm -rf --one-file-system "$root"
    # Images of older recipes may still be in use today.
    find "$(dirname "$image")" -name '*-uml-*.ext4' -mtime +7 -delete
  `, root, file, SETUP, UNIT, PLAIN_INIT)], { timeoutMs: 600_000 });
  return file;
}
