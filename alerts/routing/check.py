"""What is wrong in routing.toml between tables that are right alone, and what is only odd. Pure."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from alerts.routing.config import ReceiverConfig, RotaConfig, RouteConfig, RoutingConfig, moment_of
from alerts.routing.rota import gaps
from alerts.routing.routes import covers
from core.config import Check, parse
from core.errors import ConfigError
from core.hints import hint, nearest, shown
from core.kinds import KINDS
from core.tomlfile import FileMistakes, Mistake, content_of, parsed
from core.tomllines import KeyPath

_MOST_SPANS: Final = 4


class Routes(RoutingConfig, frozen=True, kw_only=True):
    """The file as it was read, with what is odd in it."""

    def warnings(self) -> list[str]:
        """Return what may be meant, and may be a slip."""
        return [*_odd(self)]


def read_routing(path: Path) -> Routes:
    """Return what the file at *path* says; raises ConfigError with every mistake in it."""
    return parse_routing(path, content_of(path))


def parse_routing(path: Path, content: bytes) -> Routes:
    """Return what *content*, the bytes of the file at *path*, says; raises FileMistakes."""
    checks: Mapping[str, Check] = {"receiver": _receivers, "rota": _rotas, "route": _routes}
    found = parse(path, content, Routes, checks)
    document = parsed(path, content)
    mistakes = [Mistake(text, document.where(at)) for at, text in _between(found)]
    if mistakes:
        raise FileMistakes(path, *mistakes)
    return found


def unknown_channels(config: RoutingConfig, channels: Collection[str]) -> Iterator[str]:
    """Return what names a channel that is not there."""
    for receiver in config.receiver:
        for channel in receiver.channels:
            if channel not in channels:
                known = ", ".join(channels)
                yield (
                    f"receiver {receiver.name!r} names the channel {channel!r}, which [alerts] "
                    f"has not{hint(channel, channels) or f'; there is {known}'}"
                )


def usable(config: RoutingConfig, channels: Collection[str], path: Path) -> None:
    """Raise ConfigError where *config* names a channel that is not there."""
    wrong = list(unknown_channels(config, channels))
    if wrong:
        raise ConfigError("\n".join(f"{path}: {text}" for text in wrong))


def _receivers(receivers: tuple[ReceiverConfig, ...]) -> Iterator[tuple[KeyPath, str]]:
    yield from _twice("receiver", receivers)
    for number, one in enumerate(receivers):
        if one.region and one.school:
            yield (number, "region"), f"receiver {one.name!r} has a region and a school: leave one"


def _rotas(rotas: tuple[RotaConfig, ...]) -> Iterator[tuple[KeyPath, str]]:
    yield from _twice("rota", rotas)
    for number, rota in enumerate(rotas):
        if not rota.shift:
            yield (number,), f"rota {rota.name!r} has no [[rota.shift]]: nobody is ever on duty"
        for count, swap in enumerate(rota.swap):
            if moment_of(swap.ends) <= moment_of(swap.begins):
                yield (number, "swap", count, "ends"), "a swap ends before it begins"


def _routes(routes: tuple[RouteConfig, ...]) -> Iterator[tuple[KeyPath, str]]:
    yield from _twice("route", routes)
    for number, route in enumerate(routes):
        for earlier in routes[:number]:
            if covers(earlier, route):
                text = (
                    f"route {route.name!r} is never reached: {earlier.name!r} before it matches "
                    "all that it does; move it up, or let that one say  continue = true"
                )
                yield (number, "name"), text
                break
        for code in route.code:
            known = {kind.code for kind in KINDS.values()}
            if not any(one == code or _starts(one, code) for one in known):
                near = nearest(code, known)
                advice = f"; did you mean {shown(near)}?" if near else ""
                yield (number, "code"), f"no kind of event has the code {shown(code)}{advice}"


def _starts(word: str, wanted: str) -> bool:
    return wanted.endswith("*") and word.startswith(wanted[:-1])


def _twice(noun: str, rows: tuple[Any, ...]) -> Iterator[tuple[KeyPath, str]]:
    seen: set[str] = set()
    for number, row in enumerate(rows):
        if row.name in seen:
            yield (number, "name"), f"{noun} {row.name!r} is there twice"
        seen.add(row.name)


def _between(config: RoutingConfig) -> Iterator[tuple[KeyPath, str]]:
    receivers = {one.name for one in config.receiver}
    rotas = {one.name for one in config.rota}
    for number, rota in enumerate(config.rota):
        for count, shift in enumerate(rota.shift):
            for name in shift.members:
                if name not in receivers:
                    at: KeyPath = ("rota", number, "shift", count, "members")
                    yield at, _unknown(f"rota {rota.name!r}", name, receivers)
        for count, swap in enumerate(rota.swap):
            if swap.member not in receivers:
                at = ("rota", number, "swap", count, "member")
                yield at, _unknown(f"rota {rota.name!r}", swap.member, receivers)
    for at, to in _targets(config):
        for target in to:
            what, _, name = target.partition(":")
            known = {"receiver": receivers, "rota": rotas}.get(what)
            if known is not None and name not in known:
                advice = hint(name, known) or "; there is none of that name"
                yield at, f"{target!r} is no {what} of this file{advice}"


def _unknown(who: str, name: str, receivers: Collection[str]) -> str:
    advice = hint(name, receivers) or "; name it under [[receiver]]"
    return f"{who}: its member {name!r} is no receiver{advice}"


def _targets(config: RoutingConfig) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    for number, route in enumerate(config.route):
        yield ("route", number, "to"), route.to
    for number, step in enumerate(config.escalation):
        yield ("escalation", number, "to"), step.to
    yield ("default", "to"), config.default.to
    yield ("supervision", "to"), config.supervision.to


def _odd(config: RoutingConfig) -> Iterator[str]:
    for rota in config.rota:
        nobody, several = gaps(rota)
        for spans, what in ((nobody, "nobody is on duty"), (several, "two shifts overlap")):
            if spans:
                more = f" and {len(spans) - _MOST_SPANS} more" if len(spans) > _MOST_SPANS else ""
                yield f"rota {rota.name!r}: {what} {', '.join(spans[:_MOST_SPANS])}{more}"
    owned = {one.owner for one in config.receiver if not one.scope}
    asked = {target for _, to in _targets(config) for target in to if target.startswith("owner:")}
    for target in sorted(asked):
        if target.partition(":")[2] not in owned:
            yield (
                f"{target!r} is asked for, and no receiver has this owner for the whole district: "
                "where a school has none of its own, nobody hears"
            )
