"""Hostile cases: bytes that are no lines, and lines that are no UTF-8."""

from __future__ import annotations

from tests.hostile.case import (
    BAD_NAME,
    ME,
    NO_UTF8,
    TOO_LONG,
    TOO_LONG_LINE,
    Do,
    Send,
    Wait,
    alike,
    case,
    hello,
    line,
    part,
    raw,
    said,
    said_at_once,
)  # fmt: skip

PING, PONG = b'{"type":"ping"}\n', "pong"
HI = line("say", room="lobby", text="hi")
HEARD = f"{ME}: hi"


def padded(size: int) -> bytes:
    """Returns a ping of `size` bytes, its LF included."""
    return b'{"type":"ping","x":"' + b"x" * (size - 23) + b'"}\n'


def ends():
    yield case("an empty line", json=part(b"\n", "error bad-json"), plain=part(b"\n"))
    yield case("a CR alone on its line", json=part(b"\r\n", "error bad-json"), plain=part(b"\r\n"))
    yield case(
        "a CR before the LF",
        json=part(HI[:-1] + b"\r\n", said("hi"), HEARD),
        plain=part(b"hi\r\n", heard=HEARD),
    )
    yield case(
        "two CRs before the LF",
        json=part(HI[:-1] + b"\r\r\n", said("hi"), HEARD),
        plain=part(b"hi\r\r\n", heard=f"{HEARD}␍"),
    )
    yield case(
        "an LF before the CR",
        json=part(HI + b"\r" + HI, said_at_once("hi", "hi"), [HEARD, HEARD]),
        plain=part(b"hi\n\rhi\n", heard=[HEARD, f"{ME}: ␍hi"]),
    )
    yield case(
        "lines that end in CR alone, as on an old Macintosh",
        json=part(PING[:-1] + b"\r" + PING, "error bad-json"),
        plain=part(b"one\rtwo\n", heard=f"{ME}: one␍two"),
    )
    yield case("a CR and a NUL at the end, as telnet sends them", json=part(HI[:-1] + b"\r\0\n", "error bad-json"),
               plain=part(b"hi\r\0hi\r\0", heard=[HEARD] * 2))  # fmt: skip
    yield case("a CR and a NUL, each in a piece of its own", json=part(Send(HI[:-1] + b"\r\n", 1), said("hi"), HEARD),
               plain=part(Send(b"hi\r\0hi\r\n", 1), heard=[HEARD] * 2))  # fmt: skip
    for name, data in {
        "with a line end": b"\x04\r\n",
        "and nothing behind it": [b"\x04", Wait(2)],
    }.items():
        quit = line("quit")
        yield case(f"a Ctrl-D {name}", json=part(quit, ["bye quit"], f"{ME} left.", "closed"),
                   plain=part(data, "-- Bye.", f"{ME} left.", "closed"))  # fmt: skip
    yield case("a Ctrl-D behind a word", json=part(b"hi\x04\n", "error bad-json"),
               plain=part([b"hi\x04", Wait(2), b"\n"], heard=f"{HEARD}␄"))  # fmt: skip
    yield alike("a form feed for a line end", b"one\x0ctwo\n", "error bad-json")
    yield alike("a NEL for a line end", b"one\xc2\x85two\n", "error bad-json")
    yield alike("a line separator for a line end", "one\u2028two\n".encode(), "error bad-json")
    yield alike("a NUL for a line", b"\0\n", "error bad-json")
    yield alike("a thousand NULs for a line", b"\0" * 1000 + b"\n", "error bad-json")
    yield case(
        "99 empty lines", json=part(b"\n" * 99, ["error bad-json"] * 99), plain=part(b"\n" * 99)
    )
    yield case(
        "a hundred empty lines",
        json=part(
            b"\n" * 100, ["error bad-json"] * 100 + ["bye bad-json"], f"{ME} left.", "closed"
        ),
        plain=part(b"\n" * 100),
    )
    yield case(
        "a megabyte of empty lines",
        json=part(
            b"\n" * 1_000_000, ["error bad-json"] * 100 + ["bye bad-json"], f"{ME} left.", "closed"
        ),
        plain=part(b"\r\n" * 500_000),
    )


def lengths():
    for size in (32_767, 32_768):
        yield case(
            f"a line of {size} bytes",
            json=part(padded(size), PONG),
            plain=part(b"x" * (size - 1) + b"\n", TOO_LONG),
        )
    for size in (32_769, 32_770, 65_535, 65_536, 65_537, 1_000_000):
        yield case(
            f"a line of {size} bytes",
            json=part(padded(size), "error line-too-long"),
            plain=part(b"x" * (size - 1) + b"\n", TOO_LONG_LINE),
        )
    yield case(
        "a line of 32768 bytes that ends in CR and LF",
        json=part(padded(32_767)[:-1] + b"\r\n", PONG),
        plain=part(b"x" * 32_766 + b"\r\n", TOO_LONG),
    )
    yield case(
        "a line that is too long in pieces of a thousand bytes",
        json=part(Send(padded(40_000), 1000), "error line-too-long"),
        plain=part(Send(b"x" * 40_000 + b"\n", 1000), TOO_LONG_LINE),
    )
    yield case(
        "a good line behind one that is too long",
        json=part(padded(40_000) + HI, ["error line-too-long", *said("hi")], HEARD),
        plain=part(b"x" * 40_000 + b"\nhi\n", TOO_LONG_LINE, HEARD),
    )
    yield case(
        "a line of two megabytes that never ends",
        json=part(b"x" * 2_000_000), plain=part(b"x" * 2_000_000), lives=False,
    )  # fmt: skip
    yield case(
        "a line of NULs that never ends",
        json=part(b"\0" * 500_000), plain=part(b"\0" * 500_000), lives=False,
    )  # fmt: skip
    yield raw(
        "first bytes that never end a line",
        [b"x" * 1_000_000, Wait(11)],
        "! Nothing was heard from you for too long.",
    )
    yield case(
        "a hundred lines that are too long",
        json=part(
            b"".join([padded(32_769)] * 100),
            ["error line-too-long"] * 100 + ["bye line-too-long"],
            f"{ME} left.",
            "closed",
        ),
        plain=part(
            (b"x" * 32_768 + b"\n") * 100,
            [TOO_LONG_LINE] * 100
            + ["! Too many bad lines. The last one: A line has at most 32768 bytes."],
            f"{ME} left.",
            "closed",
        ),
    )


def pieces():
    text = "zoë 👋 日本"
    both = line("say", room="lobby", text=text)
    for each in (1, 2, 3, 7):
        yield case(
            f"a line in pieces of {each} bytes",
            json=part(Send(both, each), said(text), f"{ME}: {text}"),
            plain=part(Send(f"{text}\n".encode(), each), heard=f"{ME}: {text}"),
        )
    yield case(
        "a name in pieces of one byte",
        json=part(Send(hello("-"), 1), "error bad-name"),
        plain=part(Send(b"-\n", 1), BAD_NAME),
        inside=False,
    )
    yield case(
        "half a line, and the rest after half a minute",
        json=part([HI[:9], Wait(30), HI[9:]], ["ping heads={'lobby': 0}", *said("hi")], HEARD),
        plain=part([b"h", Wait(30), b"i\n"], heard=HEARD),
        memory=True,
    )
    yield case(
        "fifty lines at once",
        json=part(HI * 50, said_at_once(*["hi"] * 50), [HEARD] * 50),
        plain=part(b"hi\n" * 50, heard=[HEARD] * 50),
    )


BROKEN = {
    "an overlong NUL": b"\xc0\x80",
    "an overlong slash": b"\xc0\xaf",
    "an overlong slash of three bytes": b"\xe0\x80\xaf",
    "an overlong LF": b"\xc0\x8a",
    "an overlong letter of four bytes": b"\xf0\x80\x81\x81",
    "a high surrogate": b"\xed\xa0\x80",
    "a low surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates, as CESU-8 has it": b"\xed\xa0\xbd\xed\xb8\x80",
    "a code beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "a sequence of five bytes": b"\xf8\x88\x80\x80\x80",
    "a sequence of six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "a lone continuation byte": b"\x80",
    "three lone continuation bytes": b"\xbf\xbf\xbf",
    "a byte 0xFE": b"\xfe",
    "the start of a sequence of two bytes": b"\xc3",
    "the start of a sequence of three bytes": b"\xe2\x82",
    "the start of a sequence of four bytes": b"\xf0\x9f\x91",
    "a sequence cut by a letter": b"\xe2\x82a",
    "a Latin-1 letter": b"zo\xeb",
    "a Windows-1252 quotation mark": b"\x93quoted\x94",
    "Shift JIS": "日本".encode("shift-jis"),
    "GB 18030": "日本".encode("gb18030"),
    "KOI8-R": "привет".encode("koi8-r"),
}


def no_utf8():
    for name, data in BROKEN.items():
        yield case(
            f"{name} in a text",
            json=part(
                b'{"type":"say","room":"lobby","text":"a ' + data + b'"}\n', "error bad-utf8"
            ),
            plain=part(b"a " + data + b"\n", NO_UTF8),
        )
    yield case(
        "no UTF-8 in a field that is ignored",
        json=part(b'{"type":"ping","x":"\xc3"}\n', "error bad-utf8"), plain=part(b"/who \xc3\n", "! /who: that line is not UTF-8. "
                                                                               "Set your terminal to UTF-8."),
    )  # fmt: skip
    yield case(
        "no UTF-8 as a name",
        json=part(b'{"type":"hello","name":"zo\xeb"}\n', "error bad-utf8"), plain=part(b"zo\xeb\n", NO_UTF8), inside=False,
    )  # fmt: skip
    yield case(
        "a hundred lines of Latin-1",
        json=part(
            b'{"type":"ping","x":"\xeb"}\n' * 100,
            ["error bad-utf8"] * 100 + ["bye bad-utf8"],
            f"{ME} left.",
            "closed",
        ),
        plain=part(
            b"zo\xeb\n" * 100,
            [NO_UTF8] * 100 + [f"! Too many bad lines. The last one: {NO_UTF8[2:]}"],
            f"{ME} left.",
            "closed",
        ),
    )
    yield alike("a byte order mark before a line", "\ufeff".encode() + PING, PONG)
    yield case(
        "a byte order mark alone",
        json=part(b"\xef\xbb\xbf\n", "error bad-json"),
        plain=part(b"\xef\xbb\xbf\n"),
    )
    yield case(
        "a byte order mark in a text",
        json=part(line("say", room="lobby", text="a\ufeffb"), said("a\ufeffb"), f"{ME}: a\ufeffb"),
        plain=part("a\ufeffb\n".encode(), heard=f"{ME}: a\ufeffb"),
    )
    yield raw(
        "a byte order mark before a bad hello",
        Send(b"\xef\xbb\xbf{}\n", 1),
        '{"type":"error","code":"bad-field","text":"A line needs a \\"type\\" that is a string."}',
        "open",
        lives=False,
    )
    yield raw("a byte order mark before a bad name", Send(b"\xef\xbb\xbf-\n", 1), BAD_NAME, "open")
    yield alike(
        "UTF-16 without a mark, little end first",
        "hi".encode("utf-16-le") + b"\n",
        "error bad-json",
    )
    yield alike(
        "UTF-16 without a mark, big end first", "hi".encode("utf-16-be") + b"\n", "error bad-json"
    )
    yield case("UTF-16 with its mark", json=part("hi\n".encode("utf-16"), "error bad-utf8"),
               plain=part("hi\n".encode("utf-16"), heard=f"{ME}: ␀i␀"), lives=False)  # fmt: skip
    yield case("UTF-16 with its mark, big end first", json=part(b"\xfe\xff\0h\0i\0\n", "error bad-utf8"),
               plain=part(b"\xfe\xff\0h\0i\0\n", NO_UTF8))  # fmt: skip
    yield alike("UTF-32", "hi".encode("utf-32-le") + b"\n", "error bad-json")
    yield alike("UTF-7", b"+AGgAaQ-\n", "error bad-json")
    yield alike("gzip", b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\0\n", "error bad-utf8")


TELNET = {
    "a request of telnet": b"\xff\xfd\x01",
    "an offer of telnet": b"\xff\xfb\x1f",
    "a refusal of telnet": b"\xff\xfe\x18",
    "a negotiation of telnet": b"\xff\xfa\x1f\0\x50\0\x18\xff\xf0",
    "an interrupt of telnet": b"\xff\xf4\xff\xfd\x06",
    "two bytes 0xFF": b"\xff\xff",
    "ten thousand bytes 0xFF": b"\xff" * 10_000,
    "ten thousand requests of telnet": b"\xff\xfd\x06" * 10_000,
    "ten thousand beginnings of a negotiation": b"\xff\xfa" * 10_000 + b"\xff\xf0",
    "ten thousand negotiations": b"\xff\xfa\x01\xff\xf0" * 6000,
}


def telnet():
    for name, data in TELNET.items():
        yield case(
            f"{name} before a line",
            json=part(data + HI, "error bad-utf8"),
            plain=part(data + b"hi\n", heard=HEARD),
        )
    yield case("a request of telnet in the middle of a line", json=part(HI[:-5] + b"\xff\xfd\x01" + HI[-5:], "error bad-utf8"),
               plain=part(b"h\xff\xfd\x01i\n", heard=HEARD))  # fmt: skip
    yield case(
        "a byte 0xFF at the end of a line",
        json=part(HI[:-1] + b"\xff\n", "error bad-utf8"),
        plain=part(b"hi\xff\n", heard=HEARD),
    )
    yield case("a negotiation of telnet with line ends in it", json=part(b"\xff\xfa\x1f\n", "error bad-utf8"),
               plain=part(Send(b"h\xff\xfa\x1f\0\n\r\n\xff\xff\xff\xf0i\n", 1), heard=HEARD))  # fmt: skip
    yield case("a negotiation of telnet that ends late", json=part(b"\xff\xfa\x18 and no more\n", "error bad-utf8"),
               plain=part([b"h\xff\xfa\x18 and no more\n", Wait(1), b"\xff\xf0i\n"], heard=HEARD))  # fmt: skip
    yield case("a negotiation of telnet that never ends", json=part(b"\xff\xfa\x18" + b"x" * 1024 + b"\n", "error bad-utf8"),
               plain=part(b"\xff\xfa\x18" + b"\n" * 1023 + b"hi\n", heard=HEARD))  # fmt: skip
    yield case(
        "nothing but a request of telnet",
        json=part(b"\xff\xfd\x01\n", "error bad-utf8"),
        plain=part(b"\xff\xfd\x01\n"),
    )
    yield raw(
        "a negotiation of telnet and silence",
        [b"\xff\xfd\x03", Wait(1)],
        "What is your name?",
        "open",
    )
    yield raw(
        "a window of ten lines before a bad name",
        b"\xff\xfa\x1f\0\x50\0\x0a\xff\xf0-\r\n",
        BAD_NAME,
        "open",
    )
    yield raw("a negotiation of telnet and nothing else for 11 seconds", [b"\xff\xfd\x03", Wait(11)],
              ("What is your name?", "! Nothing was heard from you for too long."))  # fmt: skip
    yield raw(
        "a negotiation of telnet before a JSON hello", b"\xff\xfb\x1f" + hello(), BAD_NAME, "open"
    )
    yield raw(
        "a negotiation of telnet before a bad name",
        b"\xff\xfd\x03\xff\xfb\x18-\r\n",
        BAD_NAME,
        "open",
    )


def breaks():
    for name, how, bye in (
        ("shutting one's side", Do.HALF_CLOSE, ("bye quit", "-- Bye.")),
        ("being gone", Do.ABORT, ((), ())),
    ):
        for where, json, plain in (
            ("a line", HI[:20], b"hel"),
            ("a letter", HI[:-5] + b"\xf0\x9f", b"\xf0\x9f"),
            ("a line that is too long", b"x" * 50_000, b"x" * 50_000),
        ):
            yield case(
                f"{name} in the middle of {where}",
                json=part([json, how], bye[0], f"{ME} left.", "closed"),
                plain=part([plain, how], bye[1], f"{ME} left.", "closed"),
            )
        yield raw(f"{name} in the middle of a name", [b"mall", how], "-- Bye." if bye[0] else ())
        yield raw(
            f"{name} in the middle of a hello",
            [hello()[:20], how],
            '{"type":"bye","code":"quit","text":"Bye."}' if bye[0] else (),
        )


CASES = [*ends(), *lengths(), *pieces(), *no_utf8(), *telnet(), *breaks()]
