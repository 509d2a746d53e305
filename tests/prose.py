"""
Finds the habits of speech that make this project's English hard to read.

It reads prose only: paragraphs of ``.rst`` files, docstrings, comments, and in ``groupchat/`` the
strings that users meet (errors, log lines, help). Literal blocks, ``literals`` and "quoted words"
are left out. It would rather miss a sentence than raise a false alarm. ::

    python -m tests.prose                 all findings, but for the files of the baseline
    python -m tests.prose docs/faults.rst all findings in these files
    python -m tests.prose --baseline      list the files that have findings in prose-baseline.txt

The baseline can only shrink: tests/test_prose.py fails if a file that it doesn't list has a
finding, or one that it lists has none.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
BASELINE = Path(__file__).with_name("prose-baseline.txt")
PLACES = (
    "*.rst",
    "*.cfg",
    "*.toml",
    ".ci/*",
    "docs/**/*",
    "etc/*",
    "groupchat/**/*",
    "tests/**/*",
    "twisted/plugins/*.py",
)


class Tic(NamedTuple):
    pattern: re.Pattern[str]
    advice: str


def tic(pattern: str, advice: str, flags: int = re.IGNORECASE) -> Tic:
    """A pattern in which a space matches any white space: sentences go over the ends of lines."""
    return Tic(re.compile(pattern.replace(" ", r"\s+"), flags), advice)


# The begin of a sentence, its rest without a question mark, and the begin of a clause.
_BEGIN = r"(?:\A|(?<=[.!?:]) |(?<=[.!?]\)) )(?:[-*] )?"
_QUESTION = r"(?![^.!?]*\?)"
_CLAUSE = (
    r"(?:\A|(?<=[.!?:;,]) |(?:\w(?<!\band)(?<!\bbut)(?<!\bor)) that |"
    r"\b(?:in|of|for|from|to|with|by|on|at) which |"
    r"\b(?:if|what|when|where|whom|as|unless|until|whether|because|while|so|names?) )"
)
_PEOPLE_DO = (
    "can|could|may|might|must|should|would|wants?|needs?|likes?|knows?|sees?|reads|says|said|asks|types|typed|chooses|joins|leaves|"
    "speaks|has|gets|makes|wishes|thinks|expects"
)

TICS = (
    tic(
        rf"{_BEGIN}(?:Who|Whom|Whose|Whoever)\b(?!')(?! (?:ever|cares)){_QUESTION}",
        "name the subject: the member, client, operator that …",
        re.NOFLAG,
    ),
    tic(
        rf"{_BEGIN}(?:What|Which|How|Why)\b(?!')(?! (?:to|if|about|is more|follows)\b){_QUESTION}",
        "begin with the subject: say what the thing is or does",
        re.NOFLAG,
    ),
    tic(
        rf"{_CLAUSE}one (?:{_PEOPLE_DO})\b(?![^.;]*\bthe others?\b)",
        "name who acts (server, client, member, operator), or say you",
    ),
    tic(
        r"(?<!\bno\s)(?<!\b(?:last|next)\s)(?<!\b(?:first|other|every)\s)(?<!\beach\s)\bone's\b|\boneself\b",
        "name whose it is (the member's), or say your",
    ),
    tic(r"(?<!\bno\s)\bones? who\b", "name them: the person, member, client that …"),
    tic(
        r"\b(?:come|comes|came|coming) in(?= |\b(?![ -]))"
        r"(?! (?:the|an?|its|their|this|that|which|any|all|one|two|three|four|several|many)\b)"
        r"(?! (?:between|handy|order|turn|pairs|batches)\b)",
        "say log in, join, connect or arrive",
    ),
    tic(r"\banew\b", "say again, or new"),
    tic(r"\bheed(?:s|ed|ing)?\b", "say obey, follow, check or accept"),
    tic(
        r"\bso (?:many|few)\b(?!(?: [^\s.,;:!?]+){0,6},? (?:that|as)\b)",
        "give the number or its name: at most N, a limited number of",
    ),
    tic(r"\b(?:nobody's|none's)\b", "say what does not exist or is not registered"),
    tic(
        r"\b(?:that|which|password|name) (?:is|are) none\b(?! of|')",
        "say what is wrong with it: invalid, empty, not a …",
    ),
    tic(rf"{_BEGIN}That are\b", "say There are, or begin with the subject", re.NOFLAG),
    tic(r"\b(?:see|sees|saw|seeing|seen) to it that\b", "say ensure, or make sure"),
    tic(r"\bwhat is kept of\b", "say what is stored: the hash of the password"),
    tic(
        r"\bborne\b|\bbears? (?:a|the|that|this|their|its|his|her|no|any|another) names?\b",
        "say has, uses or carries",
    ),
)


class Prose(NamedTuple):
    """A paragraph; `line` is where it begins, and each of its line ends is one in the file."""

    line: int
    text: str


class Finding(NamedTuple):
    path: Path
    line: int
    words: str
    advice: str

    def __str__(self) -> str:
        return f'{self.path}:{self.line}: "{self.words}": {self.advice}'


# Tics in a paragraph.

_LITERAL = re.compile(r"``.+?``|\"[^\"\n]{1,80}\"|“[^”]{1,80}”|`[^`\n]+`_?", re.DOTALL)


def findings(path: Path, paragraphs: Iterable[Prose]) -> Iterator[Finding]:
    """The tics in these paragraphs."""
    for paragraph in paragraphs:
        text = _LITERAL.sub(_blank, paragraph.text)
        for pattern, advice in TICS:
            for match in pattern.finditer(text):
                start = match.start() + len(match[0]) - len(match[0].lstrip())
                line = paragraph.line + text.count("\n", 0, start)
                yield Finding(
                    path,
                    line,
                    _words(paragraph.text[start : match.end() + 30], match.end() - start),
                    advice,
                )


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "_", match[0])


def _words(text: str, least: int) -> str:
    """The words that match, and the whole words after them."""
    found, rest = text[:least], text[least:]
    return " ".join(f"{found}{rest[: rest.rfind(' ')] if ' ' in rest else ''}".split())


# Where prose is.


def paragraphs(path: Path) -> Iterator[Prose]:
    """The prose of a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".rst":
        yield from of_page(text)
    elif path.suffix == ".py":
        yield from of_python(text, strings="groupchat" in path.parts[:-1])
    elif path.suffix == ".js":
        yield from _joined(_comments_of_javascript(text))
    elif path.suffix == ".sql":
        yield from _joined(
            (number, line.strip()[2:])
            for number, line in _numbered(text)
            if line.strip().startswith("--")
        )
    elif not path.suffix or path.suffix in (".cfg", ".toml", ".default", ".service"):
        yield from _joined(
            (number, line[1:]) for number, line in _numbered(text) if line.startswith("#")
        )


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.splitlines(), 1)


def of_page(text: str, first: int = 1) -> Iterator[Prose]:
    """
    The paragraphs of reStructuredText, without titles, literal blocks, directives and comments.
    """
    block: list[str] = []
    start, skipped = first, -1
    lines = text.splitlines()
    for number, line in enumerate([*lines, ""], first):
        indent = len(line) - len(line.lstrip())
        if line.strip() and skipped >= 0:
            if indent > skipped:
                continue
            skipped = -1
        if not line.strip() or _is_item(line):
            if block:
                yield Prose(start, "\n".join(block))
                if block[-1].endswith("::"):
                    skipped = (
                        len(block[-1]) - len(block[-1].lstrip())
                        if len(block) > 1
                        else _indent(lines, start - first)
                    )
            block = []
        if re.match(r"\s*(?:\.\. |__ )", line) and not re.match(r"\s*\.\. +\d", line):
            skipped, block = indent, []
        elif re.fullmatch(r"\s*([-=~^\"'+*#])\1{2,}\s*", line):
            block = []  # it underlines a title
        elif line.strip():
            start = start if block else number
            block.append(line if block else re.sub(r"^\s*(?:[-*] |\d+\. )?", "", line))


def _is_item(line: str) -> bool:
    return re.match(r"\s*(?:[-*] |\d+\. |\S*``.*``  +)", line) is not None


def _indent(lines: list[str], index: int) -> int:
    return len(lines[index]) - len(lines[index].lstrip())


def of_python(text: str, strings: bool = False) -> Iterator[Prose]:
    """The docstrings and comments of a module, and its other strings where they are asked for."""
    tree = ast.parse(text)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = [
        node.body[0].value
        for node in _statements(tree)
        if isinstance(node, documented) and ast.get_docstring(node, clean=False)
    ]
    for doc in docs:
        yield from of_page(doc.value, doc.lineno)
    yield from _joined(_comments(text))
    if strings:
        yield from _strings(tree, {id(doc) for doc in docs})


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """A module and its statements, but not the expressions in them, which are most of a tree."""
    yield node
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        inner = getattr(node, field, None)
        for child in inner if isinstance(inner, list) else ():
            yield from _statements(child)


#: A string or a comment, whichever begins first: far faster than all the tokens of a file.
_STRING_OR_COMMENT = re.compile(
    r"""(?s:('''|\"\"\")(?:[^\\]|\\.)*?\1|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")|(?P<comment>#.*)"""
)
_NOT_PROSE = re.compile(r"#!|# ?(?:fmt|type|noqa|ruff)\b")


def _comments(text: str) -> Iterator[tuple[int, str]]:
    line, counted = 1, 0
    for found in _STRING_OR_COMMENT.finditer(text):
        comment = found["comment"]
        if comment and not _NOT_PROSE.match(comment):
            line, counted = line + text.count("\n", counted, found.start()), found.start()
            alone = not text[text.rfind("\n", 0, counted) + 1 : counted].strip()
            yield (line if alone else -line, comment.lstrip("#:"))


def _comments_of_javascript(text: str) -> Iterator[tuple[int, str]]:
    """The lines of ``/** … */`` without their tags, and what is behind ``//``."""
    for number, line in _numbered(text):
        found = re.match(r"\s*/?\*+(.*)", line) or re.search(r"(?:^|[\s;])// (.*)", line)
        if found:
            words = re.sub(r"\{.*?\}|@\w+|\*/$", "", found[1])
            yield (-number if line.strip().startswith("* @") else number, words.strip())


def _joined(lines: Iterable[tuple[int, str]]) -> Iterator[Prose]:
    """
    Comments in lines that follow each other are a paragraph; one behind code (its number is
    negative) stands alone.
    """
    block: list[str] = []
    start = 0
    for number, line in lines:
        if block and (number != start + len(block) or not line.strip()):
            yield Prose(start, "\n".join(block))
            block = []
        if number < 0:
            yield Prose(-number, line.strip())
        elif line.strip():
            start = start if block else number
            block.append(line.strip())
    if block:
        yield Prose(start, "\n".join(block))


def _strings(tree: ast.AST, docs: set[int]) -> Iterator[Prose]:
    """Strings of three words or more; what an f-string puts in is an underscore."""
    inside = set(docs)
    for node in ast.walk(tree):  # whatever contains a node comes before it
        if id(node) in inside:
            continue
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in ast.walk(node)}
            text = "".join(
                part.value if isinstance(part, ast.Constant) else "_" for part in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if len(text.split()) > 2:
            yield Prose(node.lineno, text.replace("\n", " ").strip())


# The files, and those that are not clean yet.


def files() -> list[Path]:
    """All files with prose in them, from the project's directory on."""
    found = {path for place in PLACES for path in ROOT.glob(place) if path.is_file()}
    kinds = {"", ".rst", ".py", ".js", ".sql", ".cfg", ".toml", ".default", ".service"}
    return sorted(
        path.relative_to(ROOT) for path in found if path.suffix in kinds and not _is_made(path)
    )


def _is_made(path: Path) -> bool:
    return not {"__pycache__", "_build", "node_modules"}.isdisjoint(path.parts)


def check(paths: Iterable[Path]) -> dict[Path, list[Finding]]:
    """The findings in those of these files that have any."""
    found = {
        path: sorted(findings(path, paragraphs(ROOT / path)), key=lambda one: one.line)
        for path in paths
    }
    return {path: some for path, some in found.items() if some}


def baseline() -> set[Path]:
    """The files that are not clean yet."""
    return set(map(Path, BASELINE.read_text().split())) if BASELINE.exists() else set()


def main(arguments: list[str]) -> int:
    if arguments == ["--baseline"]:
        BASELINE.write_text("".join(f"{path}\n" for path in check(files())))
        return 0
    given = [Path(argument).resolve().relative_to(ROOT) for argument in arguments]
    found = check(given or set(files()) - baseline())
    for path in sorted(found):
        print(*found[path], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
