"""Hostile cases: texts that want to be more than text."""

from __future__ import annotations

import unicodedata

from tests.hostile.case import (
    BIDI,
    EMPTY,
    LINE_END,
    ME,
    TOO_LONG,
    Case,
    Do,
    case,
    line,
    part,
    said,
    said_at_once,
    shown,
    typed,
)


def say(text: str, **more: object) -> bytes:
    return line("say", room="lobby", text=text, **more)


def text(name: str, what: str) -> Case:
    """
    Someone says this; others see it, with its controls made visible, behind its sender's name.
    """
    seen = shown(what)
    data = what.encode() + b"\n"
    return case(
        name,
        json=part(say(what), said(seen), f"{ME}: {seen}"),
        plain=part(
            data, heard=[words for one in LINE_END.split(data)[:-1] for words in typed(one)[1]]
        ),
    )


def refused(name: str, what: str, code: str, why: str) -> Case:
    return case(
        name,
        json=part(say(what), f"error {code} room=lobby"),
        plain=part(what.encode() + b"\n", why),
    )


def controls():
    for code in [*range(0x20), 0x7F, *range(0x80, 0xA0)]:
        if code not in (0x09, 0x0A):
            yield text(f"U+{code:04X} in a text", f"a{chr(code)}b")
    for code in [*BIDI, 0x2028, 0x2029]:
        yield text(f"{unicodedata.name(chr(code)).lower()} in a text", f"a{chr(code)}b")
    yield text("a tab in a text, which is none of them", "a\tb")
    lines = "one\ntwo"
    yield case(
        "an LF in a text",
        json=part(say(lines), said("one␊two"), f"{ME}: one␊two"),
        plain=part(f"{lines}\n".encode(), heard=[f"{ME}: one", f"{ME}: two"]),
    )
    yield case(
        "a line end and the server's own word behind it",
        json=part(say("hi\r\n-- ben left."), said("hi␍␊-- ben left."), f"{ME}: hi␍␊-- ben left."),
        plain=part(b"hi\r\n-- ben left.\r\n", heard=[f"{ME}: hi", f"{ME}: -- ben left."]),
    )
    yield case(
        "escapes for controls",
        json=part(b'{"type":"say","room":"lobby","text":"\\u0000\\u001b[2J\\u007f\\u009b\\u202e"}\n', said("␀␛[2J␡\ufffd\ufffd"),
                  f"{ME}: ␀␛[2J␡\ufffd\ufffd"),
        plain=part(b"\\u0000\\u001b[2J\n", heard=f"{ME}: \\u0000\\u001b[2J"),
    )  # fmt: skip


TERMINALS = {
    "a cleared screen": "\x1b[2J\x1b[H",
    "another title for the window": "\x1b]0;root@host\x07",
    "something for the clipboard": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "a link to elsewhere": "\x1b]8;;http://example.com\x1b\\bank\x1b]8;;\x1b\\",
    "a question to the terminal": "\x1b[6n\x1b[c\x1bZ",
    "a control sequence of one letter": "\x9b2J",
    "backspaces over one's name": "\b" * 9 + "ben: hi",
    "a return to the line's beginning": "\rben: hi",
    "a bell": "\a\a\a",
    "colours": "\x1b[31mred\x1b[0m",
    "another character set": "\x0e\x1b(0",
    "a picture": "\x1bPq#0;2;0;0;0~-\x1b\\",
    "words from right to left": "\u202egnp.exe",
    "an isolate that does not end": "\u2067abc",
    "a form feed": "\f",
    "a vertical tab": "\v",
}

PRETENDING = {
    "the server's word": "-- ben left.",
    "an error of the server's": "! The server is full (20 of 20). Try again later.",
    "another's line": "ben: hi",
    "another's private line": "ben (to you): psst",
    "a line of history": "[2026-11-22 14:03] ben: hi",
    "another's act": "* ben waves",
    "the server's question": "What is your name?",
    "a welcome": "-- Welcome to lobby, mallory. 1 here: mallory.",
    "a line of the JSON wire": '{"type":"message","room":"lobby","id":7,"at":"","from":"ben","text":"hi"}',
    "a bye of the JSON wire": '{"type":"bye","code":"banned","text":"Go."}',
    "a look-alike of the server's mark": "‐‐ ben left.",
    "many spaces and another's line": " " * 200 + "ben: hi",
    "an entity": "&lt;b&gt; &#10; &amp;",
    "a web page": "<script>alert(1)</script>",
    "a format": "%s %n %d {0.__class__} {} {name} {x!r}",
    "a lookup": "${jndi:ldap://example.com/a}",
    "a statement": "'); DROP TABLE messages; --",
    "a path": "../../../../etc/passwd",
    "a command of a shell": "$(reboot) `reboot` ; reboot",
    "a quotation mark and a backslash": '"\\" \\n \\u0000',
    "a number": "0",
    "null": "null",
    "a name and a colon": "mallory: ",
}

ODD = {
    "a zero width space": "\u200b",
    "a zero width joiner": "a\u200db",
    "a word joiner": "\u2060",
    "a zero width no-break space": "a\ufeff",
    "a soft hyphen": "\u00ad",
    "a Hangul filler": "\u3164",
    "a Braille blank": "\u2800",
    "a combining letter alone": "\u0301",
    "a letter with a hundred marks": "z" + "\u0301" * 100,
    "a variation selector": "\ufe0f",
    "tags": "\U000e0041\U000e007f",
    "a mark from left to right": "\u200e\u200f\u061c",
    "a noncharacter": "\ufffe\uffff\ufdd0",
    "the last code there is": "\U0010ffff",
    "a private letter": "\ue000",
    "a code that is not assigned": "\u0378",
    "a replacement character": "\ufffd",
    "an emoji of seven codes": "👨\u200d👩\u200d👧\u200d👦",
    "Arabic": "مرحبا",
    "Arabic and Latin": "abc مرحبا def",
    "the long ligature": "﷽" * 20,
    "a letter that becomes two": "ßİŉ",
    "letters of Mathematics": "𝖇𝖊𝖓",
    "an interlinear annotation": "\ufff9a\ufffab\ufffb",
    "an object replacement": "\ufffc",
}

WHITE = {
    "a space": " ", "a tab": "\t", "a no-break space": "\u00a0", "an Ogham space": "\u1680", "an en quad": "\u2000",
    "a hair space": "\u200a", "a narrow no-break space": "\u202f", "a mathematical space": "\u205f",
    "an ideographic space": "\u3000",
    "all spaces there are": "\t \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
    "four thousand spaces": " " * 4000,
}  # fmt: skip


def words():
    for name, what in {**TERMINALS, **PRETENDING, **ODD}.items():
        yield text(f"{name} for a text", what)
    for name, what in WHITE.items():
        yield refused(f"{name} for all there is in a text", what, "text-empty", EMPTY)
    yield case(
        "an empty text",
        json=part(say(""), "error text-empty room=lobby"),
        plain=part(b"/me \n", f"! /me: t{EMPTY[3:]}"),
    )
    yield text("white space and a control, which can be seen", " \t\x0b ")


def lengths():
    yield text("a text of 4096 bytes", "x" * 4096)
    yield text("a text of 4096 bytes in 2048 letters", "é" * 2048)
    yield text("a text of 4096 bytes in 1024 emoji", "👋" * 1024)
    yield text("1365 controls, which are 4095 bytes", "\x01" * 1365)
    for name, what in {
        "a text of 4097 bytes": "x" * 4097,
        "a text of 4098 bytes in 2049 letters": "é" * 2049,
        "a text of 4100 bytes in 1025 emoji": "👋" * 1025,
        "1366 controls, which are 4098 bytes": "\x01" * 1366,
        "a text of 30000 bytes": "x" * 30_000,
        "5000 spaces": " " * 5000,
    }.items():
        yield refused(name, what, "text-too-long", TOO_LONG)


def other_places():
    """The same in acts, private words and topics."""
    for name, what in {
        "a cleared screen": "\x1b[2J",
        "another's line": "ben: hi",
        "words from right to left": "\u202egnp.exe",
    }.items():
        seen = shown(what)
        yield case(
            f"{name} for an act",
            json=part(say(what, act=True), said(seen, act=True), f"* {ME} {seen}"),
            plain=part(f"/me {what}\n".encode(), heard=f"* {ME} {seen}"),
        )
        yield case(
            f"{name} for a topic",
            json=part(line("topic", room="lobby", text=what), ["ok room=lobby", f"topic room=lobby text={seen} from={ME}"],
                      f"{ME} set the topic: {seen}"),
            plain=part(f"/topic {what}\n".encode(), f"-- {ME} set the topic: {seen}", f"{ME} set the topic: {seen}"),
            apart=True,
        )  # fmt: skip
        yield case(
            f"{name} for a private word",
            json=part(
                line("tell", to=ME, text=what), [f"tell from={ME} to={ME} text={seen}", "ok"]
            ),
            plain=part(f"/msg {ME} {what}\n".encode(), f"{ME} (to you): {seen}"),
        )
    long = "! /topic: a topic has at most 512 bytes. Make it shorter."
    topic = line("topic", room="lobby", text="x" * 512)
    set_it = f"{ME} set the topic: {'x' * 512}"
    yield case(
        "a topic of 512 bytes",
        json=part(topic, ["ok room=lobby", f"topic room=lobby text={'x' * 512} from={ME}"], set_it),
        plain=part(b"/topic " + b"x" * 512 + b"\n", f"-- {set_it}", set_it),
        apart=True,
    )
    for name, what in {
        "513 bytes": "x" * 513,
        "514 bytes in 257 letters": "é" * 257,
        "171 controls": "\x01" * 171,
    }.items():
        yield case(
            f"a topic of {name}",
            json=part(line("topic", room="lobby", text=what), "error text-too-long room=lobby"),
            plain=part(f"/topic {what}\n".encode(), long),
        )
    for name, what in {"nothing": "", "white space": " \u3000 "}.items():
        yield case(
            f"a private word of {name}",
            json=part(line("tell", to="amy", text=what), "error text-empty"),
            plain=part(f"/msg amy {what}\n".encode(), "! /msg: type it like this: /msg NAME TEXT"),
        )
    yield case(
        "a private word of 4097 bytes",
        json=part(line("tell", to="amy", text="x" * 4097), "error text-too-long"),
        plain=part(b"/msg amy " + b"x" * 4097 + b"\n", f"! /msg: a{TOO_LONG[3:]}"),
    )
    yield case(
        "a line that looks like a command",
        json=part(say("/quit"), said("/quit"), f"{ME}: /quit"), plain=part(b"//quit\n", heard=f"{ME}: /quit"),
    )  # fmt: skip
    yield case(
        "three slashes",
        json=part(say("///"), said("///"), f"{ME}: ///"), plain=part(b"///\n", heard=f"{ME}: //"),
    )  # fmt: skip
    yield case(
        "the same text twice",
        json=part(say("hi") * 2, said_at_once("hi", "hi"), [f"{ME}: hi"] * 2), plain=part(b"hi\nhi\n", heard=[f"{ME}: hi"] * 2),
    )  # fmt: skip
    yield case(
        "a text, and gone",
        json=part([say("hi"), Do.ABORT], said("hi"), [f"{ME}: hi", f"{ME} left."], "closed"),
        plain=part([b"hi\n", Do.ABORT], (), [f"{ME}: hi", f"{ME} left."], "closed"),
    )


CASES = [*controls(), *words(), *lengths(), *other_places()]
