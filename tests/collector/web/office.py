"""Pages over the real engine and its database, with people who may act there."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from alerts.history import History, Stories, Wanted
from alerts.links import AckLinks
from alerts.people.accounts import Accounts
from alerts.texts import Words
from collector.incidents import Incidents
from collector.people import People
from collector.silencing import Silencing
from collector.web.app import make_app
from core.clock import SECOND
from core.types import Event, Identity
from tests.alerts.incidents.making import attack, found
from tests.alerts.people.made import ELSEWHERE, HERE, PASSWORD, account, accounts
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, REGION, WHO
from tests.collector.web.fakes import Client, FakeSource, MoodyStore

BASE = "http://127.0.0.1"
NAMES = ("zhang", "li", "far", "wang")
"""The district, the school of the alert, another school, the auditor."""


class Live(FakeSource):
    """The alerts and incidents of the stage, the rest made up."""

    stage: Stage
    judging: Incidents

    @property
    def incidents(self) -> Incidents:
        return self.judging

    def alerts(self, wanted: Wanted) -> Stories:
        words = Words(lambda place: place, SHANGHAI)
        return History(self.stage.folder / "ledger.db", words).stories(wanted)


@dataclass
class Office:
    """One collector's pages; `seconds` is the clock of sessions and waits, which tests move."""

    folder: Path
    base_url: str = BASE
    seconds: float = 1_000.0
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    stage: Stage = field(init=False)
    people: People = field(init=False)
    client: Client = field(init=False)
    app: web.Application = field(init=False)

    def __post_init__(self) -> None:
        self.stage = Stage(self.folder)
        people = People(
            self.stage.ledger.transaction,
            self.stage.journal,
            staff(),
            AckLinks(self.base_url, b"k" * 32, self.stage.clock),
            receivers={"duty": "", "school": HERE, "far": ELSEWHERE},
            base_url=self.base_url,
            silencing=Silencing(
                self.stage.ledger.transaction,
                self.stage.journal,
                self.stage.engine.silences_changed,
                self.stage.clock,
            ),
            count=self.count,
            now=self.stage.clock,
        )
        self.people = people
        self.source = Live(MoodyStore(self.folder / "store.db"), acting=people)
        self.source.stage = self.stage
        table = SimpleNamespace(tz=lambda: SHANGHAI)
        config = SimpleNamespace(collector=table, alerts=SimpleNamespace(incidents_file=None))
        stage = self.stage
        books = SimpleNamespace(ledger=stage.ledger, journal=stage.journal, live=stage.live)
        self.source.judging = Incidents(
            cast(Any, config), cast(Any, books), lambda _sight: None, stage.clock
        )

    def count(self, name: str, reason: str) -> None:
        self.counted[name, reason] += 1

    def break_out(self, who: Identity = WHO) -> int:
        """Have an alert begin; return its number."""
        self.stage.say(Event("spool_dropping", "host", "host", True, self.stage.clock()), who=who)
        with self.stage.ledger.transaction() as db:
            return int(db.execute("SELECT max(number) FROM alert").fetchone()[0])

    def attacked(self, school: str = WHO.school) -> int:
        """Have an attack begin, which is an incident; return its number."""
        attack(self.stage, school=school)
        self.stage.wait(30)
        return max(one.number for one in found(self.stage))

    def heal(self, who: Identity = WHO) -> None:
        self.stage.say(Event("spool_dropping", "host", "host", False, self.stage.clock()), who=who)

    def audit(self, *kinds: str) -> list[dict[str, Any]]:
        """Return what the audit log has of *kinds*, in its order."""
        rows = self.stage.journal.rows.after(0, 10_000)
        found = [
            msgspec.json.decode(row.body) for row in rows if row.row <= self.stage.journal.log.row
        ]
        return [one for one in found if one["kind"] in kinds]

    def token(self, number: int, receiver: str = "duty") -> str:
        return self.people.links.token(number, receiver)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Office"]:
        app = self.app = make_app(
            self.source,
            "zh",
            SHANGHAI,
            self.stage.clock,
            patience=20,
            monotonic=lambda: self.seconds,
        )
        server = TestServer(app)
        await server.start_server(access_log=None)  # as collector/web/app.py serves
        async with TestClient(server) as client:
            self.client = client
            yield self
        self.source.store.close()
        self.stage.ledger.close()

    async def get(self, path: str, status: int = 200) -> str:
        answer = await self.client.get(path, allow_redirects=False)
        assert answer.status == status, await answer.text()
        return await answer.text()

    async def post(self, path: str, **form: str) -> ClientResponse:
        return await self.client.post(path, data=form, allow_redirects=False)

    async def sign_in(
        self, name: str = "zhang", password: str = PASSWORD, **headers: str
    ) -> ClientResponse:
        page = await (await self.client.get("/sign-in")).text()
        entry = hidden(page, "entry")
        form = {"name": name, "password": password, "entry": entry}
        # By https only, says the cookie, which this client takes at its word.
        cookies = {"schoolwatch-entry": entry} if self.people.secure else None
        return await self.client.post(
            "/sign-in", data=form, allow_redirects=False, headers=headers or None, cookies=cookies
        )

    async def entered(self, name: str = "zhang") -> str:
        """Sign in; return what forms have to say."""
        assert (await self.sign_in(name)).status == HTTPStatus.SEE_OTHER
        return await self.csrf()

    async def csrf(self) -> str:
        return hidden(await self.get("/alerts"), "csrf")

    def leave(self) -> None:
        """Forget the cookies, as another browser has none."""
        self.client.session.cookie_jar.clear()


def staff() -> Accounts:
    return accounts(
        account("zhang", "district"),
        account("li", "school", HERE),
        account("far", "school", ELSEWHERE),
        account("wang", "auditor"),
    )


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field, "" where there is none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def elsewhere() -> Identity:
    return Identity(REGION, "school-9", "host")


def details(row: Mapping[str, Any], *names: str) -> tuple[Any, ...]:
    return (row["subject"], *(row["details"].get(name) for name in names))


__all__ = ["BASE", "NOW", "SECOND", "Office", "details", "elsewhere", "hidden"]
