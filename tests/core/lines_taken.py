r"""Lines of line protocol that we and InfluxDB both take, each standing for a rule.

Two tests read them: our parser must find in each what stands here, and so must a real InfluxDB 2.
"""

from dataclasses import dataclass

from core.lineprotocol import Point
from core.types import Value
from core.wire import MAX_LINE_BYTES


@dataclass(frozen=True, slots=True)
class Taken:
    """A line, what it shows as a sentence, and what both read in it."""

    sentence: str
    line: bytes
    point: Point


def point(
    measurement: str = "m",
    tags: dict[str, str] | None = None,
    fields: dict[str, Value] | None = None,
    at: int | None = 1,
) -> Point:
    return Point(measurement, tags or {}, fields or {"a": 1.0}, at)


def _heads(*rows: tuple[str, bytes, str, dict[str, str]]) -> list[Taken]:
    return [Taken(sentence, head + b" a=1 1", point(m, tags)) for sentence, head, m, tags in rows]


def _fields(*rows: tuple[str, bytes, dict[str, Value]]) -> list[Taken]:
    return [Taken(sentence, b"m " + text + b" 1", point(fields=f)) for sentence, text, f in rows]


def _values(*rows: tuple[str, bytes, Value]) -> list[Taken]:
    return _fields(*[(sentence, b"a=" + text, {"a": value}) for sentence, text, value in rows])


def _times(*rows: tuple[str, bytes, int | None]) -> list[Taken]:
    return [Taken(sentence, b"m a=1" + time, point(at=at)) for sentence, time, at in rows]


WHOLE = Taken(
    "a line with tags, fields of every type and a time",
    b'net,host=b,interface=eth0 in=1i,load=0.5,up=t,note="ok" 1795374585000000000',
    point(
        "net",
        {"host": "b", "interface": "eth0"},
        {"in": 1, "load": 0.5, "up": True, "note": "ok"},
        1_795_374_585_000_000_000,
    ),
)

HEADS = _heads(
    ("a comma and a space in a measurement carry a backslash", rb"a\,b\ c", "a,b c", {}),
    ("an equals sign in a measurement carries none", b"a=b", "a=b", {}),
    ("a measurement may be an equals sign", b"=", "=", {}),
    ("a quote in a measurement is itself", b'a"b', 'a"b', {}),
    ("a backslash before a letter of a measurement is itself", rb"a\b", r"a\b", {}),
    ("two backslashes before a letter are two", rb"a\\b", r"a\\b", {}),
    ("a measurement may begin with a digit", b"1a", "1a", {}),
    ("a measurement may begin with an underscore", b"_a", "_a", {}),
    ("a measurement may hold a hash sign further on", b"a#b", "a#b", {}),
    ("a measurement may begin with an escaped space", rb"\ a", " a", {}),
    ("a measurement may be Chinese", "机房".encode(), "机房", {}),
    ("a measurement may hold a character of four bytes", "a😀".encode(), "a😀", {}),
    ("tags may come in any order", b"m,z=1,b=2,a=3", "m", {"a": "3", "b": "2", "z": "1"}),
    ("comma, equals sign and space in a tag key", rb"m,a\,b\=c\ d=v", "m", {"a,b=c d": "v"}),
    ("comma, equals sign and space in a tag value", rb"m,t=a\,b\=c\ d", "m", {"t": "a,b=c d"}),
    ("a tag value may begin with an escaped space", rb"m,t=\ v", "m", {"t": " v"}),
    ("a tag value may begin with an escaped equals sign", rb"m,t=\=v", "m", {"t": "=v"}),
    ("quotes around a tag value belong to it", b'm,t="v"', "m", {"t": '"v"'}),
    ("a backslash before a quote in a tag value is itself", rb"m,t=a\"b", "m", {"t": r"a\"b"}),
    ("a backslash before a letter of a tag value is itself", rb"m,t=C:\w", "m", {"t": r"C:\w"}),
    ("a tag value may begin with two backslashes", rb"m,t=\\nas\x", "m", {"t": r"\\nas\x"}),
    ("a tag value may be a number", b"m,t=1.5", "m", {"t": "1.5"}),
    ("tags may be Chinese", "m,教室=三楼".encode(), "m", {"教室": "三楼"}),
    ("tag keys may differ by one escaped comma", rb"m,b=1,b\,=2", "m", {"b": "1", "b,": "2"}),
    ("a tag value may have 10,000 characters", b"m,t=" + b"v" * 10_000, "m", {"t": "v" * 10_000}),
)

FIELDS = _fields(
    ("comma, equals sign and space in a field key", rb"a\,b\=c\ d=1", {"a,b=c d": 1.0}),
    ("a quote in a field key is itself", b'a"b=1,c"d=2', {'a"b': 1.0, 'c"d': 2.0}),
    ("a backslash before a quote in a field key goes", rb"a\"b=1", {'a"b': 1.0}),
    ("a backslash before a letter of a field key is itself", rb"a\b=1", {r"a\b": 1.0}),
    ("a field key may begin with a hash sign", b"#=1", {"#": 1.0}),
    ("field keys may be Chinese", "温度=20.5,湿度=40i".encode(), {"温度": 20.5, "湿度": 40}),
    ("a field may be called _time", b"_time=1", {"_time": 1.0}),
    ("a string may stand before a number", b'a="x,y=1 z",b=2i', {"a": "x,y=1 z", "b": 2}),
    ("two strings may hold what parts fields", b'a="b=1,",c=" "', {"a": "b=1,", "c": " "}),
    (
        "a line may have a hundred fields",
        b",".join(b"f%d=%di" % (n, n) for n in range(100)),
        {f"f{n}": n for n in range(100)},
    ),
)

INTEGERS = _values(
    ("zero", b"0i", 0),
    ("a negative integer", b"-1i", -1),
    ("the largest integer", b"9223372036854775807i", 2**63 - 1),
    ("the smallest integer", b"-9223372036854775808i", -(2**63)),
    ("an integer that no float holds", b"9007199254740993i", 2**53 + 1),
    ("an integer may begin with zeros", b"00012i", 12),
    ("an integer may begin with 5,000 zeros", b"0" * 5_000 + b"1i", 1),
    ("minus zero is an integer", b"-0i", 0),
)

FLOATS = _values(
    ("a number without letter is a float", b"1", 1.0),
    ("a float may end with its point", b"1.", 1.0),
    ("a float may begin with its point", b".5", 0.5),
    ("a negative float may begin with its point", b"-.5", -0.5),
    ("an exponent", b"1e5", 1e5),
    ("a large E and a plus sign in the exponent", b"1E+5", 1e5),
    ("a negative exponent", b"15e-1", 1.5),
    ("point and exponent", b"1.e2", 100.0),
    ("a float may begin with zeros", b"00.5", 0.5),
    ("minus zero is a float", b"-0", -0.0),
    ("the largest float", b"1.7976931348623157e308", 1.7976931348623157e308),
    ("the smallest float", b"5e-324", 5e-324),
    ("a float too small to hold is zero", b"1e-400", 0.0),
    ("twenty digits are a float", b"18446744073709551616", 2.0**64),
    ("a float of three hundred digits", b"1" + b"0" * 299, 1e299),
    ("a float with 400 decimals", b"0." + b"3" * 400, 1 / 3),
    ("an exponent with zeros before it", b"1e0000000002", 100.0),
)

BOOLEANS = _values(
    *[(f"{word} is true", word.encode(), True) for word in ("t", "T", "true", "True", "TRUE")],
    *[(f"{word} is false", word.encode(), False) for word in ("f", "F", "false", "False", "FALSE")],
)

STRINGS = _values(
    ("an empty string", b'""', ""),
    ("a string with space, comma and equals sign", b'"a b,c=d"', "a b,c=d"),
    ("a quote in a string carries a backslash", rb'"a\"b"', 'a"b'),
    ("a backslash in a string carries a backslash", rb'"a\\b"', r"a\b"),
    ("a backslash before a letter of a string is itself", rb'"a\nb"', r"a\nb"),
    ("a backslash before a comma in a string is itself", rb'"a\,b"', r"a\,b"),
    ("a string may end with a backslash", rb'"a\\"', "a\\"),
    ("backslash and quote side by side", rb'"\\\"\""', '\\""'),
    ("a string may be Chinese", '"断电"'.encode(), "断电"),
    ("a string may hold a tab, a carriage return and NUL", b'"a\tb\rc\0d"', "a\tb\rc\0d"),
    ("a string may look like a comment", b'"#"', "#"),
    ("a string may look like a number", b'"1i"', "1i"),
    ("single quotes in a string are themselves", b'"it\'s"', "it's"),
)

TIMES = _times(
    ("a line may leave out its time", b"", None),
    ("time zero", b" 0", 0),
    ("a time before 1970", b" -1", -1),
    ("the earliest time", b" -9223372036854775806", -(2**63) + 2),
    ("the latest time", b" 9223372036854775806", 2**63 - 2),
    ("a time may begin with zeros", b" 00012", 12),
    ("a time may begin with 5,000 zeros", b" " + b"0" * 5_000 + b"1", 1),
    ("spaces may end a line", b" 1  ", 1),
    ("spaces may end a line without time", b"  ", None),
    ("there may be more than one space before the time", b"   1", 1),
)

_LONG = "v" * (MAX_LINE_BYTES - len('m a="" 1'))

TAKEN = [
    WHOLE,
    *HEADS,
    *FIELDS,
    *INTEGERS,
    *FLOATS,
    *BOOLEANS,
    *STRINGS,
    *TIMES,
    Taken("there may be more than one space before the fields", b"m   a=1 1", point()),
    Taken("a line may begin with spaces", b"  m a=1 1", point()),
    Taken("a line may have 64,000 bytes", f'm a="{_LONG}" 1'.encode(), point(fields={"a": _LONG})),
]
