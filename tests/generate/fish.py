"""Completions of fish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.generate.programs import Kind, Option, Program, Value, Word

__all__ = ["script"]

_SERVERS = """
function __groupchat_state
    set -q XDG_STATE_HOME; and echo $XDG_STATE_HOME/groupchat; or echo ~/.local/state/groupchat
end

function __groupchat_names
    for file in (__groupchat_state)/*@*
        string replace -r '.*/' '' $file
    end | string match -rv '^screen-|%' | string replace -r '@.*' '' | sort -u
end

function __groupchat_addresses
    string match -rg '^(\\S+:\\d+) ' <(__groupchat_state)/known_hosts 2>/dev/null
end

function __groupchat_hosts
    __groupchat_addresses | string replace -r ':\\d+$' '' | sort -u
end

function __groupchat_ports
    set -l words (__WORDS)
    for address in (__groupchat_addresses)
        test (string replace -r ':\\d+$' '' $address) = "$words[2]"
        and string replace -r '.*:' '' $address
    end
end
"""
_WORDS = """
function {function}
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set -e skip[1]
        else if contains -- $word {valued}
            set skip value
        else if not string match -q -- '-*' $word
            echo $word
        end
    end
end

function {function}_count
    test (count ({function})) -eq $argv[1]
end
"""


def script(program: Program) -> str:
    """Returns the file that fish reads for a program."""
    return "".join(_parts(program))


def _parts(program: Program) -> Iterator[str]:
    name = program.name
    words = f"__{name.replace('-', '_')}_words"
    yield f'# fish completion for {name}, made by "python -m tests.generate"\n'
    every = [*program.options, *(one for verb in program.verbs for one in verb.options)]
    valued = sorted({spelling for one in every if one.value for spelling in one.spellings})
    yield _WORDS.format(function=words, valued=" ".join(valued))
    if any(word.value.kind is Kind.HOST for word in program.words):
        yield _SERVERS.replace("__WORDS", words)
    yield f"\ncomplete -c {name} -f\n"
    yield from _options(name, program.options, f"{words}_count 0" if program.verbs else "")
    yield from _words(name, words, program.words, "", 0)
    for verb in program.verbs:
        yield f"complete -c {name} -n '{words}_count 0' -a {verb.name} -d {_quoted(verb.help)}\n"
    for verb in program.verbs:
        chosen = f'test "$({words})[1]" = {verb.name}'
        yield from _options(name, verb.options, chosen)
        yield from _words(name, words, verb.words, chosen, 1)


def _options(name: str, options: Iterable[Option], condition: str) -> Iterator[str]:
    for option in options:
        spelled = " ".join(
            f"-l {one[2:]}" if one.startswith("--") else f"-s {one[1:]}" for one in option.spellings
        )
        when = f" -n {_quoted(condition)}" if condition else ""
        value = f" {_value(option.value)}" if option.value else ""
        yield f"complete -c {name}{when} {spelled}{value} -d {_quoted(option.help)}\n"


def _value(value: Value) -> str:
    if value.kind is Kind.FILE:
        return "-r -F"
    if value.kind is Kind.CHOICE:
        return f"-x -a {_quoted(' '.join(value.choices))}"
    return "-x"


def _words(
    name: str, function: str, words: Iterable[Word], condition: str, first: int
) -> Iterator[str]:
    offered = {
        Kind.NAME: "-a '(__groupchat_names)'",
        Kind.HOST: "-a '(__groupchat_hosts)'",
        Kind.PORT: "-a '(__groupchat_ports)'",
        Kind.FILE: "-F",
    }
    for number, word in enumerate(words, first):
        kind = word.value.kind
        if kind is Kind.CHOICE:
            what = f"-a {_quoted(' '.join(word.value.choices))}"
        elif kind in offered:
            what = offered[kind]
        else:
            continue
        counted = f"{function}_count {number}"
        when = f"{condition}; and {counted}" if condition else counted
        yield f"complete -c {name} -n {_quoted(when)} {what}\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
