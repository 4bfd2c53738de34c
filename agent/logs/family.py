"""How a family of firewalls writes its log, as a file: which line it is of, what a line means.

    schoolwatch check-config my-firewall.toml

A family is data; those that come with the agent stand in `agent/firewalls`, and docs/logs.md tells
how to add one. Of a line only the fields that the family names in `[fields]` are read at all, and
none of these is a person's.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from core.config import read
from core.errors import ConfigError
from core.hints import hint, quoted
from core.options import CHECK
from core.securitykinds import LOGGED
from core.tomllines import KeyPath

OURS: Final = Path(__file__).parent.parent / "firewalls"
TOLD: Final = tuple(word for word in LOGGED if word != "firewall_silent")
"""What a line can tell; of silence no line tells."""

Format = Literal["cef", "semicolons", "commas", "colons", "spaces"]


def _pattern_mistake(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    return ""


Pattern = Annotated[str, Meta(extra={CHECK: _pattern_mistake})]
Word = Annotated[
    str, Meta(pattern=r"\A[a-z][a-z_]{0,31}\Z", description="a word of small letters and _")
]


class FieldNames(Struct, frozen=True, kw_only=True):
    """How the family calls what is read of a line; "" for what it does not say."""

    source: str = ""
    source_else: str = ""
    """Another name of the same, where lines differ or IPv6 has its own."""
    target: str = ""
    target_else: str = ""
    target_port: str = ""
    threat: str = ""
    """The name that the vendor gave the attack; nothing that somebody typed."""
    action: str = ""
    count: str = ""
    severity: str = ""
    bssid: str = ""
    time: str = ""
    """Where the time stands if not in the head of the line."""
    user: str = ""
    """Looked at only for whether there is one."""
    user_else: str = ""
    type: str = ""
    """What kind of event it was, for whether there is one."""
    result: str = ""
    """Whether it succeeded, where the action does not say so; also for that only."""
    sequence: str = ""
    """A number that the device counts up by one with each line that it sends."""


class Rule(Struct, frozen=True, kw_only=True):
    """What a line means whose fields fit every pattern of `when`; the first rule that fits counts.

    `message` is matched with the whole text, every other name with that field.
    """

    when: Annotated[Mapping[str, Pattern], Meta(min_length=1)]
    kind: str = ""
    """What is told; without it the line is only counted."""
    verdict: Word = "other"
    person: bool = False
    """The line is about what a person did: it is counted, and nothing of it is read."""
    always: bool = False
    """Told at any severity."""
    quiet_s: Annotated[float, Meta(ge=1, le=2_592_000)] = 600.0
    """Without another such line the attack is over."""


class Family(Struct, frozen=True, kw_only=True):
    """A family of devices."""

    kind: Literal["logs"] = "logs"
    title: str
    reference: str
    """Where the fields and their meaning are documented."""
    cases: Annotated[tuple[str, ...], Meta(min_length=1)]
    """Folders of tests/cases/logs that the family is held to."""
    recognise: Pattern
    """Found in every line of the family, and in none of another."""
    format: Format
    head: Pattern = ""
    """Named groups that are fields as well."""
    fields: FieldNames
    blocked: Pattern = ""
    """Of an action: that the device let nothing through."""
    minor: Pattern = ""
    """Of a severity: nobody is told, it is only counted."""
    rule: Annotated[tuple[Rule, ...], Meta(min_length=1)]


Families = Mapping[str, Family]
"""By name, which is the file's without its `.toml`."""


def read_family(path: Path) -> Family:
    """Return the family in the file at *path*; raises FileMistakes, a ConfigError."""
    return read(path, Family, {"rule": _rule_mistakes})


def _rule_mistakes(rules: Iterable[Rule]) -> Iterator[tuple[KeyPath, str]]:
    for number, rule in enumerate(rules):
        if rule.kind and rule.kind not in TOLD:
            near = hint(rule.kind, TOLD) or f"; there are {', '.join(TOLD)}"
            yield (number, "kind"), f"kind {quoted(rule.kind)} is none that a line can tell{near}"
        if rule.person and rule.kind:
            yield (number, "person"), "of what a person did nothing is told: leave `kind` out"


@cache
def families_of(folder: Path | None = None) -> Families:
    """Return all families; one in *folder* replaces ours of its name. Raises ConfigError."""
    files = {path.stem: path for path in sorted(OURS.glob("*.toml"))}
    if folder is not None:
        if not folder.is_dir():
            raise ConfigError(f"[logs] families: {folder} is not there, or is no folder")
        files |= {path.stem: path for path in sorted(folder.glob("*.toml"))}
    return MappingProxyType({name: read_family(path) for name, path in files.items()})
