"""Lines of line protocol that we and InfluxDB both refuse, each standing for a rule."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that both refuse, as a sentence; `reason` stands in what we say."""

    sentence: str
    line: bytes
    reason: str


def _values(reason: str, *rows: tuple[str, bytes]) -> list[Refused]:
    return [Refused(sentence, b"m a=" + text + b" 1", reason) for sentence, text in rows]


def _lines(*rows: tuple[str, bytes, str]) -> list[Refused]:
    return [Refused(*row) for row in rows]


PARTS = _lines(
    ("a line needs a measurement", b",t=v a=1", "missing measurement"),
    ("a measurement alone is no point", b"m", "missing fields"),
    ("a head alone is no point", b"m,t=v", "missing fields"),
    ("a head and a space are no point", b"m,t=v ", "missing fields"),
    ("a head and a time are no point", b"m 1", "'1' has no value"),
    ("an escaped space does not end the head", rb"m\ a=1", "missing fields"),
    ("a tag needs a key", b"m,=v a=1", "missing tag key"),
    ("a tag needs a value", b"m,t= a=1", "'t' has no value"),
    ("a tag needs an equals sign", b"m,t a=1", "'t' has no value"),
    ("an escaped equals sign does not end a tag key", rb"m,t\=v a=1", "'t\\\\=v' has no value"),
    ("a comma needs a tag after it", b"m, a=1", "missing tag key"),
    ("two commas need a tag between them", b"m,,t=v a=1", "missing tag key"),
    ("tags do not end with a comma", b"m,t=v, a=1", "missing tag key"),
    ("an equals sign in a tag value carries a backslash", b"m,t=a=b a=1", "unescaped '='"),
    ("a tag comes once", b"m,t=v,t=w a=1", "'t' comes twice"),
    ("a tag comes once, in any order", b"m,t=1,b=2,t=3 a=1", "'t' comes twice"),
    ("a space in a tag value carries a backslash", b"m,t=a b c=1", "'b' has no value"),
    ("no tag is called time", b"m,time=v a=1", "'time' is a word that InfluxDB keeps"),
    ("no tag is called _field", b"m,_field=v a=1", "'_field' is a word that InfluxDB keeps"),
    ("no tag is called _measurement", b"m,_measurement=v a=1", "keeps for itself"),
    ("a field alone is not called time", b"m time=1", "'time' is a word that InfluxDB keeps"),
    ("a field needs a key", b"m =1", "missing field key"),
    ("the second field needs a key", b"m a=1,=2", "missing field key"),
    ("a field needs a value", b"m a=", "'a' has no value"),
    ("the first of two fields needs a value", b"m a=,b=1", "'a' has no value"),
    ("a field needs an equals sign", b"m a", "'a' has no value"),
    ("an escaped equals sign does not end a field key", rb"m a\=1", "has no value"),
    ("fields do not begin with a comma", b"m ,a=1", "missing field key"),
    ("fields do not end with a comma", b"m a=1,", "missing field"),
    ("two commas need a field between them", b"m a=1,,b=2", "missing field key"),
    ("there is no space after a comma", b"m a=1, b=2", "missing field key"),
    ("a head longer than 65,535 bytes", b"m,t=" + b"v" * 66_000 + b" a=1", "the limit of a line"),
)

NUMBERS = [
    *_values(
        "is no number",
        ("a plus sign before a float", b"+1"),
        ("a plus sign before an integer", b"+1i"),
        ("a minus sign alone", b"-"),
        ("two minus signs", b"--1"),
        ("two points", b"1.2.3"),
        ("a point alone", b"."),
        ("a minus sign and a point", b"-."),
        ("an exponent without digits", b"1e"),
        ("an exponent that is a sign", b"1e+"),
        ("an exponent alone", b"-e5"),
        ("an exponent with a point", b"1e5.5"),
        ("two exponents", b"1e5e5"),
        ("an integer with a point", b"1.5i"),
        ("an integer with an exponent", b"1e5i"),
        ("two letters i", b"1ii"),
        ("a digit after the letter i", b"1i2"),
        ("a minus sign and the letter i", b"-i"),
        ("the letter i alone", b"i"),
        ("a negative unsigned integer", b"-1u"),
        ("hexadecimal digits", b"0x10"),
        ("an underscore between digits", b"1_000"),
        ("NaN", b"NaN"),
        ("nan", b"nan"),
        ("infinity", b"inf"),
        ("minus infinity", b"-inf"),
        ("infinity in full", b"Infinity"),
        ("a letter after a float", b"1f"),
        ("a quote after a number", b'1"'),
        ("full-width digits", "１２".encode()),
        ("Arabic digits with the letter i", "٣i".encode()),
        ("a carriage return after a number", b"1\r"),
    ),
    *_values(
        "more than 64 bits",
        ("an integer above the largest", b"9223372036854775808i"),
        ("an integer below the smallest", b"-9223372036854775809i"),
        ("an integer of 5,000 digits", b"9" * 5_000 + b"i"),
    ),
    *_values(
        "larger than any float",
        ("a float above the largest", b"1e400"),
        ("a float below the lowest", b"-1e400"),
        ("400 digits", b"9" * 400),
        ("an exponent of 30 digits", b"1e" + b"9" * 30),
    ),
]

WORDS = [
    *_values(
        "no number, boolean or quoted string",
        ("booleans are not spelt in mixed letters", b"tRUE"),
        ("yes is no boolean", b"yes"),
        ("a letter after a boolean", b"truee"),
        ("null is no value", b"null"),
        ("a word without quotes", b"x"),
        ("single quotes do not quote", b"'x'"),
        ("a second equals sign", b"=1"),
        ("a boolean with a backslash", rb"t\ "),
    ),
    Refused("a quote has to close", b'm a="x', "a quote that does not close"),
    Refused("an escaped quote does not close", rb'm a="x\" 1', "a quote that does not close"),
    Refused("a lone quote does not close", b'm a="', "a quote that does not close"),
]

TIMES = [
    Refused(sentence, b"m a=1 " + time, reason)
    for sentence, time, reason in (
        ("a time has no point", b"1.5", "not a whole number"),
        ("a time has no exponent", b"1e9", "not a whole number"),
        ("a time has no plus sign", b"+1", "not a whole number"),
        ("a minus sign is no time", b"-", "not a whole number"),
        ("a word is no time", b"now", "not a whole number"),
        ("a time has no unit", b"1s", "not a whole number"),
        ("a time has ASCII digits", "１".encode(), "not a whole number"),
        ("the time after the latest", b"9223372036854775807", "is outside of"),
        ("the time before the earliest", b"-9223372036854775807", "is outside of"),
        ("a time of more than 64 bits", b"9223372036854775808", "is outside of"),
        ("a time of 5,000 digits", b"9" * 5_000, "is outside of"),
        ("a line has one time", b"1 2", "after the time"),
        ("a line does not end with a carriage return", b"1\r", "not a whole number"),
    )
]

REFUSED = [*PARTS, *NUMBERS, *WORDS, *TIMES]
