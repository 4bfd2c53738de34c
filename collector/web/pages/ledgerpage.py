"""The ledger: what is missing of whom, since when and why, in words."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from collector.ledgerread import Account, AgentAccount, LaneAccount, Question
from collector.reasons import Missing
from collector.web import ledger
from collector.web.pages import reading
from collector.web.pages.frame import Frame
from collector.web.reads import Reads
from collector.web.texts import Texts

PAGE: Final = 50
LONGEST: Final = 100
NOTHING: Final = Account((), (), 0)


@dataclass(frozen=True, slots=True)
class Gap:
    """One range that is missing, or how many `more` of its lane there are."""

    lane: LaneAccount
    missing: Missing | None
    why: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One agent as the page tells of it."""

    account: AgentAccount
    school: str
    headline: str
    causes: list[tuple[object, str]]
    troubles: list[str]
    gaps: list[Gap]

    @property
    def fine(self) -> bool:
        """Whether nothing is missing and nothing odd."""
        return not (self.causes or self.troubles)


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """The handler of `/ledger`."""

    frame: Frame
    reads: Reads

    async def show(self, request: web.Request) -> web.Response:
        """Show whose data is missing; with `all=1`, and of a named place, everybody there."""
        picture, question = self.frame.source.picture(), _question(request)
        source, t = self.frame.source, self.frame.texts(request)
        read = await reading.reading(self.reads, lambda: source.account(question), NOTHING)
        names = {(view.region, view.school): view.name for view in picture.schools}
        return self.frame.page(
            request,
            picture,
            "ledger.html",
            question=question,
            place="/".join(filter(None, (question.region, question.school, question.agent))),
            account=read.found,
            problem=read.problem,
            entries=[_entry(one, names, t) for one in read.found.agents],
        )


def _question(request: web.Request) -> Question:
    asked = {name: word[:LONGEST] for name, word in request.query.items()}
    region, school, agent = (asked.get(name, "") for name in ("region", "school", "agent"))
    after = asked.get("after", "")
    return Question(
        region=region,
        school=school,
        agent=agent,
        only_missing=asked.get("all") != "1" and not agent,
        after=int(after) if after.isascii() and after.isdecimal() and len(after) <= 15 else 0,
        agents=PAGE,
    )


def _entry(account: AgentAccount, names: Mapping[tuple[str, str], str], t: Texts) -> Entry:
    who = account.who
    troubles = ledger.troubles(t, account)
    troubles += [t("ledger_awaiting")] if account.awaiting else []
    troubles += [t("ledger_cut")] if account.cut else []
    return Entry(
        account,
        names.get((who.region, who.school)) or who.school,
        ledger.headline(t, account),
        [(cause, ledger.said(t, cause)) for cause in account.causes],
        troubles,
        list(_gaps(account, t)),
    )


def _gaps(account: AgentAccount, t: Texts) -> Iterator[Gap]:
    for lane in account.lanes:
        for gap in lane.missing:
            yield Gap(lane, gap, ledger.said(t, gap))
        if lane.more:
            yield Gap(lane, None, t("ledger_more_ranges", n=lane.more), lane.more)
