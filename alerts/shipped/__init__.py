"""The rules that the system comes with (defaults.md, "Figures"), as data: the files beside this.

Each says what happened, what that means for teaching, and what to try first, for somebody who is
no network engineer. Figures without a source are ours, and may be changed: `docs/rules.md`.
"""

import tomllib
from importlib.resources import files
from typing import Final

import msgspec

from alerts.language.build import build
from alerts.language.table import RulesTable, RuleTable
from alerts.rules import Rule

FILES: Final = (
    *("machines", "network", "lines", "servers", "rooms", "devices", "system"),
    *("attacks", "guards"),
    # A fault that is there says more than that a target is missed.
    *("targets", "incidents", "unknown"),
    # Last, since of what hides a thing the first one is named: a line that is down says more.
    "everywhere",
)


def _read(name: str) -> tuple[RuleTable, ...]:
    """Return the tables of one file. Tests ask for its mistakes; a start has no time for it."""
    text = files("alerts.shipped").joinpath(f"{name}.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), RulesTable).rule


TABLES: Final[tuple[RuleTable, ...]] = tuple(table for name in FILES for table in _read(name))

RULES: Final[tuple[Rule, ...]] = tuple(build(table) for table in TABLES)
