r"""The four kinds of names in a line: what has to be escaped in each, and what none may hold.

A backslash escapes only what would end the name; before anything else it is itself, and nothing
escapes it. So a backslash before such a character, or at the end, cannot be told from an escape,
and the parts of InfluxDB do not agree on one: `m\\,x` is stored, and no query finds it again;
`t=a\\ b` may take in the line after it. Nobody can read such a name back, so nobody may write it.
"""

import re
from dataclasses import dataclass
from typing import Final

from core.errors import LineError

_PLAIN: Final = re.compile(r"[\w./:-]++")
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Name:
    """One kind of name. Its methods raise LineError, which says what is wrong with which name."""

    noun: str
    ends: re.Pattern[str]
    """What would end the name: written with a backslash."""
    escaped: re.Pattern[str]
    """What InfluxDB takes a backslash away from."""
    torn: re.Pattern[str]
    """A backslash that it reads differently in different places."""
    reserved: frozenset[str] = frozenset()

    def read(self, raw: str) -> str:
        """Return the name that stands on the wire as *raw*."""
        if _PLAIN.fullmatch(raw) and raw not in self.reserved:
            return raw
        return self._checked(self.escaped.sub(r"\1", raw))

    def write(self, name: str) -> str:
        """Return *name* as it stands on the wire."""
        if _PLAIN.fullmatch(name) and name not in self.reserved:
            return name
        return self.ends.sub(r"\\\g<0>", self._checked(name))

    def _checked(self, name: str) -> str:
        mistake = self._mistake(name)
        if mistake:
            raise LineError(mistake)
        return name

    def _mistake(self, name: str) -> str:
        if not name:
            return f"missing {self.noun}"
        what = f"{self.noun} {shown(name)}"
        if name in self.reserved:
            return f"{what} is a word that InfluxDB keeps for itself"
        if _UNSEEN.search(name):
            return f"{what} holds a control character or half of a character"
        if self is MEASUREMENT and name.startswith("#"):
            return f"{what} begins with '#', which makes its line a comment"
        if self.torn.search(name):
            return f"{what} has a backslash at its end or where it would read as an escape"
        return ""


def decoded(raw: bytes) -> str:
    """Return *raw* as text; raises LineError."""
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise LineError(f"{shown_bytes(raw)} is not UTF-8 at byte {error.start + 1}") from None


def shown(text: str) -> str:
    """Return the beginning of *text* as it can stand in a message."""
    return repr(text[:40]) + ("…" if len(text) > 40 else "")


def shown_bytes(raw: bytes) -> str:
    """Return the beginning of *raw* as it can stand in a message."""
    return shown(raw[:200].decode(errors="backslashreplace"))


MEASUREMENT: Final = Name(
    "measurement", re.compile("[, ]"), re.compile(r"\\([, ])"), re.compile(r'\\(?:[,= "]|\Z)')
)
TAG_KEY: Final = Name(
    "tag key",
    re.compile("[,= ]"),
    re.compile(r"\\([,= ])"),
    re.compile(r"\\(?:[,= ]|\Z)"),
    # The first makes 1.8 drop the point, all three make 2 refuse it.
    frozenset({"time", "_field", "_measurement"}),
)
TAG_VALUE: Final = Name("tag value", TAG_KEY.ends, TAG_KEY.escaped, TAG_KEY.torn)
FIELD_KEY: Final = Name(
    "field key",
    TAG_KEY.ends,
    # It takes the backslash from a quote too, though no quote needs one here.
    re.compile(r'\\([,= "])'),
    re.compile(r'\\(?:[,= "]|\Z)'),
    # Both versions take the field off the point.
    frozenset({"time"}),
)
