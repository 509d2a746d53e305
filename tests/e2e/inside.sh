# What an administrator does with the service, in order. What each step said and its exit status are in /results.
step() {
    local name=$1
    shift
    "$@" > "/results/$name" 2>&1 < /dev/null
    echo $? > "/results/$name.status"
}
state() { systemctl show groupchat --property=ActiveState,SubState,Result,ExecMainStatus,MainPID,NRestarts; }
options() { echo "GROUPCHAT_OPTIONS=\"$*\"" > /etc/default/groupchat; }
until_so() { # within 20 s
    for _ in {1..200}; do
        "$@" > /dev/null && return
        sleep 0.1
    done
    return 1
}
active() { systemctl is-active --quiet groupchat; }
logged() { journalctl --sync && journalctl -u groupchat -o cat | grep "$1"; }
encrypted() { printf 'alice\nhello\n/quit\n' | openssl s_client -quiet -connect localhost:9000; }
plain() { printf 'bob\n/quit\n' | nc localhost 9000; }
local_socket() { printf 'carol\n/quit\n' | setpriv --reuid=65534 --clear-groups nc -U /run/groupchat/socket; }

ip link set lo up
ldconfig /opt/python/lib # where the Python of this machine is at home in a directory that the service can't see
python3 -m venv --without-pip /opt/groupchat # as "pip install" would, without a network
packages=$(echo /opt/groupchat/lib/python3*/site-packages)
cp -r groupchat twisted "$packages"
echo /opt/packages > "$packages/packages.pth"
cp /results/bin/* /opt/groupchat/bin/

step readme sh -ex /results/readme.sh
step started state
step encrypted encrypted
step plain plain

step reload systemctl reload groupchat
step read logged 'The certificate groupchat.pem is read'
mv /var/lib/groupchat/groupchat.pem /var/lib/groupchat/whole.pem
echo nothing > /var/lib/groupchat/groupchat.pem
step reload-broken systemctl reload groupchat
step kept until_so logged 'The one before is kept'
mv /var/lib/groupchat/whole.pem /var/lib/groupchat/groupchat.pem

options --port 9000 --listen unix:/run/groupchat/socket
step local systemctl restart groupchat
step local-socket local_socket
pid=$(systemctl show -P MainPID groupchat)
kill -9 "$pid"
until_so logged 'Main process exited, code=killed'
step restarted until_so active
step again state
step local-socket-again local_socket

step stop systemctl stop groupchat
step stopped state

options --port 9000 --max lots
step wrong systemctl start groupchat
step wrong-state state

options --listen tcp:9000:interface=192.0.2.9
step early systemctl start groupchat
step early-status until_so logged 'status=75/'
ip address add 192.0.2.9/32 dev lo
step late until_so active
step late-state state

systemctl stop groupchat
cat > /etc/systemd/system/groupchat.socket <<< "$(sed -n '/^    \[Socket\]/,/^    WantedBy/s/^    //p' docs/operating.rst)"
options --listen systemd:domain=INET6:index=0 --max 100
step low systemctl enable --now groupchat.socket groupchat
step low-port eval "printf 'dave\n/quit\n' | nc localhost 23"

journalctl --sync
journalctl -u groupchat -o json --output-fields=PRIORITY,MESSAGE,_COMM > /results/journal
