"""Names of block lists are counted by category, and say neither who asked nor for what."""

from pathlib import Path

import pytest

from agent.sensor.blocklists import NAMES_MAX, BlockList, block_list, names_of
from agent.sensor.detectors.blocked_names import BlockedNames, Watch
from agent.sensor.facts import Dns
from agent.sensor.incidents import Incidents
from agent.sensor.network import Network
from core.errors import ConfigError
from tests.agent.sensor.reading import Frames, read, stages_of
from tests.packets.dns import AAAA, A, answered, asked

RESOLVER_MAC, RESOLVER = "00:1b:21:00:00:02", "10.20.0.2"


def asks(at: float, name: str, client: int = 16, kind: int = A, *, answer: bool = True) -> Frames:
    mac, source = f"00:23:24:00:00:{client:02x}", f"10.20.1.{client}"
    ends = {"mac": mac, "source": source, "resolver_mac": RESOLVER_MAC, "resolver": RESOLVER}
    frames = [(at, asked(name, kind, **ends))]  # type: ignore[arg-type]
    if answer:
        frames += [(at + 0.01, answered(name, kind, **ends))]  # type: ignore[arg-type]
    return frames


def listed(folder: Path, text: str, name: str = "names.txt") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def lists(folder: Path) -> dict[str, list[str]]:
    return {
        "malware": [listed(folder, "bad.example\n", "malware")],
        "mining": [listed(folder, "pool.example\n", "mining")],
        "harmful": [listed(folder, "ugly.example\n", "harmful")],
    }


def told(frames: Frames, folder: Path, until: float = 0.0) -> list[tuple[str, str, int]]:
    found = stages_of(frames, options={"blocked_names": lists(folder)}, until=until)
    return [(stage, one.kind, one.count) for stage, one in found if stage != "update"]


def verdicts(frames: Frames, folder: Path) -> dict[str, int]:
    given = lists(folder)
    options = BlockedNames(
        malware=tuple(given["malware"]),
        mining=tuple(given["mining"]),
        harmful=tuple(given["harmful"]),
    )
    watch = Watch(options, Network(), Incidents(lambda *_: None))
    for fact in read(frames)[0]:
        if isinstance(fact, Dns):
            watch.take(fact)
    return watch.verdicts


@pytest.mark.parametrize(
    ("name", "kind"), [("bad.example", "malware_names"), ("eu.pool.example", "mining_names")]
)
def test_what_asks_each_minute_begins_an_event_that_names_nobody(
    name: str, kind: str, tmp_path: Path
) -> None:
    frames = [frame for n in range(8) for frame in asks(60.0 * n + 1, name)]
    found = stages_of(frames, options={"blocked_names": lists(tmp_path)}, until=5_000.0)
    stages = [stage for stage, _ in found if stage != "update"]
    one = found[-1][1]
    assert (stages, one.kind, one.count) == (["begin", "end"], kind, 8)
    assert (one.source.address, one.source.mac, one.source.role) == (b"", b"", "inside")
    assert name.removeprefix("eu.") not in repr(one)


def test_what_is_harmful_to_children_is_counted_and_never_told(tmp_path: Path) -> None:
    frames = [frame for n in range(90) for frame in asks(60.0 * n + 1, "www.ugly.example", n)]
    assert told(frames, tmp_path) == []
    assert verdicts(frames, tmp_path) == {"malware": 0, "mining": 0, "harmful": 90}


def test_one_page_is_one_lookup_however_often_it_asks(tmp_path: Path) -> None:
    frames = [
        frame
        for n in range(10)
        for kind in (A, AAAA, 65)
        for frame in asks(1.0 + n, "bad.example", kind=kind)
    ]
    assert told(frames, tmp_path) == []
    assert verdicts(frames, tmp_path)["malware"] == 1


def test_five_machines_that_ask_once_each_begin_an_event(tmp_path: Path) -> None:
    frames = [frame for n in range(5) for frame in asks(1.0 + n, "bad.example", 16 + n)]
    assert [kind for _, kind, _ in told(frames, tmp_path)] == ["malware_names"] * 2


def test_what_our_resolver_asks_for_its_clients_is_not_counted_twice(tmp_path: Path) -> None:
    frames: list[tuple[float, bytes]] = []
    for n in range(4):
        frames += asks(60.0 * n + 1, "bad.example")
        frames += [
            (
                60.0 * n + 1.5,
                asked(
                    "bad.example",
                    mac=RESOLVER_MAC,
                    source=RESOLVER,
                    resolver_mac="00:1b:21:00:00:01",
                    resolver="114.114.114.114",
                ),
            )
        ]
    assert verdicts(frames, tmp_path)["malware"] == 4
    assert verdicts([frame for frame in frames if frame[0] % 1 == 0.5], tmp_path)["malware"] == 4


def test_an_event_ends_after_half_an_hour_and_comes_again(tmp_path: Path) -> None:
    frames = [
        frame
        for begin in (1.0, 8_000.0)
        for n in range(6)
        for frame in asks(begin + 60.0 * n, "bad.example")
    ]
    assert [stage for stage, *_ in told(frames, tmp_path, 20_000.0)] == ["begin", "end"] * 2


def test_without_lists_nothing_is_told() -> None:
    assert stages_of(asks(1.0, "bad.example"), only=("blocked_names",)) == []


def test_names_that_are_not_listed_are_no_verdict(tmp_path: Path) -> None:
    names = ("example", "badexample", "notbad.example", "bad.example.org", "xn--bad.example", "")
    frames = [frame for n, name in enumerate(names) for frame in asks(n + 1.0, name)]
    assert sum(verdicts(frames, tmp_path).values()) == 0


# The files


def test_a_list_may_be_written_in_several_ways(tmp_path: Path) -> None:
    file = listed(
        tmp_path,
        "\ufeff# a comment\n\nBad.Example  # and why\n*.wild.example\n.dot.example.\n"
        "0.0.0.0 one.example two.example\n127.0.0.1 localhost\n::1 ip6-localhost\n"
        "坏.中国\nxn--fiqs8s.example\n_under.example\r\n",
    )
    found = block_list((file,))
    assert len(found) == 8
    for name in (
        *("bad.example", "a.b.bad.example", "wild.example", "x.dot.example"),
        *("one.example", "two.example", "坏.中国".encode("idna").decode(), "_under.example"),
    ):
        assert name in found, name
    assert "localhost" not in found


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("two words.example", "2 words"),
        ("http://bad.example/", "is no name"),
        ("bad.example/path", "is no name"),
        ("||bad.example^", "is no name"),
        ("192.0.2.1", "is an address"),
        ("bad..example", "is no name"),
        ("printer", "is no name"),
        ("edu.cn", "all its owners"),
        ("坏" * 80 + ".example", "is no name"),
        ("a" * 2000, "one name a line"),
    ],
)
def test_a_broken_line_is_named_by_file_and_number(line: str, words: str, tmp_path: Path) -> None:
    file = listed(tmp_path, f"good.example\n\n{line}\n")
    with pytest.raises(ConfigError, match=words) as error:
        block_list((file,))
    assert str(error.value).startswith(f"{file}: line 3: ")
    assert len(str(error.value)) < 300


def test_bytes_that_are_no_text_and_a_file_that_is_not_there_are_said(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    path.write_bytes(b"good.example\nb\xe4d.example\n")
    with pytest.raises(ConfigError, match="latin: line 2: is not UTF-8"):
        block_list((str(path),))
    with pytest.raises(ConfigError, match="gone: No such file"):
        block_list((str(tmp_path / "gone"),))
    (tmp_path / "mended").write_bytes(b"bad.example\n")
    assert "bad.example" in block_list((str(tmp_path / "mended"),))


def test_comments_and_empty_lines_hold_no_name() -> None:
    assert [names_of(line) for line in (b"", b"\n", b"# x\n", b"  # y")] == [[]] * 4


def test_a_hundred_thousand_names_are_found_again_and_take_a_megabyte() -> None:
    made = BlockList()
    made.fill(f"n{number}.example" for number in range(100_000))
    made.fill(f"n{number}.example" for number in range(50_000, 100_001))
    assert len(made) == 100_001
    assert made.size < 1_100_000
    assert all(f"www.n{number}.example" in made for number in range(0, 100_001, 997))
    assert not any(f"m{number}.example" in made for number in range(20_000))


def test_more_names_than_are_held_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert NAMES_MAX == 1_000_000
    monkeypatch.setattr("agent.sensor.blocklists.NAMES_MAX", 10)
    file = listed(tmp_path, "".join(f"n{number}.example\n" for number in range(11)))
    with pytest.raises(ConfigError, match="11 names; at most 10 are held"):
        block_list((file,))
