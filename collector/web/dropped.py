"""The answer of `/api/v1/dropped`: what the allow-list did not let in, by name (docs/privacy.md).

Watch it: curl -s http://127.0.0.1:8480/api/v1/dropped | python -m json.tool
"""

from collections.abc import Mapping
from typing import Annotated, Final, get_args

import msgspec
from msgspec import Meta

from collector.dropped import What
from collector.web.fields import Count

_PREFIX: Final = "dropped_"
_WHATS: Final = frozenset(get_args(What))
WhatWord = Annotated[str, Meta(extra_json_schema={"enum": sorted(_WHATS)})]


class Dropped(msgspec.Struct, frozen=True):
    """One thing that came and was not kept; `name` is `measurement.field` or `kind.detail`.

    `person`: an identity or phone number was in a text that is allowed, and was taken out.
    """

    what: WhatWord
    name: str
    count: Count


class DroppedAnswer(msgspec.Struct, frozen=True):
    """Everything since the collector started, the most frequent first."""

    dropped: list[Dropped]
    total: Count
    persons: Count


def answered(counts: Mapping[tuple[str, str], int]) -> DroppedAnswer:
    """Return what *counts*, the collector's counters, say of it."""
    found = [
        Dropped(what, name, count)
        for (counter, name), count in counts.items()
        if counter.startswith(_PREFIX)
        and (what := counter.removeprefix(_PREFIX).removesuffix("s")) in _WHATS
    ]
    found.sort(key=lambda one: (-one.count, one.what, one.name))
    persons = sum(one.count for one in found if one.what == "person")
    return DroppedAnswer(found, sum(one.count for one in found), persons)
