"""Manual pages, in the macros of man(7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from groupchat import __version__
from tests.generate.programs import Option, Program, Value, Verb, Word

__all__ = ["Page", "page"]


@dataclass(frozen=True)
class Page:
    """
    The parts of a manual page that no table has.

    :ivar summary: what the program is, in a few words.
    :ivar synopsis: the command lines, each the words after the name.
    :ivar description: paragraphs after the first one, which is the parser's.
    :ivar sections: more sections by title: terms, and what they mean. A term "" has none.
    :ivar examples: what each does, and the command.
    """

    summary: str
    synopsis: tuple[str, ...]
    description: tuple[str, ...] = ()
    sections: dict[str, dict[str, str]] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    see_also: tuple[str, ...] = ()


def page(program: Program, texts: Page) -> str:
    """Returns the manual page of a program."""
    return "".join(f"{line}\n" for line in _lines(program, texts))


def _lines(program: Program, texts: Page) -> Iterator[str]:
    name = program.name
    yield '.\\" Made by "python -m tests.generate".'
    yield f'.TH {name.upper()} 1 "" "groupchat {__version__}" "groupchat"'
    yield from (".SH NAME", f"{_escaped(name)} \\- {_escaped(texts.summary)}", ".SH SYNOPSIS")
    for number, synopsis in enumerate(texts.synopsis):
        yield from ([".br"] if number else [])
        yield f"\\fB{_escaped(synopsis.split()[0])}\\fR {_escaped(synopsis.partition(' ')[2])}"
    yield ".SH DESCRIPTION"
    for text in (program.description, *texts.description):
        yield from (".PP", _escaped(text))
    yield from _words(program.words)
    if program.verbs:
        yield ".SH VERBS"
        for verb in program.verbs:
            yield from _verb(verb)
    yield ".SH OPTIONS"
    for option in sorted(program.options, key=lambda one: one.spellings[-1]):
        yield from _option(option)
    for title, terms in texts.sections.items():
        yield f".SH {_escaped(title.upper())}"
        for term, meaning in terms.items():
            yield from ((".TP", f"\\fB{_escaped(term)}\\fR") if term else (".PP",))
            yield _escaped(meaning)
    yield from _examples(texts.examples)
    yield ".SH SEE ALSO"
    yield ",\n".join(f"\\fB{_escaped(one)}\\fR(1)" for one in texts.see_also)


def _words(words: Iterable[Word]) -> Iterator[str]:
    helps: dict[str, list[str]] = {}
    for word in words:
        helps.setdefault(word.help, []).append(_shown(word))
    for help, shown in helps.items():
        yield from (".TP", " ".join(shown), _sentence(help))


def _shown(word: Word) -> str:
    shown = f"\\fI{_escaped(word.value.metavar)}\\fR" + (" ..." if word.rest else "")
    return f"[{shown}]" if word.optional else shown


def _verb(verb: Verb) -> Iterator[str]:
    words = " ".join(_shown(word) for word in verb.words)
    yield from (".TP", f"\\fB{_escaped(verb.name)}\\fR {words}".strip())
    helps = [f"{word.value.metavar}: {word.help}." for word in verb.words]
    own = [option for option in verb.options if option.spellings[-1] not in ("--help", "--json")]
    asked = [f"{option.spellings[-1]}: {option.help}." for option in own]
    yield _escaped(" ".join([f"{_capital(verb.help)}.", *helps, *asked]))


def _option(option: Option) -> Iterator[str]:
    value = _metavar(option.value)
    yield from (".TP", ", ".join(f"\\fB{_escaped(one)}\\fR{value}" for one in option.spellings))
    yield _sentence(option.help + ("; may be given more than once" if _unsaid(option) else ""))


def _unsaid(option: Option) -> bool:
    return option.repeats and "more than once" not in option.help


def _metavar(value: Value | None) -> str:
    return f" \\fI{_escaped(value.metavar)}\\fR" if value else ""


def _examples(examples: dict[str, str]) -> Iterator[str]:
    if examples:
        yield ".SH EXAMPLES"
    for what, command in examples.items():
        yield from (".PP", _escaped(what), ".PP", ".RS 4", ".EX", _escaped(command), ".EE", ".RE")


def _sentence(text: str) -> str:
    return _escaped(f"{_capital(text)}.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _escaped(text: str) -> str:
    """Returns text that troff prints as it is."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    text = text.replace("~", "\\(ti").replace("^", "\\(ha").replace("`", "\\(ga")
    return f"\\&{text}" if text.startswith((".", "'")) else text
