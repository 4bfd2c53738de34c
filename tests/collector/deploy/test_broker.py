"""Who gets into the broker of the deployment, and what each may say and hear there.

The broker is real, in both versions that are out there, with the files that `deploy init` makes.
"""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from collector.deploy import authority, enrol
from collector.deploy.authority import utc_now
from collector.deploy.district import District
from core import topics
from tests.collector.deploy.clients import Client, connected
from tests.collector.deploy.made import REGION, A, B, enrolled, made
from tests.real import mosquittos
from tests.real.brokers import RealBroker
from tests.waiting import until_sync

CLAIM = topics.claim_topic(REGION)
UP, DOWN = ("readings", "events", "state"), ("receipt", "command")
END = "this is the last one"


def of(who: object, *channels: str) -> set[str]:
    return {f"{topics.ROOT}/{who}/{channel}" for channel in channels}


def of_both(*channels: str) -> set[str]:
    return of(A, *channels) | of(B, *channels)


TOPICS = sorted({*of_both(*UP, *DOWN), CLAIM, f"{topics.ROOT}/{REGION}/other"})
MAY_WRITE = {
    "a": of(A, *UP),
    "b": of(B, *UP),
    "events": of_both(*DOWN, "state") | {CLAIM},
    "readings": of_both(*DOWN),
    "claims": set(),
    "monitor": set(),
}
MAY_READ = {
    "a": of(A, *DOWN),
    "b": of(B, *DOWN),
    "events": of_both("events", "state"),
    "readings": of_both("readings"),
    "claims": {CLAIM},
    "monitor": set(),
}


@dataclass(frozen=True)
class Ground:
    """A broker, its district, and the files of each certificate without their ending."""

    broker: RealBroker
    district: District
    stems: dict[str, Path]

    def client(self, who: str, name: str = "", *, keeps: bool = False) -> Client:
        ca = self.district.folder / "authority" / "ca.pem"
        return Client(self.broker.port, ca, self.stems.get(who), name, keeps)

    def let_in(self, *whom: str) -> dict[str, bool]:
        """Tell of each whether the broker lets him in; nobody stays."""
        found = {}
        for who in whom:
            client = self.client(who)
            found[who] = client.connect()
            client.close()
        return found


EACH = [pytest.param(one, marks=pytest.mark.real(one)) for one in mosquittos.VERSIONS]


@contextmanager
def served(version: str) -> Iterator[Ground]:
    mosquittos.program(version)
    with made() as district:
        stems = {
            "a": enrolled(district, A) / "agent",
            "b": enrolled(district, B) / "agent",
            "monitor": district.folder / "mosquitto" / "monitor",
            "server": district.folder / "mosquitto" / "server",
        }
        for one in ("events", "readings", "claims"):
            stems[one] = district.folder / "collector" / one
        with mosquittos.serving(version, district) as broker:
            yield Ground(broker, district, stems)


@pytest.fixture(scope="module", params=EACH)
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    """A broker that goes on for all; leave it as it is."""
    with served(request.param) as one:
        yield one


@pytest.fixture(params=EACH)
def own_ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with served(request.param) as one:
        yield one


def test_each_certificate_says_and_hears_what_is_its_own_and_nothing_else(ground: Ground) -> None:
    with ExitStack() as open_ones:
        clients = {who: open_ones.enter_context(connected(ground.client(who))) for who in MAY_READ}
        for client in clients.values():
            client.subscribe("#")  # granted; what comes is decided message by message
        wrote = {
            who: {topic for topic in TOPICS if client.may_publish(topic, who)}
            for who, client in clients.items()
        }
        for topic, who in (
            *((topic, "events") for topic in of_both("receipt")),
            *((topic, "a") for topic in of(A, "events", "readings")),
            (CLAIM, "events"),
        ):
            clients[who].may_publish(topic, END)
        listening = {who: client for who, client in clients.items() if MAY_READ[who]}
        until_sync(lambda: all(END in dict(c.heard).values() for c in listening.values()), 20)
        heard = {
            who: {one for one in client.heard if one[1] != END} for who, client in clients.items()
        }
    assert wrote == MAY_WRITE
    assert heard == {
        who: {(topic, by) for topic in MAY_READ[who] for by in MAY_WRITE if topic in MAY_WRITE[by]}
        for who in MAY_READ
    }


def test_the_monitor_hears_of_the_broker_itself_and_an_agent_does_not(ground: Ground) -> None:
    with connected(ground.client("monitor")) as monitor, connected(ground.client("a")) as agent:
        for client in (agent, monitor):
            client.subscribe("$SYS/broker/uptime")
        until_sync(lambda: monitor.heard, 20)
        assert agent.heard == []


def test_nobody_gets_in_but_by_a_good_certificate_of_a_client(
    ground: Ground, tmp_path: Path
) -> None:
    foreign = authority.new_authority("schoolwatch district", utc_now())
    forged = authority.issue(foreign, str(A), "client", utc_now(), days=5)
    (tmp_path / "forged.pem").write_bytes(forged.pem)
    (tmp_path / "forged.key").write_bytes(forged.key_pem)
    ground.stems["forged"] = tmp_path / "forged"
    got_in = ground.let_in("nobody", "forged", "server", "a")
    assert got_in == {"nobody": False, "forged": False, "server": False, "a": True}


def test_whoever_takes_the_client_id_of_another_gets_his_own(ground: Ground) -> None:
    with connected(ground.client("b")) as right, connected(ground.client("a", str(B))) as wrong:
        assert not wrong.may_publish(f"{topics.ROOT}/{B}/readings", "forged")
        assert not right.over.is_set()


def test_a_revoked_certificate_is_refused_and_the_one_after_it_is_not(own_ground: Ground) -> None:
    ground, district = own_ground, own_ground.district
    ground.stems["before"] = ground.stems["a"].with_name("before")
    for ending in ("pem", "key"):
        old = ground.stems["a"].with_suffix(f".{ending}")
        shutil.copy(old, old.with_stem("before"))
    enrol.enrol(district, A, utc_now(), again=True)
    assert ground.let_in("before", "a", "b") == {"before": True, "a": True, "b": True}
    taken = [
        *enrol.revoke(district, str(A), utc_now(), older=True),
        *enrol.revoke(district, str(B), utc_now(), older=False),
    ]
    assert [row.name for row in taken] == [str(A), str(B)]
    ground.broker.reload()
    until_sync(lambda: not ground.let_in("b")["b"], 20)
    for _ in range(2):
        assert ground.let_in("before", "a", "b") == {"before": False, "a": True, "b": False}
        ground.broker.restart()


def test_what_comes_for_a_collector_that_is_away_outlives_a_restart(own_ground: Ground) -> None:
    """With per_listener_settings, 2.0.21 throws away what comes between restart and return."""
    ground = own_ground
    topic = f"{topics.ROOT}/{A}/readings"
    with connected(ground.client("readings", keeps=True)) as collector:
        collector.subscribe(f"{topics.ROOT}/{REGION}/+/+/readings")
    with connected(ground.client("a")) as agent:
        assert agent.may_publish(topic, "before")
    ground.broker.restart()
    with connected(ground.client("a")) as agent:
        assert agent.may_publish(topic, "after")
    with connected(ground.client("readings", keeps=True)) as collector:
        until_sync(lambda: len(collector.heard) == 2, 20)
    assert collector.heard == [(topic, "before"), (topic, "after")]


def test_the_broker_has_nothing_to_warn_of_in_its_files(ground: Ground) -> None:
    with connected(ground.client("a")):
        pass
    assert "Warning" not in ground.broker.log.read_text()
