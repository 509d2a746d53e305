# fish completion for groupchat-passwd, made by "python -m tests.generate"

function __groupchat_passwd_words
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set -e skip[1]
        else if contains -- $word --file -f
            set skip value
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function __groupchat_passwd_words_count
    test (count (__groupchat_passwd_words)) -eq $argv[1]
end

complete -c groupchat-passwd -f
complete -c groupchat-passwd -s h -l help -d 'show this help message and exit'
complete -c groupchat-passwd -s f -l file -r -F -d 'the accounts file, beside the ledger or as in the server\'s --auth sqlite:PATH; or the server\'s --ledger, if that is postgresql://HOST/DATABASE (default: groupchat.accounts)'
complete -c groupchat-passwd -l version -d 'show version number and exit'
complete -c groupchat-passwd -s o -l operator -d 'make NAME an operator (asks for a password if NAME is not registered)'
complete -c groupchat-passwd -l no-operator -d 'make NAME an ordinary member again'
complete -c groupchat-passwd -l delete -d 'delete the account of NAME'
complete -c groupchat-passwd -l token -d 'make a token, with which HTTP requests act as NAME; it is printed, and shown only once'
complete -c groupchat-passwd -l tokens -d 'list the tokens of NAME'
complete -c groupchat-passwd -l revoke -d 'end the token TOKEN of NAME'
complete -c groupchat-passwd -l unban -d 'lift the ban on NAME, an address or a network, as --bans lists it'
complete -c groupchat-passwd -l unmute -d 'lift the mute on NAME'
complete -c groupchat-passwd -l bans -d 'list the bans and mutes'
complete -c groupchat-passwd -l list -d 'list the registered names'
complete -c groupchat-passwd -l log -d 'show the last 50 entries of the audit log'
