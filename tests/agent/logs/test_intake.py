"""Lines that come in, as timelines: attacks, floods, strangers, silence and what is withheld."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from agent.conditions import Gone, Tellable, Update
from agent.logs.intake import Intake
from agent.logsconfig import LogsConfig, LogSource, logs_mistakes
from core.clock import SECOND
from core.measurements.firewall import MEASUREMENTS
from core.types import Event

NOW = 1_795_374_585 * SECOND
FIREWALL, OTHER = "192.0.2.1", "192.0.2.99"
CONFIG = LogsConfig(list=(LogSource(id="fw-1", address=FIREWALL),))
FIELDS = {one.name: one for one in MEASUREMENTS}


def sangfor(kind: str, source: str, attack: str, severity: str = "高", more: str = "") -> bytes:
    return (
        f"<23>May 25 11:31:48 localhost fwlog: 日志类型:{kind}, 用户:张三, 源IP:{source}, 源端口:1,"
        f" 目的IP:192.168.3.9, 目的端口:80, 攻击类型:{attack}, 严重等级:{severity}, 动作:拒绝{more}"
    ).encode()


def attack(source: str = "198.51.100.7") -> bytes:
    return sangfor("IPS防护日志", source, "web漏洞攻击")


VISIT = sangfor(
    "网站访问", "192.168.3.4", "", more=", URL:http://example.cn/?id=110101201001011234"
)


def events(told: Iterable[Tellable]) -> list[tuple[str, str, bool]]:
    found = []
    for one in told:
        event = one.event if isinstance(one, Update) else one
        if isinstance(event, Event) and event.kind != "firewall_silent":
            stage = "update" if isinstance(one, Update) else "begin" if event.active else "end"
            found.append((event.kind, stage, event.active))
    return found


def intake(config: LogsConfig = CONFIG) -> Intake:
    return Intake(config, "pc-1", NOW)


def read(made: Intake, at: int = NOW) -> dict[tuple[str, str], dict[str, Any]]:
    found = {}
    for one in made.readings(at):
        catalogued = FIELDS[one.measurement]
        assert one.tags.keys() == catalogued.tags.keys()
        assert one.fields.keys() <= catalogued.fields.keys()
        found[one.measurement, one.tags.get("verdict", "")] = dict(one.fields)
    return found


def test_an_attack_of_a_thousand_lines_is_one_event_that_ends() -> None:
    made, told = intake(), list[Tellable]()
    for second in range(1000):
        at = NOW + second * SECOND
        assert made.take(attack(), FIREWALL, at)
        told += made.tick(at)
    stages = [stage for _, stage, _ in events(told)]
    assert (stages[0], set(stages[1:])) == ("begin", {"update"})
    assert len(stages) < 10
    over = made.tick(NOW + (999 + 600) * SECOND)
    assert events(over) == [("firewall_attack", "end", False)]
    assert made.take(attack(), FIREWALL, NOW + 2000 * SECOND)
    assert events(made.tick(NOW + 2000 * SECOND)) == [("firewall_attack", "begin", True)]


def test_the_event_says_what_the_standard_asks_for_and_nothing_of_a_person() -> None:
    made = intake()
    made.take(attack(), FIREWALL, NOW)
    (event,) = [one for one in made.tick(NOW) if isinstance(one, Event) and one.active]
    details = event.details
    assert details["source"]["address"] == "198.51.100.7"
    assert (details["target"]["address"], details["target"]["port"]) == ("192.168.3.9", 80)
    evidence = details["evidence"]
    assert (evidence["device"], evidence["threat"]) == ("fw-1", "web漏洞攻击")
    assert (evidence["blocked"], len(evidence["line_sha256"])) == ("yes", 64)
    assert "张三" not in str(event)


def test_what_people_do_is_counted_and_nothing_of_it_is_left_anywhere() -> None:
    made = intake()
    for number in range(50):
        made.take(VISIT, FIREWALL, NOW + number)
    assert events(made.tick(NOW)) == []
    found = read(made)
    assert found["firewall_log", ""]["dropped"] == 50
    assert found["firewall", "person"] == {"total": 50}
    everything = json.dumps(msgspec.to_builtins({str(key): value for key, value in found.items()}))
    kept = everything + repr(made)
    assert not [one for one in ("张三", "192.168.3.4", "example.cn", "11010120") if one in kept]


def test_fewer_than_five_are_told_once_there_are_more() -> None:
    made, totals = intake(), []
    for number in (4, 1, 3, 1, 1):
        for _ in range(number):
            made.take(VISIT, FIREWALL, NOW)
        totals.append(read(made).get(("firewall", "person"), {}).get("total"))
    assert totals == [None, 5, 5, 5, 10]


def test_an_attack_that_the_device_calls_minor_is_only_counted() -> None:
    made = intake()
    for _ in range(9):
        made.take(sangfor("IPS防护日志", "198.51.100.7", "信息收集", "低"), FIREWALL, NOW)
    assert events(made.tick(NOW)) == []
    assert read(made)["firewall", "attack"] == {"total": 9}


def test_a_stranger_is_not_read() -> None:
    made = intake()
    assert not made.take(attack(), OTHER, NOW)
    assert events(made.tick(NOW)) == []
    assert made.take(attack(), f"::ffff:{FIREWALL}", NOW)


def test_a_flood_of_lines_is_read_at_its_rate_and_counted() -> None:
    made = intake(msgspec.structs.replace(CONFIG, rate_per_s=100))
    for number in range(10_000):
        made.take(attack(), FIREWALL, NOW + number * SECOND // 10_000)
    fields = read(made)["firewall_log", ""]
    assert fields["lines"] + fields["limited"] == 10_000
    assert 100 <= fields["lines"] <= 300
    assert made.take(attack(), FIREWALL, NOW + 60 * SECOND)
    assert read(made)["firewall_log", ""]["lines"] == fields["lines"] + 1


def test_a_flood_of_sources_is_bounded_and_told_as_one() -> None:
    made, told = intake(msgspec.structs.replace(CONFIG, rate_per_s=10_000)), list[Tellable]()
    for number in range(5_000):
        at = NOW + number * SECOND // 1_000
        made.take(attack(f"198.51.{number // 250}.{number % 250 + 1}"), FIREWALL, at)
        told += made.tick(at)
    assert sum(stage == "begin" for _, stage, _ in events(told)) == 65
    assert len(made._incidents.open_ones()) == 65


@pytest.mark.parametrize(
    ("data", "counter"),
    [
        (b"<999>x", "malformed"),
        (b"", "malformed"),
        (b"<34>Nov 28 09:00:01 host sshd[7]: session opened", "unread"),
        (b"\xff\xfe\x00\x81", "unread"),
        (sangfor("未知日志", "198.51.100.7", "x"), "unread"),
    ],
)
def test_what_cannot_be_read_is_counted_and_stops_nothing(data: bytes, counter: str) -> None:
    made = intake()
    assert made.take(data, FIREWALL, NOW)
    assert read(made)["firewall_log", ""][counter] == 1
    made.take(attack(), FIREWALL, NOW)
    assert events(made.tick(NOW)) == [("firewall_attack", "begin", True)]


def silences(told: Iterable[Tellable]) -> list[tuple[bool, Any]]:
    found = [one for one in told if isinstance(one, Event) and one.kind == "firewall_silent"]
    return [(one.active, one.details.get("heard")) for one in found]


def test_a_log_that_stops_is_told_and_so_is_one_that_never_came() -> None:
    made, after = intake(), 21_600 * SECOND
    assert silences(made.tick(NOW)) == [(False, None)]
    assert silences(made.tick(NOW + after - SECOND)) == []
    assert silences(made.tick(NOW + after)) == [(True, False)]
    made.take(VISIT, FIREWALL, NOW + after + SECOND)
    assert silences(made.tick(NOW + after + SECOND)) == [(False, None)]
    assert silences(made.tick(NOW + 2 * after + SECOND)) == [(True, True)]
    assert read(made)["firewall_log", ""]["silent"] is True


def test_what_an_earlier_agent_left_open_ends() -> None:
    gone = [one for one in intake().tick(NOW) if isinstance(one, Gone)]
    by_kind = {one.kind: one for one in gone}
    assert not by_kind["firewall_attack"].there("anything")
    silent = by_kind["firewall_silent"]
    assert (silent.there("fw-1"), silent.there("sold")) == (True, False)


ROGUE = (
    "<188>Nov 28 2026 09:00:01 AC %%01WLAN/5/WLAN_DETECT_ROUGE_DEVICE(l): Detected rogue device. "
    "(Device MAC={}, Device type={}, Device channel=6, Device SSID=free, Monitor AP MAC=x)"
)


def test_an_access_point_that_is_not_in_the_list_is_told_by_its_bssid() -> None:
    made = intake(msgspec.structs.replace(CONFIG, access_points=("02:00:5E:00:53:01",)))
    for mac, kind in (("0200-5e00-5301", 1), ("0200-5e00-5302", 4), ("0200-5e00-5303", 1)):
        made.take(ROGUE.format(mac, kind).encode(), FIREWALL, NOW)
    told = [one for one in made.tick(NOW) if isinstance(one, Event) and one.active]
    assert [one.details["source"]["mac"] for one in told] == ["02:00:5e:00:53:03"]
    assert "free" not in str(told)
    assert "5302" not in repr(made)


def test_a_licence_that_expires_is_one_event_for_as_long_as_it_is_said() -> None:
    made, told = intake(), list[Tellable]()
    line = b'<188>logid="0100020104" type="event" subtype="system" msg="expires" date=1'
    for day in range(5):
        at = NOW + day * 86_400 * SECOND
        made.take(line, FIREWALL, at)
        told += made.tick(at)
    told += made.tick(NOW + 6 * 86_400 * SECOND)
    found = events(told)
    assert (found[0], found[-1]) == (
        *(("firewall_expired", "begin", True), ("firewall_expired", "end", False)),
    )
    assert {stage for _, stage, _ in found[1:-1]} == {"update"}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([{"id": "a", "address": FIREWALL, "family": "sangfor"}], "did you mean 'sangfor-af'"),
        (
            [{"id": "a", "address": FIREWALL}, {"id": "a", "address": OTHER}],
            "id 'a' is there twice",
        ),
        (
            [{"id": "a", "address": FIREWALL}, {"id": "b", "address": f"::ffff:{FIREWALL}"}],
            "is there twice",
        ),
    ],
)
def test_a_mistake_in_the_list_is_said_with_its_place(rows: list[dict[str, str]], why: str) -> None:
    config = LogsConfig(list=tuple(LogSource(**row) for row in rows))  # type: ignore[arg-type]
    (mistake,) = logs_mistakes(config)
    assert why.replace("'", '"') in mistake[1].replace("'", '"')
