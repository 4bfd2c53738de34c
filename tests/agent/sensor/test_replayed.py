"""A capture put onto a wire by tcpreplay: the live sensor tells what `sensor read` tells."""

import time
from pathlib import Path

import pytest

from agent.sensor.detectors import detectors
from agent.sensor.lines import Told
from agent.sensor.telling import as_json
from tests.agent.sensor.recorded import incidents_in
from tests.agent.sensor.scanning import PC, SERVER, T
from tests.agent.sensor.test_live import inside, running
from tests.agent.sensor.test_password_guessing import guesses
from tests.agent.sensor.test_port_scan import nmap
from tests.packets.captures import write_pcap
from tests.packets.connections import merged
from tests.real import attacks, school_line
from tests.real.namespaces import cabled

pytestmark = [
    pytest.mark.real("netns", "tcpreplay"),
    pytest.mark.skipif(bool(school_line.why_not()), reason=school_line.why_not() or "-"),
]


def test_a_replayed_capture_gives_the_events_of_the_file(tmp_path: Path) -> None:
    attacks.need("tcpreplay")
    frames = merged(nmap(T, PC, SERVER, range(1, 300), 0.01), guesses(22, 40, 0.05))
    path = write_pcap(tmp_path / "attacks.pcap", frames)
    wanted = {}
    for one in incidents_in(path, only=detectors.words()):
        said = as_json(one)
        wanted[one.kind] = (said["source"], said["target"])
    assert set(wanted) == {"port_scan", "password_guessing"}

    told = list[Told]()
    with cabled("eth0") as (near, far), running(inside(near), promiscuous=True) as process:
        process.until(interface="eth0", why="")
        host = attacks.Host(far, "", "", "")
        host.run("tcpreplay", "-q", "-i", "eth0", str(path))
        end = time.monotonic() + 20
        while len(told) < len(wanted) and time.monotonic() < end:
            line = process.line()
            if isinstance(line, Told) and line.stage == "begin" and line.kind != "new_device":
                told.append(line)
    assert {event.kind for event in told} == set(wanted)
    for event in told:
        source, target = wanted[event.kind]
        assert (event.details.source.address, event.details.source.mac) == (
            source["address"],
            source["mac"],
        )
        assert event.details.target.address == target["address"]
