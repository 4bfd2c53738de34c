"""Lines of line protocol that we refuse on purpose although InfluxDB 2 takes them, and why."""

from dataclasses import dataclass

from core.lineprotocol import Point
from core.wire import MAX_LINE_BYTES
from tests.core.lines_taken import point


@dataclass(frozen=True, slots=True)
class Stricter:
    """A line that InfluxDB 2 takes and we refuse; `why` we do.

    `gives_back` is what its queries find afterwards, None for nothing at all. `loses_the_next`: a
    good line right after it in the same body is not stored.
    """

    sentence: str
    line: bytes
    reason: str
    why: str
    gives_back: Point | None = None
    loses_the_next: bool = False


_NEVER = "InfluxDB stores it under a key that its own queries never look for"
_READERS = "InfluxDB 2 gives it back; other readers, and its own splitting of lines, do not agree"
_UNSEEN = "nobody sees it on a page or in a log, and two names then look the same"
_GARBLED = "InfluxDB gives back another text than anybody meant"

STRICTER = [
    Stricter("an empty line", b"", "an empty line", "it is no point"),
    Stricter("a line of spaces", b"  ", "an empty line", "it is no point"),
    Stricter("a comment", b"# m a=1", "a comment", "it is no point: who splits lines skips it"),
    Stricter(
        "an unsigned integer",
        b"m a=1u 1",
        "an unsigned integer",
        "InfluxDB 1.8 refuses it",
        point(fields={"a": 1}),
    ),
    Stricter(
        "a field that comes twice",
        b"m a=1,a=2 1",
        "'a' comes twice",
        "InfluxDB keeps one of the two without a word",
        point(fields={"a": 2.0}),
    ),
    Stricter(
        "a field called time beside another",
        b"m a=1,time=2 1",
        "'time' is a word that InfluxDB keeps",
        "InfluxDB takes the field off the point",
        point(),
    ),
    Stricter(
        "a line of more than 64,000 bytes",
        b'm a="' + b"v" * MAX_LINE_BYTES + b'" 1',
        "the limit of a line",
        "the wire contract ends a line there",
        point(fields={"a": "v" * MAX_LINE_BYTES}),
    ),
    Stricter(
        "text after a closing quote",
        b'm a="x"yz 1',
        "text after its closing quote",
        _GARBLED,
        point(fields={"a": 'x"y'}),
    ),
    Stricter(
        "two strings that touch",
        b'm a="x""y" 1',
        "text after its closing quote",
        _GARBLED,
        point(fields={"a": 'x""y'}),
    ),
    Stricter(
        "a backslash after a closing quote",
        b'm a="x"\\',
        "text after its closing quote",
        "InfluxDB takes the newline after it for a part of the string",
        point(fields={"a": 'x"'}, at=None),
        loses_the_next=True,
    ),
    Stricter(
        "a newline in a string",
        b'm a="x\ny" 1',
        "holds a newline",
        "a newline ends the line for every other reader on the way",
        point(fields={"a": "x\ny"}),
    ),
    Stricter("an unescaped = first in a tag value", b"m,t==v a=1 1", "unescaped '='", _NEVER),
    Stricter("a backslash before = in a measurement", rb"m\=x a=1 1", "a backslash", _NEVER),
    Stricter("a backslash before a quote there", rb"m\"x a=1 1", "a backslash", _NEVER),
    Stricter("two backslashes before a comma there", rb"m\\,x a=1 1", "a backslash", _NEVER),
    Stricter("three before a space there", rb"m\\\ x a=1 1", "a backslash", _NEVER),
    Stricter(
        "two backslashes before a space in a measurement, a quote further on",
        rb'm\\ x=,t=y "=1 1',
        "a backslash",
        "InfluxDB takes the next lines for the rest of a string",
        loses_the_next=True,
    ),
    Stricter(
        "a space before a measurement with =, a quote further on",
        b' m= "=1 1',
        "a space before a measurement",
        "InfluxDB takes the next lines for the rest of a string",
        point("m=", fields={'"': 1.0}),
        loses_the_next=True,
    ),
    Stricter(
        "two backslashes before a comma in a tag value",
        rb"m,t=a\\,b a=1 1",
        "a backslash",
        _READERS,
        point(tags={"t": r"a\,b"}),
    ),
    Stricter(
        "two backslashes before a space in a tag value",
        rb"m,t=a\\ b a=1 1",
        "a backslash",
        _READERS,
        point(tags={"t": r"a\ b"}),
    ),
    Stricter(
        "two backslashes before = in a field key",
        rb"m a\\=1,b=2 1",
        "a backslash",
        "one part of InfluxDB sees two fields, another sees one",
        point(fields={r"a\=1,b": 2.0}),
    ),
    Stricter(
        "a control character in a measurement",
        b"m\x01 a=1 1",
        "control character",
        _UNSEEN,
        point("m\x01"),
    ),
    Stricter(
        "a tab in a tag value",
        b"m,t=a\tb a=1 1",
        "control character",
        _UNSEEN,
        point(tags={"t": "a\tb"}),
    ),
    Stricter(
        "a delete character in a field key",
        b"m a\x7f=1 1",
        "control character",
        _UNSEEN,
        point(fields={"a\x7f": 1.0}),
    ),
    Stricter("a tab before the measurement", b"\tm a=1 1", "control character", _UNSEEN, point()),
    Stricter("NUL before the measurement", b"\0m a=1 1", "control character", _UNSEEN, point()),
    Stricter("a tab before the fields", b"m \ta=1 1", "control character", _UNSEEN, point()),
    Stricter("NUL before the time", b"m a=1 \x001", "not a whole number", _UNSEEN, point()),
    Stricter(
        "a tag that is not UTF-8",
        b"m,t=\xff a=1 1",
        "not UTF-8",
        "InfluxDB gives back a replacement character",
        point(tags={"t": "\ufffd"}),
    ),
    Stricter(
        "a string that is not UTF-8",
        b'm a="\xd6\xd0" 1',
        "not UTF-8",
        "InfluxDB gives back replacement characters",
        point(fields={"a": "\ufffd\ufffd"}),
    ),
]
