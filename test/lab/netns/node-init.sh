#!/bin/sh
# PID 1 of a node of the namespace lab; runs in new mount, pid, uts and ipc namespaces, in the node's network namespace.
# Usage: node-init.sh FOLDER NAME LOWER FIRST_BOOT_ID BIND...   (descriptor 3: gets "up PID DEVICE" when the node is up)
# FOLDER holds `disk` (upper, work, docker) and the mount point `root`; LOWER is what the root lies over; each BIND is a
# path of the host that the node sees at the same place, read-only. It starts what /etc/rc2.d names, and reaps.
set -e
folder=$1 name=$2 lower=$3 boot_id=$4
shift 4
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
# /proc is still the host's here, so this is the host's number for this process.
read -r pid _ </proc/self/stat
hostname "$name"

mount -t overlay -o "lowerdir=$lower,upperdir=$folder/disk/upper,workdir=$folder/disk/work" "$name" "$folder/root"
cd "$folder/root"
mkdir -p proc sys dev run tmp root old
mount --rbind /dev dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t sysfs sysfs sys
[ ! -d /sys/fs/cgroup ] || mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t proc proc proc
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p run/lock run/sshd
if [ -d "$folder/disk/docker" ]; then
  for part in docker containerd; do
    mkdir -p "var/lib/$part"
    mount --bind "$folder/disk/$part" "var/lib/$part"
  done
fi
for bind in "$@"; do
  mkdir -p ".$bind"
  mount --bind "$bind" ".$bind"
  mount -o remount,bind,ro ".$bind"
done
pivot_root . old
cd /
umount -l /old
rmdir /old 2>/dev/null || true
# As systemd leaves it: a mount made in the node is seen by every mount namespace below it.
mount --make-rshared /

printf '%s\n' "$boot_id" >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
mkdir -p /root/.ssh
chmod 700 /root /root/.ssh
[ -e /root/.ssh/authorized_keys ] || cp /etc/lab/authorized_keys /root/.ssh/authorized_keys

[ -d /etc/rc2.d ] || [ ! -d /etc/lab/rc2.d ] || cp -r /etc/lab/rc2.d /etc/rc2.d

set +e
for service in /etc/rc2.d/S*; do
  [ ! -x "$service" ] || "$service" start 3>&- </dev/null
done
# sshd returns before it listens.
if ls /etc/rc2.d/S*ssh >/dev/null 2>&1; then
  for _ in $(seq 500); do
    grep -q '^ *[0-9]*: [0-9A-F]*:0016 [0-9A-F]*:0000 0A ' /proc/net/tcp /proc/net/tcp6 2>/dev/null && break
    sleep 0.02
  done
fi
echo "up $pid $(stat -c %d /etc/machine-id)" >&3
exec 3>&-
while :; do
  sleep 3600 &
  wait $!
done
