# Boots systemd in a container on an overlay of this machine, of which nothing is left: the mounts are in a namespace of our own.
# Its arguments: an empty directory; the one for results; the project; the packages that it needs; its Python; a name.
set -e
room=$1 results=$2 project=$3 packages=$4 python=$5 name=$6
mount --make-rprivate /
mount -t tmpfs tmpfs "$room"
cd "$room"
mkdir upper work machine packages-upper packages-work packages
mount -t overlay overlay -o "lowerdir=/,upperdir=upper,workdir=work" machine
mount -t overlay overlay -o "lowerdir=$packages,upperdir=packages-upper,workdir=packages-work" packages
cat > machine/etc/systemd/system/trial.service <<UNIT
[Unit]
DefaultDependencies=no
Requires=systemd-journald.service
After=systemd-journald.service systemd-journald.socket
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=PATH=/opt/python/bin:/usr/sbin:/usr/bin:/sbin:/bin
WorkingDirectory=/opt/source
ExecStart=/bin/bash -x /results/inside.sh
StandardOutput=file:/results/log
StandardError=file:/results/log
UNIT
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    if [ -e "$hierarchy/cgroup.procs" ]; then
        mkdir "$hierarchy/$name"
        echo $$ > "$hierarchy/$name/cgroup.procs"
    fi
done
exec systemd-nspawn --boot --directory=machine --register=no --keep-unit --private-network --console=pipe --link-journal=no \
    --bind="$results:/results" --bind-ro="$project:/opt/source" --bind-ro="$python:/opt/python" --bind="$PWD/packages:/opt/packages" \
    systemd.unit=trial.service
