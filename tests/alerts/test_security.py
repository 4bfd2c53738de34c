"""Attacks and those who hear of them: updates, two readers, and what an attack explains."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alerts.audience import MOST_LISTED, addressed
from alerts.facts import Wrong
from alerts.history import History, Wanted
from alerts.names import EXPLAINED, EXPLAINING
from alerts.securitywords import figures
from alerts.shipped import RULES
from alerts.texts import Words
from core.alerts import Alert, Because, Notification
from core.clock import SECOND
from core.securitykinds import SECURITY_KINDS
from core.types import Event, Identity
from tests.alerts.stage import SHANGHAI, Stage
from tests.collector.making import NOW, REGION, WHO

ADDRESS, MAC = "192.168.31.77", "de:ad:be:ef:00:77"
SCHOOL = f"{WHO.region}/{WHO.school}"


def details(**evidence: int) -> dict[str, Any]:
    return {
        "source": {"address": ADDRESS, "mac": MAC, "role": "inside"},
        "target": {"address": "192.168.31.1", "mac": "00:00:5e:00:01:01", "role": "gateway"},
        "count": 3,
        "confidence": 0.9,
        "evidence": evidence,
        "began": NOW,
        "vlan": 0,
    }


def attack(
    stage: Stage, kind: str, *, active: bool = True, who: Identity = WHO, **evidence: int
) -> None:
    said = details(**evidence) if evidence or active else {"why": "gone"}
    stage.say(Event(kind, "eth0", "a1b2c3d4e5", active, stage.clock.at, None, said), who=who)


def stories(stage: Stage) -> dict[str, tuple[Alert, str, str]]:
    """Return each alert as pages and API have it: with both texts."""
    history = History(stage.folder / "ledger.db", Words(lambda place: place, SHANGHAI))
    found = history.stories(Wanted())
    tellings = [one.telling for one in (*found.over, *found.open)]
    return {one.alert.key.rule: (one.alert, one.text.zh, one.text.en) for one in tellings}


def because(stage: Stage, rule: str) -> Sequence[Because]:
    return stories(stage)[rule][0].because


# Every kind


def test_every_kind_of_security_has_a_rule_as_bad_as_its_table_says() -> None:
    severities = {rule.name: rule.severity for rule in RULES}
    assert {kind.word: severities.get(kind.word) for kind in SECURITY_KINDS} == {
        kind.word: kind.severity for kind in SECURITY_KINDS
    }


@pytest.mark.parametrize("kind", SECURITY_KINDS, ids=lambda kind: kind.word)
def test_an_event_of_every_kind_is_listed_and_told_of_unless_it_is_for_the_digest(
    tmp_path: Path, kind: Any
) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, kind.word, tries=30, seconds=60)
    told = [] if kind.severity == "P4" else [f"0s begins {kind.word}"]
    assert stage.told() == told
    alert, zh, en = stories(stage)[kind.word]
    assert alert.state == "firing"
    assert kind.category.sub in zh
    assert kind.code in zh
    assert "尝试 30 次，历时 60 秒" in zh
    assert "30 tries, within 60 s" in en
    assert "来源：校内设备，192.168.31.0/24 网段" in zh
    assert ("由人确认" in zh) is not kind.code.startswith(("EV-RSK", "EV-SYS"))
    assert ADDRESS not in zh + en
    assert MAC not in zh + en


def test_what_is_only_listed_ends_in_silence(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "port_scan", ports=500)
    stage.wait(60)
    attack(stage, "port_scan", active=False)
    assert stage.told() == []
    assert stories(stage)["port_scan"][0].state == "ended"


# Updates


def test_an_update_is_shown_and_told_to_nobody_and_outlasts_a_restart(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    stage.wait(60)
    attack(stage, "gateway_spoof", frames=90)
    stage.restart()
    stage.wait(60)
    attack(stage, "gateway_spoof", frames=400)
    assert stage.told() == ["0s begins gateway_spoof"]
    alert, zh, _ = stories(stage)["gateway_spoof"]
    assert alert.details["evidence"] == {"frames": 400}
    assert alert.began_at == NOW
    assert "400 个报文" in zh
    log = "".join(path.read_text("utf-8") for path in (tmp_path / "d1/audit").glob("*.jsonl"))
    assert [n for n in (3, 90, 400) if f'"frames":{n}' in log] == [3, 90, 400]

    attack(stage, "gateway_spoof", active=False)
    assert stage.told() == ["0s begins gateway_spoof", "120s ends gateway_spoof"]
    assert stories(stage)["gateway_spoof"][0].details["evidence"] == {"frames": 400}


def test_the_attack_that_comes_back_is_another_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    for active in (True, False, True):
        attack(stage, "rogue_dhcp", active=active, answers=4)
        stage.wait(30)
    assert stage.told() == [
        "0s begins rogue_dhcp",
        "30s ends rogue_dhcp",
        "60s begins rogue_dhcp",
    ]


def test_the_end_of_what_goes_on_as_another_attack_says_so(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "arp_spoof", unasked=3)
    stage.wait(30)
    attack(stage, "arp_spoof", active=False, unasked=9, goes_on=1)
    attack(stage, "gateway_spoof", unasked=9)
    stage.wait(30)
    alert, zh, en = stories(stage)["arp_spoof"]
    assert alert.state == "ended"
    assert "攻击仍在继续：目标已查明，改为另一条告警跟踪" in zh
    assert "the attack goes on" in en


def test_the_list_that_an_agent_gives_when_it_connects_tells_of_nothing_anew(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    stage.wait(10)
    event = Event("gateway_spoof", "eth0", "a1b2c3d4e5", True, NOW, None, details(frames=77))
    stage.say(event, full=stage.clock.at)
    assert stage.told() == ["0s begins gateway_spoof"]
    assert stories(stage)["gateway_spoof"][0].details["evidence"] == {"frames": 77}


# Two readers


def both(stage: Stage) -> tuple[Notification, Notification | None]:
    (said,) = stage.messages_made()
    district = addressed(said, "")
    assert district
    return district, addressed(said, SCHOOL)


def test_the_school_reads_address_and_mac_and_the_district_role_and_network(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    district, school = both(stage)
    assert school
    for text in district.alerts[0].text:
        assert "192.168.31.0/24" in text
        assert not [one for one in (ADDRESS, MAC) if one in text]
    assert f"地址 {ADDRESS}，MAC {MAC}" in school.alerts[0].text.zh
    assert f"address {ADDRESS}, MAC {MAC}" in school.alerts[0].text.en
    assert not any(district.alerts[0].school)
    assert ADDRESS not in repr(district)


def test_another_school_gets_nothing(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    (said,) = stage.messages_made()
    assert addressed(said, f"{REGION}/school-2") is None
    assert addressed(said, SCHOOL + "0") is None


def test_of_a_summary_a_school_gets_its_own_part_also_where_it_is_not_among_the_worst(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1", messages=4)
    for number in range(60):
        attack(stage, "gateway_spoof", who=Identity(REGION, f"s-{number}", "pc"), frames=3)
    attack(stage, "password_guessing", tries=900)
    stage.wait(40)
    summary = stage.messages_made()[-1]
    district, school = addressed(summary, ""), addressed(summary, SCHOOL)
    assert district
    assert school
    assert (len(district.alerts), district.total) == (MOST_LISTED, summary.total)
    assert [one.alert.key.rule for one in school.alerts] == ["password_guessing"]
    assert (school.total, school.severity) == (1, "P3")
    assert school.title.zh.startswith("有设备在反复猜密码")
    assert MAC in school.alerts[0].text.zh


def test_the_router_that_was_replaced_is_named_to_the_school_alone(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    said = {"was": "00:00:5e:00:01:01", "is": MAC}
    stage.say(Event("gateway_mac_changed", "host", "192.168.31.1 eth0", True, NOW, "P3", said))
    district, school = both(stage)
    assert school
    assert MAC not in repr(district)
    assert f"由 00:00:5e:00:01:01 变为 {MAC}" in school.alerts[0].text.zh


# What an attack explains


def lose(stage: Stage, percent: float, seconds: int = 310) -> None:
    for _ in range(seconds // 10):
        stage.read("ping", {"url": "gw"}, percent_packet_loss=percent)
        stage.wait(10, step=10)


def test_an_outage_that_begins_during_an_attack_says_so_when_it_is_told(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    lose(stage, 40)
    assert stage.told() == ["0s begins gateway_spoof", "300s begins packet_loss"]
    text = stage.messages_made()[1].alerts[0].text
    assert "可能原因：该校此时有设备冒充网关" in text.zh
    assert "Likely cause: an attack on this school: a machine poses as the gateway" in text.en
    assert because(stage, "packet_loss") == (Because("gateway_spoof", NOW),)


def test_an_attack_that_begins_during_an_outage_is_shown_with_it_and_told_once(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    lose(stage, 40)
    assert because(stage, "packet_loss") == ()
    began = stage.clock.at
    attack(stage, "broadcast_storm", per_s=4000)
    assert because(stage, "packet_loss") == (Because("broadcast_storm", began),)
    assert [one.split(" ", 1)[1] for one in stage.told()] == [
        "begins packet_loss",
        "begins broadcast_storm",
    ]


def test_an_outage_that_outlasts_the_attack_says_that_it_is_over(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "rogue_dhcp", answers=3)
    lose(stage, 40)
    attack(stage, "rogue_dhcp", active=False)
    over = stage.clock.at
    stage.restart()
    assert because(stage, "packet_loss") == (Because("rogue_dhcp", NOW, over),)
    _, zh, en = stories(stage)["packet_loss"]
    assert "已结束" in zh
    assert "over now" in en
    lose(stage, 0, 20)
    ended = stage.messages_made()[-1].alerts[0]
    assert (ended.alert.key.rule, ended.alert.state) == ("packet_loss", "ended")
    assert "已结束" in ended.text.zh, "the message that it is over says what it was"


def test_what_fails_after_the_attack_is_not_put_down_to_it(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    stage.wait(30)
    attack(stage, "gateway_spoof", active=False)
    lose(stage, 40)
    assert because(stage, "packet_loss") == ()
    assert "可能原因" not in stage.messages_made()[-1].alerts[0].text.zh


def test_an_attack_elsewhere_explains_nothing_here(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", who=Identity(REGION, "school-9", "host"), frames=3)
    attack(stage, "port_scan", ports=900)
    lose(stage, 40)
    assert because(stage, "packet_loss") == ()


def test_an_attack_seen_by_one_agent_explains_the_line_of_the_school_and_its_other_agents(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    line = Wrong("line_down", SCHOOL, NOW)
    silent = Wrong("agent_silent", f"{SCHOOL}/other", NOW)
    stage.see(line, silent, covers=["line_down", "agent_silent"])
    stage.wait(200)
    attack(stage, "network_loop", frames=9)
    for rule in ("line_down", "agent_silent"):
        assert [one.rule for one in because(stage, rule)] == ["network_loop"]


def test_the_rules_that_explain_and_are_explained_are_there() -> None:
    assert {rule.name for rule in RULES} >= EXPLAINING | EXPLAINED
    assert not EXPLAINING & EXPLAINED


# An older database


def test_a_database_of_an_earlier_version_gets_the_new_column_and_keeps_its_alerts(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    stage.say(Event("spool_dropping", "host", "spool", True, NOW, "P2", {"why": "full"}))
    stage.ledger.close()
    with closing(sqlite3.connect(tmp_path / "d1/ledger.db")) as db:
        db.execute("ALTER TABLE alert DROP COLUMN beside")
        db.commit()
    stage.start()
    stage.clock.at += SECOND
    stage.say(Event("spool_dropping", "host", "spool", False, stage.clock.at, "P2"))
    assert stage.told() == ["0s begins spool_dropping", "1s ends spool_dropping"]


@pytest.mark.parametrize(
    ("evidence", "zh", "en"),
    [
        ({"seconds": 60, "tries": 40.04}, "尝试 40 次，历时 60 秒", "40 tries, within 60 s"),
        (
            {"blocked": "no", "threat": "CVE-1"},
            "名称 CVE-1，已拦截：否",
            "called CVE-1, blocked: no",
        ),
        ({"odd": 3, "ports": 9}, "9 个端口，odd 3", "9 ports, odd 3"),
        ({"line_sha256": "0" * 64, "judged_by": "offers"}, "共 7 次", "7 times"),
        ({}, "共 7 次", "7 times"),
        ([1], "共 7 次", "7 times"),
        ({"ports": [1, 2], "tries": None}, "共 7 次", "7 times"),
    ],
)
def test_evidence_is_told_in_words_and_what_nobody_understands_is_left_out(
    evidence: Any, zh: str, en: str
) -> None:
    said = {"evidence": evidence, "count": 7}
    assert (figures(said, 0), figures(said, 1)) == (zh, en)


def test_an_attack_that_cut_the_school_off_is_named_once_its_agent_is_back(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "d1")
    stage.see(Wrong("line_down", SCHOOL, NOW), covers=["line_down"])
    stage.wait(600)
    stage.see(covers=["line_down"])
    over = stage.clock.at
    stage.wait(300)
    for active, at in ((True, NOW - 30 * SECOND), (False, NOW + 500 * SECOND)):
        said = details(frames=900)
        stage.say(Event("gateway_spoof", "eth0", "a1b2c3d4e5", active, at, None, said))
    assert stage.told() == ["90s begins line_down", "600s ends line_down"], "nobody is woken"
    alert, zh, _ = stories(stage)["gateway_spoof"]
    assert (alert.state, alert.began_at, alert.ended_at) == (
        "ended",
        NOW - 30 * SECOND,
        NOW + 500 * SECOND,
    )
    assert "900 个报文" in zh
    line, zh, _ = stories(stage)["line_down"]
    assert line.ended_at == over
    assert line.because == (Because("gateway_spoof", NOW - 30 * SECOND, NOW + 500 * SECOND),)
    assert "可能原因：该校当时有设备冒充网关" in zh


def test_an_outage_of_another_day_is_not_put_down_to_it_in_hindsight_either(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path / "d1")
    attack(stage, "gateway_spoof", frames=3)
    stage.wait(60)
    attack(stage, "gateway_spoof", active=False)
    stage.wait(60)
    stage.see(Wrong("line_down", SCHOOL, stage.clock.at), covers=["line_down"])
    stage.wait(100)
    assert because(stage, "line_down") == ()
