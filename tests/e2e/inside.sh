# What an administrator does with the service, in order. What each step said and its exit status are in /results.
. /results/steps.sh

ip link set lo up
ldconfig /opt/python/lib # where the Python of this machine is at home in a directory that the service can't see
python3 -m venv --without-pip /opt/groupchat # as "pip install" would, without a network
packages=$(echo /opt/groupchat/lib/python3*/site-packages)
cp -r groupchat twisted "$packages"
echo /opt/packages > "$packages/packages.pth"
cp /results/bin/* /opt/groupchat/bin/

step readme sh -ex /results/readme.sh
step started state
step night sh -ex /results/night.sh
step upgrade sh -ex /results/check.sh
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

# With a socket of systemd's, nobody is refused: neither those who talk nor those who come, nor the one whose
# connection starts the service.
options --port 9000 --max 100
step socket sh -ex /results/socket.sh
connect() { /opt/groupchat/bin/groupchat-connect "$@"; }
talk() { for number in {1..60}; do echo "line $number"; sleep 0.1; done | connect talker localhost 9000; }
knock() {
    while [ ! -e /results/talked.status ]; do
        (exec 3<> /dev/tcp/localhost/9000) || echo refused
        sleep 0.02
    done
}
mkfifo /run/listening
connect listener localhost 9000 --show < /run/listening > /results/heard 2> /results/heard.errors &
listener=$!
exec 4> /run/listening
until_so grep -q listener <(journalctl -u groupchat -o cat)
knock > /results/knocked 2> /dev/null &
knocking=$!
step talked talk &
talking=$!
sleep 1
step socket-restart systemctl restart groupchat
sleep 1
step socket-kill systemctl kill --signal=KILL groupchat
wait "$talking" "$knocking"
until_so grep -q 'line 60' /results/heard
exec 4>&-
wait "$listener"
step status-text until_so eval "systemctl show -P StatusText groupchat | tee /results/status | grep 'of 100 members'"
step socket-stop systemctl stop groupchat
step socket-start eval "printf 'gina\n/quit\n' | nc localhost 9000"

# The watchdog, sooner than in a minute.
mkdir -p /etc/systemd/system/groupchat.service.d
printf '[Service]\nWatchdogSec=2\n' > /etc/systemd/system/groupchat.service.d/sooner.conf
systemctl daemon-reload
systemctl restart groupchat
sleep 3
step fed state
kill -STOP "$(systemctl show -P MainPID groupchat)"
step hung until_so logged 'Watchdog timeout'
step hung-restarted until_so eval "systemctl show -P NRestarts groupchat | grep -v '^0$'"
step hung-active until_so active

mkdir -p /etc/systemd/system/groupchat.socket.d
cp /results/low.conf /etc/systemd/system/groupchat.socket.d/override.conf
options --max 100
systemctl daemon-reload
systemctl stop groupchat
step low systemctl restart groupchat.socket groupchat
step low-port eval "printf 'dave\n/quit\n' | nc localhost 23"

journalctl --sync
journalctl -u groupchat -o json --output-fields=PRIORITY,MESSAGE,_COMM > /results/journal
