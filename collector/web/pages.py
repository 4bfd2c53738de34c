"""The pages: the district, a school, an agent, and what went wrong."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from aiohttp import web

from collector.ledgerread import AgentAccount, Question
from collector.picture import Picture
from collector.store.base import Store
from collector.web import board, charts, ledger, schools, texts, words
from collector.web.reads import Reads
from collector.web.snapshot import Snapshot, oldest, take
from collector.web.source import Source
from core import VERSION
from core.clock import SECOND, Clock, local
from core.errors import StoreError
from core.types import Identity

TEMPLATES: Final = Path(__file__).with_name("templates")
REFRESH_S: Final = 5
MANY_SCHOOLS: Final = 300
"""A page with more schools than this is asked for less often."""

_STEERING: Final = ("lang", "range", "state")


def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # The templates of a newer version, installed meanwhile, do not fit this running one.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class Pages:
    """The handlers of everything that a person looks at."""

    source: Source
    reads: Reads
    language: texts.Language
    zone: tzinfo
    now: Clock
    templates: jinja2.Environment = field(default_factory=_templates)

    async def front(self, request: web.Request) -> web.Response:
        """Show the district; with a single school, that school."""
        picture = self.source.picture()
        if len(picture.schools) == 1:
            return await self._school(request, picture, board.rows(picture)[0])
        rows = board.rows(picture)
        wanted = request.query.get("state", "")
        wanted = wanted if wanted in board.WORST_FIRST else ""
        return self._page(
            request,
            picture,
            "district.html",
            rows=[row for row in rows if row.state == wanted or not wanted],
            wanted=wanted,
            schools=board.tally(row.state for row in rows if row.counts),
            uncounted=sum(not row.counts for row in rows),
            agents=sum(len(row.agents) for row in rows),
        )

    async def school(self, request: web.Request) -> web.Response:
        """Show one school; raises HTTPNotFound for one that nobody knows."""
        picture = self.source.picture()
        return await self._school(request, picture, _school_of(picture, request))

    async def agent(self, request: web.Request) -> web.Response:
        """Show one agent; raises HTTPNotFound for one that nobody knows."""
        picture = self.source.picture()
        row = _school_of(picture, request)
        for agent in row.agents:
            if agent.view.who.agent == request.match_info["agent"]:
                return await self._agent(request, picture, row, agent)
        raise web.HTTPNotFound

    def error(self, request: web.Request, status: int) -> web.Response:
        """Show that there is no such page, or that it cannot be shown."""
        key = "error_404" if status == 404 else "error_other"
        return self._page(request, self.source.picture(), "error.html", status, key=key)

    async def _school(
        self, request: web.Request, picture: Picture, row: board.SchoolRow
    ) -> web.Response:
        if len(row.agents) == 1:
            return await self._agent(request, picture, row, row.agents[0])
        return self._page(request, picture, "school.html", row=row)

    async def _agent(
        self,
        request: web.Request,
        picture: Picture,
        row: board.SchoolRow,
        agent: board.AgentRow,
    ) -> web.Response:
        snapshot, began, problem = await self._snapshot(agent)
        account, unreadable = await self._account(agent.view.who)
        t = self._texts(request)
        age_s = (self.now() - began) / SECOND
        shown = charts.range_shown(request.query.get("range"), age_s)
        return self._page(
            request,
            picture,
            "agent.html",
            row=row,
            agent=agent,
            now=snapshot,
            problem=problem,
            account=account,
            unreadable=unreadable,
            causes=[(one, ledger.said(t, one)) for one in account.causes],
            headline=ledger.headline(t, account),
            troubles=ledger.troubles(t, account),
            shown=shown,
            ranges=charts.RANGES,
            charts=charts.charts(snapshot, shown, t),
        )

    async def _snapshot(self, agent: board.AgentRow) -> tuple[Snapshot, int, str]:
        """Return the values, since when there are some (ns), and why they are unknown."""
        view = agent.view
        usual = max(0, self.now() - charts.USUAL * SECOND)
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
        try:
            account = await self.reads.run(lambda: self.source.account(question))
        except StoreError as error:
            return AgentAccount(who), str(error)
        return next(iter(account.agents), AgentAccount(who)), ""

    def _texts(self, request: web.Request) -> texts.Texts:
        return texts.Texts(texts.chosen(request.query.get("lang"), self.language))

    def _page(
        self,
        request: web.Request,
        picture: Picture,
        template: str,
        status: int = 200,
        **values: Any,
    ) -> web.Response:
        t = self._texts(request)
        many = len(picture.schools) > MANY_SCHOOLS
        frame = {
            "picture": picture,
            "ready": self.source.ready(),
            "version": VERSION,
            "zone_name": zone_name(self.zone, self.now()),
            "refresh_s": REFRESH_S * (3 if many else 1),
            "html_lang": texts.HTML_LANG,
            "languages": texts.LANGUAGES,
        }
        text = self.templates.get_template(template).render(
            **frame, **_helpers(request, t, self.now(), self.zone), **values
        )
        page = web.Response(text=text, status=status, content_type="text/html")
        page.enable_compression()
        return page


def zone_name(zone: tzinfo, now: int) -> str:
    """Return what a browser calls *zone*: its name, or its offset like `+08:00`."""
    offset = local(now, zone).strftime("%z")
    return str(getattr(zone, "key", "") or f"{offset[:3]}:{offset[3:5]}")


def _helpers(
    request: web.Request, t: texts.Texts, now: int, zone: tzinfo
) -> dict[str, Callable[..., Any]]:
    """Return the functions that templates call."""
    return {
        "t": t,
        "flags": lambda view: schools.flags(view, t),
        "facts": lambda view: schools.facts(view, t),
        "href": partial(_href, _given(request, "lang")),
        "here": partial(_here, request),
        "moment": lambda at: words.moment(at, now, zone),
        "full": lambda at: local(at, zone).strftime("%Y-%m-%d %H:%M:%S"),
        "ago": lambda at: words.ago(at, now, t),
        "lasting": lambda at: words.lasting(now - at, t),
        "started": lambda text: words.started(text, now, zone),
        "percent": words.percent,
        "size": words.size,
        "bits": lambda value: words.bits(value, t("unit_bits")),
        "ms": words.milliseconds,
    }


def _given(request: web.Request, *names: str) -> dict[str, str]:
    return {name: request.query[name] for name in names if name in request.query}


def _href(kept: Mapping[str, str], *levels: str, **query: str) -> str:
    path = "/" + "/".join(quote(level, safe="") for level in levels)
    words = dict(kept) | query
    return path + ("?" + urlencode(words) if words else "")


def _here(request: web.Request, **changes: str) -> str:
    """Return the address of this page with some parameters changed."""
    # A path asked for as //elsewhere/ would be a link to another host.
    path = "/" + request.rel_url.raw_path.lstrip("/")
    return path + "?" + urlencode(_given(request, *_STEERING) | changes)


def _school_of(picture: Picture, request: web.Request) -> board.SchoolRow:
    wanted = (request.match_info["region"], request.match_info["school"])
    for view in picture.schools:
        if (view.region, view.school) == wanted:
            return board.school_row(view)
    raise web.HTTPNotFound
