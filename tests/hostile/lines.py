"""Hostile cases: lines that are no I-JSON, and fields that are not what their verb takes."""

from __future__ import annotations

import json
from typing import Any

from tests.hostile.case import ME, TOO_LONG_LINE, Case, alike, case, line, part, said

PONG = "pong"
BIG = 2**53


def ping(x: str) -> bytes:
    """A line with this in a field that is ignored."""
    return f'{{"type":"ping","x":{x}}}\n'.encode()


def say(**fields: str) -> bytes:
    """A line that says "hi", with these fields as they are written."""
    more = "".join(f',"{key}":{value}' for key, value in fields.items())
    return f'{{"type":"say","room":"lobby","text":"hi"{more}}}\n'.encode()


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    """Returns a line of `depth` levels, its own object included."""
    return ping(opening * (depth - 1) + "1" + closing * (depth - 1))


# Lines that are not JSON.

NO_JSON = {
    "nothing but a space": b" \n",
    "a word": b"hello\n",
    "a number for a line": b"1\n",
    "a text for a line": b'"quit"\n',
    "null for a line": b"null\n",
    "true for a line": b"true\n",
    "an array for a line": b"[]\n",
    "a line in an array": b'[{"type":"ping"}]\n',
    "two lines in an array": b'[{"type":"ping"},{"type":"ping"}]\n',
    "an object that does not end": b'{"type":"ping"\n',
    "a text that does not end": b'{"type":"ping\n',
    "a key without a value": b'{"type"}\n',
    "a key that is a number": b'{"type":"ping",1:2}\n',
    "a key that is null": b'{"type":"ping",null:2}\n',
    "a word for a key": b"{type:ping}\n",
    "apostrophes for quotation marks": b"{'type':'ping'}\n",
    "a comma before the end": b'{"type":"ping",}\n',
    "a comma before the beginning": b'{,"type":"ping"}\n',
    "a colon too many": b'{"type"::"ping"}\n',
    "a letter behind a line": b'{"type":"ping"}x\n',
    "a bracket behind a line": b'{"type":"ping"}}\n',
    "two objects on a line": b'{"type":"ping"}{"type":"ping"}\n',
    "two objects with a comma": b'{"type":"ping"},{"type":"ping"}\n',
    "a comment behind a line": b'{"type":"ping"} // hello\n',
    "a comment in a line": b'{/* hello */"type":"ping"}\n',
    "a NUL before a line": b'\0{"type":"ping"}\n',
    "a NUL behind a line": b'{"type":"ping"}\0\n',
    "a vertical tab behind a line": b'{"type":"ping"}\x0b\n',
    "a no-break space behind a line": '{"type":"ping"}\u00a0\n'.encode(),
    "a tab in a text": b'{"type":"ping","x":"\t"}\n',
    "a control in a text": b'{"type":"ping","x":"\x1f"}\n',
    "an escape that is none": b'{"type":"ping","x":"\\x41"}\n',
    "an escape that is cut": b'{"type":"ping","x":"\\u12"}\n',
    "an escape of no hexadecimals": b'{"type":"ping","x":"\\u12g4"}\n',
    "a backslash at the end": b'{"type":"ping","x":"\\"}\n',
    "NaN": ping("NaN"),
    "Infinity": ping("Infinity"),
    "minus Infinity": ping("-Infinity"),
    "a number that begins with 0": ping("01"),
    "a number that begins with a plus": ping("+1"),
    "a number that ends with a point": ping("1."),
    "a number that begins with a point": ping(".5"),
    "a number without digits": ping("-"),
    "a hexadecimal number": ping("0x10"),
    "a number with an underscore": ping("1_000"),
    "digits of another script": ping("١"),
    "True as Python writes it": ping("True"),
    "undefined": ping("undefined"),
    "a high surrogate alone": ping('"\\ud800"'),
    "a low surrogate alone": ping('"\\udc00"'),
    "two surrogates the wrong way round": ping('"\\udc00\\ud800"'),
    "two high surrogates": ping('"\\ud83d\\ud83d"'),
    "a high surrogate and a letter": ping('"\\ud83d\\u0041"'),
    "a lone surrogate in a text": say(text='"a \\ud800 b"'),
    "a lone surrogate in a key": b'{"type":"ping","\\ud800":1}\n',
    "a lone surrogate in the type": b'{"type":"\\ud800"}\n',
    "NaN in a text's place": say(text="NaN"),
    "a form of a web page": b"type=say&room=lobby&text=hi\n",
    "XML": b"<say room='lobby'>hi</say>\n",
    "YAML": b"type: ping\n",
    "MessagePack": b"\x81\xa4type\xa4ping\n",
    "a pickle": b"\x80\x04\x95.\n",
    "brackets that nothing closes": b"[" * 32 + b"\n",
}

NESTED = {
    "33 levels of arrays": nested(33),
    "33 levels of objects": nested(33, '{"a":', "}"),
    "33 levels in turns": nested(33, "[", "]").replace(b"[[", b'[{"a":').replace(b"]]", b"}]"),
    "a thousand levels": nested(1000),
    "16000 levels": nested(16_000),
    "5000 levels of objects": nested(5000, '{"a":', "}"),
    "32000 brackets that nothing closes": b"[" * 32_000 + b"\n",
    "6000 objects that nothing closes": b'{"a":' * 6000 + b"\n",
    "32000 brackets that nothing opens": b"]" * 32_000 + b"\n",
    "33 brackets and a line of quotation marks": b"[" * 33 + b'"\\' * 16_000 + b"\n",
    "33 brackets and a text of quotation marks that nothing ends": b"[" * 33
    + b'"'
    + b'\\"' * 16_000
    + b"\n",
    "33 brackets in a text that nothing ends": b'{"x":"' + b"[" * 33 + b'\\"' * 16_000 + b"\n",
    "33 brackets and a line of backslashes": b"[" * 33 + b"\\" * 32_000 + b"\n",
}


def no_json():
    for name, data in {**NO_JSON, **NESTED}.items():
        code = "bad-utf8" if name in ("MessagePack", "a pickle") else "bad-json"
        yield alike(name, data, f"error {code}")
    yield case(
        "100000 levels",
        json=part(nested(100_000), "error line-too-long"), plain=part(b"[" * 100_000 + b"\n", TOO_LONG_LINE),
    )  # fmt: skip
    yield alike(
        "a hundred thousand levels, 32000 a line",
        (b"[" * 32_000 + b"\n") * 3,
        ["error bad-json"] * 3,
    )


# Odd lines that are accepted.


def fine():
    yield alike("32 levels", nested(32), PONG)
    yield alike("32 levels of objects", nested(32, '{"a":', "}"), PONG)
    yield alike("many brackets side by side", ping("[" + "[]," * 5000 + "[]]"), PONG)
    yield alike("many brackets in a text", ping('"' + "[{" * 5000 + '"'), PONG)
    yield alike("brackets behind an escaped quotation mark", ping('"\\"' + "[" * 100 + '"'), PONG)
    yield alike(
        "ten thousand fields that are ignored",
        ping("{" + ",".join(f'"{i}":0' for i in range(3000)) + "}"),
        PONG,
    )
    yield alike("a key of 30000 letters", f'{{"type":"ping","{"k" * 30_000}":1}}\n'.encode(), PONG)
    yield alike(
        "a thousand fields of the same name", b'{"type":"ping"' + b',"x":1' * 1000 + b"}\n", PONG
    )
    yield alike("1e400 in a field that is ignored", ping("1e400"), PONG)
    yield alike("16000 digits in a field that is ignored", ping("9" * 16_000), PONG)
    yield alike("a fraction of 16000 digits", ping("0." + "3" * 16_000), PONG)
    yield alike("an exponent of a thousand digits", ping("1e" + "9" * 1000), PONG)
    yield alike("minus 0 in a field that is ignored", ping("-0"), PONG)
    yield alike(
        "fields that no verb has",
        b'{"type":"ping","__class__":"x","__proto__":{},"constructor":1,"":2}\n',
        PONG,
    )
    yield alike("a field of another verb", b'{"type":"ping","room":5,"text":[]}\n', PONG)
    yield alike("a key with a NUL", b'{"type":"ping","\\u0000":1}\n', PONG)
    yield alike("white space between all", b' \t{ "type"\t:\r "ping" , "x" : [ ] } \n', PONG)
    yield alike("an escaped type", b'{"\\u0074ype":"\\u0070ing"}\n', PONG)
    yield alike(
        "an emoji by its surrogates", b'{"type":"ping","ref":"\\ud83d\\udc4b"}\n', "pong ref=👋"
    )
    yield alike("the type at the end", b'{"x":{"type":"quit"},"type":"ping"}\n', PONG)
    yield alike("the type twice, the last one good", b'{"type":"dance","type":"ping"}\n', PONG)
    yield alike(
        "the type twice, the last one bad",
        b'{"type":"ping","type":"dance"}\n',
        "error unknown-type",
    )
    yield alike(
        "the type twice, the last one null", b'{"type":"ping","type":null}\n', "error bad-field"
    )
    yield alike("a text twice", say(text='"ho"'), said("ho"), f"{ME}: ho")
    yield alike(
        "a text twice, the first one no text", say(text='5,"text":"ho"'), said("ho"), f"{ME}: ho"
    )
    yield alike("a room twice, the last one bad", say(room="5"), "error bad-field")
    yield alike("an n twice", say(n='7,"n":1'), said("hi", n=1), f"{ME}: hi")
    yield alike("a ref of 64 letters", line("ping", ref="r" * 64), f"pong ref={'r' * 64}")
    yield alike("a ref of 65 letters", line("ping", ref="r" * 65), "error bad-field")
    yield alike(
        "a ref with controls", b'{"type":"ping","ref":"\\u0000\\u001b"}\n', "pong ref=\0\x1b"
    )
    yield alike("an empty ref", line("ping", ref=""), "pong ref=")
    for field in ("act", "notice", "n", "ref"):
        yield alike(f"null for {field}", say(**{field: "null"}), said("hi"), f"{ME}: hi")
    for verb, field, told in (
        ("join", "epoch", "error already-in room=lobby"),
        ("join", "after", "error already-in room=lobby"),
        ("history", "before", "history room=lobby messages= more=False"),
        ("history", "limit", "history room=lobby messages= more=False"),
        ("who", "after", f"who room=lobby members=amy,ben,{ME} count=3"),
        ("topic", "text", "topic room=lobby text= from="),
    ):
        yield alike(
            f"null for the {field} of {verb}",
            line(verb, room="lobby", **{field: None}),
            told,
            apart=True,
        )


# Types.


def types():
    for name, kind in {
        "no type": None, "a type that is a number": 5, "a type that is a list": ["ping"], "a type that is an object": {"ping": 1},
        "a type that is true": True,
    }.items():  # fmt: skip
        fields = {} if kind is None else {"type": kind}
        yield alike(
            name,
            json.dumps({**fields, "ref": "r", "room": "lobby"}).encode() + b"\n",
            "error bad-field room=lobby ref=r",
        )
    yield alike("an empty object", b"{}\n", "error bad-field")
    for name, kind in {
        "an empty type": "", "an unknown type": "dance", "a type in capitals": "PING", "a type with a capital": "Ping",
        "a type with a space": "ping ", "a type with a NUL": "ping\0", "a type of the server's": "welcome",
        "a message as the server tells it": "message", "a bye": "bye", "an ok": "ok", "an error": "error", "presence": "presence",
        "a type that only people have": "help", "another one": "moveto", "a type that Python has": "__class__",
        "a type that the code has": "operate", "a type of 30000 letters": "x" * 30_000, "a type of look-alikes": "рing",
    }.items():  # fmt: skip
        yield alike(
            f"{name} for a type" if "type" not in name else name,
            line(kind, ref="r"),
            "error unknown-type ref=r",
        )
    yield alike("a hundred unknown types", line("dance") * 100, ["error unknown-type"] * 100 + ["bye unknown-type"],
                f"{ME} left.", "closed")  # fmt: skip
    yield alike(
        "a hundred lines without a type",
        b"{}\n" * 100,
        ["error bad-field"] * 100 + ["bye bad-field"],
        f"{ME} left.",
        "closed",
    )
    yield alike(
        "a hundred lines without sense",
        b"x\n" * 100,
        ["error bad-json"] * 100 + ["bye bad-json"],
        f"{ME} left.",
        "closed",
    )


# Fields.

TEXT: list[Any] = [5, True, [], {}]
NUMBER: list[Any] = ["1", 1.5, True, [], -1, BIG]
FLAG: list[Any] = [1, "true", []]

#: Each verb with the fields that it needs, and for every field what it is.
VERBS: dict[str, tuple[dict[str, Any], dict[str, list[Any]]]] = {
    "join": ({"room": "lobby"}, {"room": TEXT, "epoch": TEXT, "after": NUMBER}),
    "leave": ({"room": "lobby"}, {"room": TEXT}),
    "say": (
        {"room": "lobby", "text": "hi"},
        {"room": TEXT, "text": TEXT, "act": FLAG, "notice": FLAG, "n": [*NUMBER, 0]},
    ),
    "tell": ({"to": "amy", "text": "hi"}, {"to": TEXT, "text": TEXT, "notice": FLAG}),
    "history": (
        {"room": "lobby"},
        {"room": TEXT, "before": NUMBER, "after": NUMBER, "limit": [*NUMBER, 0, 1001]},
    ),
    "who": ({"room": "lobby"}, {"room": TEXT, "after": TEXT}),
    "rooms": ({}, {"after": TEXT}),
    "rename": ({"name": "mal"}, {"name": TEXT}),
    "topic": ({"room": "lobby"}, {"room": TEXT, "text": TEXT}),
    "ping": ({}, {"ref": TEXT}),
    "register": ({"password": "secret"}, {"password": TEXT}),
    "token": ({"name": "backup"}, {"name": TEXT}),
    "tokens": ({}, {"ref": TEXT}),
    "revoke": ({"name": "backup"}, {"name": TEXT}),
    "kick": ({"name": "amy"}, {"name": TEXT, "seconds": [*NUMBER, 0, 60], "text": TEXT}),
    "mute": ({"name": "amy"}, {"name": TEXT, "seconds": [0]}),
    "unmute": ({"name": "amy"}, {"name": TEXT}),
    "op": ({"name": "amy"}, {"name": TEXT}),
    "deop": ({"name": "amy"}, {"name": TEXT}),
    "ban": ({"name": "amy"}, {"name": TEXT, "address": TEXT, "seconds": [*NUMBER, 0]}),
    "unban": ({"address": "192.0.2.1"}, {"address": TEXT}),
    "max": ({"max": 5}, {"max": [*NUMBER, 0]}),
    "bans": ({}, {"after": TEXT}),
    "mutes": ({}, {"after": TEXT}),
    "notice": ({"text": "hi"}, {"text": TEXT}),
}


def fields():
    for verb, (needed, kinds) in VERBS.items():
        for field, values in kinds.items():
            yield _wrong(f"a wrong {field} for {verb}", verb, needed, field, values)
        for field in needed:
            yield _wrong(f"{verb} without its {field}", verb, needed, field, [None])


def _wrong(name: str, verb: str, needed: dict[str, Any], field: str, values: list[Any]) -> Case:
    lines = [{"ref": "r", **needed, field: value} for value in values]
    told = ["error bad-field" + _given(fields) for fields in lines]
    return alike(name, b"".join(line(verb, **fields) for fields in lines), told)


def _given(fields: dict[str, Any]) -> str:
    """Every one of room and ref that was given comes back."""
    return "".join(
        f" {key}={fields[key]}" for key in ("room", "ref") if isinstance(fields.get(key), str)
    )


def numbers():
    """An invalid n. (Valid ones at the wrong time are with the verbs.)"""
    for name, n in {
        "1.0": "1.0", "1e0": "1e0", "1e400": "1e400", "minus 1": "-1", "2 to the 63rd": str(2**63), "2 to the 64th": str(2**64),
        "minus 2 to the 63rd": str(-(2**63)), "16000 digits": "1" * 16_000, "a fraction of 16000 digits": "1." + "0" * 16_000,
    }.items():  # fmt: skip
        yield alike(f"{name} for n", say(n=n), "error bad-field room=lobby")
    yield alike(
        "2 to the 53rd less 1 for n",
        say(n=str(BIG - 1)),
        f"error out-of-order n={BIG - 1} room=lobby want=1",
    )


CASES = [*no_json(), *fine(), *types(), *fields(), *numbers()]
