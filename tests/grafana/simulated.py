"""A district that the simulator plays into the three databases, by the way that schools' data take.

`simulate history` writes a month, up to some time ago; what was since then `simulate run` plays in
seconds: the agents' spools and uplinks, mosquitto, `collector run`, InfluxDB, and beside them the
watchdog. So what is "now" in it was said by the real collector, of faults that go on.
Look at it: python -m tests.real.grafana
"""

import csv
import io
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from collector.ledger import Ledger
from collector.outside import Seen
from collector.outsiderows import OutsideRows
from core.clock import SECOND
from simulator import series as kinds
from simulator.course import course_of
from simulator.district import School, district
from simulator.faults import Troubles
from simulator.history.sink import Sink, Target
from simulator.history.writing import Job, window, write
from simulator.machine import measured_mbps
from simulator.roster import roster_csv
from simulator.scenario import (
    ChanceTable,
    DaysTable,
    DistrictTable,
    FaultKind,
    FaultTable,
    Scenario,
)
from simulator.targets import Targets
from tests.e2e.programs import Program
from tests.real import brokers
from tests.real.brokers import LOOPBACK, RealBroker, free_port
from tests.real.influx import RealInflux
from tests.real.nowhere import nowhere

RAW: Final = "schoolwatch"
PARTS: Final = ("", "_1h", "_1d")
DAYS: Final = 32
RAW_S: Final = 26 * 3_600
PLAYED_S: Final = 2_400
SPEED: Final = 150
WITHIN_S: Final = 480

REGIONS: Final = ("330106", "330108")
TOLD, SCHOOLS = 9, 20
"""Of so many there is a history; so many are in the roster, of which the last is never played."""
DOWN, BUSY, SILENT, LATE, NEVER = "s0003", "s0004", "s0006", "s0007", f"s{SCHOOLS:04d}"
ATTACKED, SCANNED = "s0001", "s0008"
FAULTS: Final = (
    ("disk_full", "+5m", "s0001"),
    ("clock_off", "+5m", LATE),
    ("congested", f"+{PLAYED_S + 20}s", BUSY),
    ("line_cut", "+25m", DOWN),
    ("line_cut", "+25m", SILENT),
    ("rogue_dhcp", "+20m", ATTACKED),
    ("port_scan", "+30m", SCANNED),
)
"""What goes on at the end, and the history knows nothing of; the congestion begins in real time."""
BEFORE: Final[tuple[tuple[FaultKind, str, str], ...]] = (
    ("link_down", "+3h", "s0001"),
    ("slow_platform", "+6h", ""),
    ("line_cut", "+9h", "s0005"),
    ("congested", "+12h", "s0001"),
    ("power_off", "+15h", "s0008"),
    ("agent_dies", "+20h", "s0002"),
    ("gateway_spoof", "+7h", "s0008"),
)
"""What happened on the last day of the history, each for 40 minutes; nothing by chance, so that it
is the same whenever the tests run."""
STATES: Final = {BUSY: "degraded", DOWN: "down", SILENT: "unknown", NEVER: "never_seen"}
"""What the collector has to see; all others are up."""
WAITS: Final = {
    "collector.district.writer.EVERY": 10 * SECOND,
    "collector.district.writer.SLOW": 20 * SECOND,
    "rule:packet_loss.hold_s": 5,
}
"""Shorter in the collector than in life, as a backlog raises no alert."""
LATELY: Final = "time > now() - 10m"
LAST: Final = {
    "cpu": "usage_user",
    "ledger": "batches",
    "collector": "ready",
    "audit_log": "rows",
    "canary": "number",
    "indicator": "total",
}
"""What comes last of what is looked at."""
FIRST: Final = {"region": REGIONS[0], "school": "s0001", "agent": "server-room"}
LAST_OF: Final = {
    ("alert", "number"): {FIRST["school"], ATTACKED, SCANNED},
    ("room", "ready"): {ATTACKED, SCANNED},
    ("security", "active"): {ATTACKED, SCANNED},
    ("security_school", "sensors"): {BUSY, DOWN, NEVER},
}
"""The same of certain schools."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A server that holds it in `bucket` and its rollups, and until when (ns)."""

    server: RealInflux
    bucket: str
    began: int
    """When the play began: what is later came by the real path."""
    at: int

    @property
    def well_known(self) -> int:
        """A moment (ns) at which enough was known of every target."""
        return lesson_day(self.began // SECOND) * SECOND

    def ask(self, text: str, part: str = "") -> list[dict[str, Any]]:
        """Return the series that a query finds in one of the three."""
        what = urlencode({"db": f"{self.bucket}{part}", "epoch": "ms", "q": text})
        status, answer = self.server.call("GET", f"/query?{what}")
        assert status == 200, (text, answer)
        result = json.loads(answer)["results"][0]
        assert "error" not in result, (text, result)
        series: list[dict[str, Any]] = result.get("series", [])
        return series


def schools() -> list[School]:
    """Return those of the roster."""
    return district(DistrictTable().seed, SCHOOLS, REGIONS)


def past() -> Scenario:
    """Return the scenario of the history."""
    return Scenario(
        district=DistrictTable(schools=TOLD, regions=REGIONS),
        chance=ChanceTable(**dict.fromkeys(ChanceTable.__struct_fields__, 0.0)),
        faults=tuple(
            FaultTable(kind=kind, begins=begins, lasts="40m", schools=(one,) if one else ())
            for kind, begins, one in BEFORE
        ),
    )


def scenario(port: int) -> str:
    """Return the scenario that is played: lessons, whatever the hour, and only our faults."""
    said = [
        *('kind = "scenario"', "[district]", f"schools = {SCHOOLS - 1}"),
        *(f"regions = {json.dumps(REGIONS)}", "[days]", "always = true", "[chance]"),
        *(f"{name} = 0" for name in ChanceTable.__struct_fields__),
        *("[broker]", f"port = {port}", "reconnect_within_s = 0.3"),
    ]
    for kind, begins, school in FAULTS:
        said += ["[[faults]]", f'kind = "{kind}"', f'begins = "{begins}"', 'lasts = "3h"']
        said += [f'schools = ["{school}"]']
    return "\n".join(said)


def roster(port: int) -> str:
    """Return the roster; one address of the district answers, at *port*, and one does not."""
    rows = list(csv.reader(io.StringIO(roster_csv(schools()))))
    asked = {"s0001": f"{LOOPBACK}:{port}", DOWN: nowhere()}
    file = io.StringIO()
    out = csv.writer(file, lineterminator="\n")
    out.writerow([*rows[0], "外部探测地址"])
    out.writerows([*row, asked.get(row[1], "")] for row in rows[1:])
    return file.getvalue()


def collector_toml(folder: Path, server: RealInflux, bucket: str, broker: RealBroker) -> str:
    """Return the configuration of the collector, whose files stand in *folder*."""
    token = folder / "token"
    token.touch(0o600)
    token.write_text(server.token)
    return f"""
kind = "collector"
[collector]
regions = ["{REGIONS[0]}", "{REGIONS[1]}"]
folder = "{folder / "collector"}"
[broker]
port = {broker.port}
reconnect_within_s = 0.3
[store]
type = "influxdb"
url = "{server.url}"
org = "{server.org}"
bucket = "{bucket}"
token_file = "{token}"
[roster]
file = "{folder / "roster.csv"}"
[outside]
control = ["{LOOPBACK}:{broker.port}"]
[http]
port = {free_port()}
"""


def answered_before(folder: Path) -> None:
    """Let the collector know that the address of the line that is cut answered once.

    Only the silence of an address that answered proves anything, and nothing here could make a
    line outside of this machine answer, and then cut it.
    """
    folder.mkdir()
    ledger = Ledger(folder / "ledger.db")
    since = time.time_ns() - 3_600 * SECOND
    OutsideRows(ledger).keep({(REGIONS[0], DOWN): Seen(answers=True, since=since, asked_at=since)})
    ledger.close()


@contextmanager
def playing(folder: Path, server: RealInflux, bucket: str, began_s: int) -> Iterator[None]:
    """Have the real path running, and a play in it that began at *began_s*."""
    with ExitStack() as stack:
        broker = stack.enter_context(brokers.running(brokers.mosquitto(folder / "mosquitto")))
        files = {
            "roster.csv": roster(broker.port),
            "scenario.toml": scenario(broker.port),
            "collector.toml": collector_toml(folder, server, bucket, broker),
        }
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        answered_before(folder / "collector")
        config = ["--config", str(folder / "collector.toml")]
        play = ["--folder", str(folder / "play"), "--start", str(began_s * SECOND)]
        play += ["--scenario", str(folder / "scenario.toml"), "--speed", str(SPEED)]
        for name, words in {
            "collector": ["collector", "run", *config],
            "watchdog": ["collector", "watch", *config],
            "play": ["simulate", "run", *play, "--seal-after", "1"],
        }.items():
            waits = WAITS if name == "collector" else {}
            program = Program(words, folder / f"{name}.log", waits=waits)
            program.start()
            stack.callback(program.kill)
        yield


def fill(folder: Path, server: RealInflux, bucket: str = RAW) -> Filled:
    """Make the three databases on *server*, and fill them; takes most of a minute."""
    for part in PARTS:
        server.make_bucket(f"{bucket}{part}")
    began_s = int(time.time()) - PLAYED_S
    with playing(folder, server, bucket, began_s):
        target = Target(server.url, server.token, server.org, bucket)
        month = replace(window(past(), DAYS, began_s), raw=began_s - RAW_S)
        write(Job(past(), month, target), 1)
        well_known(target, lesson_day(began_s))
        filled = Filled(server, bucket, began_s * SECOND, 0)
        end = time.monotonic() + WITHIN_S
        while late := missing(filled):
            assert time.monotonic() < end, f"not there within {WITHIN_S} s: {late}"
            time.sleep(1)
        return replace(filled, at=time.time_ns())


def lesson_day(began_s: int) -> int:
    """Return 16:00 of the last Wednesday (s): a school day, whenever the tests run."""
    at = past().calendar().local(began_s - 86_400)
    at -= timedelta(days=(at.weekday() - 2) % 7)
    return int(at.replace(hour=16, minute=0, second=0, microsecond=0).timestamp())


def well_known(target: Target, until_s: int) -> None:
    """Write a day, and live six hours of it, of which enough is known for all four targets.

    A collector that has just begun knows too little of the day, on a Sunday there are no lessons to
    know anything of, and passive counters never prove the bandwidth of all schools: so these are
    of schools of which they do.
    """
    scenario = msgspec.structs.replace(past(), days=DaysTable(always=True), faults=())
    begin_s = until_s - 6 * 3_600
    proven = [one for one in schools() if kinds.proven(measured_mbps(one), one.target)]
    troubles = Troubles(scenario, proven, scenario.calendar(), begin_s)
    days = troubles.days
    courses = [course_of(troubles, one, days, until_s - 86_400, until_s) for one in proven]
    with Sink(target) as sink:
        for line in Targets(courses, days).live(begin_s, until_s):
            sink.put("", line)
        for line in Targets(courses, days).ended(until_s - 1, until_s):
            if b"window=day" in line:
                sink.put("_1d", line)


def missing(filled: Filled) -> list[str]:
    """Return what of the present is not there, or not yet seen by the collector."""
    found = filled.ask(f"SELECT last(state) FROM school WHERE {LATELY} GROUP BY school")
    states = {one["tags"]["school"]: one["values"][0][1] for one in found}
    wanted = {one.school: STATES.get(one.school, "up") for one in schools()}
    late = [f"{who} {state}" for who, state in wanted.items() if states.get(who) != state]
    # The history also has the month that goes on, and may be later than the collector's first.
    month = "SELECT last(total) FROM indicator WHERE \"window\" = 'month' AND area = 'all'"
    found = filled.ask(f"{month} AND region = 'all'", "_1d")
    if not found or found[0]["values"][0][1] != SCHOOLS:
        late.append(f"the month of {SCHOOLS} schools: {found}")
    for name, field in LAST.items():
        if not filled.ask(f"SELECT last({field}) FROM {name} WHERE {LATELY}"):
            late.append(name)
    for (name, field), of in LAST_OF.items():
        late += [f"{name} of {who}" for who in of - _saying(filled, name, field)]
    return late


def _saying(filled: Filled, name: str, field: str) -> set[str]:
    """Return the schools of which there is something now."""
    found = filled.ask(f"SELECT last({field}) FROM {name} WHERE {LATELY} GROUP BY school")
    return {one["tags"]["school"] for one in found}
