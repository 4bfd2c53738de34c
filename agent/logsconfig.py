"""`[logs]` of agent.toml: whose logs the agent reads, on the port of `[devices] syslog`."""

from collections.abc import Iterator
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from agent.clients.address import plain
from agent.listenat import Place
from core.fields import AnyLevel, Level, MegaBytes
from core.hints import hint, quoted
from core.law import LOG_DAYS
from core.options import CHECK
from core.tomllines import KeyPath


def _address_mistake(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        return 'is no address; expected "192.0.2.1" or "2001:db8::1" say'
    return ""


Address = Annotated[str, Meta(extra={CHECK: _address_mistake})]
Bssid = Annotated[
    str,
    Meta(
        pattern=r"\A(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\Z",
        description='the BSSID of an access point, "02:00:5e:00:53:01" say',
    ),
]


def _day_mistake(text: str) -> str:
    if text:
        try:
            date.fromisoformat(text)
        except ValueError:
            return 'is no day; expected "2026-11-28" say'
    return ""


StatedDay = Annotated[str, Meta(extra={CHECK: _day_mistake})]


class LogSource(Struct, frozen=True, kw_only=True):
    """A device that sends its log: how it is called here, from which address it sends."""

    id: Level
    address: Address
    family: AnyLevel = ""
    silent_after_s: Annotated[float, Meta(ge=60, le=2_592_000)] = 21_600
    keep: bool = True
    """Whether its rows are kept, where `keep_folder` says that rows are."""
    oldest_on: StatedDay = ""
    looked_on: StatedDay = ""


class LogsConfig(Struct, frozen=True, kw_only=True):
    """What is said of all logs."""

    tcp: Place = ""
    families: Path | None = None
    rate_per_s: Annotated[int, Meta(ge=1, le=10_000)] = 200
    access_points: tuple[Bssid, ...] = ()
    keep_folder: Path | None = None
    keep_mb: MegaBytes = 10_000
    keep_days: Annotated[int, Meta(ge=LOG_DAYS, le=3_650)] = LOG_DAYS
    list: tuple[LogSource, ...] = ()


def logs_mistakes(logs: LogsConfig) -> Iterator[tuple[KeyPath, str]]:
    """Say what is wrong with the logs."""
    yield from _stated_mistakes(logs)
    if not logs.list and logs.families is None:
        return
    from agent.logs.family import families_of  # noqa: PLC0415 — most agents read none
    from core.errors import ConfigError  # noqa: PLC0415

    families_of.cache_clear()
    try:
        known = families_of(logs.families)
    except ConfigError as error:
        yield ("families",), str(error)
        return
    ids, addresses = set[str](), set[str]()
    for number, one in enumerate(logs.list):
        if one.family and one.family not in known:
            near = hint(one.family, known) or f"; there are {', '.join(known)}"
            yield ("list", number, "family"), f"family {quoted(one.family)} is not there{near}"
        if one.id in ids:
            yield ("list", number, "id"), f"[[logs.list]] id {quoted(one.id)} is there twice"
        if plain(one.address) in addresses:
            said = f"[[logs.list]] address {quoted(one.address)} is there twice"
            yield ("list", number, "address"), said
        ids.add(one.id)
        addresses.add(plain(one.address))


def _stated_mistakes(logs: LogsConfig) -> Iterator[tuple[KeyPath, str]]:
    for number, one in enumerate(logs.list):
        at = ("list", number, "looked_on")
        if bool(one.oldest_on) != bool(one.looked_on):
            yield at, "oldest_on and looked_on belong together: what was seen, and on which day"
        elif one.looked_on < one.oldest_on:
            yield at, "looked_on is before oldest_on"
        elif one.oldest_on and one.keep and logs.keep_folder is not None:
            yield at, "the agent keeps this log itself and knows how old it is; or set keep = false"
