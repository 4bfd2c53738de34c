"""agent.toml as the agent gets it, and what only the agent can say of a file."""

from pathlib import Path

import pytest

from agent.config import ProbeConfig, read_agent
from agent.probes import INTERVAL_S, probes
from core.brokerconfig import BrokerConfig, broker_mistakes
from core.errors import ConfigError, NotPermitted
from core.types import Identity

WHO = 'kind = "agent"\nidentity = { region = "110105", school = "3111", agent = "pc-1" }\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "agent.toml"


def test_a_probe_is_on_when_its_table_is_there(file: Path) -> None:
    file.write_text(WHO + "[probes.mem]\n[probes.cpu]\npercpu = true\ninterval_s = 60\n")
    config = read_agent(file)
    assert config.identity == Identity("110105", "3111", "pc-1")
    assert config.words() == ("mem", "cpu")
    assert config.probes == (
        ProbeConfig("mem", INTERVAL_S, {}),
        ProbeConfig("cpu", 60.0, {"percpu": True}),
    )


def test_an_agent_without_probes_only_says_that_it_lives(file: Path) -> None:
    file.write_text(WHO)
    assert read_agent(file).probes == ()


def test_the_spool_lies_beside_the_file_wherever_the_agent_is_started(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(WHO)
    monkeypatch.chdir("/")
    assert read_agent(file).spool.folder == file.parent / "var/agent"


def test_a_probe_that_this_machine_does_not_let_is_named_with_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise NotPermitted("no counters in this container")

    file.write_text(WHO + "\n[probes.mem]\n")
    monkeypatch.setattr(probes, "build", refused)
    with pytest.raises(ConfigError) as raised:
        read_agent(file)
    assert str(raised.value) == (
        f"{file}:4: probe 'mem' cannot be made ready on this machine: no counters in this container"
    )


def test_what_a_broker_needs_together_is_asked_for_together(tmp_path: Path) -> None:
    pem = tmp_path / "x.pem"
    sentences = {
        "password_file is of no use without username": BrokerConfig(password_file=pem),
        "key_file needs cert_file beside it": BrokerConfig(key_file=pem),
        "cert_file needs key_file beside it": BrokerConfig(cert_file=pem, ca_file=pem),
        "cert_file needs ca_file beside it": BrokerConfig(cert_file=pem, key_file=pem),
    }
    for sentence, broker in sentences.items():
        name = sentence.partition(" ")[0]
        assert list(broker_mistakes(broker)) == [((name,), f"[broker] {sentence}")]
    whole = BrokerConfig(ca_file=pem, cert_file=pem, key_file=pem, username="x", password_file=pem)
    assert list(broker_mistakes(whole)) == []
