"""A district's folder as a collector leaves it: 200 days, made by the collector's own pieces."""

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from alerts import acks
from alerts.acks import Handled
from collector.backup import back_up
from collector.canary import identity
from collector.config import CollectorConfig, read_to_start
from collector.evidence.report.finding import Finding, Found, Span
from collector.evidence.report.judge import Judged, Report, judge
from collector.evidence.report.sources import Sources
from collector.evidence.report.statements import Statements
from core.clock import SECOND
from core.types import Event
from tests.alerts.stage import Stage
from tests.collector.desk import open_desk
from tests.collector.making import (
    NOW,
    OTHER,
    REGION,
    A,
    B,
    Clock,
    batch,
    birth,
    readings,
    state,
)

DAY = 86_400 * SECOND
HASH = "scrypt$32768$8$3$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
PEOPLE = {"zhang.san": ("张三", "district"), "wang.wu": ("王五", "auditor")}
ROSTER = """region,school,name,status,authority,authority contact,operator,operator contact,\
user,user contact,leader,leader contact,person,person contact
{region},school-1,一小,在办,甲,1,乙,2,丙,3,丁,4,戊,5
{region},school-2,二小,在办,甲,1,乙,2,,,丁,4,戊,5
"""


@dataclass
class District:
    """What stands in *folder*; `now` is when the report is made."""

    folder: Path
    now: int = NOW
    statements: Statements = field(default_factory=Statements)

    @property
    def var(self) -> Path:
        return self.folder / "var"

    @property
    def file(self) -> Path:
        return self.folder / "collector.toml"

    def configure(self, *more: str) -> None:
        """Write the configuration, with *more* lines behind the table [collector]."""
        head = ['kind = "collector"', "[collector]", f'regions = ["{REGION}"]', 'folder = "var"']
        self.file.write_text("\n".join([*head, *more, ""]), encoding="utf-8")

    def config(self) -> CollectorConfig:
        return read_to_start(self.file)

    def sources(self, days: int = 184) -> Sources:
        span = Span(self.now - days * DAY, self.now + SECOND)
        return Sources(self.config(), self.file, span, self.now, self.statements)

    def report(self, days: int = 184) -> Report:
        sources = self.sources(days)
        with sources.opened:
            return judge(sources)

    def clause(self, name: str) -> Judged:
        return clause_in(self.report(), name)


def clause_in(report: Report, name: str) -> Judged:
    (found,) = [one for one in report.clauses if one.clause.id == name]
    return found


def figures(finding: Finding) -> list[str]:
    return [one.figure.en for one in finding.found]


def gaps(finding: Finding | Found) -> list[str]:
    found = finding.all_gaps() if isinstance(finding, Finding) else finding.gaps
    return [gap.what.en for gap in found]


def write_accounts(district: District, people: dict[str, tuple[str, str]]) -> None:
    rows = [
        f'[[account]]\nname = "{name}"\nperson = "{person}"\nrole = "{role}"\npassword = "{HASH}"\n'
        for name, (person, role) in people.items()
    ]
    path = district.folder / "accounts.toml"
    path.write_text('kind = "accounts"\n' + "".join(rows), encoding="utf-8")
    path.chmod(0o600)


def made(folder: Path) -> District:
    """Return a district that lived for 200 days."""
    district = District(folder)
    write_accounts(district, PEOPLE)
    (folder / "roster.csv").write_text(ROSTER.format(region=REGION), encoding="utf-8")
    district.configure(
        "[roster]", 'file = "roster.csv"', "[alerts]", 'accounts_file = "accounts.toml"'
    )
    asyncio.run(_born(district.var))
    _attacked(district.var)
    back_up(district.config().collector, folder / "copy.db", Clock(NOW - DAY))
    asyncio.run(_heard(district.var))
    return district


async def _born(folder: Path) -> None:
    long_ago = NOW - 200 * DAY
    desk = open_desk(folder, Clock(long_ago))
    await desk.take(state(birth()), state(birth(B), OTHER))
    await desk.take(readings(batch(A, 1, at=long_ago)), readings(batch(B, 1, at=long_ago), OTHER))
    desk.books.journal.note(*_signed_in("zhang.san"))
    desk.books.journal.sync()
    desk.books.ledger.close()
    desk.store.close()


def _signed_in(name: str) -> list[Any]:
    from collector.journal import Note

    return [Note("signed_in", "web", name, {"address": "192.0.2.1"})]


def _attacked(folder: Path) -> None:
    """An attack begins, is told, acknowledged after two minutes, over, verified after an hour."""
    stage = Stage(folder, Clock(NOW - 2 * DAY))
    source = {"address": "10.1.1.5", "mac": "02:00:00:00:00:05"}
    target = {"address": "10.1.1.1"}
    event = Event(
        "worm_sweep", "eth0", "1", True, stage.clock.at, None, {"source": source, "target": target}
    )
    stage.say(event, epoch=A)
    without = Event("port_scan", "eth0", "2", True, stage.clock.at, None, {"target": target})
    stage.say(without, who=OTHER, epoch=B)
    stage.wait(30)
    with stage.ledger.transaction() as db:
        query = "SELECT number, fired_at FROM alert WHERE rule = 'worm_sweep'"
        number, fired = db.execute(query).fetchone()
        db.execute(
            "UPDATE alert_outbox SET state = 'delivered', done_at = ?", (fired + 3 * SECOND,)
        )
        acks.acknowledge(db, number, "张三", "district", "page", "", fired + 120 * SECOND)
    stage.clock.at += 600 * SECOND
    stage.say(replace(event, active=False, at=stage.clock.at), epoch=A)
    stage.wait(4_000, 60)
    with stage.ledger.transaction() as db:
        for step in ("contain", "fix", "verify"):
            handled = Handled(step, fired + 3_600 * SECOND, "张三", "district", "")
            acks.advance(db, number, handled)
    for _ in range(2):
        stage.note_of("signed_in", "web", "zhang.san")
    stage.journal.sync()
    stage.ledger.close()


async def _heard(folder: Path) -> None:
    desk = open_desk(folder, Clock(NOW - 60 * SECOND))
    log = b"firewall_log,device=fw1 lines=50i,silent=false,malformed=1i,limited=0i %d" % (
        NOW - 60 * SECOND
    )
    await desk.take(readings(batch(A, 2, [log])))
    watchdog = b"canary number=9i %d\n" % (NOW - 60 * SECOND)  # without a batch, as it sends it
    await desk.take(readings(watchdog, identity(REGION)))
    desk.books.ledger.close()
    desk.store.close()


def log_lines(district: District) -> list[dict[str, Any]]:
    files = sorted((district.var / "audit").glob("*.jsonl"))
    return [msgspec.json.decode(line) for file in files for line in file.read_bytes().splitlines()]
