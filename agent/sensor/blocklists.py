"""Lists of names that nobody should ask for: files in, a compact table of hashes out.

One name a line, or as in /etc/hosts; `#` begins a comment, and names may be written in any script
(they are compared as IDNA). A name stands for itself and all below it. A million names take 8 MB;
Python's hash of texts is salted anew in each process, so the table says nothing outside it.
"""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from typing import Final

from agent.sensor.domains import is_suffix
from core.errors import ConfigError
from core.hints import shown

NAMES_MAX: Final = 1_000_000
LABELS_MAX: Final = 10
"""Parents of a name that are looked up; whoever writes more labels is found by the last ones."""
LINE_MAX: Final = 1024
NAME: Final = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]+")
LOCAL: Final = frozenset(
    (
        *("localhost", "localhost.localdomain", "local", "broadcasthost", "ip6-localhost"),
        *("ip6-loopback", "ip6-localnet", "ip6-mcastprefix", "ip6-allnodes", "ip6-allrouters"),
        "ip6-allhosts",
    )
)
"""What files like /etc/hosts begin with."""


class BlockList:
    """Names by their hash: 256 sorted tables, so that sorting needs little room."""

    def __init__(self) -> None:
        self._parts = tuple(array("q") for _ in range(256))

    def __len__(self) -> int:
        """Return how many names there are."""
        return sum(map(len, self._parts))

    @property
    def size(self) -> int:
        """Return how many bytes they take."""
        return sum(part.buffer_info()[1] * part.itemsize for part in self._parts)

    def __contains__(self, name: str) -> bool:
        """Return whether *name* or one of its parents is listed."""
        if self._has(name):
            return True
        for _ in range(name.count(".") - LABELS_MAX):
            name = name.partition(".")[2]
        while "." in name:
            name = name.partition(".")[2]
            if self._has(name):
                return True
        return False

    def _has(self, name: str) -> bool:
        one = hash(name)
        part = self._parts[one & 255]
        place = bisect_left(part, one)
        return place < len(part) and part[place] == one

    def fill(self, names: Iterator[str]) -> None:
        """Take in *names*, each once."""
        for name in names:
            one = hash(name)
            self._parts[one & 255].append(one)
        for part in self._parts:
            part[:] = array("q", sorted(set(part)))


@lru_cache(maxsize=16)
def block_list(files: tuple[str, ...]) -> BlockList:
    """Return the names of *files*, read once in a process: the sensor may open none later.

    Raises ConfigError that names the file and the line, or says why a file cannot be read.
    """
    made = BlockList()
    for file in files:
        made.fill(names_in(file))
    if len(made) > NAMES_MAX:
        listed = ", ".join(map(str, files))
        raise ConfigError(f"{listed}: {len(made):,} names; at most {NAMES_MAX:,} are held")
    return made


def names_in(file: str) -> Iterator[str]:
    """Yield the names of *file* in lower case and as IDNA; raises ConfigError."""
    count = 0
    try:
        with open(file, "rb") as lines:  # noqa: PTH123 — texts are what the options hold
            for number, line in enumerate(lines, 1):
                try:
                    found = names_of(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
                except ValueError as error:
                    raise ConfigError(f"{file}: line {number}: {error}") from None
                count += len(found)
                if count > 2 * NAMES_MAX:
                    raise ConfigError(f"{file}: line {number}: more than {NAMES_MAX:,} names")
                yield from found
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None


def names_of(line: bytes) -> list[str]:
    """Return the names of one line, none for a comment; raises ValueError, which says why."""
    if len(line) > LINE_MAX:
        raise ValueError(f"{len(line):,} bytes; a list has one name a line")
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8") from None
    words = text.partition("#")[0].split()
    if not words:
        return []
    if _is_address(words[0]):
        if len(words) == 1:
            raise ValueError(f"{shown(words[0])} is an address; expected a name")
        return [_name(word) for word in words[1:] if word.lower() not in LOCAL]
    if len(words) > 1:
        raise ValueError(f"{len(words)} words; expected one name, or an address before names")
    return [_name(words[0])]


def _name(word: str) -> str:
    name = word.lower().removeprefix("*.").removeprefix(".").removesuffix(".")
    try:
        name = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{shown(word)} is no name") from None
    if not NAME.fullmatch(name):
        raise ValueError(f'{shown(word)} is no name; expected one like "bad.example"')
    if is_suffix(name):
        raise ValueError(f"{shown(word)} stands for the domains of all its owners")
    return name


def _is_address(word: str) -> bool:
    try:
        ip_address(word.partition("%")[0])
    except ValueError:
        return False
    return True
