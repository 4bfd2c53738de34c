"""Reads values and columns off a device, however it refuses or goes wrong.

A refusal is of one value where the device says of which (RFC 1157 section 4.1.2, RFC 3416 section
4.2.1); an answer that would be too large is asked for in halves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from agent.devices.snmp.message import Answer, Question
from agent.devices.snmp.session import MOST_ROWS, Unreadable, Value, WrongCredentials

AT_ONCE: Final = 20
"""Values in one question: their answer fits into 1,472 bytes unless they are long texts."""
ROWS_AT_ONCE: Final = 25

TOO_BIG, NO_SUCH_NAME, GEN_ERR, NO_ACCESS, NOT_ALLOWED = 1, 2, 5, 6, 16
ABSENT: Final = {NO_SUCH_NAME, GEN_ERR}
"""What is said of a single value: then the device has nothing to say there."""

WORDS: Final = {
    TOO_BIG: "the answer does not fit into a datagram",
    GEN_ERR: "general error (genErr)",
    NO_ACCESS: "no access (noAccess)",
    NOT_ALLOWED: "the community or the user is not allowed to read that (authorizationError)",
}
FORBIDDEN: Final = {NO_ACCESS, NOT_ALLOWED}


class Asker(Protocol):
    """Asks one device; raises TargetUnreachable where it does not answer."""

    @property
    def host(self) -> str:
        """Whom it asks."""

    @property
    def has_bulk(self) -> bool:
        """Whether a question may ask for many rows."""

    async def ask(self, question: Question) -> Answer:
        """Return the answer."""


@dataclass(slots=True)
class Walker:
    """A Session (session.py) by questions of *asker*."""

    asker: Asker
    _rows: int = ROWS_AT_ONCE
    """So many the device can answer at once, by what it said."""
    _values: int = AT_ONCE
    _last: int = 0
    """Rows of the column that was read last; 0 where that is not known."""

    async def get(self, *oids: str) -> dict[str, Value | None]:
        """As Session has it."""
        found: dict[str, Value | None] = {}
        failed = 0
        at_once, waiting = self._values, list(dict.fromkeys(oids))
        while waiting:
            some, waiting = waiting[:at_once], waiting[at_once:]
            answer = await self.asker.ask(Question("get", tuple(some)))
            if not answer.status:
                found |= self._those(some, answer)
            elif answer.status in ABSENT and (single := _single(some, answer)):
                found[single] = None
                failed += answer.status == GEN_ERR
                waiting = [one for one in some if one != single] + waiting
            elif len(some) > 1:
                at_once, waiting = len(some) // 2, some + waiting
                if answer.status == TOO_BIG:
                    self._values = at_once
            else:
                raise self._refusal(answer)
        if failed and failed == len(found):
            raise Unreadable(f"{self.asker.host}: refuses by SNMP: {WORDS[GEN_ERR]}")
        return {oid: found[oid] for oid in oids}

    async def column(self, oid: str) -> dict[str, Value]:
        """As Session has it."""
        rows = await self._column(oid)
        self._last = len(rows)
        return rows

    async def _column(self, oid: str) -> dict[str, Value]:
        rows: dict[str, Value] = {}
        inside, last, reached = f"{oid}.", oid, _numbers(oid)
        while True:
            found = await self._next(last, self._rows_after(len(rows)))
            for name, value in found:
                if value is None or not name.startswith(inside):
                    return rows
                before, reached = reached, _numbers(name)
                if reached <= before:
                    return rows
                rows[name.removeprefix(inside)] = value
                last = name
            if not found:
                return rows
            if len(rows) > MOST_ROWS:
                raise Unreadable(
                    f"{self.asker.host}: its table {oid} does not end after {MOST_ROWS} rows"
                )

    def _rows_after(self, read: int) -> int:
        """Return how many rows to ask for: as many as the column before had, and one to end it."""
        left = self._last + 1 - read
        return min(self._rows, max(2, left)) if self._last and left > 0 else self._rows

    async def _next(self, oid: str, rows: int) -> list[tuple[str, Value | None]]:
        """Return what comes after *oid*, up to *rows*; nothing after the last."""
        while self.asker.has_bulk and rows > 1:
            answer = await self.asker.ask(Question("bulk", (oid,), rows))
            if not answer.status:
                return list(answer.found)
            if answer.status != TOO_BIG:
                break
            self._rows = rows = rows // 2
        answer = await self.asker.ask(Question("next", (oid,)))
        if answer.status == NO_SUCH_NAME:
            return []
        if answer.status:
            raise self._refusal(answer)
        return list(answer.found)

    def _those(self, asked: Iterable[str], answer: Answer) -> dict[str, Value | None]:
        found = dict(answer.found)
        if missing := [oid for oid in asked if oid not in found]:
            raise Unreadable(
                f"{self.asker.host}: asked by SNMP for {missing[0]}, it answers something else"
            )
        return {oid: found[oid] for oid in asked}

    def _refusal(self, answer: Answer) -> Unreadable:
        words = WORDS.get(answer.status, f"error {answer.status}")
        kind = WrongCredentials if answer.status in FORBIDDEN else Unreadable
        return kind(f"{self.asker.host}: refuses by SNMP: {words}")


def _single(asked: list[str], answer: Answer) -> str | None:
    """Return of which question the answer speaks."""
    if len(asked) == 1:
        return asked[0]
    return asked[answer.index - 1] if 1 <= answer.index <= len(asked) else None


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))
