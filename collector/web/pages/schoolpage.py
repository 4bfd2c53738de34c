"""A school, and an agent with what its machine does now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from alerts.history import Stories, Wanted
from collector.ledgerread import Account, AgentAccount, Question
from collector.picture import Picture, SchoolView
from collector.rooms.rows import RoomKey
from collector.rooms.school import School
from collector.store.base import Store
from collector.web import board, charts, ledger, rooms, roomwords, schools, targets
from collector.web.pages import reading
from collector.web.pages.frame import Frame
from collector.web.pages.reading import Read
from collector.web.pages.securitypage import helpers
from collector.web.reads import Reads
from collector.web.snapshot import Snapshot, oldest, take
from core.clock import SECOND
from core.errors import StoreError
from core.types import Identity

_ROOMS: Final[Mapping[str, Any]] = {
    "looks": roomwords.LOOKS_LIKE,
    "device_looks": roomwords.device_looks,
    "roomwords": roomwords,
}
"""What the templates of rooms call."""


@dataclass(frozen=True, slots=True)
class SchoolPages:
    """The handlers of `/schools/…`; both raise HTTPNotFound for what nobody knows."""

    frame: Frame
    reads: Reads

    async def school(self, request: web.Request) -> web.Response:
        """Show one school."""
        picture = self.frame.source.picture()
        return await self._school(request, picture, _school_of(picture, request))

    async def agent(self, request: web.Request) -> web.Response:
        """Show one agent."""
        picture = self.frame.source.picture()
        row = _school_of(picture, request)
        for agent in row.agents:
            if agent.view.who.agent == request.match_info["agent"]:
                return await self._agent(request, picture, row, agent)
        raise web.HTTPNotFound

    async def room(self, request: web.Request) -> web.Response:
        """Show one room with its devices."""
        picture = self.frame.source.picture()
        row, name = _school_of(picture, request), request.match_info["room"]
        for room in self._there(row.view).rooms:
            if room.room == name:
                key = RoomKey(*room.key, room.room)
                return self.frame.page(
                    request,
                    picture,
                    "room.html",
                    row=row,
                    room=room,
                    devices=rooms.devices_worst_first(room.devices),
                    minutes=self.frame.source.on_today(key),
                    order=rooms.shares(
                        self.frame.source.in_order([key]), self.frame.texts(request)
                    ),
                    **_ROOMS,
                )
        raise web.HTTPNotFound

    async def alone(self, request: web.Request, picture: Picture) -> web.Response:
        """Show the only school that there is; with a single agent, that agent's values."""
        row = board.rows(picture)[0]
        if len(row.agents) == 1:
            return await self._agent(request, picture, row, row.agents[0])
        return await self._school(request, picture, row)

    async def _school(
        self, request: web.Request, picture: Picture, row: board.SchoolRow
    ) -> web.Response:
        there = self._there(row.view)
        return self.frame.page(
            request,
            picture,
            "school.html",
            row=row,
            outside=schools.outside(row.view),
            known=schools.known(row.view, self.frame.texts(request)),
            up=sum(agent.state == "up" for agent in row.agents),
            alerts=await self._alerts(row.view),
            rooms=rooms.worst_first(there.rooms),
            order=rooms.shares(
                self.frame.source.in_order(rooms.keys(there.rooms)), self.frame.texts(request)
            ),
            room_counts=rooms.counts(there.rooms),
            elsewhere=rooms.devices_worst_first(there.elsewhere),
            **self._security(request, row.view),
            **_ROOMS,
        )

    def _security(self, request: web.Request, view: SchoolView) -> Mapping[str, Any]:
        known = self.frame.source.security()
        words = helpers(self.frame, request, known)
        return {"security": known.of((view.region, view.school)), **words}

    def _there(self, view: SchoolView) -> School:
        """Return a school's rooms; none where it has no devices."""
        key = (view.region, view.school)
        return next((one for one in self.frame.source.rooms() if one.key == key), School(key))

    async def _agent(
        self,
        request: web.Request,
        picture: Picture,
        row: board.SchoolRow,
        agent: board.AgentRow,
    ) -> web.Response:
        snapshot, began, problem = await self._snapshot(agent)
        account, unreadable = await self._account(agent.view.who)
        t = self.frame.texts(request)
        age_s = (self.frame.now() - began) / SECOND
        shown = charts.range_shown(request.query.get("range"), age_s)
        return self.frame.page(
            request,
            picture,
            "agent.html",
            row=row,
            agent=agent,
            now=snapshot,
            targets=targets.targets(snapshot.pings, agent.state, agent.reason, self.frame.now()),
            problem=problem,
            account=account,
            unreadable=unreadable,
            causes=[(one, ledger.said(t, one)) for one in account.causes],
            headline=ledger.headline(t, account),
            troubles=ledger.troubles(t, account),
            shown=shown,
            ranges=charts.RANGES,
            charts=charts.charts(snapshot, shown, t),
            alerts=await self._alerts(row.view),
        )

    async def _snapshot(self, agent: board.AgentRow) -> tuple[Snapshot, int, str]:
        """Return the values, since when there are some (ns), and why they are unknown."""
        view = agent.view
        usual = max(0, self.frame.now() - charts.USUAL * SECOND)
        if not view.last_arrival:
            return Snapshot(), usual, ""

        def question(store: Store) -> tuple[Snapshot, int]:
            return take(store, view.who, view.last_arrival), oldest(store, view.who, usual)

        try:
            snapshot, began = await self.reads.ask(question)
        except StoreError as error:
            return Snapshot(), usual, str(error)
        return snapshot, began, ""

    async def _account(self, who: Identity) -> tuple[AgentAccount, str]:
        """Return what is missing of an agent, and why that is unknown."""
        question = Question(who.region, who.school, who.agent)
        source, nothing = self.frame.source, Account((), (), 0)
        read = await reading.reading(self.reads, lambda: source.account(question), nothing)
        return next(iter(read.found.agents), AgentAccount(who)), read.problem

    async def _alerts(self, view: SchoolView) -> Read[Stories]:
        wanted = Wanted(view.region, view.school, limit=reading.FEW)
        return await reading.stories(self.reads, self.frame.source, wanted)


def _school_of(picture: Picture, request: web.Request) -> board.SchoolRow:
    wanted = (request.match_info["region"], request.match_info["school"])
    for view in picture.schools:
        if (view.region, view.school) == wanted:
            return board.school_row(view)
    raise web.HTTPNotFound
