"""`schoolwatch status`, against a real server and against what is none."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collector import statuscli, terminal
from collector.agentclocks import ClockVerdict
from core.errors import StoreBusy
from core.types import Identity
from tests.collector.web.classrooms import classrooms
from tests.collector.web.districts import furnish
from tests.collector.web.fakes import MINUTE, NOW, FakeSource, MoodyStore, agent, school, serving


@pytest.fixture
def source(tmp_path: Path) -> FakeSource:
    return FakeSource(MoodyStore(tmp_path / "store.db"), (school(agent()),))


@contextmanager
def saying(answer: bytes, *, hold: bool = False) -> Iterator[str]:
    """Answer every connection with *answer*, whatever it asks; with *hold* never end."""
    listener = socket.create_server(("127.0.0.1", 0))
    open_ones: list[socket.socket] = []

    def serve_one() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                connection.recv(4096)
                connection.sendall(answer)
            except OSError:
                return
            open_ones.append(connection) if hold else connection.close()

    thread = threading.Thread(target=serve_one)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for connection in open_ones:
            connection.close()


def status(*words: str) -> Result:
    return CliRunner().invoke(statuscli.status_command, words, catch_exceptions=False)


def test_all_up_is_0_and_names_everybody(source: FakeSource) -> None:
    with serving(source) as url:
        result = status("--url", url)
    assert result.exit_code == 0
    assert "AREA" not in result.output
    for words in ("000000/trial 试点学校", "machine", "up", "12 min", "2 s ago", "1 school: 1 up"):
        assert words in result.output


def test_a_publisher_without_a_header_is_called_unaccounted(source: FakeSource) -> None:
    source.schools = (school(agent(), replace(agent(), unaccounted=True)),)
    with serving(source) as url:
        result = status("--url", url)
    assert result.exit_code == 0
    assert result.output.count("unaccounted: sends without a header") == 1


def test_whatever_is_not_up_is_1_and_says_why(source: FakeSource) -> None:
    source.schools += (
        school(agent(Identity("1", "s", "pc"), "unknown", "silent", NOW - MINUTE)),
        school(agent(Identity("1", "t", "pc"), "never_seen")),
    )
    with serving(source) as url:
        result = status("--url", url + "/")
    assert result.exit_code == 1
    for words in ("unknown", "no heartbeat for more than 3 minutes", "never seen", "1 min ago"):
        assert words in result.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda source: setattr(source, "schools", ()), "Nothing has reported yet"),
        (lambda source: setattr(source, "able", (False, "disk full")), "disk full"),
        (lambda source: setattr(source, "broker_connected", False), "no connection to the broker"),
    ],
)
def test_nothing_to_show_or_a_collector_in_trouble_is_1(
    source: FakeSource, change: Callable[[FakeSource], None], words: str
) -> None:
    change(source)
    with serving(source) as url:
        result = status("--url", url)
    assert result.exit_code == 1
    assert words in result.output


def test_a_district_is_counted_and_its_worst_and_its_alerts_come_with_since_when(
    source: FakeSource,
) -> None:
    furnish(source, 1000)
    source.roomed = ()
    with serving(source, now=lambda: NOW) as url:
        result = status("--url", url)
        everybody = status("--url", url, "--all")
    assert result.exit_code == 1
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    assert lines[-1].startswith("1000 schools: 6 down, 10 unknown, 7 degraded, 8 never seen,")
    assert "urban 4 6 0 0 0 315 325" in lines
    assert "teaching points among them 0 0 2 3 1 161 167" in lines
    assert "46 open alerts: 6 P1, 33 P2, 7 P3" in lines
    assert "and 36 more: see the page /alerts" in lines
    assert any(line.startswith("and 9") and "owners missing of" in line for line in lines)
    assert "滨江小学" not in result.output
    assert "滨江小学" in everybody.output
    down, unknown = (result.output.index(name) for name in ("新登实验学校", "向阳九年一贯制学校"))
    assert down < unknown
    assert "nothing answers from outside" in " ".join(lines)


def test_schools_can_be_narrowed_to_a_state_an_area_a_region_or_a_name(source: FakeSource) -> None:
    furnish(source, 50)
    with serving(source) as url:
        down = status("--url", url, "--state", "down")
        rural = status("--url", url, "--area", "rural", "--region", "330102")
        named = status("--url", url, "--name", "滨江小学")
        nobody = status("--url", url, "--name", "nobody")
    assert "新登实验学校" in down.output
    assert "清河教学点" not in down.output.partition("open alert")[0]
    assert "清河教学点" in rural.output
    assert source.alerts_wanted[1].region == "330102"
    assert "1 school: 1 up" in named.output
    assert "No such school." in nobody.output
    assert nobody.exit_code == 1


def test_an_open_alert_is_1_and_alerts_that_cannot_be_read_are_not_none(source: FakeSource) -> None:
    with serving(source) as url:
        assert status("--url", url).exit_code == 0
        source.alert_trouble = StoreBusy("asleep")
        unknown = status("--url", url)
        as_json = status("--url", url, "--json")
        source.alert_trouble = None
        furnish(source, 50)
        everything = source.schools
        source.schools = tuple(view for view in everything if view.line.state == "up")[-4:]
        opened = status("--url", url)
    assert unknown.exit_code == as_json.exit_code == 1
    assert "Whether alerts are open is not known" in unknown.stderr
    assert json.loads(as_json.stdout)["open_alerts"] is None
    assert opened.exit_code == 1
    assert "School line down: " in opened.output


def test_a_region_that_fell_is_one_line(source: FakeSource) -> None:
    lost = [Identity("1", f"s{n}", "pc") for n in range(4)]
    source.schools = tuple(school(agent(who, "unknown", "region", NOW - MINUTE)) for who in lost)
    with serving(source) as url:
        result = status("--url", url)
    assert result.output.count("region 1: 4 schools fell silent at once, for 1 min") == 1


def test_json_is_what_the_collector_says(source: FakeSource) -> None:
    with serving(source) as url:
        result = status("--json", "--url", url)
    assert result.exit_code == 0
    found = json.loads(result.output)
    assert found["schools"][0]["agents"][0]["agent"] == "machine"
    assert (found["counts"]["up"], found["open_alerts"], found["open_alerts_total"]) == (1, [], 0)


def test_nobody_there_is_2_with_how_to_start_it() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        result = status("--url", f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert result.exit_code == 2
    assert "schoolwatch up" in result.output


@pytest.mark.parametrize("url", ["file:///etc/passwd", "127.0.0.1:8480", "", "ftp://x"])
def test_what_is_no_address_is_2(url: str) -> None:
    result = status("--url", url)
    assert result.exit_code == 2
    assert "no address like http://127.0.0.1:8480" in result.output


@pytest.mark.parametrize("url", ["http://[", "http://a..b", "http://127.0.0.1:99999", "http://x y"])
def test_what_only_looks_like_an_address_is_2(url: str) -> None:
    assert status("--url", url).exit_code == 2


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DEEP = b"[" * 100_000
ODD = {
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "a page": OK + b"\r\n<html>",
    "another JSON": OK + b'\r\n{"at": 5}',
    "deep": OK + b"\r\n" + DEEP,
    "a wrong length": OK + b"Content-Length: 99\r\n\r\n{}",
    "a length that is none": OK + b"Content-Length: many\r\n\r\n{}",
    "a huge number": OK + b'\r\n{"at_ns": ' + b"9" * 5_000 + b"}",
    "bytes": OK + b'\r\n{"at": "\xff"}',
    "an error": b"HTTP/1.1 503 Busy\r\n\r\n",
    "a way in circles": b"HTTP/1.1 302 Found\r\nLocation: /api/v1/live\r\n\r\n",
    "a way elsewhere": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500 + b"\r\n",
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
def test_an_odd_answer_is_2_and_a_sentence(answer: bytes) -> None:
    with saying(answer) as url:
        result = status("--url", url)
    assert result.exit_code == 2
    assert url in result.output


def test_an_answer_that_never_ends_is_given_up() -> None:
    with saying(OK + b"\r\n{", hold=True) as url, pytest.raises(terminal.NoAnswer):
        terminal.fetch(url, "live", 0.2)


def test_names_cannot_steer_the_terminal(source: FakeSource) -> None:
    source.schools = (school(agent(), name="[red]\x1b]0;owned\x07\u202e"),)
    with serving(source) as url:
        result = status("--url", url)
    assert "[red]?]0;owned??" in result.output


def test_a_clock_that_is_off_is_named_also_among_many_that_are_up(source: FakeSource) -> None:
    off = replace(agent(), clock=ClockVerdict("bad", 7_200.0, NOW - MINUTE))
    many = [school(agent(Identity("1", f"s{n}", "pc"))) for n in range(30)]
    source.schools = (school(off), *many)
    with serving(source) as url:
        result = status("--url", url)
        as_json = status("--url", url, "--json")
    words = " ".join(result.output.split())
    assert "7.20" in words
    assert "over 5 s" in words
    assert "30 schools with everything up" in words
    schools = json.loads(as_json.output)["schools"]
    clock = next(s["agents"][0]["clock"] for s in schools if s["school"] == "trial")
    assert (clock["state"], clock["offset_ms"], clock["checked"]) == ("bad", 7_200.0, True)
    assert clock["since_ns"] == NOW - MINUTE


def test_rooms_in_which_no_lesson_can_be_held_are_named_with_what_to_try(
    source: FakeSource,
) -> None:
    source.roomed = classrooms(source.schools)
    with serving(source, now=lambda: NOW) as url:
        result = status("--url", url)
        said = json.loads(status("--url", url, "--json").stdout)
        elsewhere = status("--url", url, "--name", "nowhere")
        source.roomed = ()
        fine = status("--url", url)
    assert result.exit_code == 1
    for words in ("2 rooms in which no lesson can be held", "试点学校 302", "lamp has failed"):
        assert words in result.output
    assert "change the lamp or call for" in result.output
    assert "305" not in result.output, "of which nobody can tell"
    assert said["rooms_not_ready_total"] == 2
    assert {one["room"] for one in said["rooms_not_ready"]} == {"302", "303"}
    assert "lesson" not in elsewhere.output
    assert (fine.exit_code, "lesson" in fine.output) == (0, False)


def test_attacks_are_one_line_and_schools_without_a_sensor_are_not_called_safe(
    source: FakeSource,
) -> None:
    with serving(source, now=lambda: NOW) as url:
        calm = status("--url", url)
        furnish(source, 50)
        attacked, said = status("--url", url), status("--url", url, "--json")
    assert (
        "Security: none open. Sensors: no school has one; 1 school without, of which"
        in " ".join(calm.output.split())
    )
    text = " ".join(attacked.output.split())
    assert "Security: 6 events open at 5 schools. Sensors: 2 see all, 2 have blind spots" in text
    assert "42 schools without, of which nobody can tell" in text
    assert json.loads(said.output)["attacked_schools"] == 5
