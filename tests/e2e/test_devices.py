"""Devices in a real agent: what hints at a change, and a profile that is broken by a reload."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.devices.profiles import OURS
from core.lineprotocol import parse
from tests.e2e.district import ALL_TRAVELS, District, make
from tests.e2e.test_reload import hang_up, verdicts
from tests.real import snmpsim
from tests.real.brokers import RealBroker
from tests.real.snmpd import free_udp_port
from tests.waiting import until_sync

HOST = "127.0.0.1"
SYSLOG = b"<189>Nov 28 15:00:00 sw1 %%01IFNET/4/LINK_STATE: GE0/0/1 down"
LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"

HEARS = """{all}
[devices]
traps = "127.0.0.1:{traps}"
syslog = "127.0.0.1:{syslog}"
[[devices.list]]
id = "switch-2f"
kind = "switch"
driver = "tcp"
host = "127.0.0.1"
port = {port}
interval_s = 300
"""
PROFILED = """{all}
[devices]
profiles = "{profiles}"
[[devices.list]]
id = "ups-1"
kind = "ups"
driver = "snmp"
host = "127.0.0.1"
port = {port}
community_file = "{community}"
timeout_s = 5
interval_s = 1
"""


@contextmanager
def started(district: District) -> Iterator[District]:
    """Start the agent alone, and let nothing run on after the block."""
    try:
        district.agent.program.start()
        yield district
    finally:
        district.end()


def told(district: District, device: str) -> list[dict[str, object]]:
    """Return the fields of every reading of a device that the agent took."""
    lines = (parse(line) for line in district.agent.hear().taken)
    return [
        dict(one.fields)
        for one in lines
        if one.measurement == "device" and one.tags["device"] == device
    ]


def test_a_trap_and_a_line_of_syslog_have_a_running_agent_ask_at_once(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    traps, syslog = free_udp_port(), free_udp_port()
    with socket.create_server((HOST, 0)) as switch:
        switch.settimeout(60)
        table = HEARS.format(
            all=ALL_TRAVELS, traps=traps, syslog=syslog, port=switch.getsockname()[1]
        )
        with started(make(tmp_path, mosquitto, table)) as district:
            switch.accept()[0].close()  # the first look; the next one is due in minutes
            until_sync(lambda: len(told(district, "switch-2f")) == 1, 60)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.sendto(SYSLOG, (HOST, syslog))
            switch.accept()[0].close()
            until_sync(lambda: len(told(district, "switch-2f")) == 2, 60)
            if shutil.which("snmptrap") is None:
                pytest.skip("no snmptrap: scripts/test installs it, or: apt-get install snmp")
            where = f"{HOST}:{traps}"
            subprocess.run(
                ["snmptrap", "-v2c", "-c", "any", where, "''", LINK_DOWN], check=True, timeout=60
            )
            switch.accept()[0].close()
            until_sync(lambda: len(told(district, "switch-2f")) == 3, 60)


@pytest.mark.real("snmpsim")
def test_a_profile_that_is_broken_is_refused_by_a_reload_while_the_old_one_goes_on(
    tmp_path: Path, mosquitto: RealBroker
) -> None:
    profiles, community = tmp_path / "profiles", tmp_path / "community"
    profiles.mkdir()
    community.write_text(snmpsim.community("ups-rfc1628/mains_lost"))
    community.chmod(0o600)
    own = profiles / "ups-rfc1628.toml"
    good = (OURS / "ups-rfc1628.toml").read_text("utf-8")
    own.write_text(good, "utf-8")
    with snmpsim.responder(tmp_path) as port:
        table = PROFILED.format(all=ALL_TRAVELS, profiles=profiles, port=port, community=community)
        with started(make(tmp_path, mosquitto, table)) as district:
            program = district.agent.program
            until_sync(lambda: len(told(district, "ups-1")) > 1, 60)

            own.write_text(good.replace("cause =", "cuase =").replace("column =", "colum ="))
            hang_up(district)
            until_sync(lambda: verdicts(district) == 1, 60)
            log = program.log.read_text("utf-8")
            assert f"{own}:" in log
            assert "the agent goes on with the configuration that it has" in log
            many = len(told(district, "ups-1")) + 3
            until_sync(lambda: len(told(district, "ups-1")) >= many, 60)
            assert {(one["state"], one["cause"]) for one in told(district, "ups-1")} == {
                ("limited", "on_battery")
            }

            own.write_text(good.replace('state = "limited"', 'state = "fault"'), "utf-8")
            hang_up(district)
            until_sync(lambda: program.said("reloaded: "), 60)
            until_sync(lambda: told(district, "ups-1")[-1]["state"] == "fault", 60)
