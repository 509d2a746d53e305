"""
Completions of bash. They use nothing of bash-completion, and run under bash 3.2 as well, which is
that of macOS.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.generate.programs import Kind, Option, Program, Value, Word

__all__ = ["script"]

_FILES = 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur"))'
_HEAD = """\
# bash completion for {name}, made by "python -m tests.generate"
{servers}
{function}() {{
    local IFS=$'\\n' cur=${{COMP_WORDS[COMP_CWORD]}} option=${{COMP_WORDS[COMP_CWORD - 1]}}
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur=
    elif [[ $option == = ]]; then
        option=${{COMP_WORDS[COMP_CWORD - 2]}}
    elif [[ $cur == : || $option == : ]]; then
        cur=${{cur#:}}
        {files}
        return
    fi
"""
_WORDS = """\
    local words=("") word skip= index
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${{COMP_WORDS[index]}}
        if [[ $skip == value && $word == = ]]; then
            continue
        elif [[ $skip == value ]]; then
            skip=
            continue
        fi
        case $word in
            {valued}) skip=value ;;
            -*) ;;
            *) words+=("$word") ;;
        esac
    done
    local verb={verb}
    if [[ $cur == -* ]]; then
{options}
        return
    fi
"""
_SERVERS = """\

_groupchat_names() {
    local file
    for file in "${XDG_STATE_HOME:-$HOME/.local/state}"/groupchat/*@*; do
        file=${file##*/}
        case $file in screen-* | \\** | *%*) ;; *) echo "${file%%@*}" ;; esac
    done | sort -u
}

_groupchat_addresses() {
    local address rest
    while IFS=' ' read -r address rest; do
        case $address in *:[0-9]*) echo "$address" ;; esac
    done <"${XDG_STATE_HOME:-$HOME/.local/state}/groupchat/known_hosts" | sort -u
} 2>/dev/null

_groupchat_hosts() {
    local address
    _groupchat_addresses | while read -r address; do echo "${address%:*}"; done | sort -u
}

_groupchat_ports() {
    local address
    _groupchat_addresses | while read -r address; do
        if [[ ${address%:*} == "$1" ]]; then echo "${address##*:}"; fi
    done
}
"""


def script(program: Program) -> str:
    """Returns the file that bash reads for a program."""
    function = "_" + program.name.replace("-", "_")
    has_servers = any(word.value.kind is Kind.HOST for word in program.words)
    head = _HEAD.format(
        name=program.name,
        function=function,
        servers=_SERVERS if has_servers else "",
        files=_FILES,
    )
    valued = [option for option in _all_options(program) if option.value]
    return (
        head
        + "".join(_values(valued))
        + _WORDS.format(
            valued=" | ".join(spelling for one in valued for spelling in one.spellings),
            verb="${words[1]-}" if program.verbs else "",
            options="\n".join(_options(program)),
        )
        + "".join(_positions(program))
        + f"}}\ncomplete -F {function} {program.name}\n"
    )


def _all_options(program: Program) -> list[Option]:
    return [*program.options, *(option for verb in program.verbs for option in verb.options)]


def _values(options: Iterable[Option]) -> Iterator[str]:
    """The completion of the values of options."""
    yield "    case $option in\n"
    for option in options:
        assert option.value
        done = _reply(option.value)
        spellings = " | ".join(option.spellings)
        yield f"        {spellings})\n{_indented(done, 12)}            return\n            ;;\n"
    yield "    esac\n"


def _reply(value: Value) -> list[str]:
    if value.kind is Kind.FILE:
        return [_FILES]
    if value.kind is Kind.CHOICE:
        return [f"COMPREPLY=($(compgen -W $'{_listed(value.choices)}' -- \"$cur\"))"]
    shown = {
        Kind.NAME: "_groupchat_names",
        Kind.HOST: "_groupchat_hosts",
        Kind.PORT: '_groupchat_ports "${words[2]}"',
    }
    if value.kind in shown:
        return [f'COMPREPLY=($(compgen -W "$({shown[value.kind]})" -- "$cur"))']
    return []


def _options(program: Program) -> Iterator[str]:
    """The completion of the options themselves."""
    yield "        case $verb in"
    for verb in program.verbs:
        yield f"            {verb.name}) {_offered(verb.options)} ;;"
    yield f"            *) {_offered(program.options)} ;;"
    yield "        esac"


def _offered(options: Iterable[Option]) -> str:
    spellings = [option.spellings[-1] for option in options]
    return f"COMPREPLY=($(compgen -W $'{_listed(spellings)}' -- \"$cur\"))"


def _positions(program: Program) -> Iterator[str]:
    """The completion of the words that are no options."""
    yield "    case ${verb}${#words[@]} in\n"
    if program.verbs:
        verbs = _listed(verb.name for verb in program.verbs)
        yield f"        1) COMPREPLY=($(compgen -W $'{verbs}' -- \"$cur\")) ;;\n"
    for verb in program.verbs:
        yield from _cases(verb.name, verb.words, 2)
    yield from _cases("", program.words, 1)
    yield "    esac\n"


def _cases(verb: str, words: tuple[Word, ...], first: int) -> Iterator[str]:
    for number, word in enumerate(words, first):
        for line in _reply(word.value):
            yield f"        {verb}{number}) {line} ;;\n"


def _listed(words: Iterable[str]) -> str:
    return "\\n".join(words)


def _indented(lines: Iterable[str], by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in lines)
