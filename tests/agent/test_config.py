"""agent.toml as the agent gets it, and what only the agent can say of a file."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from agent.config import ProbeConfig, read_agent
from agent.probes import INTERVAL_S, probes
from agent.probes import base as probes_base
from agent.watchers import base as watchers_base
from agent.watchers import watchers
from core.brokerconfig import BrokerConfig, broker_mistakes
from core.errors import ConfigError, NotPermitted
from core.registry import REQUIRED
from core.types import Identity
from tests.real.certificates import issued, roots_file

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


def test_a_probe_may_have_an_interval_of_its_own_until_the_file_names_another(file: Path) -> None:
    file.write_text(WHO + "[probes.processes]\n[probes.mem]\n")
    assert [probe.interval_s for probe in read_agent(file).probes] == [60.0, INTERVAL_S]
    file.write_text(WHO + "[probes.processes]\ninterval_s = 5\n")
    assert [probe.interval_s for probe in read_agent(file).probes] == [5.0]


def test_an_agent_that_is_told_no_probe_measures_what_matters(file: Path) -> None:
    file.write_text(WHO)
    config = read_agent(file)
    assert config.words() == probes_base.by_default
    assert [one.word for one in config.watchers] == list(watchers_base.by_default)


def test_one_of_the_default_set_can_be_switched_off_alone(file: Path) -> None:
    file.write_text(WHO + "[probes.ping]\nenabled = false\n[watchers.link]\nenabled = false\n")
    config = read_agent(file)
    assert config.words() == tuple(word for word in probes_base.by_default if word != "ping")
    others = [word for word in watchers_base.by_default if word != "link"]
    assert [one.word for one in config.watchers] == others


def test_beside_one_that_is_on_a_probe_that_is_switched_off_is_only_remembered(file: Path) -> None:
    file.write_text(WHO + "[probes.mem]\nenabled = true\n[probes.ping]\nenabled = false\n")
    assert read_agent(file).probes == (ProbeConfig("mem", INTERVAL_S, {}),)


def test_a_heading_with_nothing_under_it_leaves_an_agent_that_only_says_that_it_lives(
    file: Path,
) -> None:
    file.write_text(WHO + "[probes]\n[watchers]\n")
    config = read_agent(file)
    assert (config.probes, config.watchers) == ((), ())


def test_what_is_switched_off_need_not_fit_but_has_to_be_known(file: Path) -> None:
    file.write_text(WHO + "[probes.ping]\nenabled = false\ntargets = 1\n")
    assert "ping" not in read_agent(file).words()
    file.write_text(WHO + "[probes.pingg]\nenabled = false\n")
    with pytest.raises(ConfigError, match="unknown probe 'pingg'; did you mean 'ping'"):
        read_agent(file)


def test_what_is_on_by_default_needs_no_option() -> None:
    for word in probes_base.by_default:
        assert all(option.default is not REQUIRED for option in probes.options(word)), word
    for word in watchers_base.by_default:
        assert all(option.default is not REQUIRED for option in watchers.options(word)), word


def test_the_spool_lies_beside_the_file_wherever_the_agent_is_started(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text(WHO)
    monkeypatch.chdir("/")
    assert read_agent(file).spool.folder == file.parent / "var/agent"


@pytest.mark.parametrize(
    ("word", "needed"),
    [
        ("http", 'urls = ["https://platform.edu.cn/"]'),
        ("cert", 'targets = ["platform.edu.cn:443"]'),
        ("public_address", 'url = "https://platform.edu.cn/address"'),
    ],
)
def test_the_roots_of_a_probe_lie_beside_the_file_wherever_the_agent_is_started(
    file: Path, monkeypatch: pytest.MonkeyPatch, word: str, needed: str
) -> None:
    elsewhere = file.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    file.write_text(f'{WHO}[probes.{word}]\n{needed}\nca_file = "roots.pem"\n')
    with pytest.raises(ConfigError, match=r"roots\.pem is not there"):
        read_agent(file)
    roots_file(file.parent, issued("root.school.example", ca=True))
    (configured,) = read_agent(file).probes
    built: Any = probes.build(word, configured.options)
    assert built.ca_file == file.parent / "roots.pem"


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


@pytest.mark.parametrize(
    ("cert", "key", "ca", "said"),
    [
        ("server.pem", "server.pem", "roots.pem", ""),
        ("server.pem", "server.pem", "junk.pem", "junk.pem holds no certificate"),
        ("roots.pem", "server.pem", "roots.pem", "cannot be used together: key values mismatch"),
        ("server.pem", "junk.pem", "roots.pem", "cannot be used together"),
        ("server.pem", "locked.pem", "roots.pem", "cannot be used together"),
    ],
)
def test_files_without_the_certificates_that_are_asked_for_are_a_mistake(
    cert: str, key: str, ca: str, said: str, tmp_path: Path
) -> None:
    root = issued("root.school.example", ca=True)
    one = issued("pc-1", root)
    roots_file(tmp_path, root)
    one.server_context(tmp_path)
    (tmp_path / "junk.pem").write_text("no certificate")
    locked = serialization.BestAvailableEncryption(b"secret")
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "locked.pem").write_bytes(one.key.private_bytes(pem, form, locked))
    file = tmp_path / "agent.toml"
    files = {"cert_file": cert, "key_file": key, "ca_file": ca}
    lines = [f'{name} = "{value}"' for name, value in files.items()]
    file.write_text("\n".join([WHO, "[broker]", *lines, ""]))
    if said:
        with pytest.raises(ConfigError, match=said):
            read_agent(file)
    else:
        assert read_agent(file).broker.ca_file == tmp_path / ca


@pytest.mark.parametrize(("word", "option"), [("ping", "targets"), ("sntp", "servers")])
@pytest.mark.parametrize("wrong", ["ntp.edu.cn:123", "https://www.edu.cn", "a b", ""])
def test_a_host_that_is_asked_at_no_port_is_refused_with_one(
    file: Path, word: str, option: str, wrong: str
) -> None:
    file.write_text(f'{WHO}[probes.{word}]\n{option} = ["::1", "{wrong}"]\n')
    with pytest.raises(ConfigError, match=r"item 2 is .* with no port"):
        read_agent(file)
    file.write_text(f'{WHO}[probes.{word}]\n{option} = ["::1", "fe80::1%eth0", "ntp.edu.cn"]\n')
    assert read_agent(file).words() == (word,)
