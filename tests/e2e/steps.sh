# What the scripts that run in the machine share.
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
