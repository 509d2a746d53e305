# fish completion for groupchat-admin, made by "python -m tests.generate"

function __groupchat_admin_words
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set -e skip[1]
        else if contains -- $word --admin-socket
            set skip value
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __groupchat_admin_words_count
    test (count (__groupchat_admin_words)) -eq $argv[1]
end

complete -c groupchat-admin -f
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -l admin-socket -r -F -d 'the socket, as in the server\'s --admin-socket (default: groupchat.sock)'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -l version -d 'show version number and exit'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a status -d 'show how long the server has run, and how full it is'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a who -d 'list the members that are logged in, with their addresses and rooms'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a rooms -d 'list the rooms with members or messages; of private ones, those in use'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a bans -d 'list the bans and mutes in force'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a stats -d 'show what the server has done since its start, and what it needs'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a kick -d 'send a member out'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a ban -d 'keep a name or an address out'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a unban -d 'lift a ban'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a mute -d 'stop a member from speaking'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a unmute -d 'let a member speak again'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a max -d 'change the number of members that can be logged in at once, until the next restart'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a say -d 'send a notice to all members'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a backup -d 'copy the ledger as it is at this moment, while the server runs'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a check -d 'check a copy of a ledger or accounts file for damage; needs no server'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a move -d 'move a ledger, with accounts and certificate, from a file into PostgreSQL or back; needs that no server uses them'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a export -d 'print all messages of a room'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a import -d 'add the messages of a file to a room, with their times'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a forget -d 'remove everything that was said under a name, in all rooms'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a compact -d 'give the free space in the ledger\'s file back, while the server runs'
complete -c groupchat-admin -n '__groupchat_admin_words_count 0' -a reload -d 'read options, certificate and accounts again, as SIGHUP does'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = status' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = status' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = who' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = who' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = rooms' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = rooms' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = bans' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = bans' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = stats' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = stats' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = kick' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = kick' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = ban' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = ban' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = unban' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = unban' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = mute' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = mute' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = unmute' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = unmute' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = max' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = max' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = say' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = say' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = backup' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = backup' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = backup; and __groupchat_admin_words_count 1' -F
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = check' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = check' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = check; and __groupchat_admin_words_count 1' -F
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = move' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = move' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = export' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = export' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = export; and __groupchat_admin_words_count 2' -a 'text json html'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = import' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = import' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = import; and __groupchat_admin_words_count 2' -F
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = import; and __groupchat_admin_words_count 3' -a 'json weechat irssi'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = forget' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = forget' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = forget' -l yes -d 'ask nothing'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = compact' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = compact' -l json -d 'print JSON, for scripts'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = reload' -s h -l help -d 'show this help message and exit'
complete -c groupchat-admin -n 'test "$(__groupchat_admin_words)[1]" = reload' -l json -d 'print JSON, for scripts'
