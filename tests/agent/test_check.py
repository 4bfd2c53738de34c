"""`agent check` on real brokers and folders: what it says, and that it disturbs nobody."""

import asyncio
import json
import re
import subprocess
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt import publish

from agent import check, checkcli
from agent.checkreadings import meaning_of, of_readings
from agent.probes import probes
from agent.probes.base import by_default
from agent.schedule import Job
from core import clock, messages, topics
from core.catalog import CATALOG
from core.errors import NotPermitted, TargetUnreachable
from core.findings import Finding
from core.lock import hold
from core.messages import Claim
from core.mqtt import Broker
from core.types import Reading, Value
from tests.real import brokers
from tests.real.brokers import LOOPBACK, RealBroker, free_port, need
from tests.real.listening import Heard, session
from tests.waiting import until

REGION, NAME = "000000", "000000/trial/pc-1"
PROBES = "[probes.mem]\n[watchers]\n"
Out = pytest.CaptureFixture[str]


def config(folder: Path, port: int, also: str = "", more: str = PROBES) -> str:
    file = folder / "agent.toml"
    file.write_text(
        f'kind = "agent"\n[identity]\nregion = "{REGION}"\nschool = "trial"\nagent = "pc-1"\n'
        f"[broker]\nport = {port}\n{also}\n{more}"
    )
    return str(file)


def claim(broker: RealBroker, collector: str = "d1", age_s: float = 1) -> None:
    payload = messages.encode(Claim(collector, clock.now() // 1_000_000 - round(1000 * age_s)))
    topic = topics.claim_topic(REGION)
    publish.single(topic, payload, 1, retain=True, port=broker.port_v3)


def found(capsys: Out, *words: str) -> tuple[int, dict[str, Finding]]:
    """Return the exit code, and what was found of each part that is no note."""
    code = checkcli.main([*words, "--json"])
    said = json.loads(capsys.readouterr().out)
    findings = [Finding(**one) for one in said["findings"]]
    assert said["fine"] == (code == 0) == (not any(one.wrong for one in findings))
    return code, {one.part: one for one in findings if one.state != "note"}


def test_where_everything_works_it_says_so_of_each_part(
    broker: RealBroker, tmp_path: Path, capsys: Out
) -> None:
    claim(broker)
    embedded = broker.name == "embedded"
    also = f'embedded = {str(embedded).lower()}\n[collector]\nid = "d1"'
    file = config(tmp_path, broker.port, also)
    code, parts = found(capsys, "--config", file)
    assert code == 0
    assert {part: one.state for part, one in parts.items()} == dict.fromkeys(
        ["clock", "[spool]", "broker", "collector", "[probes.mem]"], "works"
    )
    name = NAME.replace("/", ":") if embedded else NAME
    assert parts["broker"].text == f"127.0.0.1:{broker.port} lets {name} in by MQTT 5"
    assert not (tmp_path / "var").exists()


def test_what_does_not_work_is_named_with_what_to_do_and_the_rest_is_tried_all_the_same(
    tmp_path: Path, capsys: Out
) -> None:
    more = '[probes.mem]\n[probes.disk]\nmount_points = ["/no/such/mount"]\n[watchers.link]\n'
    file = config(tmp_path, free_port(), more=more)
    assert checkcli.main(["--config", file]) == 1
    said = capsys.readouterr().out
    assert "BROKEN broker" in said
    assert "nothing listens there (connection refused)" in said
    assert "→ check [broker] host and port" in said
    assert "BROKEN [probes.disk]" in said
    assert "nothing is mounted at /no/such/mount" in said
    assert "works  [probes.mem]            readings: 1 of mem\n" in said
    assert "works  [watchers.link]         the system tells it of changes\n" in said
    off = [word for word in by_default if word not in ("mem", "disk")]
    assert f"names no probe: {', '.join(off)}" in " ".join(said.split())
    assert said.endswith("\n2 of 6 do not work.\n")


def test_a_mistake_in_the_file_is_said_as_check_config_says_it(tmp_path: Path, capsys: Out) -> None:
    file = config(tmp_path, 1883, "hots = 1")
    assert checkcli.main(["--config", file]) == 2
    assert f"{file}:8: unknown key 'hots' in [broker]" in capsys.readouterr().err


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[RealBroker]:
    """A mosquitto with one account, which may read nothing; it takes subscriptions all the same."""
    need("mosquitto")
    accounts, rights = tmp_path / "accounts", tmp_path / "rights"
    subprocess.run(["mosquitto_passwd", "-b", "-c", accounts, "pc-1", "secret-word"], check=True)
    rights.write_text("user pc-1\ntopic write nothing\n")
    also = ["allow_anonymous false", f"password_file {accounts}", f"acl_file {rights}"]
    made = brokers.mosquitto(tmp_path / "broker", also=also, without=["allow_anonymous"])
    with brokers.running(made) as broker:
        yield broker


@pytest.mark.real("mosquitto")
def test_wrong_credentials_and_missing_rights_at_the_broker_are_told_apart(
    guarded: RealBroker, tmp_path: Path, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = config(tmp_path, guarded.port, 'username = "pc-1"')
    monkeypatch.setenv("SCHOOLWATCH_MQTT_PASSWORD", "wrong-word")
    code, parts = found(capsys, "--config", file)
    assert (code, parts["broker"].state) == (1, "broken")
    assert "check username and password_file" in parts["broker"].text
    assert "wrong-word" not in str(parts)

    monkeypatch.setenv("SCHOOLWATCH_MQTT_PASSWORD", "secret-word")
    code, parts = found(capsys, "--config", file)
    assert (code, parts["broker"].state, parts["collector"].state) == (1, "works", "broken")
    assert "the broker's access list" in parts["collector"].do


@pytest.mark.parametrize(
    ("collector", "age_s", "part", "said"),
    [
        ("", 0, "collector", "no collector has claimed region 000000 at this broker"),
        ("d2", 1, "collector", "is served by 'd2', whose receipts do not count here"),
        ("d1", 900, "collector", "'d1' was last heard 9.. s ago by the clock here"),
        ("d1", -900, "clock", "the clock of this machine is at least (900|8..) s behind"),
    ],
)
def test_a_collector_that_will_not_do_and_a_clock_that_is_off_are_told(
    collector: str, age_s: int, part: str, said: str, *, mosquitto: RealBroker, tmp_path: Path,
    capsys: Out,
) -> None:  # fmt: skip
    if collector:
        claim(mosquitto, collector, age_s)
    file = config(tmp_path, mosquitto.port, '[collector]\nid = "d1"')
    code, parts = found(capsys, "--config", file)
    assert (code, parts[part].state) == (1, "broken")
    assert re.search(said, parts[part].text)

    claim(mosquitto)
    assert found(capsys, "--config", file)[0] == 0


async def test_an_agent_that_runs_keeps_its_connection_while_it_is_checked(
    mosquitto: RealBroker, tmp_path: Path, capsys: Out
) -> None:
    file, heard = config(tmp_path, mosquitto.port), Heard()
    with hold(tmp_path / "var/agent/agent.lock", "agent", "[spool] folder"):
        async with session(Broker(LOOPBACK, mosquitto.port), NAME, heard):
            await heard.until_connects(1)
            code = await asyncio.to_thread(checkcli.main, ["--config", file])
            assert (code, heard.losses) == (0, [])
    said = " ".join(capsys.readouterr().out.split())
    assert "the agent that runs here (pid" in said
    assert "stop the agent to try that" in said

    async with session(Broker(LOOPBACK, mosquitto.port), NAME, heard):  # now nobody holds the lock
        await heard.until_connects(2)
        assert await asyncio.to_thread(checkcli.main, ["--config", file]) == 1
        await until(lambda: heard.losses)


@dataclass(frozen=True)
class Answering:
    """A probe that returns or raises what it is told."""

    what: object

    async def measure(self) -> Iterable[Reading]:
        if isinstance(self.what, Exception):
            raise self.what
        return self.what  # type: ignore[return-value]


def ping(result_code: int, url: str) -> Reading:
    return Reading("ping", {"result_code": result_code}, clock.now(), {"url": url})


@pytest.mark.parametrize(
    ("what", "state", "said"),
    [
        (NotPermitted("set this"), "rights", "set this"),
        (TargetUnreachable("no gateway"), "broken", "no gateway"),
        (OSError(5, "Input/output error"), "broken", "[Errno 5] Input/output error"),
        (ZeroDivisionError("oops"), "broken", "failed: ZeroDivisionError: oops"),
        ([], "note", "no readings: nothing to measure here at this moment"),
        ([Reading("mem", {"totl": 1}, 1)], "broken", "'mem': unknown field 'totl'"),
        ([ping(0, "gateway"), ping(0, "broker")], "works", "readings: 2 of ping"),
    ],
)
async def test_every_end_of_a_round_has_its_words(what: object, state: str, said: str) -> None:
    (finding,) = await check.probe(Job("ping", Answering(what), 10))
    assert (finding.state, finding.text) == (state, said)


def test_what_a_probe_measures_is_said_in_its_own_words() -> None:
    job = Job("ping", probes.build("ping", {}), 10)
    assert check.about(job).startswith("whether a target answers echo requests")


async def test_a_target_that_is_silent_is_named_beside_those_that_answer() -> None:
    readings = [ping(0, "gateway"), ping(2, "broker")]
    works, silent = await check.probe(Job("ping", Answering(readings), 10))
    assert (works.state, silent.state) == ("works", "broken")
    assert silent.text == "broker: no answer at all"


def said_of(measurement: str, **fields: Value) -> list[tuple[str, str]]:
    """Return what is said beside that there is a reading."""
    tag = next(iter(CATALOG[measurement].tags))
    readings = [Reading(measurement, fields, 1, {tag: "of-school"})]
    works, *others = of_readings("[probes.x]", readings)
    assert works.state == "works"
    return [(one.state, one.text) for one in others]


@pytest.mark.parametrize("measurement", ["dns_query", "http_response", "public_address"])
def test_a_server_that_lies_without_an_error_is_no_server_that_works(measurement: str) -> None:
    fields = {"result_code": 0} if measurement != "public_address" else {}
    assert said_of(measurement, verdict="ok", **fields) == []
    wrong = said_of(measurement, verdict="captive_portal", **fields)
    assert wrong == [("broken", "of-school: captive_portal")]
    assert said_of("http_response", verdict="slow", result_code=0) == []


def test_a_certificate_that_is_not_believed_is_said_with_what_openssl_says() -> None:
    fields = {"verdict": "expired", "verification_error": "certificate has expired"}
    assert said_of("x509_cert", verification_code=1, **fields) == [
        ("broken", "of-school: expired (certificate has expired)")
    ]


def test_a_name_without_an_address_of_ipv6_and_a_hop_that_is_the_target_are_no_faults() -> None:
    assert said_of("dns_query", verdict="no_data", result_code=0) == [
        ("note", "of-school: no_data")
    ]
    assert said_of("path", result_code=2, trouble=False) == []
    assert said_of("path", result_code=1, trouble=False) == []


def test_every_code_of_the_catalogue_has_its_meaning() -> None:
    for one in CATALOG.values():
        if "result_code" in one.fields:
            meanings = one.fields["result_code"].meaning
            said = {meaning_of(code, meanings) for code in range(4 if one.name == "sntp" else 3)}
            assert not any("result_code" in text or ", 1" in text for text in said), one.name
            assert len(said) >= 3, one.name
    sntp = CATALOG["sntp"].fields["result_code"].meaning
    assert meaning_of(4, sntp) == "not asked, since the server asked for that (kiss-o'-death)"
    assert meaning_of(9, sntp) == "result_code 9"


class Watching:
    """A watcher that tells nothing of the present, or fails."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = failures
        self.closed = False

    async def watch(self, _target: str) -> AsyncIterator[Sequence[object]]:
        try:
            for failure in self.failures:
                raise failure
            await asyncio.Event().wait()
            yield []
        finally:
            self.closed = True


@pytest.mark.parametrize(
    ("failures", "state"),
    [((), "works"), ((NotPermitted("as root"),), "rights"), ((OSError(1, "no"),), "broken")],
)
async def test_a_watcher_that_listens_works_and_is_closed_again(
    failures: tuple[Exception, ...], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "WATCHER_WITHIN_S", 0.1)
    one = Watching(*failures)
    (finding,) = await check.watcher("link", one)  # type: ignore[arg-type]
    assert (finding.state, one.closed) == (state, True)


@contextmanager
def in_the_way(path: Path) -> Iterator[None]:
    path.write_text("a file")
    yield
    path.unlink()


def test_a_spool_that_cannot_be_is_said_and_can_be_once_its_place_is_free(
    mosquitto: RealBroker, tmp_path: Path, capsys: Out
) -> None:
    file = config(tmp_path, mosquitto.port)
    claim(mosquitto)
    with in_the_way(tmp_path / "var"):
        code, parts = found(capsys, "--config", file)
        assert (code, parts["[spool]"].state) == (1, "broken")
        assert "let the agent's user write there, or change [spool] folder" in parts["[spool]"].do
    assert found(capsys, "--config", file)[0] == 0


def test_a_folder_for_logs_that_cannot_be_is_said_and_so_is_one_with_too_little_room(
    mosquitto: RealBroker, tmp_path: Path, capsys: Out
) -> None:
    claim(mosquitto)
    kept = '[logs]\nkeep_folder = "kept/logs"\nkeep_mb = {}\n{}{}'
    device = '[[logs.list]]\nid = "fw"\naddress = "192.0.2.1"\n'
    file = config(tmp_path, mosquitto.port, more=kept.format(1, device, PROBES))
    with in_the_way(tmp_path / "kept"):
        code, parts = found(capsys, "--config", file)
        assert (code, parts["[logs]"].state) == (1, "broken")
        assert "change [logs] keep_folder" in parts["[logs]"].do
    code, parts = found(capsys, "--config", file)
    assert (code, parts["[logs]"].state) == (0, "works")
    file = config(tmp_path, mosquitto.port, more=kept.format(900_000_000, device, PROBES))
    assert "[logs]" not in found(capsys, "--config", file)[1], "a note"
