"""An InfluxDB whose folder holds a simulated district; what was filled once can be asked again.

Set up by `store init`, filled by `simulate history`. Its size is read when all is as it will stay:
the log empty, every piece compacted, which InfluxDB does by itself after hours without writes.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from collector.store.config import DAILY, HOURLY, StoreConfig
from collector.store.plan import plan_of
from collector.store.provision import provision
from core.lineprotocol import parse
from simulator.cli import asked
from simulator.course import course_of
from simulator.history.sink import Part, Sink, Target
from simulator.history.writing import RAW_DAYS, Job, window, write_school
from tests.real import influxdb1, influxdb2
from tests.real.influx import RealInflux
from tests.waiting import until_sync

ROOT: Final = Path(__file__).parents[2]
BUCKET: Final = "schoolwatch"
STORES: Final = {"raw": BUCKET, "hourly": BUCKET + HOURLY, "daily": BUCKET + DAILY}
COLD: Final = ("cache-snapshot-write-cold-duration", "compact-full-write-cold-duration")
COLD_S: Final = 5
START_S: Final = 60
SETTLED_S: Final = 4 * COLD_S
PATIENCE_S: Final = 1_800

Start = Callable[[Path], AbstractContextManager[RealInflux]]
NEW: Final[dict[str, Start]] = {"influxdb1": influxdb1.running, "influxdb2": influxdb2.serving}
AGAIN: Final[dict[str, Start]] = {"influxdb1": influxdb1.empty, "influxdb2": influxdb2.empty}


@dataclass(frozen=True, slots=True)
class Facts:
    """What was filled, up to when (s), how long it took, and the bytes of each of the three.

    `sizes` are the points, `indexes` what finds them: of that most is there from the beginning.
    """

    database: str
    schools: int
    days: int
    at: int
    seconds: float
    lines: int
    points: int
    sizes: dict[str, int]
    indexes: dict[str, int]


@contextmanager
def fresh(
    database: str, folder: Path, schools: int, days: int
) -> Iterator[tuple[RealInflux, Facts]]:
    """Fill *folder*, which has to be empty, and serve it; raises NoInflux."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        sys.exit(f"{folder} is not empty; --filled uses what is there")
    with NEW[database](folder) as server:
        _provide(server)
        began = int(time.time())
        done = _fill(server, schools, days)
        # It ends where the command began, which is some seconds after we asked for it.
        at = min(int(time.time()), began + START_S)
        _settle(server)
        lines, points = _sample(schools, days, at)
        facts = Facts(
            database,
            schools,
            days,
            at,
            done["seconds"],
            int(done["lines"]),
            round(done["lines"] * points / lines),
            _sizes(server, points=True),
            _sizes(server, points=False),
        )
        (folder / "filled.json").write_text(json.dumps(asdict(facts), indent=1) + "\n")
        yield server, facts
        server.stop()


@contextmanager
def again(folder: Path) -> Iterator[tuple[RealInflux, Facts]]:
    """Serve what `fresh` left in *folder*; raises NoInflux."""
    facts = Facts(**json.loads((folder / "filled.json").read_text()))
    with AGAIN[facts.database](folder) as server:
        yield server, facts
        server.stop()


def reader(server: RealInflux) -> str:
    """Return what Grafana shows after `Token`, which may only read."""
    return (server.folder / "grafana.token").read_text().strip()


def raw_days(facts: Facts) -> float:
    """Return of how many days there are raw points."""
    return min(RAW_DAYS, float(facts.days))


def _provide(server: RealInflux) -> None:
    admin = server.folder / "admin.token"
    admin.touch(0o600)
    admin.write_text(server.token + "\n")
    mine, grafana = (server.folder / f"{name}.token" for name in ("collector", "grafana"))
    store = StoreConfig(
        type="influxdb", url=server.url, org=server.org, bucket=BUCKET, token_file=mine
    )
    steps = list(provision(plan_of(store, "bench", grafana), admin))
    assert all(step.state in {"made", "as it was"} for step in steps), steps


def _fill(server: RealInflux, schools: int, days: int) -> dict[str, float]:
    options = {"schools": schools, "days": days, "influx": server.url, "bucket": BUCKET}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    if server.org:
        words += ["--org", server.org]
    command = [sys.executable, "schoolwatch.py", "simulate", "history", "--json", *words]
    environment = os.environ | {"SCHOOLWATCH_INFLUX_TOKEN": server.token}
    run = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(run.stdout)
    return found


def _settle(server: RealInflux) -> None:
    """Have it compact all that it has, now instead of in some hours, and wait for the end of it."""
    server.stop()
    if server.version == 1:
        file = server.folder / "influxdb.conf"
        data = "".join(f'{name} = "{COLD_S}s"\n' for name in COLD)
        file.write_text(file.read_text().replace("[data]\n", "[data]\n" + data))
    else:
        flags = [f"--storage-{name}={COLD_S}s" for name in COLD]
        server.command = [*server.command, *flags]
    server.start()
    since, before = time.monotonic(), ""

    def settled() -> bool:
        nonlocal since, before
        pieces = sorted(f"{one} {size}" for one, size in _files(server.folder) if _moves(one))
        if (now := "\n".join(pieces)) != before:
            since, before = time.monotonic(), now
        logged = any(size for one, size in _files(server.folder) if one.suffix == ".wal")
        return not logged and time.monotonic() - since > SETTLED_S

    until_sync(settled, PATIENCE_S)


def _moves(file: Path) -> bool:
    return file.suffix in {".tsm", ".tmp", ".wal"}


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    for one in folder.rglob("*"):
        try:
            if one.is_file():
                yield one, one.stat().st_blocks * 512  # the series have files with holes
        except FileNotFoundError:  # compacted just now
            continue


def _sizes(server: RealInflux, *, points: bool) -> dict[str, int]:
    folder, ids = server.folder / "data", {name: name for name in STORES.values()}
    if server.version == 2:
        folder = server.folder / "engine/data"
        _, found = server.call("GET", "/api/v2/buckets?limit=100")
        ids = {one["name"]: one["id"] for one in json.loads(found)["buckets"]}
    return {
        name: sum(size for one, size in _files(folder / ids[name]) if points == _moves(one))
        for name in STORES.values()
    }


@dataclass(slots=True)
class _Counting(Sink):
    """Counts lines and the values in them, and writes nothing."""

    points: int = 0

    def put(self, part: Part, line: bytes) -> None:
        self.lines += 1
        self.points += len(parse(line).fields)


def _sample(schools: int, days: int, at: int) -> tuple[int, int]:
    """Return lines and points of a few schools: what history writes tells of its lines only."""
    scenario, sink = asked(None, schools, None), _Counting(Target())
    job = Job(scenario, window(scenario, days, at), Target())
    every = scenario.schools()
    troubles = job.troubles(every)
    for school in every[:: max(1, len(every) // 3)]:
        course = course_of(troubles, school, troubles.days, job.window.start, job.window.stop)
        write_school(sink, course, job.window)
    return sink.lines, sink.points
