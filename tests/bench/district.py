"""What the series of the district cost a collector of a thousand schools and two thousand agents.

Run it: python -m tests.bench.district
Prints the CPU time of one turn, which comes each minute: what of it is in the event loop, and what
in a worker thread; with a day's probes behind it, and with a month of days.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from collector.district import writer
from collector.district.alertcounts import alert_counts
from collector.district.seen import seen
from collector.roster.school import School
from core.clock import SECOND
from core.types import Identity
from tests.collector.district.play import MINUTE, Play
from tests.collector.making import REGION, A

SCHOOLS, AGENTS, SERVERS = 1_000, 2, 5
PROBE = "http_response,agent={0},method=GET,region=330100,school={1},server=s{2} success={3}i {4}"


def ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000


class Bench:
    def __init__(self, folder: Path) -> None:
        areas = ("urban", "town", "rural")
        names = [f"s{number:04}" for number in range(SCHOOLS)]
        rows = [
            School(REGION, name, f"第{name}小学", area=areas[n % 3], target_mbps=100.0)  # type: ignore[arg-type]
            for n, name in enumerate(names)
        ]
        self.play = Play(folder, "Mon 08:00", rows)
        self.names = names
        self.agents = [Identity(REGION, name, f"h{n}") for name in names for n in range(AGENTS)]
        self.minute = 0

    def heard(self) -> None:
        live, clock = self.play.desk.books.live, self.play.clock
        for _ in range(3):
            clock.at += MINUTE // 3
            self.play.desk.books.door.awake()
        opening = self.play.desk.books.door.opening()
        for who in self.agents:
            live.heard(who, A, clock.at, opening)

    def lines(self) -> list[bytes]:
        """Return what a minute brings: heartbeats, a fifth of all probes, samples of every line."""
        self.minute += 1
        at, found = self.play.clock.at, []
        for number, who in enumerate(self.agents):
            found.append(
                f"agent,agent={who.agent},region={REGION},school={who.school} "
                f"spool_batches=1i,uptime_s={self.minute}i {at}"
            )
            if number % 2 == 0:
                for server in range(SERVERS):
                    if (number + server + self.minute) % 5 == 0:
                        ok = int((number + self.minute) % 97 != 0)
                        one = PROBE.format(who.agent, who.school, server, ok, at - SECOND)
                        found.append(one)
                found.append(
                    f"bandwidth,agent={who.agent},region={REGION},school={who.school},uplink=m "
                    f"recv_mbit_s={(number * 7 + self.minute) % 90 / 1.5},sent_mbit_s=1.0 {at}"
                )
        return [line.encode() for line in found]

    async def turn(self) -> tuple[float, float]:
        """Return the CPU time in the loop and in the thread (ms)."""
        self.heard()
        district = self.play.district
        district._lines += self.lines()
        books = self.play.desk.books

        def loop() -> None:
            picture = books.live.picture(self.play.clock.at, books.door.opening())
            seen(picture, alert_counts(()))

        in_loop = ms(loop)
        began = time.process_time()
        await district.minute()
        return in_loop, (time.process_time() - began) * 1_000 - in_loop


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        found: dict[str, list[tuple[float, float]]] = {}
        for number in range(60):
            district, at = bench.play.district, bench.play.clock.at + MINUTE
            scores = at - district._scored_at >= writer.SLOW
            ledger = at - district._ledger_at >= writer.SLOW
            what = "scores" if scores else "ledger" if ledger else "other minutes"
            took = await bench.turn()
            if number > 5:
                found.setdefault(what, []).append(took)
        for what, all_took in found.items():
            loop = sorted(one for one, _ in all_took)[len(all_took) // 2]
            thread = sorted(one for _, one in all_took)[len(all_took) // 2]
            worst = max(sum(one) for one in all_took)
            text = f"loop {loop:6.1f} ms, thread {thread:6.1f} ms, worst {worst:6.1f} ms"
            print(f"{what:>14}: {text}")  # noqa: T201 — a command for the terminal
        began = time.process_time()
        bench.play.restart()
        await bench.turn()
        print(f"the first turn after a restart: {(time.process_time() - began) * 1_000:.0f} ms")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
