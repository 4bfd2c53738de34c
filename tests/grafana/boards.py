"""The dashboards as they are checked in, and what stands in their queries."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from grafana.build import FOLDER

CODES: Final = ("zh", "en")
ALL: Final = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.json"))

_FROM = re.compile(r'FROM "(\w+)"')
_QUOTED = re.compile(r'"([^"]+)"')
_NAMED = re.compile(r'AS "([^"]+)"')


@dataclass(frozen=True, slots=True)
class Asked:
    """One query: where it stands, what it says, and which of the three stores it asks."""

    board: str
    panel: str
    text: str
    store: str

    @property
    def measurement(self) -> str:
        """Return what it reads."""
        (found,) = set(_FROM.findall(self.text))
        return str(found)

    @property
    def words(self) -> set[str]:
        """Return the fields and tags that it names, without what it names itself."""
        named = set(_NAMED.findall(self.text)) | {self.measurement}
        return set(_QUOTED.findall(_NAMED.sub("", self.text))) - named


def load(name: str) -> dict[str, Any]:
    """Return the dashboard in the file *name*, as `zh/district.json`."""
    board: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return board


def panels(board: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return every panel that is not a row."""
    return (panel for panel in board["panels"] if panel["type"] != "row")


def asked(name: str) -> Iterator[Asked]:
    """Return every query of the panels in the file *name*."""
    for panel in panels(load(name)):
        for target in panel["targets"]:
            store = target["datasource"]["uid"].strip("${}")
            yield Asked(name, panel["title"], target["query"], store)


def filled(text: str, begin_ms: int, end_ms: int, **chosen: str) -> str:
    """Return a query as Grafana sends it: variables and macros filled in."""
    text = text.replace("$timeFilter", f"time >= {begin_ms}ms and time <= {end_ms}ms")
    step = max(10, (end_ms - begin_ms) // 1000 // 1000)
    text = text.replace("$__interval", f"{step}s").replace("$day_begins", "16h")
    text = text.replace("${__to}", str(end_ms)).replace("${__from}", str(begin_ms))
    for name in ("region", "school", "agent", "room", "device"):
        text = text.replace(f"${{{name}:regex}}", chosen.get(name, ".*"))
    assert "$" not in text.replace("$/", ""), text
    return text
