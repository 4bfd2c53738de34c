"""The district at a glance: the worst first, every state counted, what one cause took away as one.

Of each state a few schools are shown, those that need somebody first; the whole of a state is a
click away, in pages. So a page stays light with a thousand schools, and hides no state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from aiohttp import web

from alerts.history import Wanted
from collector.web import board, scope
from collector.web.board import SchoolRow
from collector.web.glance import glance
from collector.web.pages import reading
from collector.web.pages.frame import Frame
from collector.web.pages.schoolpage import SchoolPages
from collector.web.reads import Reads
from collector.web.scope import Scope

FEW_OF_A_STATE: Final = 12
FEW_CALM: Final = 60
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Group:
    """Schools of one state, or that do not count (then `state` is empty).

    `rows` are shown each with its cause, `calm` only by their names; `total` counts all of them.
    """

    state: str
    rows: Sequence[SchoolRow]
    calm: Sequence[SchoolRow]
    total: int

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.rows) - len(self.calm)


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is shown: schools `first` to `last` of `total`."""

    number: int
    total: int

    @property
    def first(self) -> int:
        """The number of its first school."""
        return (self.number - 1) * PAGE + 1

    @property
    def last(self) -> int:
        """The number of its last school."""
        return min(self.total, self.number * PAGE)


@dataclass(frozen=True, slots=True)
class DistrictPage:
    """The handler of `/`."""

    frame: Frame
    reads: Reads
    schools: SchoolPages

    async def show(self, request: web.Request) -> web.Response:
        """Show the district; with a single school, that school."""
        picture = self.frame.source.picture()
        if len(picture.schools) == 1:
            return await self.schools.alone(request, picture)
        rows = board.rows(picture)
        wanted = scope.lenient(request.query)
        seen = glance(rows, wanted)
        page, groups = _shown(seen.rows, wanted, request.query.get("page", ""))
        return self.frame.page(
            request,
            picture,
            "district.html",
            seen=seen,
            wanted=wanted,
            groups=groups,
            page=page,
            regions=sorted({row.view.region for row in rows}),
            agents=sum(len(row.agents) for row in seen.rows),
            alerts=await self._alerts(),
        )

    async def _alerts(self) -> object:
        wanted = Wanted(limit=reading.FEW)
        return await reading.stories(self.reads, self.frame.source, wanted)


def _shown(rows: Sequence[SchoolRow], wanted: Scope, page: str) -> tuple[Page, list[Group]]:
    """Return the groups that are shown, and which page of them."""
    found = [row for row in rows if wanted.shows(row.state)]
    if not wanted.state:
        return Page(1, len(found)), list(_groups(found, FEW_OF_A_STATE, FEW_CALM))
    last = max(1, -(-len(found) // PAGE))
    number = int(page) if page.isascii() and page.isdecimal() and len(page) < 8 else 1
    shown = Page(min(max(1, number), last), len(found))
    return shown, list(_groups(found[shown.first - 1 : shown.last], PAGE, PAGE))


def _groups(rows: Sequence[SchoolRow], few: int, few_calm: int) -> Iterator[Group]:
    for state, together in groupby(rows, lambda row: row.state if row.counts else ""):
        members = list(together)
        # Where there are few there is room to show the agents of those that are well, too.
        roomy = len(members) <= FEW_OF_A_STATE
        upset = [row for row in members if roomy or not is_calm(row)]
        calm = [row for row in members if not roomy and is_calm(row)]
        yield Group(state, upset[:few], calm[:few_calm], len(members))


def is_calm(row: SchoolRow) -> bool:
    """Tell whether there is nothing to say of a school but that it is up."""
    return row.counts and row.state == "up" and all(agent.state == "up" for agent in row.agents)
