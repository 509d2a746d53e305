# fish completion for groupchat-connect, made by "python -m tests.generate"

function __groupchat_connect_words
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set -e skip[1]
        else if contains -- $word --fingerprint --outbox --password-file --room
            set skip value
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __groupchat_connect_words_count
    test (count (__groupchat_connect_words)) -eq $argv[1]
end

function __groupchat_state
    set -q XDG_STATE_HOME; and echo $XDG_STATE_HOME/groupchat; or echo ~/.local/state/groupchat
end

function __groupchat_names
    for file in (__groupchat_state)/*@*
        string replace -r '.*/' '' $file
    end | string match -rv '^screen-|%' | string replace -r '@.*' '' | sort -u
end

function __groupchat_addresses
    string match -rg '^(\S+:\d+) ' <(__groupchat_state)/known_hosts 2>/dev/null
end

function __groupchat_hosts
    __groupchat_addresses | string replace -r ':\d+$' '' | sort -u
end

function __groupchat_ports
    set -l words (__groupchat_connect_words)
    for address in (__groupchat_addresses)
        test (string replace -r ':\d+$' '' $address) = "$words[2]"
        and string replace -r '.*:' '' $address
    end
end

complete -c groupchat-connect -f
complete -c groupchat-connect -s h -l help -d 'show this help message and exit'
complete -c groupchat-connect -l room -x -d 'the room to join (default: lobby)'
complete -c groupchat-connect -l json -d 'print the server\'s lines as they are; for programs'
complete -c groupchat-connect -l stay -d 'go on listening when standard input has ended'
complete -c groupchat-connect -l show -d 'in a pipe: print what the room says, as at a terminal'
complete -c groupchat-connect -l commands -d 'in a pipe: lines that begin with / are commands, as at a terminal'
complete -c groupchat-connect -l quiet -d 'print nothing at all, not even errors'
complete -c groupchat-connect -l line -d 'at a terminal: show lines one after the other, in place of a whole screen'
complete -c groupchat-connect -l no-color -d 'use no colours on the screen, as with $NO_COLOR'
complete -c groupchat-connect -l outbox -r -F -d 'keep in FILE what the server has not stored yet, for the next run'
complete -c groupchat-connect -l password-file -r -F -d 'the password of a registered name is the first line of FILE'
complete -c groupchat-connect -l tls -d 'encrypt to this machine in any case, even if its server never did'
complete -c groupchat-connect -l no-tls -d 'don\'t encrypt; for servers and networks that you trust'
complete -c groupchat-connect -l fingerprint -x -d 'take the certificate with this fingerprint, and no other'
complete -c groupchat-connect -l settings -d 'print the settings file, with the defaults'
complete -c groupchat-connect -l version -d 'show version number and exit'
complete -c groupchat-connect -n '__groupchat_connect_words_count 0' -a '(__groupchat_names)'
complete -c groupchat-connect -n '__groupchat_connect_words_count 1' -a '(__groupchat_hosts)'
complete -c groupchat-connect -n '__groupchat_connect_words_count 2' -a '(__groupchat_ports)'
