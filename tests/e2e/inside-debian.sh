# An installation from Debian packages, in order: installed, upgraded under talk and killed while its ledger is, killed,
# removed, purged.
. /results/steps.sh
files() { find /etc /usr /var /run -name '*groupchat*' -not -path '/run/systemd/*' 2> /dev/null | sort; }
history() { printf 'dave\n/quit\n' | nc localhost 9000; }
in_directory() { (cd /var/lib/groupchat && "$@"); }
talk() { for number in {1..40}; do echo "line $number"; sleep 0.1; done | groupchat-connect talker localhost 9000; }
fill() { # 200 messages of 4000 bytes
    local text
    text=$(head -c 4000 /dev/zero | tr '\0' x)
    (printf 'filler%d\n/join attic\n' "$1"; for _ in {1..200}; do echo "$text"; done; echo /quit) | nc localhost 9000
}
pid() { systemctl show -P MainPID groupchat; }
runs_anew() { [ "$(pid)" != "$1" ] && active; }

ip link set lo up
files > /results/before
step install dpkg -i /results/old.deb
step started state
step enabled systemctl is-enabled groupchat
step version groupchat --version
step plain plain
step status in_directory groupchat-admin status
step manual gzip -dc /usr/share/man/man1/groupchat-admin.1.gz
step completion bash -c '. /usr/share/bash-completion/completions/groupchat && complete -p groupchat'

for number in {1..5}; do fill "$number" > /dev/null & done
wait

sed -i 's/--max 100/--max 90/' /etc/default/groupchat
mkfifo /run/listening
groupchat-connect listener localhost 9000 --show < /run/listening > /results/heard 2> /results/heard.errors &
listener=$!
exec 4> /run/listening
until_so logged 'listener joined'
step talked talk &
talking=$!
sleep 1
mkdir -p /etc/systemd/system/groupchat.service.d
printf '[Service]\nRestartSec=100ms\nEnvironment=PYTHONPATH=/results/killed\n' > /etc/systemd/system/groupchat.service.d/killed.conf
step upgrade dpkg -i /results/new.deb
wait "$talking"
until_so grep -q 'line 40' /results/heard
exec 4>&-
wait "$listener"
step upgraded dpkg-query --show groupchat
step ledgers find /var/lib/private/groupchat -name 'groupchat.db*'
step places logged 'Listening on port 9000 (90 places)'
step deaths cat /var/lib/private/groupchat/killed
step kills systemctl show -P NRestarts groupchat
step attic in_directory groupchat-admin export attic
step lobby in_directory groupchat-admin export lobby
step check in_directory groupchat-admin check groupchat.db.v5
step backup in_directory /usr/lib/groupchat/bin/python3 /results/texts.py groupchat.db.v5

was=$(pid)
kill -9 "$was"
step again until_so runs_anew "$was"
step history history

step remove dpkg --remove groupchat
step kept find /var/lib/private/groupchat -name groupchat.db
step purge dpkg --purge groupchat
files > /results/after
step gone systemctl cat groupchat
