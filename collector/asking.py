"""Whom to ask for a birth, and when: after our own start everybody, spread over ten minutes.

A request is repeated until a birth that is no repeat comes, after a restore until its answer does;
its number grows over restarts too, so that an agent cannot take it for one that it has answered.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from core import clock
from core.clock import SECOND
from core.types import Identity

SPREAD_S: Final = 600.0
SPACING_S: Final = 0.1
"""Between two agents, where not everybody is asked."""
UNKNOWN_AFTER_S: Final = 30.0
"""A birth that comes by the other connection is not asked for before it had time to."""


@dataclass(slots=True)
class _Request:
    """`number` is 0 until it was sent for the first time; `due` is of the monotonic clock."""

    due: float
    number: int = 0


class Asking:
    """Used in the event loop; `send` puts a request into the agent's next receipt."""

    def __init__(
        self,
        send: Callable[[Identity, int], None],
        *,
        now: clock.Clock = clock.now,
        monotonic: clock.Monotonic = clock.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._send, self._now, self._monotonic = send, now, monotonic
        self._uniform = (rng or random.Random()).uniform  # noqa: S311 — to spread the load
        self._requests: dict[Identity, _Request] = {}
        self._last = 0

    def everybody(self, agents: Iterable[Identity]) -> None:
        """Ask *agents* anew, each at a random moment of the next ten minutes.

        Whoever is to be asked sooner, and was not yet, still is.
        """
        now = self._monotonic()
        for who in agents:
            due, before = now + self._uniform(0, SPREAD_S), self._requests.get(who)
            if before and not before.number:
                due = min(due, before.due)
            self._requests[who] = _Request(due)

    def soon(self, who: Identity) -> None:
        """Ask *who*, of whom batches came but no birth, unless one comes in time."""
        self._requests.setdefault(who, _Request(self._monotonic() + UNKNOWN_AFTER_S))

    def shortly(self, who: Identity) -> None:
        """Ask *who* as soon as that is no burden: the more are to be asked, the later."""
        self._requests.setdefault(who, _Request(self._shortly()))

    def unanswered(self, who: Identity) -> None:
        """Hear of a birth of *who* that answers no request, where nothing less will do.

        It tells of a new connection, so the request may be lost, and goes out again; the answer
        may also be on its way, and counts until then. Else an agent that always connects anew
        before it answers, as two machines of one name do, would never have answered.
        """
        self.shortly(who)
        request = self._requests[who]
        request.due = min(request.due, self._shortly())

    def number(self, who: Identity) -> int:
        """Return the number of the request that *who* has not answered, 0 where none is open."""
        request = self._requests.get(who)
        return request.number if request else 0

    def answered(self, who: Identity) -> None:
        """Hear that a new birth of *who* came, asked for or not."""
        self._requests.pop(who, None)

    def tick(self, is_up: Callable[[Identity], bool]) -> None:
        """Send what is due; who is not there will say by itself when it is."""
        now = self._monotonic()
        for who, request in self._requests.items():
            if request.due <= now and is_up(who):
                request.number = self._last = max(self._last + 1, self._now() // SECOND)
                request.due = now + SPREAD_S
                self._send(who, request.number)

    def _shortly(self) -> float:
        spread = min(SPREAD_S, SPACING_S * len(self._requests))
        return self._monotonic() + self._uniform(0, spread)
