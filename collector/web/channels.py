"""The answer of `/api/v1/channels`: whether each channel of alerts takes messages.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/channels' | python -m json.tool
"""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from alerts.channels.health import Health
from collector.web.fields import At, Ns, when
from core.clock import rfc3339

STATES: Final = ("untried", "fine", "failing", "refused")
StateWord = Annotated[
    str,
    Meta(
        description="refused: it takes nothing until a person acts; failing: it is tried again",
        extra_json_schema={"enum": list(STATES)},
    ),
]


class Channel(msgspec.Struct, frozen=True):
    """One channel: since when it takes nothing, and what it said; when it last took a message, when
    it last took none, and when a test was sent."""

    name: str
    state: StateWord
    error: str
    failing_since: At | None
    failing_since_ns: Ns
    taken: At | None
    taken_ns: Ns
    tried: At | None
    tried_ns: Ns
    tested: At | None
    tested_ns: Ns


class Channels(msgspec.Struct, frozen=True):
    """Every channel by name, the collector's log (`console`) among them."""

    at: At
    at_ns: Ns
    channels: list[Channel]


def answered(healths: Mapping[str, Health], at: int) -> Channels:
    """Return *healths* in the words of the API."""
    return Channels(rfc3339(at), at, [_channel(*one) for one in sorted(healths.items())])


def _channel(name: str, health: Health) -> Channel:
    return Channel(
        name=name,
        state=_state(health),
        error=health.error if health.failing_since else "",
        failing_since=when(health.failing_since),
        failing_since_ns=health.failing_since,
        taken=when(health.taken_at),
        taken_ns=health.taken_at,
        tried=when(health.tried_at),
        tried_ns=health.tried_at,
        tested=when(health.tested_at),
        tested_ns=health.tested_at,
    )


def _state(health: Health) -> str:
    if health.refused:
        return "refused"
    if health.failing_since:
        return "failing"
    return "fine" if health.taken_at else "untried"
