"""Completions of zsh, by its own `_arguments`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tests.generate.programs import Kind, Option, Program, Value, Verb, Word

__all__ = ["script"]

_SERVERS = """\

_groupchat_names() {
    local -a files
    files=(${XDG_STATE_HOME:-$HOME/.local/state}/groupchat/*@*(N:t))
    files=(${${files:#(screen-*|*%*)}%%@*})
    (( $#files )) && compadd -a files
}

_groupchat_addresses() {
    local known=${XDG_STATE_HOME:-$HOME/.local/state}/groupchat/known_hosts
    reply=()
    [[ -r $known ]] && reply=(${(M)${${(f)"$(<$known)"}%% *}:#*:<->})
}

_groupchat_hosts() {
    local -a reply
    _groupchat_addresses
    compadd -- ${(u)reply%:*}
}

_groupchat_ports() {
    local -a reply
    _groupchat_addresses
    compadd -- ${${(M)reply:#${(b)line[2]}:<->}##*:}
}
"""
_ACTIONS = {
    Kind.TEXT: "",
    Kind.FILE: "_files",
    Kind.NAME: "_groupchat_names",
    Kind.HOST: "_groupchat_hosts",
    Kind.PORT: "_groupchat_ports",
}


def script(program: Program) -> str:
    """Returns the file that zsh reads for a program."""
    return "".join(_parts(program))


def _parts(program: Program) -> Iterator[str]:
    function = "_" + program.name.replace("-", "_")
    yield f'#compdef {program.name}\n# zsh completion, made by "python -m tests.generate"\n'
    if any(word.value.kind is Kind.HOST for word in program.words):
        yield _SERVERS
    yield f"\n{function}() {{\n"
    if program.verbs:
        yield from _with_verbs(program)
    else:
        yield "    local -a line\n    _arguments -S"
        yield from _lines(_specs(program.options, program.words), 8)
        yield "\n"
    yield f'}}\n\n{function} "$@"\n'


def _with_verbs(program: Program) -> Iterator[str]:
    yield "    local context state state_descr line\n    local -A opt_args\n    local -a verbs\n"
    yield "    _arguments -S -C"
    yield from _lines([*_specs(program.options, ()), "1:verb:->verb", "*::word:->word"], 8)
    yield "\n    case $state in\n        verb)\n            verbs=("
    yield from _listed((f"{verb.name}:{verb.help}" for verb in program.verbs), 16)
    yield "\n            )\n            _describe verb verbs\n            ;;\n"
    yield "        word)\n            case $line[1] in\n"
    for verb in program.verbs:
        yield from _verb(verb)
    yield "            esac\n            ;;\n    esac\n"


def _verb(verb: Verb) -> Iterator[str]:
    yield f"                {verb.name})\n                    _arguments -S"
    yield from _lines(_specs(verb.options, verb.words), 24)
    yield "\n                    ;;\n"


def _specs(options: Iterable[Option], words: Iterable[Word]) -> Iterator[str]:
    for option in options:
        yield from _option(option)
    for number, word in enumerate(words, 1):
        place = "*" if word.rest else str(number)
        separator = "::" if word.optional and not word.rest else ":"
        action = _action(word.value) or f'_guard "^-*" {word.value.metavar}'
        yield f"{place}{separator}{_escaped(word.value.metavar)}:{action}"


def _option(option: Option) -> Iterator[str]:
    for spelling in option.spellings:
        others = " ".join(one for one in option.spellings if one != spelling)
        before = "*" if option.repeats else f"({others})" if others else ""
        takes = option.value is not None
        equals = "=" if takes and spelling.startswith("--") else "+" if takes else ""
        value = f":{_escaped(option.value.metavar)}:{_action(option.value)}" if option.value else ""
        yield f"{before}{spelling}{equals}[{_escaped(option.help)}]{value}"


def _action(value: Value) -> str:
    if value.kind is Kind.CHOICE:
        return "(" + " ".join(choice.replace(":", r"\:") for choice in value.choices) + ")"
    return _ACTIONS[value.kind]


def _escaped(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, "\\" + character)
    return text


def _lines(texts: Iterable[str], indent: int) -> Iterator[str]:
    for text in texts:
        yield f" \\\n{' ' * indent}{_quoted(text)}"


def _listed(texts: Iterable[str], indent: int) -> Iterator[str]:
    for text in texts:
        yield f"\n{' ' * indent}{_quoted(text)}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
