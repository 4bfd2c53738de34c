"""The keeper, and a process of a few lines in the sensor's place that says what a test wants."""

import asyncio
import json
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.conditions import Gone, Tellable, Update
from agent.readings import mistake
from agent.sensor import keeper as keeping
from agent.sensor.astray import Astray
from agent.sensor.detectors.base import detectors
from agent.sensor.goingon import QUIET_S
from agent.sensor.handover import Handover
from agent.sensor.keeper import Keeper
from agent.sensor.lines import LINE_BYTES, Figures, Options, Owner, encoded, line_of
from agent.sensor.readings import Gauge
from core.securitykinds import SENSED
from core.types import Event, EventKey, Reading
from tests.processes import alive
from tests.waiting import until

KEY = "00" * 16
AT = 1_764_300_000_000_000_000
SCAN: dict[str, Any] = {
    "type": "told",
    "kind": "port_scan",
    "interface": "eth0",
    "subject": "0011223344",
    "stage": "begin",
    "at": AT,
    "details": {
        "source": {"address": "192.0.2.9", "mac": "02:00:5e:00:53:01", "role": "inside"},
        "target": {},
        "count": 12,
        "confidence": 0.9,
        "evidence": {"ports": 12, "per_s": 3.5, "how": "one machine"},
        "began": AT,
        "vlan": 7,
    },
}
FIGURES: dict[str, Any] = {"type": "figures", "interface": "eth0", "frames": 3}
PROGRAM = """
import json, os, sys, time
options = json.loads(sys.stdin.readline())
def say(line):
    os.write(1, (line if isinstance(line, str) else json.dumps(line)).encode() + b"\\n")
def stay():
    sys.stdin.read()
"""


@dataclass
class Kept:
    keeper: Keeper
    told: list[Tellable]
    read: list[Reading]

    def events(self, kind: str) -> list[Event]:
        return [one for one in self.told if isinstance(one, Event) and one.kind == kind]

    def updates(self) -> list[Event]:
        return [one.event for one in self.told if isinstance(one, Update)]

    def gone(self, kind: str) -> list[Gone]:
        return [one for one in self.told if isinstance(one, Gone) and one.kind == kind]


@asynccontextmanager
async def kept(
    tmp_path: Path,
    program: str,
    gateways: tuple[str, ...] = (),
    going_on: tuple[Event, ...] = (),
    **more: Any,
) -> AsyncIterator[Kept]:
    """A keeper at work with *program*, which can write files beside itself."""
    file = tmp_path / "sensor.py"
    file.write_text(PROGRAM + textwrap.dedent(program))
    options = Options(key="", parent=0, interfaces=("eth0",), gateways=gateways)
    told: list[Tellable] = []
    read: list[Reading] = []
    more.setdefault("quiet_s", {})
    keeper = Keeper(
        *(lambda: options, told.extend, read.extend, KEY, going_on),
        command=(sys.executable, "-S", str(file), str(tmp_path)),
        **more,
    )
    found = Kept(keeper, told, read)
    task = asyncio.create_task(keeper.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "AGAIN_LEAST_S", 0.05)
    monkeypatch.setattr(keeping, "AGAIN_WITHIN_S", 0.1)
    monkeypatch.setattr(keeping, "AGAIN_MAX_S", 0.1)


async def test_what_the_process_tells_becomes_an_event(tmp_path: Path) -> None:
    async with kept(tmp_path, f"say({FIGURES}); say({SCAN}); stay()") as found:
        await until(lambda: found.events("port_scan"))
        (event,) = found.events("port_scan")
    assert (event.target, event.subject, event.active, event.at) == ("eth0", "0011223344", True, AT)
    assert event.details["source"] == SCAN["details"]["source"]
    assert event.details["evidence"] == SCAN["details"]["evidence"]
    assert (event.details["count"], event.details["vlan"]) == (12, 7)


async def test_an_incident_that_goes_on_is_an_update_and_then_ends(tmp_path: Path) -> None:
    more, end = SCAN | {"stage": "update", "at": AT + 1}, SCAN | {"stage": "end", "at": AT + 2}
    async with kept(tmp_path, f"say({SCAN}); say({more}); say({end}); stay()") as found:
        await until(lambda: len(found.events("port_scan")) == 2)
    assert [one.active for one in found.events("port_scan")] == [True, False]
    assert [one.at for one in found.updates()] == [AT + 1]


BAD = {
    "no JSON": "{",
    "not an object": "[]",
    "a type that nobody knows": {"type": "other"},
    "a kind that no sensor tells": SCAN | {"kind": "link_down"},
    "another interface than it was given": SCAN | {"interface": "eth7"},
    "a subject that could be an address": SCAN | {"subject": "192.0.2.9"},
    "a stage that is none": SCAN | {"stage": "again"},
    "a key that no event has": SCAN | {"payload": "what somebody wrote"},
    "a detail that no event has": SCAN | {"details": SCAN["details"] | {"name": "x"}},
    "evidence that is a text of any length": SCAN
    | {"details": SCAN["details"] | {"evidence": {"said": "x" * 65}}},
    "evidence without end": SCAN
    | {"details": SCAN["details"] | {"evidence": {f"n{one}": 1 for one in range(25)}}},
    "an address that is a text": SCAN
    | {"details": SCAN["details"] | {"source": {"address": "x" * 46}}},
    "a confidence of two": SCAN | {"details": SCAN["details"] | {"confidence": 2}},
    "a count below nothing": FIGURES | {"frames": -1},
    "longer than a line may be": "x" * (3 * LINE_BYTES),
    "deeper than anybody nests": "[" * 15_000,
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_line_that_does_not_fit_is_counted_and_the_next_one_is_heard(
    bad: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with kept(tmp_path, f"say({bad!r}); say({FIGURES}); say({SCAN}); stay()") as found:
        await until(lambda: found.events("port_scan"))
        assert found.keeper.bad_lines >= 1
    assert "a line of the sensor is left out" in caplog.text
    assert "what somebody wrote" not in caplog.text
    assert len(found.events("port_scan")) == 1
    assert found.events("link_down") == []


async def test_a_process_that_says_too_much_is_not_listened_to(tmp_path: Path) -> None:
    program = f"[say({SCAN}) for _ in range(5000)]; stay()"
    async with kept(tmp_path, program) as found:
        await until(lambda: found.keeper.bad_lines == 3_000)
    assert len(found.updates()) == 1_999


async def test_a_process_that_dies_is_started_again_and_both_are_told(tmp_path: Path) -> None:
    program = f"""
        marker = sys.argv[1] + "/once"
        if not os.path.exists(marker):
            open(marker, "w").close()
            say({SCAN})
            sys.exit(1)
        say({FIGURES})
        say({SCAN})
        stay()
        """
    async with kept(tmp_path, program, grace_s=0.3) as found:
        await until(lambda: found.updates() and found.gone("port_scan"), 30)
    stopped = [one for one in found.events("sensor_stopped") if one.active]
    assert [(one.target, one.details) for one in stopped] == [("eth0", {"why": "died"})]
    assert found.events("sensor_stopped")[-1].active is False
    assert len(found.events("port_scan")) == 1, "the condition is kept"
    assert len(found.updates()) == 1, "and goes on under its name"
    assert found.gone("port_scan")[-1].there("0011223344")


async def test_what_a_new_process_does_not_see_again_is_over_after_a_while(tmp_path: Path) -> None:
    program = f"""
        marker = sys.argv[1] + "/once"
        if not os.path.exists(marker):
            open(marker, "w").close()
            say({SCAN})
            sys.exit(1)
        say({FIGURES})
        stay()
        """
    async with kept(tmp_path, program, grace_s=0.3) as found:
        await until(lambda: found.gone("port_scan"), 30)
    (gone,) = found.gone("port_scan")
    assert not gone.there("0011223344")
    assert gone.target is None


SPOOF = SCAN | {"kind": "arp_spoof", "subject": "5566778899"}
ONCE = f"""
marker = sys.argv[1] + "/once"
if not os.path.exists(marker):
    open(marker, "w").close()
    say({SCAN})
    say({SPOOF})
    sys.exit(1)
say({FIGURES})
"""


async def test_a_spoofer_is_waited_for_longer_and_goes_on_when_it_is_found_again(
    tmp_path: Path,
) -> None:
    again = f"""
while not os.path.exists(sys.argv[1] + "/seen"):
    time.sleep(0.01)
say({SPOOF})
stay()
"""
    quiet = {"arp_spoof": 600.0}
    async with kept(tmp_path, ONCE + again, grace_s=0.1, quiet_s=quiet) as found:
        await until(lambda: found.gone("port_scan"), 30)
        assert not found.gone("port_scan")[0].there("0011223344")
        assert not found.gone("arp_spoof")
        (tmp_path / "seen").touch()
        await until(found.updates, 30)
    assert [one.kind for one in found.updates()] == ["arp_spoof"]


def test_what_was_told_before_is_waited_for_as_long_as_its_detector_waits() -> None:
    kinds = {
        "arp_spoof": ("arp_spoof", "gateway_spoof"),
        "blocked_names": ("malware_names", "mining_names"),
    }
    for word in detectors.words():
        made = detectors.build(word, {})
        quiet = max(getattr(made, name, 0.0) for name in ("quiet_s", "gap_s", "lasts_s"))
        for kind in kinds.get(word, (word,)):
            assert max(keeping.GRACE_S, QUIET_S.get(kind, 0.0)) >= quiet, word
            assert kind in SENSED or kind not in QUIET_S
    assert QUIET_S.keys() <= set(SENSED)


KEY_OF_ROGUE = EventKey("rogue_dhcp", "eth0", "0011223344")
BEFORE = Options(
    key="",
    parent=0,
    interfaces=("eth0",),
    gateways=("192.0.2.1", "fe80::1"),
    resolvers=("192.0.2.1",),
)


LED = msgspec.structs.replace(BEFORE, gateways=("192.0.2.66",), resolvers=("192.0.2.66",))


def test_whom_a_rogue_server_names_is_no_gateway_while_it_is_told_of() -> None:
    assert Astray().believed(BEFORE, LED, [KEY_OF_ROGUE]) == BEFORE
    after = Astray().believed(BEFORE, LED, [])
    assert (after.gateways, after.resolvers) == (("192.0.2.66", "fe80::1"), ("192.0.2.66",))


def test_who_was_told_of_as_a_rogue_server_is_nobody_to_judge_others_by_afterwards() -> None:
    astray, rogue = Astray(), replace(spoof(LIAR, POSED), kind="rogue_dhcp")
    astray.told(rogue)
    assert astray.believed(BEFORE, LED, []) == BEFORE
    begun = astray.believed(None, LED, [])
    assert (begun.gateways, begun.resolvers) == ((), ())
    assert astray.believed(None, BEFORE, []) == BEFORE


def test_a_router_advertisement_makes_no_gateway_to_judge_others_by() -> None:
    more = msgspec.structs.replace(BEFORE, gateways=("192.0.2.1", "fe80::1", "fe80::66"))
    assert Astray().believed(BEFORE, more, []) == BEFORE


async def test_a_server_that_leads_the_machine_astray_does_not_make_the_sensor_forget_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "NETWORK_EVERY_S", 0.01)
    rogue = SCAN | {"kind": "rogue_dhcp"}
    program = f"""
    say({rogue})
    while True:
        say({FIGURES}); say("no line"); time.sleep(0.02)
    """
    async with kept(tmp_path, program) as found:
        await until(lambda: found.events("rogue_dhcp"))
        pid, asked = found.keeper.pid, found.keeper.options
        found.keeper.options = lambda: msgspec.structs.replace(asked(), gateways=("192.0.2.66",))
        said = found.keeper.bad_lines
        await until(lambda: found.keeper.bad_lines > said + 30)
        assert found.keeper.pid == pid


async def test_a_spoofer_that_is_not_found_again_is_over_too(tmp_path: Path) -> None:
    async with kept(tmp_path, ONCE + "stay()", grace_s=0.1, quiet_s={"arp_spoof": 0.3}) as found:
        await until(lambda: found.gone("arp_spoof"), 30)
    assert not found.gone("arp_spoof")[0].there("5566778899")
    assert len(found.gone("port_scan")) == 1


async def test_a_process_that_hangs_is_ended_and_started_again(tmp_path: Path) -> None:
    program = f"open(sys.argv[1] + '/' + str(os.getpid()), 'w'); say({FIGURES}); time.sleep(600)"
    async with kept(tmp_path, program, hangs_after_s=1.0) as found:
        await until(lambda: len(list(tmp_path.glob("[0-9]*"))) >= 2)
        first = next(one for one in found.events("sensor_stopped") if one.active)
        assert first.details == {"why": "hangs"}
        pids = {int(one.name) for one in tmp_path.glob("[0-9]*")}
        await until(lambda: [one for one in pids if alive(one)] == [found.keeper.pid])
    await until(lambda: not any(alive(one) for one in pids))


async def test_a_process_that_may_not_listen_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refused = {"type": "refused", "why": "no_right", "text": "it needs CAP_NET_RAW"}
    async with kept(tmp_path, f"say({refused}); sys.exit(3)") as found:
        await until(lambda: len(found.events("sensor_stopped")) >= 3)
    assert found.events("sensor_stopped")[0].details == {"why": "no_right"}
    assert caplog.text.count("it needs CAP_NET_RAW") == 1


async def test_a_command_that_is_not_there_ends_nothing(tmp_path: Path) -> None:
    async with kept(tmp_path, "") as found:
        found.keeper.command = ("/nowhere/python",)
        found.keeper.change()
        await until(lambda: found.events("sensor_stopped"))


async def test_another_configuration_starts_it_anew_without_an_event(tmp_path: Path) -> None:
    async with kept(tmp_path, f"say({FIGURES}); stay()") as found:
        await until(lambda: found.read)
        first = found.keeper.pid
        found.keeper.change()
        await until(lambda: found.keeper.pid not in (0, first))
        assert not alive(first)
    assert [one for one in found.events("sensor_stopped") if one.active] == []


async def test_what_it_complains_of_is_logged_and_not_without_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    program = f"[sys.stderr.write('woe\\x07\\n') for _ in range(500)]; say({FIGURES}); stay()"
    async with kept(tmp_path, program) as found:
        await until(lambda: found.read)
    assert 1 <= caplog.text.count("sensor: woe?") <= 20


async def test_the_process_gets_a_key_that_stays(tmp_path: Path) -> None:
    program = f"open(sys.argv[1] + '/' + options['key'], 'a').write('x'); say({FIGURES}); stay()"
    async with kept(tmp_path, program) as found:
        await until(lambda: found.read)
        found.keeper.change()
        await until(lambda: [x.stat().st_size for x in tmp_path.glob("?" * 32)] == [2])


GATEWAY = {"address": "192.0.2.254", "mac": "02:00:5e:00:53:fe"}
OWNED = Owner(GATEWAY["address"], GATEWAY["mac"])
STRANGER = {"address": "192.0.2.9", "mac": "02:00:5e:00:53:09"}


async def test_what_a_process_knew_of_gateways_is_told_to_the_next_one_and_nothing_else(
    tmp_path: Path,
) -> None:
    program = f"""
    with open(sys.argv[1] + "/given", "a") as out:
        out.write(json.dumps(options["owners"]) + "\\n")
    say({FIGURES | {"owners": [GATEWAY, STRANGER]}})
    stay()
    """
    given = tmp_path / "given"
    async with kept(tmp_path, program, gateways=("192.0.2.254",)) as found:
        await until(lambda: found.read)
        found.keeper.change()
        await until(lambda: given.read_text().count("\n") == 2)
    first, second = map(json.loads, given.read_text().splitlines())
    assert (first, second) == ({}, {"eth0": [GATEWAY]})


def spoof(source: dict[str, str], target: dict[str, str], *, active: bool = True) -> Event:
    details = {"source": source, "target": target, "count": 3}
    return Event("arp_spoof", "eth0", "5566778899", active, AT, details=details)


LIAR = {"address": "192.0.2.66", "mac": "02:00:5e:00:53:66", "role": "inside"}
POSED = {"address": "192.0.2.20", "mac": "02:00:5e:00:53:20", "role": "inside"}
SIDES = [
    {"address": "192.0.2.20", "mac": "02:00:5e:00:53:20"},
    {"address": "192.0.2.66", "mac": "02:00:5e:00:53:66"},
]


async def test_an_attack_that_an_earlier_agent_told_of_goes_on_and_its_sides_are_handed_on(
    tmp_path: Path,
) -> None:
    program = f"""
    with open(sys.argv[1] + "/given", "w") as out:
        out.write(json.dumps(options["owners"]))
    say({FIGURES})
    say({SPOOF})
    stay()
    """
    left = (spoof(LIAR, POSED),)
    async with kept(
        tmp_path, program, going_on=left, grace_s=0.1, quiet_s={"arp_spoof": 0.3}
    ) as found:
        await until(lambda: found.gone("arp_spoof"), 30)
    assert [one.subject for one in found.updates()] == ["5566778899"]
    assert found.events("arp_spoof") == []
    assert all(one.there("5566778899") for one in found.gone("arp_spoof"))
    assert json.loads((tmp_path / "given").read_text()) == {"eth0": SIDES}


def test_the_sides_of_a_spoof_are_handed_on_while_it_goes_on_and_as_far_as_they_are_whole() -> None:
    handover, open_one = Handover(), spoof(LIAR, POSED)
    handover.told(open_one)
    handover.told(spoof({"mac": LIAR["mac"]}, {"role": "inside"}))
    (sides,) = handover.to((), 0.0, {open_one.key}).values()
    assert [{"address": one.address, "mac": one.mac} for one in sides] == SIDES
    assert handover.to((), 0.0, ()) == {}, "it ended because nobody saw it again"
    handover.told(open_one)
    handover.told(spoof({}, {}, active=False))
    assert handover.to((), 0.0, {open_one.key}) == {}


@pytest.mark.parametrize(
    "said", [{"address": "x", "mac": LIAR["mac"]}, {"address": LIAR["address"], "mac": "x"}, {}]
)
def test_a_side_that_no_process_could_be_told_is_left_out(said: dict[str, str]) -> None:
    handover, open_one = Handover(), spoof(said, POSED)
    handover.told(open_one)
    (sides,) = handover.to((), 0.0, {open_one.key}).values()
    assert [one.address for one in sides] == [POSED["address"]]


def test_what_was_known_of_a_gateway_is_old_after_ten_minutes() -> None:
    handover, gateways = Handover(), {"192.0.2.254"}
    handover.heard(Figures(interface="eth0", owners=(OWNED,)), gateways, 100.0)
    handover.heard(Figures(interface="eth0"), gateways, 160.0)
    assert handover.to(gateways, 700.0, ()) == {"eth0": (OWNED,)}
    assert handover.to(set(), 700.0, ()) == {"eth0": ()}, "the agent has another gateway by now"
    assert handover.to(gateways, 701.0, ()) == {}


@pytest.mark.parametrize("mac", ["", "02:00:5e:00:53", "02-00-5e-00-53-fe", "x" * 17])
def test_a_gateway_without_a_whole_hardware_address_is_not_believed(mac: str) -> None:
    line = json.dumps(FIGURES | {"owners": [GATEWAY | {"mac": mac}]})
    with pytest.raises(msgspec.ValidationError):
        line_of(line.encode())


def gauged(*seen: tuple[float, dict[str, Any]]) -> tuple[list[Event], list[Reading]]:
    gauge = Gauge("eth0")
    events: list[Event] = []
    readings: list[Reading] = []
    for now, more in seen:
        figures = Figures(interface="eth0", **more)
        events += gauge.events(figures, AT, now)
        readings += gauge.readings(figures, AT, now)
    return events, readings


def test_losses_are_told_and_are_over_after_a_while() -> None:
    events, _ = gauged(
        (0, {"frames": 10}),
        (61, {"frames": 1_000, "dropped": 500}),
        (122, {"frames": 2_000, "dropped": 500}),
        (400, {"frames": 9_000, "dropped": 500}),
    )
    losses = [one for one in events if one.kind == "sensor_loses"]
    assert [(one.active, dict(one.details)) for one in losses] == [
        (True, {"dropped": 500, "percent": 33.3}),
        (False, {}),
    ]


def test_a_few_frames_lost_at_the_start_are_no_event() -> None:
    events, _ = gauged((0, {"frames": 10, "dropped": 3}), (61, {"frames": 10_000, "dropped": 9}))
    assert [one for one in events if one.kind == "sensor_loses"] == []


def test_an_interface_that_goes_and_comes_back_is_told() -> None:
    events, _ = gauged((0, {}), (5, {"why": "gone"}), (10, {"why": "gone"}), (15, {}))
    stopped = [one for one in events if one.kind == "sensor_stopped"]
    assert [(one.active, dict(one.details)) for one in stopped] == [
        (False, {}),
        (False, {}),
        (True, {"why": "gone"}),
        (False, {}),
    ]


def test_readings_come_each_minute_and_at_once_when_more_is_seen() -> None:
    _, readings = gauged(
        (0, {"sees": "own", "blind": ("port_scan", "syn_flood"), "frames": 7}),
        (5, {"sees": "own"}),
        (10, {"sees": "all", "foreign_share": 80.0}),
        (15, {"sees": "all"}),
        (71, {"sees": "all"}),
    )
    assert [one.fields["sees"] for one in readings] == ["own", "all", "all"]
    assert readings[0].fields["blind"] == "port_scan syn_flood"
    assert readings[0].fields["frames"] == 7
    assert readings[1].fields["foreign_share"] == 80.0


def test_no_reading_is_better_than_one_of_an_interface_that_is_away() -> None:
    assert gauged((0, {"why": "gone", "frames": 9}))[1] == []


def test_a_verdict_about_few_names_stays_at_home() -> None:
    _, readings = gauged((0, {"verdicts": {"malware": 4, "mining": 12, "harmful": 0}}))
    told = {one.tags["category"]: one.fields for one in readings if one.measurement != "sensor"}
    assert told == {"mining": {"names": 12}, "harmful": {"names": 0}}


def test_what_detectors_forgot_is_told() -> None:
    _, readings = gauged((0, {"forgotten": 3}), (61, {"forgotten": 900}))
    assert [one.fields["forgotten"] for one in readings] == [3, 900]


def test_what_a_detector_failed_on_is_told() -> None:
    _, readings = gauged((0, {}), (61, {"defects": 2}))
    assert [one.fields["defects"] for one in readings] == [0, 2]


def test_what_is_read_fits_the_catalogue() -> None:
    _, readings = gauged(
        (0, {"foreign_share": 1.0, "census": {"machines": 9}, "verdicts": {"mining": 9}})
    )
    assert [one.measurement for one in readings] == ["sensor", "census", "dns_verdict"]
    assert [mistake(one) for one in readings] == ["", "", ""]


def test_figures_travel_as_they_are_read() -> None:
    line = json.loads(encoded(Figures(interface="eth0", frames=7)))
    assert (line["type"], line["interface"], line["frames"]) == ("figures", "eth0", 7)
