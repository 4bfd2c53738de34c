"""The answer of `/api/v1/ledger`, as the collector writes it and `schoolwatch ledger` reads it.

Watch it: curl -s 'http://127.0.0.1:8480/api/v1/ledger?missing=1' | python -m json.tool
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

import msgspec

from collector.ledgerread import (
    MAX_AGENTS,
    Account,
    AgentAccount,
    Cause,
    LaneAccount,
    Question,
    Restore,
)
from collector.reasons import Missing
from collector.web import params
from collector.web.fields import At, Ns, Words, when
from collector.web.texts import Texts
from core.clock import rfc3339

PARAMETERS: Final = (*params.ALWAYS, "missing", "after", "limit")
KNOWN_DROPS: Final = ("full", "old", "corrupt")
_ZH, _EN = Texts("zh"), Texts("en")


class Gap(msgspec.Struct, frozen=True):
    """A range of batches that are missing; since `since` at the latest."""

    first: int
    last: int
    count: int
    reason: str
    why: str
    since: At | None
    since_ns: Ns
    words: Words


class Reasoned(msgspec.Struct, frozen=True):
    """How many batches of an agent are missing for one reason, over all its epochs."""

    reason: str
    why: str
    count: int
    since: At | None
    since_ns: Ns
    words: Words


class Lane(msgspec.Struct, frozen=True):
    """One lane of one epoch; `high` is the highest sequence known to exist.

    `more` counts the ranges that are missing and not listed.
    """

    epoch: str
    lane: str
    high: int
    received: int
    repeats: int
    refused_lines: int
    conflicts: int
    missing: list[Gap]
    more: int


class AgentLedger(msgspec.Struct, frozen=True):
    """One agent with the sums over all its epochs; `lanes` begin with those that miss something.

    `awaiting`: since the ledger went back it has not yet said what it knows. `two_machines` has
    the epochs of two that use its identity at once; `cut`: it has lost something of more
    epochs than are listed.
    """

    region: str
    school: str
    agent: str
    last_seen: At | None
    epochs: int
    received: int
    repeats: int
    refused_lines: int
    conflicts: int
    missing: int
    awaiting: bool
    two_machines: list[str]
    cut: bool
    causes: list[Reasoned]
    words: list[Words]
    lanes: list[Lane]


class WentBack(msgspec.Struct, frozen=True):
    """That ledger or store went back, or that the ledger was begun anew."""

    at: At
    at_ns: Ns
    what: str
    words: Words


class Ledger(msgspec.Struct, frozen=True):
    """The account at one moment; `next` is the `after` of the next page, 0 on the last."""

    at: At
    at_ns: Ns
    agents: list[AgentLedger]
    restores: list[WentBack]
    next: int


def question(pairs: Iterable[tuple[str, str]]) -> Question:
    """Return whose account parameters ask for; raises ParameterError."""
    words = params.once(pairs, PARAMETERS)
    missing = words.get("missing", "0")
    if missing not in ("0", "1"):
        raise params.ParameterError("missing", "is 1 for those of whom something is missing, or 0")
    return Question(
        region=words.get("region", ""),
        school=words.get("school", ""),
        agent=words.get("agent", ""),
        only_missing=missing == "1",
        after=params.whole(words, "after", 0, 10**15),
        agents=params.whole(words, "limit", MAX_AGENTS, MAX_AGENTS) or 1,
    )


def ledger(account: Account, at: int) -> Ledger:
    """Return *account* in the words of the API."""
    return Ledger(
        at=rfc3339(at),
        at_ns=at,
        agents=[_agent(agent) for agent in account.agents],
        restores=[_restore(restore) for restore in account.restores],
        next=account.next,
    )


def said(t: Texts, gap: Missing | Cause) -> str:
    """Return in one sentence why something is missing."""
    if gap.reason != "dropped":
        return t(f"ledger_{gap.reason}")
    return t(f"dropped_{gap.why}") if gap.why in KNOWN_DROPS else t("dropped_other", why=gap.why)


def headline(t: Texts, account: AgentAccount) -> str:
    """Return how much was received, and how much is missing."""
    if not account.totals.epochs:
        return t("ledger_nothing")
    received, n = account.totals.received, sum(cause.n for cause in account.causes)
    if n:
        return t("ledger_missing", received=received, n=n)
    return t("ledger_complete", received=received)


def troubles(t: Texts, account: AgentAccount) -> list[str]:
    """Return what is odd about an agent beside what is missing."""
    found: list[str] = []
    if account.totals.conflicts:
        found.append(t("ledger_conflicts", n=account.totals.conflicts))
    if account.two_machines:
        first, second = account.two_machines
        found.append(t("ledger_two", first=first, second=second))
    return found


def summed(t: Texts, account: AgentAccount) -> list[str]:
    """Return the sentences about an agent: how much there is, why some is missing, what is odd."""
    because = [t("ledger_because", n=one.n, why=said(t, one)) for one in account.causes]
    return [headline(t, account), *because, *troubles(t, account)]


def _agent(account: AgentAccount) -> AgentLedger:
    lanes = [_lane(lane) for lane in account.lanes]
    return AgentLedger(
        region=account.who.region,
        school=account.who.school,
        agent=account.who.agent,
        last_seen=when(account.last_arrival),
        **asdict(account.totals),
        missing=sum(cause.n for cause in account.causes),
        awaiting=account.awaiting,
        two_machines=list(account.two_machines),
        cut=account.cut,
        causes=[_reasoned(cause) for cause in account.causes],
        words=[Words(zh, en) for zh, en in zip(summed(_ZH, account), summed(_EN, account))],
        lanes=lanes,
    )


def _lane(lane: LaneAccount) -> Lane:
    row = lane.row
    return Lane(
        epoch=lane.epoch,
        lane=lane.lane,
        high=row.high,
        received=len(row.received),
        repeats=row.repeats,
        refused_lines=row.refused_lines,
        conflicts=row.conflicts,
        missing=[_gap(gap) for gap in lane.missing],
        more=lane.more,
    )


def _reasoned(cause: Cause) -> Reasoned:
    return Reasoned(
        reason=cause.reason,
        why=cause.why,
        count=cause.n,
        since=when(cause.since),
        since_ns=cause.since,
        words=Words(said(_ZH, cause), said(_EN, cause)),
    )


def _gap(gap: Missing) -> Gap:
    return Gap(
        first=gap.first,
        last=gap.last,
        count=gap.last - gap.first + 1,
        reason=gap.reason,
        why=gap.why,
        since=when(gap.since),
        since_ns=gap.since,
        words=Words(said(_ZH, gap), said(_EN, gap)),
    )


def _restore(restore: Restore) -> WentBack:
    key = f"restored_{restore.what}"
    return WentBack(rfc3339(restore.at), restore.at, restore.what, Words(_ZH(key), _EN(key)))
