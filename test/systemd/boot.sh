#!/bin/sh
# Boots the systemd of this machine in namespaces and on a root of its own: a tmpfs with /usr and the
# package bound read-only, so that nothing it does at boot (cleaning /tmp is one) reaches the machine.
#   boot.sh NEW_ROOT PACKAGE LAUNCHER NODE, started in new namespaces by system-manager.ts
set -eu
root=$1 package=$2 launcher=$3 node=$4

# Without these the machine itself would be changed.
[ "$$" = 1 ] || { echo "boot.sh: not the first process of a new pid namespace" >&2; exit 1; }
[ "$(readlink /proc/self/ns/mnt)" != "$MACHINE_MOUNTS" ] || { echo "boot.sh: no mount namespace" >&2; exit 1; }
mount --make-rprivate /

read_only() {
  mkdir -p "$2"
  mount --bind "$1" "$2"
  mount -o remount,bind,ro "$2"
}

mount -t tmpfs -o mode=755,size=128m tmpfs "$root"
cd "$root"
mkdir -p dev etc/systemd/system etc/sysusers.d etc/tmpfiles.d proc sys run tmp var/lib var/log opt root old
chmod 1777 tmp
read_only /usr usr
for name in bin sbin lib lib32 lib64; do
  if [ -L "/$name" ]; then cp -P "/$name" "$name"; elif [ -d "/$name" ]; then read_only "/$name" "$name"; fi
done
read_only "$package" opt/codex
case $node in /usr/*) ;; *) read_only "$(dirname "$node")" ".$(dirname "$node")" ;; esac
# Where ExecStart= finds it by its name.
mount -t tmpfs -o mode=755,size=64k tmpfs usr/local/sbin
ln -s "/opt/codex/$launcher" usr/local/sbin/codex-responses-api-proxy

cp /etc/ld.so.cache etc/ 2>/dev/null || :
printf 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\nalice:x:61001:61001::/:/bin/sh\nbob:x:61002:61002::/:/bin/sh\n' > etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\nalice:x:61001:\nbob:x:61002:\ncodex-clients-team:x:61003:alice\n' > etc/group
printf 'passwd: files\ngroup: files\nhosts: files\n' > etc/nsswitch.conf
printf '127.0.0.1 localhost\n' > etc/hosts
: > etc/fstab
head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' > etc/machine-id; echo >> etc/machine-id
cp "$package"/systemd/*.service "$package"/systemd/*.socket etc/systemd/system/
printf "[Unit]\\nRequires=basic.target\\nAfter=basic.target\\n" > etc/systemd/system/codex-test.target
cp "$package"/systemd/sysusers.d/* etc/sysusers.d/
cp "$package"/systemd/tmpfiles.d/* etc/tmpfiles.d/
systemd-sysusers --root="$root" codex-responses-api-proxy.conf
sed -i 's/^\(codex-clients:.*:\)$/\1alice/' etc/group

mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec,ro sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755,size=1m tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"; done
mknod -m 666 dev/tty c 5 0
mount -t tmpfs -o mode=755,size=32m tmpfs run
ip link set lo up
hostname codex-test

pivot_root . old
umount -l /old
[ ! -e /old/usr ] || { echo "boot.sh: the machine's root is still there" >&2; exit 1; }
# As the manager of a container does: credentials are mounted in a process that shares its mounts with this one.
mount --make-rshared /
export container=other SYSTEMD_LOG_TARGET=console
exec /usr/lib/systemd/systemd --system --unit=codex-test.target --show-status=no --log-level="${BOOT_LOG_LEVEL:-warning}" </dev/null
