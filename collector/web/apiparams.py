"""What each question of the API may be asked with, as the OpenAPI document tells it.

A test holds these against the parameters that the handlers know.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from alerts.history import MOST
from collector.ledgerread import MAX_AGENTS
from collector.web import params, rooms, scope
from core import catalog

_TEXT: Final = {"type": "string", "maxLength": params.LONGEST_PARAMETER}
_FLAG: Final = {"type": "string", "enum": ["0", "1"]}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter in the query."""

    name: str
    says: str
    schema: Mapping[str, Any] = field(default_factory=lambda: _TEXT)
    required: bool = False

    def spec(self) -> dict[str, Any]:
        """Return it as OpenAPI writes it."""
        return {
            "name": self.name,
            "in": "query",
            "description": self.says,
            "required": self.required,
            "schema": dict(self.schema),
        }


def _whole(most: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 0, "maximum": most}


def _words(words: Iterable[str]) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def _place(*, required: bool) -> tuple[Parameter, ...]:
    return (
        Parameter("region", "code of the administrative division", required=required),
        Parameter("school", "code of the school", required=required),
        Parameter("agent", "name of the agent", required=required),
    )


SCHOOLS: Final = (
    Parameter("state", "only in this state; not_up: in none that is online", _words(scope.STATES)),
    Parameter("area", "only of this area; unstated: the roster says none", _words(scope.AREAS)),
    Parameter("region", "only of this region"),
    Parameter("teaching_point", "1: only teaching points", _FLAG),
    Parameter("owners_missing", "1: only schools of which an owner is missing", _FLAG),
    Parameter("q", "only whose name or code has all these words", _TEXT),
)
AGENT: Final = _place(required=True)
LEDGER: Final = (
    *_place(required=False),
    Parameter("missing", "1: only agents of whom something is missing", _FLAG),
    Parameter("after", "`next` of the page before", _whole(10**15)),
    Parameter("limit", "agents on a page", _whole(MAX_AGENTS)),
)
ALERTS: Final = (
    *_place(required=False),
    Parameter("rule", "only of this rule"),
    Parameter("number", "only this one", _whole(10**15)),
    Parameter("before", "`next` of the page before", _whole(10**15)),
    Parameter("limit", "alerts on a page", _whole(MOST)),
)
ROOMS: Final = (
    Parameter("region", "only of this region"),
    Parameter("school", "only of this school"),
    Parameter("room", "only the rooms of this name"),
    Parameter("state", "only in this state", _words(rooms.WORST_FIRST)),
    Parameter("after", "`next` of the page before", _whole(10**9)),
    Parameter("limit", "rooms on a page", _whole(rooms.MOST)),
)
SECURITY: Final = (
    Parameter("region", "only of this region"),
    Parameter("school", "only of this school"),
)
CONSISTENCY: Final = (
    Parameter("old", "rows of the older log", _whole(10**15)),
    Parameter("new", "rows of the newer one; the newest checkpoint's by default", _whole(10**15)),
)
INCLUSION: Final = (
    Parameter("row", "number of the row, from 1", _whole(10**15), required=True),
    Parameter("size", "rows of the log; the newest checkpoint's by default", _whole(10**15)),
)
_TAGS: Final = sorted({tag for one in catalog.CATALOG.values() for tag in one.tags})
SERIES: Final = (
    *_place(required=True),
    Parameter("measurement", "as the catalogue calls it", _words(catalog.CATALOG), required=True),
    Parameter("field", "a field of the measurement", required=True),
    Parameter("group_by", "tags, with commas between them: a series for each of their values"),
    Parameter("start", "ns since 1970, or RFC 3339; an hour before `stop` where it is left out"),
    Parameter("stop", "ns since 1970, or RFC 3339; now where it is left out"),
    Parameter("window", "one value per `10s`, `5m`, `1h` …"),
    Parameter(
        "aggregate",
        "how the values of a window become one; rate: the rise per second of a counter. A value "
        "holds until the next one that travels, so a mean is weighted by time, and min, max, first "
        "and last count what held when the window began; sum and count are of what travelled",
        _words((*params.AGGREGATES, "rate")),
    ),
    *(Parameter(f"tag.{tag}", f"only series whose tag `{tag}` has this value") for tag in _TAGS),
)
