"""Rows that are kept as they come over real sockets, by a real sender and by one that floods."""

import asyncio
import resource
import socket
import sys
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from agent.conditions import Gone
from agent.config import read_agent
from agent.logkeeping import stated
from agent.logs.kept import keeper as keeper_module
from agent.logs.kept.rows import came, read
from agent.logscli import main
from agent.logsconfig import LogsConfig, LogSource, logs_mistakes
from core.errors import ConfigError
from core.types import Event
from tests.agent.logs.kept.making import NOON, book_of, lines, rewrite, sealed
from tests.agent.logs.test_stream import (
    LINE,
    ONE,
    Listening,
    free_tcp_port,
    listening,
    sent,
    until_open,
)
from tests.waiting import until

PERSON = "用户:张三 13800138000 \\ one"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "EVERY_S", 0.05)


def kept(folder: Path) -> list[bytes]:
    rows = [
        read(line)
        for path in sorted((folder / "fw-1").glob("*.log"))
        for line in path.read_bytes().splitlines()
    ]
    return [came(one.data) for one in rows if one and one.mark != "gap"]


def notes(folder: Path) -> bytes:
    found = b"".join(path.read_bytes() for path in (folder / "fw-1").glob("*.log"))
    return b" ".join(line for line in found.splitlines() if b"\tgap\t" in line)


async def test_rows_over_udp_and_tcp_are_kept_as_they_came(tmp_path: Path) -> None:
    port = free_tcp_port()
    config = LogsConfig(tcp=f"127.0.0.1:{port}", list=(ONE,), keep_folder=tmp_path)
    async with listening(config) as made:
        await until_open(port)
        await sent(made.udp, "--udp", "--rfc5424", lines=(LINE, PERSON))
        await sent(port, "--tcp", "--rfc5424", "--octet-count", lines=(LINE, PERSON))
        await until(lambda: len(kept(tmp_path)) == 4)
    rows = kept(tmp_path)
    assert [LINE.encode() in one for one in rows].count(True) == 2
    assert [PERSON.encode() in one for one in rows].count(True) == 2
    assert (tmp_path / "fw-1").stat().st_mode & 0o077 == 0


async def test_rows_that_are_too_fast_to_be_read_and_that_are_none_are_kept_too(
    tmp_path: Path,
) -> None:
    config = LogsConfig(list=(ONE,), keep_folder=tmp_path, rate_per_s=1)
    async with listening(config) as made:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for number in range(50):
                sock.sendto(b"<999>%d" % number, ("127.0.0.1", made.udp))
        await until(lambda: len(kept(tmp_path)) == 50)
        assert made.logs.intake
        assert made.logs.intake.sources["127.0.0.1"].limited >= 45


async def test_numbers_that_are_missing_stand_in_the_log_and_are_told(tmp_path: Path) -> None:
    config = LogsConfig(list=(ONE,), keep_folder=tmp_path)
    async with listening(config) as made:
        for number in (1, 2, 500):
            element = ("--sd-id", "meta", "--sd-param", f'sequenceId="{number}"')
            await sent(made.udp, "--udp", "--rfc5424", *element)
        await until(lambda: made.begun("log_rows_lost") == 1)
        await sent(made.udp, "--udp", "--rfc5424")
        await until(lambda: b"sequence 433" in notes(tmp_path))
    (event,) = [one for one in events(made) if one.kind == "log_rows_lost" and one.active]
    assert event.details["why"] == "sequence 433"


async def test_numbers_that_are_missing_are_told_also_where_no_row_is_kept(tmp_path: Path) -> None:
    other = LogSource(id="fw-1", address="127.0.0.1", keep=False)
    async with listening(LogsConfig(list=(other,), keep_folder=tmp_path)) as made:
        for number in (1, 500):
            element = ("--sd-id", "meta", "--sd-param", f'sequenceId="{number}"')
            await sent(made.udp, "--udp", "--rfc5424", *element)
        await until(lambda: made.begun("log_rows_lost") == 1)
        assert made.logs.keeper is None
    assert list(tmp_path.iterdir()) == []


async def test_datagrams_that_the_system_dropped_are_counted_and_told(tmp_path: Path) -> None:
    config = LogsConfig(list=(ONE,), keep_folder=tmp_path)
    async with listening(config) as made:
        hearing = made.keeping.hearing
        assert hearing
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(40_000):  # more at once than any buffer of the kernel holds
                sock.sendto(b"<13>x" * 200, ("127.0.0.1", made.udp))
        if not hearing.heard.dropped:
            await sent(made.udp, "--udp")
        await until(lambda: hearing.heard.dropped > 0 or len(kept(tmp_path)) > 40_000, 60)
        if not hearing.heard.dropped:
            pytest.skip("this kernel holds forty megabytes of datagrams")
        await until(lambda: made.begun("log_rows_lost") == 1, 30)
        assert made.logs.intake
        assert made.logs.intake.port_dropped == hearing.heard.dropped


def events(made: Listening) -> list[Event]:
    return [one for one in made.told if isinstance(one, Event)]


async def test_keeping_is_switched_on_and_off_while_the_agent_runs(tmp_path: Path) -> None:
    config = LogsConfig(list=(ONE,))
    async with listening(config) as made:
        await until(lambda: made.logs.intake)
        await sent(made.udp, "--udp")
        assert {one.kind for one in made.told if isinstance(one, Gone)} >= {"log_keep_short"}
        made.logs.change(msgspec.structs.replace(config, keep_folder=tmp_path))
        await until(lambda: made.logs.keeper)
        await sent(made.udp, "--udp")
        await until(lambda: len(kept(tmp_path)) == 1)
        made.logs.change(config)
        await until(lambda: made.logs.keeper is None)
        await sent(made.udp, "--udp")
        await until(lambda: made.lines == 1)
        assert len(kept(tmp_path)) == 1


@pytest.mark.slow
async def test_a_thousand_rows_a_second_for_a_minute_are_all_kept(tmp_path: Path) -> None:
    config = LogsConfig(list=(ONE,), keep_folder=tmp_path)
    sending = """
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
began = time.monotonic()
for number in range(60_000):
    sock.sendto(b"<134>Nov 28 09:00:01 fw row %d " % number + b"x" * 250, ("127.0.0.1", PORT))
    if not number % 10:
        time.sleep(max(0, began + number / 1000 - time.monotonic()))
"""
    async with listening(config) as made:
        await until(lambda: made.logs.keeper)
        began = resource.getrusage(resource.RUSAGE_SELF)
        code = sending.replace("PORT", str(made.udp))
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        most = 0
        while process.returncode is None:
            assert made.logs.keeper
            most = max(most, made.logs.keeper._held_bytes)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 0.2)
        hearing = made.keeping.hearing
        assert hearing
        shelf = made.logs.keeper.shelves["fw-1"] if made.logs.keeper else None
        assert shelf
        await until(lambda: shelf.book.kept + hearing.heard.dropped >= 60_000, 60)
        ended = resource.getrusage(resource.RUSAGE_SELF)
    used = ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime
    Path(tmp_path / "measured").write_text(f"{used:.1f} s of CPU, {most} bytes held")
    assert (shelf.book.kept, dict(shelf.book.lost)) == (60_000, {})
    assert most < keeper_module.MOST_HELD
    assert used < 40, "two thirds of a core"


AGENT = """kind = "agent"
[identity]
region = "110105"
school = "s-1"
agent = "pc-1"
[logs]
keep_folder = "{folder}"
[[logs.list]]
id = "fw-1"
address = "192.0.2.1"
"""


def test_the_command_says_what_the_district_must_say_and_names_what_was_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(AGENT.format(folder=tmp_path / "kept"))
    book = book_of(tmp_path / "kept/fw-1", days=2, rows=5)
    assert main(["verify", "--config", str(file)]) == 0
    said = capsys.readouterr().out
    assert "fw-1: 2 sealed days, 10 rows, since 2026-11-21" in said
    assert all(f"root={one.root} sha256={one.sha256} gaps: -" in said for one in sealed(book))

    district = tmp_path / "audit.jsonl"
    rows = [
        {"kind": "log_day_sealed", "agent": "110105/s-1/pc-1", "details": details}
        for details in (
            {"device": "fw-1", "file": one.file, "root": one.root, "sha256": one.sha256}
            | {"lines": one.lines, "rows": one.rows}
            for one in sealed(book)
        )
    ]
    rows += [{"kind": "log_day_sealed", "agent": "110105/s-1/other", "details": {"device": "fw-1"}}]
    district.write_bytes(b"\n".join(msgspec.json.encode(row) for row in rows))
    assert main(["verify", "--config", str(file), "--district", str(district)]) == 0
    path = tmp_path / "kept/fw-1/2026-11-22.log.gz"
    rewrite(path, lines(path)[:-1])
    capsys.readouterr()
    assert main(["verify", "--config", str(file), "--district", str(district)]) == 1
    said = capsys.readouterr().out
    assert "fw-1/2026-11-22.log.gz: cut: it ends after 4 of 5 lines" in said
    district.write_text("no JSON")
    assert main(["verify", "--config", str(file), "--district", str(district)]) == 2
    file.write_text(AGENT.format(folder=""))
    assert main(["verify", "--config", str(file)]) == 2


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("keep_days = 183", "184"),
        ("keep_days = 0", "184"),
    ],
)
def test_less_than_six_months_is_refused(tmp_path: Path, more: str, why: str) -> None:
    file = tmp_path / "agent.toml"
    file.write_text(AGENT.format(folder="kept").replace("[[logs", f"{more}\n[[logs"))
    with pytest.raises(ConfigError, match=why):
        read_agent(file)


TODAY = date.fromisoformat("2026-11-21")


@pytest.mark.parametrize(
    ("oldest", "looked", "found"),
    [(200, 0, ("kept", 200)), (200, 10, ("kept", 190)), (30, 0, ("young", 30)), (400, 185, None)],
)
def test_what_a_person_saw_in_a_device_counts_until_it_is_as_old_as_the_log_has_to_be(
    oldest: int, looked: int, found: tuple[str, int] | None
) -> None:
    days = [(TODAY - timedelta(days=one)).isoformat() for one in (oldest, looked)]
    source = LogSource(id="ac", address="192.0.2.2", oldest_on=days[0], looked_on=days[1])
    read = [one.fields for one in stated(LogsConfig(list=(source,)), NOON)]
    wanted = [(found[0], found[1] * 86_400)] if found else []
    assert [(one["state"], one["oldest_age_s"]) for one in read] == wanted


@pytest.mark.parametrize(
    ("oldest", "looked", "keep", "why"),
    [
        ("2026-01-01", "", True, "belong together"),
        ("2026-03-01", "2026-01-01", False, "before"),
        ("2026-01-01", "2026-03-01", True, "keep = false"),
    ],
)
def test_a_mistake_in_what_is_stated_is_said(
    oldest: str, looked: str, keep: bool, why: str, tmp_path: Path
) -> None:
    source = LogSource(id="ac", address="192.0.2.2", oldest_on=oldest, looked_on=looked, keep=keep)
    (mistake,) = logs_mistakes(LogsConfig(list=(source,), keep_folder=tmp_path))
    assert why in mistake[1]


def test_what_is_stated_of_a_day_to_come_is_nothing() -> None:
    source = LogSource(id="ac", address="192.0.2.2", oldest_on="2026-01-01", looked_on="2027-01-01")
    assert list(stated(LogsConfig(list=(source,)), NOON)) == []
