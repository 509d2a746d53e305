# fish completion for groupchat, made by "python -m tests.generate"

function __groupchat_words
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set -e skip[1]
        else if contains -- $word --admin-socket --auth --burst --certificate --config --connect-rate --devices --edit-within --gateways --help-auth-type --host --idle-timeout --keep --ledger --listen --log-format --log-rate --login-timeout --max --max-pending --max-rooms --max-rooms-per-member --max-visitors --metrics --motd --names --per-address --port --rate --rename-rate --replay --server-name --show-addresses --tls-share --trusted-proxy -m -p
            set skip value
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __groupchat_words_count
    test (count (__groupchat_words)) -eq $argv[1]
end

complete -c groupchat -f
complete -c groupchat -s p -l port -x -d 'TCP port to listen on, IPv4 and IPv6; 0: any free port (default: 9000, or none with --listen)'
complete -c groupchat -s m -l max -x -d 'members that can be logged in at once (default: asks at a terminal, else 100)'
complete -c groupchat -l ledger -x -a 'memory sqlite:groupchat.db postgresql://' -d 'where messages are stored: "sqlite:PATH", "postgresql://HOST/DATABASE" or "memory" (default: sqlite:groupchat.db)'
complete -c groupchat -l replay -x -d 'messages of history that a member sees on joining a room (default: 20)'
complete -c groupchat -l keep -x -a 'all 90d' -d 'how long each room keeps its history: "all", "90d" (days) or "100000 messages" (default: all)'
complete -c groupchat -l rate -x -d 'lines per second that a member can send in the long run; 0: no limit (default: 50)'
complete -c groupchat -l burst -x -d 'lines that a member can send at once before --rate applies (default: 200)'
complete -c groupchat -l certificate -r -F -d 'PEM file with the TLS certificate, its chain and its key (default: a self-signed certificate)'
complete -c groupchat -l tls-share -x -d 'percent of the time that TLS handshakes may take; further ones wait; 0: no limit (default: 25)'
complete -c groupchat -l per-address -x -d 'connections that one address can have open; 0: no limit (default: 0)'
complete -c groupchat -l connect-rate -x -d 'connections per second from one address that may stay unauthenticated; 0: no limit (default: 20)'
complete -c groupchat -l log-rate -x -d 'log lines per second about one address; 0: no limit (default: 10)'
complete -c groupchat -l max-pending -x -d 'connections that can be open without having logged in (default: 64)'
complete -c groupchat -l max-visitors -x -d 'connections that can be open for pages and other HTTP requests alone (default: 256)'
complete -c groupchat -l login-timeout -x -d 'seconds of silence after which an unauthenticated connection is closed (default: 10)'
complete -c groupchat -l idle-timeout -x -d 'seconds of silence after which a JSON client is disconnected (default: 60)'
complete -c groupchat -l rename-rate -x -d 'name changes per minute for each member; 0: no limit (default: 20)'
complete -c groupchat -l max-rooms -x -d 'rooms that can exist at once (default: 10000)'
complete -c groupchat -l max-rooms-per-member -x -d 'rooms that a member can be in at once (default: 32)'
complete -c groupchat -l devices -x -d 'connections that a registered name can have logged in at once (default: 8)'
complete -c groupchat -l edit-within -x -d 'how long members can correct or remove their own messages; 0: never (default: 15m)'
complete -c groupchat -l show-addresses -x -a 'everyone operators nobody' -d 'who sees addresses in /who: everyone, operators or nobody (default: operators)'
complete -c groupchat -l names -x -a 'ascii unicode' -d 'characters that names of people and rooms may have: ascii, or unicode (letters of all scripts) (default: ascii)'
complete -c groupchat -l server-name -x -d 'name that the server gives itself (default: groupchat and its version)'
complete -c groupchat -l motd -r -F -d 'file with a message for each member that logs in, at most 4096 characters'
complete -c groupchat -l log-format -x -a 'text json' -d 'form of the log\'s lines: text for people, json (an object on each line) for machines (default: text)'
complete -c groupchat -l gateways -x -a 'web none' -d 'other protocols on the same port, with commas between them, or "none" (default: all; there is web: the page, WebSocket and HTTP)'
complete -c groupchat -l metrics -x -d 'HOST:PORT or Twisted endpoint that serves /metrics for Prometheus and /healthz, e.g. 127.0.0.1:9464 or unix:/run/groupchat/metrics'
complete -c groupchat -l admin-socket -r -F -d 'Unix socket for groupchat-admin (default: beside the ledger, groupchat.sock)'
complete -c groupchat -l config -r -F -d 'TOML file with these options as its keys; the command line wins over it'
complete -c groupchat -l require-tls -d 'accept unencrypted connections from this machine only'
complete -c groupchat -l no-tls -d 'turn TLS off'
complete -c groupchat -l no-web -d 'serve no page and no other HTTP'
complete -c groupchat -l members-only -d 'let only registered names log in'
complete -c groupchat -l check -d 'check the options and the files that they name, and start nothing'
complete -c groupchat -l auth -x -d 'where passwords are stored: sqlite:PATH, argon2:PATH or another checker that --help-auth lists; may be given more than once (default: sqlite: and a file beside the ledger)'
complete -c groupchat -l help -d 'display this help and exit'
complete -c groupchat -l help-auth -d 'Show all authentication methods available'
complete -c groupchat -l help-auth-type -x -d 'Show help for a particular authentication type'
complete -c groupchat -l host -x -d 'name under which browsers may ask for the page, beside those of the certificate; may be given more than once'
complete -c groupchat -l listen -x -d 'Twisted endpoint to listen on, e.g. tcp:9000:interface=127.0.0.1 or unix:/run/chat.sock; may be given more than once'
complete -c groupchat -l trusted-proxy -x -a '127.0.0.1 local' -d 'address or network of a proxy whose X-Forwarded-For or Forwarded names the client, or "local" for one on a Unix socket; may be given more than once'
complete -c groupchat -l version -d 'display the version and exit'
