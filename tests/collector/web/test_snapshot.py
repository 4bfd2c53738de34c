"""The present of one machine, out of what the store has of it."""

from pathlib import Path

import pytest

from collector.store.sqlite import SqliteStore
from collector.web.snapshot import Nic, Ping, Snapshot, take
from core.clock import SECOND
from core.types import Identity
from tests.collector.web.fakes import HERE, MINUTE, NOW, tagged


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "store.db")


def say(store: SqliteStore, *lines: str, at: int = NOW) -> None:
    assert store.write("".join(tagged(f"{line} {at}") for line in lines).encode()) == []


def test_a_machine_that_said_nothing_has_no_values(store: SqliteStore) -> None:
    say(store, "mem used_percent=50")
    assert take(store, Identity("000000", "trial", "other"), NOW) == Snapshot()


def test_the_whole_processor_is_meant_and_not_one_of_its_cores(store: SqliteStore) -> None:
    say(store, "cpu,cpu=cpu-total usage_idle=75.5", "cpu,cpu=cpu0 usage_idle=1")
    assert take(store, HERE, NOW).cpu_percent == 24.5


def test_traffic_is_the_rise_of_the_counters_in_bits(store: SqliteStore) -> None:
    say(store, "net,interface=eth0 bytes_recv=1000i,bytes_sent=10i,drop_in=2i", at=NOW)
    say(store, "net,interface=eth0 bytes_recv=3500i,bytes_sent=10i,drop_in=2i", at=NOW + 10**10)
    assert take(store, HERE, NOW).nics == (Nic("eth0", 2000.0, 0.0, 3500.0, 10.0, 2.0),)


def test_after_a_restart_of_the_machine_its_traffic_is_unknown_and_then_known(
    store: SqliteStore,
) -> None:
    for seconds, count in ((0, 9_000), (10, 50)):
        say(store, f"net,interface=eth0 bytes_recv={count}i", at=NOW + seconds * SECOND)
    assert take(store, HERE, NOW).nics[0].receiving is None

    say(store, "net,interface=eth0 bytes_recv=60i", at=NOW + 20 * SECOND)
    assert take(store, HERE, NOW).nics[0].receiving == 8.0


def test_the_busiest_interface_comes_first_and_loopback_last(store: SqliteStore) -> None:
    for name, count in (("lo", 900), ("eth0", 5), ("eth1", 70)):
        say(store, f"net,interface={name} bytes_recv={count}i,bytes_sent=0i")
    assert [nic.name for nic in take(store, HERE, NOW).nics] == ["eth1", "eth0", "lo"]


def test_an_interface_that_is_gone_is_not_shown_with_its_old_numbers(store: SqliteStore) -> None:
    say(store, "net,interface=usb0 bytes_recv=1i", at=NOW - 11 * MINUTE)
    say(store, "net,interface=eth0 bytes_recv=1i", at=NOW)
    assert [nic.name for nic in take(store, HERE, NOW).nics] == ["eth0"]


def test_a_value_that_does_not_change_is_known_for_two_heartbeats_beside_one_that_does(
    store: SqliteStore,
) -> None:
    say(store, "mem used_percent=50,used=1i,total=2i", at=NOW - 11 * MINUTE)
    say(store, "mem used=7i", at=NOW - 10 * MINUTE)
    say(store, "mem used_percent=51", at=NOW - MINUTE)
    found = take(store, HERE, NOW)
    assert (found.mem_percent, found.mem_used, found.mem_total) == (51.0, 7.0, 2.0)
    say(store, "mem used_percent=52", at=NOW)
    found = take(store, HERE, NOW)
    assert (found.mem_percent, found.mem_used, found.mem_total) == (52.0, 7.0, 0.0)
    say(store, "mem total=2i", at=NOW + MINUTE)
    assert take(store, HERE, NOW).mem_total == 2.0


def test_what_a_living_agent_measures_no_more_is_not_shown_as_the_present(
    store: SqliteStore,
) -> None:
    say(store, "cpu,cpu=cpu-total usage_idle=75.5", "ping,url=gw result_code=0i")
    say(store, "agent uptime_s=600i", at=NOW + 10 * MINUTE)
    assert take(store, HERE, NOW).cpu_percent == 24.5
    say(store, "agent uptime_s=660i", at=NOW + 11 * MINUTE)
    found = take(store, HERE, NOW)
    assert (found.cpu_percent, len(found.pings)) == (None, 1)
    say(store, "cpu,cpu=cpu-total usage_idle=50", at=NOW + 12 * MINUTE)
    assert take(store, HERE, NOW).cpu_percent == 50.0


def test_a_counter_that_comes_with_its_heartbeat_only_is_traffic_all_the_same(
    store: SqliteStore,
) -> None:
    say(store, "net,interface=eth0 bytes_recv=0i,bytes_sent=10i", at=NOW)
    say(store, "net,interface=eth0 drop_in=1i", at=NOW + 200 * SECOND)
    say(store, "net,interface=eth0 bytes_recv=3000i", at=NOW + 300 * SECOND)
    (nic,) = take(store, HERE, NOW).nics
    assert (nic.receiving, nic.sending, nic.sent) == (80.0, None, 10.0)


def test_what_an_agent_measures_as_a_rate_is_finer_than_the_rise_of_its_counters(
    store: SqliteStore,
) -> None:
    say(store, "net,interface=eth0 bytes_recv=0i,bytes_sent=0i,bits_recv_per_s=7", at=NOW)
    say(store, "net,interface=eth0 bits_recv_per_s=9.5", at=NOW + 10 * SECOND)
    say(store, "net,interface=eth0 bytes_recv=600i,bytes_sent=600i", at=NOW + 60 * SECOND)
    (nic,) = take(store, HERE, NOW).nics
    assert nic == Nic("eth0", 9.5, None, 600.0, 600.0, 0.0, True)


def test_a_target_that_stopped_answering_does_not_keep_its_last_answer_time(
    store: SqliteStore,
) -> None:
    answered = "ping,url=gw average_response_ms=0.8,percent_packet_loss=0,result_code=0i"
    say(store, answered, at=NOW)
    assert take(store, HERE, NOW).pings == (Ping("gw", 0.8, 0.0, False, NOW),)

    say(store, "ping,url=gw percent_packet_loss=100,result_code=2i", at=NOW + 10 * SECOND)
    assert take(store, HERE, NOW).pings == (Ping("gw", None, 100.0, False, NOW + 10 * SECOND),)

    say(store, answered, at=NOW + 20 * SECOND)
    assert take(store, HERE, NOW).pings == (Ping("gw", 0.8, 0.0, False, NOW + 20 * SECOND),)


def test_a_name_that_nobody_knows_is_told_apart_from_silence(store: SqliteStore) -> None:
    say(store, "ping,url=nowhere result_code=1i", "ping,url=gw result_code=2i")
    assert take(store, HERE, NOW).pings == (
        Ping("gw", None, 100.0, False, NOW),
        Ping("nowhere", None, 100.0, True, NOW),
    )


def test_the_outages_of_a_target_are_kept_apart_from_its_loss(store: SqliteStore) -> None:
    counted = "outages=2i,outage_s=310i"
    say(
        store, f"ping,url=gw average_response_ms=0.8,percent_packet_loss=0,result_code=0i,{counted}"
    )
    (ping,) = take(store, HERE, NOW).pings
    assert (ping.loss_percent, ping.outages, ping.out) == (0.0, 2, 310 * SECOND)


def test_a_target_asked_over_both_ip_versions_is_two(store: SqliteStore) -> None:
    well = "average_response_ms=0.8,percent_packet_loss=0,result_code=0i"
    say(store, f"ping,url=gw,family=ipv4 {well}", "ping,url=gw,family=ipv6 result_code=2i")
    assert take(store, HERE, NOW).pings == (
        Ping("gw (ipv6)", None, 100.0, False, NOW),
        Ping("gw (ipv4)", 0.8, 0.0, False, NOW),
    )


def test_the_values_of_an_agent_that_went_days_ago_are_still_its_last(store: SqliteStore) -> None:
    say(store, "mem used_percent=50,used=1i,total=2i", at=NOW - 5 * 86_400 * SECOND)
    found = take(store, HERE, last_arrival=NOW - 5 * 86_400 * SECOND)
    assert (found.at, found.mem_percent) == (NOW - 5 * 86_400 * SECOND, 50.0)
