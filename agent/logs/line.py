"""The head of a line of syslog: RFC 5424, or RFC 3164 as devices really write it."""

import re
from typing import Final, NamedTuple

from agent.devices.texts import decoded

MOST_BYTES: Final = 8_192
"""Of a line; what is longer is cut. RFC 5425 asks a receiver for that much."""

_PRIORITY: Final = re.compile(r"<(\d{1,3})>")
_MOST_PRIORITY: Final = 191

# RFC 5424 section 6: VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP SD
_RFC5424: Final = re.compile(
    r"1 (?:-|\d{4}-\d\d-\d\dT\S{8,40}) (?P<host>\S{1,255}) (?P<app>\S{1,48}) \S{1,128} \S{1,32} "
)
_ELEMENT: Final = re.compile(r'\[[^\s=\]"]{1,32}(?: [^\s=\]"]{1,32}="(?:[^"\\\]]|\\.)*")*\]')

# RFC 3164 section 4.1.2, with the year and the zone that Comware, VRP and StoneOS add, and times
# as ISO 8601 has them.
_TIME: Final = re.compile(
    r" ?(?:[A-Z][a-z]{2} {1,2}\d{1,2} (?:\d{4} )?\d\d:\d\d:\d\d(?:\.\d+)?(?: \d{4})?"
    r"|\d{4}[-/]\d\d[-/]\d\d[T ,]{1,2}\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z| ?[+-]\d\d:?\d\d)?[,: ]+"
)
_SEQUENCE: Final = re.compile(r'\[meta [^\]]*?sequenceId="(\d{1,10})"')
"""RFC 5424 section 7.3.1."""
_HOST: Final = re.compile(r"(?P<host>[\w.:-]{1,255}) +")


class Malformed(ValueError):
    """A line that is none; says why in a word."""


class Line(NamedTuple):
    """A line: what stands after its head is `text`; `host` is how the sender calls itself."""

    priority: int
    host: str
    app: str
    text: str
    has_time: bool = False
    sequence: int | None = None

    @property
    def severity(self) -> int:
        """Return 0 (emergency) to 7 (debug)."""
        return self.priority % 8


def read_line(data: bytes) -> Line:
    """Return the line in *data*, which is UTF-8 or GB18030; raises Malformed.

    The time in it is not taken: the clock of a firewall is often wrong, and when the line came is
    known. One without a priority counts as 13, as RFC 3164 section 4.3.3 says.
    """
    text = decoded(data[:MOST_BYTES], whole=False).strip("\0\r\n\t ")
    if not text:
        raise Malformed("empty")
    priority, rest = 13, text
    if found := _PRIORITY.match(text):
        priority, rest = int(found[1]), text[found.end() :]
        if priority > _MOST_PRIORITY:
            raise Malformed("priority")
    if rest.startswith("1 ") and (head := _RFC5424.match(rest)):
        elements = rest[head.end() :]
        after = _after_elements(elements)
        number = _SEQUENCE.search(elements[: len(elements) - len(after)])
        sequence = int(number[1]) if number else None
        has_time = not rest.startswith("1 - ")
        return Line(priority, head["host"], head["app"], after, has_time, sequence)
    host, has_time = "", False
    if found := _TIME.match(rest):
        rest, has_time = rest[found.end() :], True
        # A word before the first field or module is the sender's name.
        if (name := _HOST.match(rest)) and not rest.startswith(("CEF:", "%%")):
            host, rest = name["host"], rest[name.end() :]
    if not rest.strip():
        raise Malformed("empty")
    return Line(priority, host, "", rest, has_time)


def _after_elements(text: str) -> str:
    """Return what follows the structured data; raises Malformed where it has no end."""
    if text.startswith("-"):
        return text[1:].lstrip(" \ufeff")
    at = 0
    while found := _ELEMENT.match(text, at):
        at = found.end()
    if not at:
        raise Malformed("structured_data")
    return text[at:].lstrip(" \ufeff")
