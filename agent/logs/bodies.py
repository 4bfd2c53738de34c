"""What stands in a line as fields: CEF, and the pairs of a name and a value that vendors write.

Each function takes the text of a line and returns its fields; none raises. Bounded: of a line at
most `MOST_FIELDS`, of a value `MOST_CHARS`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

MOST_FIELDS: Final = 128
MOST_CHARS: Final = 512

Fields = Mapping[str, str]

# ArcSight Common Event Format, revision 25: CEF:0|vendor|product|version|id|name|severity|fields.
# Fortinet writes a blank after the colon.
_CEF: Final = re.compile(r"CEF: ?(?P<version>\d+)\|")
_HEADER: Final = ("vendor", "product", "product_version", "id", "name", "severity")
_BAR: Final = re.compile(r"((?:[^|\\]|\\.)*)\|", re.DOTALL)
_EXTENSION: Final = re.compile(r"(?:^|(?<=\s))([\w.\[\]-]{1,64})=")
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)

_SPACED: Final = re.compile(r"""([^\s="',]{1,64})=("(?:[^"\\]|\\.)*"|'[^']*'|\S*)""")
_NUMBER: Final = re.compile(r"\(\d{1,5}\)\Z")


def cef(text: str) -> Fields:
    """Return header and extension of a line in CEF, the header under `cef.vendor` and so on."""
    start = _CEF.search(text)
    if start is None:
        return {}
    at, found = start.end(), dict[str, str]()
    for name in _HEADER:
        part = _BAR.match(text, at)
        if part is None:
            return {}
        found[f"cef.{name}"], at = _plain(part[1]), part.end()
    extension = text[at:].lstrip()
    keys = list(_EXTENSION.finditer(extension))[:MOST_FIELDS]
    ends = [key.start() for key in keys[1:]] + [len(extension)]
    pairs = ((key[1], extension[key.end() : end].rstrip()) for key, end in zip(keys, ends))
    return _kept([*found.items(), *((key, _plain(value)) for key, value in pairs)])


def semicolons(text: str) -> Fields:
    """Return the fields of `Name(1001)=value; Name(1003)=value;`, without the numbers (H3C)."""
    pairs = (part.partition("=") for part in text.split(";", MOST_FIELDS)[:MOST_FIELDS])
    named = (
        (name.split(":")[-1].strip(), value.strip(" .")) for name, is_one, value in pairs if is_one
    )
    return _kept((_NUMBER.sub("", name), value) for name, value in named)


def commas(text: str) -> Fields:
    """Return the fields of `(Name=value, Name="a, b")`, in which names may have blanks (Huawei)."""
    start = text.find("(", text.find(":") + 1)
    inside = text[start + 1 :] if start >= 0 else text
    found = re.finditer(r'([^=,()"]{1,64})=("[^"]*"|[^,()]*)', inside)
    return _kept((one[1].strip(), one[2].strip().strip('"')) for one in found)


def colons(text: str) -> Fields:
    """Return the fields of `名称:值, 名称:值` (Sangfor)."""
    parts = re.split(r"[,，]\s*", text, maxsplit=MOST_FIELDS)[:MOST_FIELDS]
    pairs = [re.split(r"[:：]", part, maxsplit=1) for part in parts]
    # The first name stands behind that of the program: `fwlog: 日志类型:…`.
    if pairs and len(pairs[0]) == 2 and ":" in pairs[0][1]:
        pairs[0] = pairs[0][1].split(":", 1)
    return _kept((pair[0].strip(), pair[1].strip()) for pair in pairs if len(pair) == 2)


def spaces(text: str) -> Fields:
    """Return the fields of `name=value name="a value"` (Topsec, Fortinet)."""
    found = (one for _, one in zip(range(MOST_FIELDS), _SPACED.finditer(text)))
    return _kept((one[1], _unquoted(one[2])) for one in found)


READERS: Final[Mapping[str, Callable[[str], Fields]]] = {
    "cef": cef,
    "semicolons": semicolons,
    "commas": commas,
    "colons": colons,
    "spaces": spaces,
}


def _kept(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found = dict[str, str]()
    for name, value in pairs:
        if name and len(found) < MOST_FIELDS:
            found.setdefault(name[:64], value[:MOST_CHARS])
    return found


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda one: {"n": "\n", "r": "\r"}.get(one[1], one[1]), text)


def _unquoted(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return _plain(text[1:-1])
    return text
