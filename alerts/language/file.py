"""An operator's own file of rules, on top of the shipped set: more rules, other figures, less.

Watch it work: schoolwatch rules check configs/rules.toml
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from alerts.language.build import build
from alerts.language.mistakes import between, mistakes
from alerts.language.table import HOWS, LIMITS, OverrideTable, RulesTable, RuleTable
from alerts.rules import Rule
from alerts.shipped import RULES, TABLES
from core import config
from core.hints import hint
from core.tomlfile import content_of
from core.tomllines import KeyPath

_SHIPPED: Final[Mapping[str, RuleTable]] = {table.name: table for table in TABLES}
_PLACES: Final = ("at", "not_at")
MOST_RULES: Final = 5_000


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that are in force; `own` and `changed` name those that a file has, `off` those
    that it switched off."""

    rules: Sequence[Rule] = RULES
    own: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    off: tuple[str, ...] = ()


SHIPPED: Final = Rules()


def read_rules(path: Path) -> Rules:
    """Return the shipped rules with the file at *path* on top; raises FileMistakes."""
    return parse_rules(path, content_of(path))


def parse_rules(path: Path, content: bytes) -> Rules:
    """Return the same of *content*, the bytes of the file at *path*; raises FileMistakes."""
    table = config.parse(path, content, RulesTable, {"": _mistakes})
    own = [build(one) for one in table.rule]
    changed = {name: build(_changed(name, one)) for name, one in table.override.items()}
    shipped = [changed.get(rule.name, rule) for rule in RULES if rule.name not in table.off]
    return Rules(
        # Before the shipped ones: of what hides a thing the first one is named.
        (*own, *shipped),
        frozenset(rule.name for rule in own),
        frozenset(changed),
        tuple(dict.fromkeys(table.off)),
    )


def _mistakes(table: RulesTable) -> Iterator[tuple[KeyPath, str]]:
    for number, name in enumerate(table.off):
        if name not in _SHIPPED:
            yield ("off", number), f"off names no shipped rule: {name!r}{hint(name, _SHIPPED)}"
    yield from _of_rules(table)
    for name, one in table.override.items():
        yield from _of_override(name, one, table)
    yield from _between(table)


def _of_rules(table: RulesTable) -> Iterator[tuple[KeyPath, str]]:
    seen: set[str] = set()
    if len(table.rule) > MOST_RULES:
        yield ("rule", MOST_RULES), f"more than {MOST_RULES} rules"
    for number, one in enumerate(table.rule):
        if one.name in _SHIPPED:
            text = f"{one.name} is a shipped rule: change it with [override.{one.name}]"
            yield ("rule", number, "name"), text
        elif one.name in seen:
            yield ("rule", number, "name"), f"the name {one.name} is taken by another rule"
        seen.add(one.name)
        for at, text in mistakes(one):
            yield ("rule", number, *at), f"rule {one.name}: {text}"


def _of_override(name: str, one: OverrideTable, table: RulesTable) -> Iterator[tuple[KeyPath, str]]:
    if name not in _SHIPPED:
        own = {rule.name for rule in table.rule}
        text = "is a rule of this file: change it there" if name in own else "is no shipped rule"
        yield ("override", name), f"{name} {text}{hint(name, _SHIPPED)}"
        return
    if name in table.off:
        yield ("override", name), f"{name} is switched off above, so nothing of it counts"
    for at, text in mistakes(_changed(name, one)):
        yield ("override", name, *at), f"rule {name}: {text}"


def _between(table: RulesTable) -> Iterator[tuple[KeyPath, str]]:
    own = {one.name: number for number, one in enumerate(table.rule)}
    changed = {n: _changed(n, one) for n, one in table.override.items() if n in _SHIPPED}
    everything = {**_SHIPPED, **changed, **{one.name: one for one in table.rule}}
    for name, key, text in between(everything.values(), everything):
        at: KeyPath = ("rule", own[name]) if name in own else ("override", name)
        if name in own or name in changed:
            yield (*at, key), f"rule {name}: {text}"


def _changed(name: str, one: OverrideTable) -> RuleTable:
    """Return the shipped rule *name* with what *one* has otherwise."""
    shipped = _SHIPPED[name]
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(OverrideTable):
        value = getattr(one, field.name)
        if value is None or value == field.default or field.name in (*_PLACES, "zh", "en"):
            continue
        values[field.name] = value
    if any(name in values for name in LIMITS):
        values = dict.fromkeys(LIMITS) | values
    if any(name in values for name in HOWS):
        fresh = {field.name: field.default for field in msgspec.structs.fields(RuleTable)}
        values = {name: fresh[name] for name in HOWS} | values
    for language in ("zh", "en"):
        texts = msgspec.structs.asdict(getattr(one, language))
        said = {key: text for key, text in texts.items() if text}
        values[language] = msgspec.structs.replace(getattr(shipped, language), **said)
    places = {key: getattr(one, key) for key in _PLACES if getattr(one, key) is not None}
    values["on"] = msgspec.structs.replace(shipped.on, **places)
    return msgspec.structs.replace(shipped, **values)
