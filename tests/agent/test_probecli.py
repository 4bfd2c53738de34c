"""`schoolwatch agent probe`, as a person types it."""

import json
from pathlib import Path

import pytest

from agent import probecli
from agent.probes import probes
from core.lineprotocol import parse

CONFIG = """\
kind = "agent"
[identity]
region = "000000"
school = "trial"
agent = "pc-1"
[probes.net]
ignore_interfaces = []
[probes.ping]
interval_s = 60
targets = ["127.0.0.1"]
count = 2
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "agent.toml").write_text(CONFIG)
    return str(tmp_path / "agent.toml")


Out = pytest.CaptureFixture[str]


def test_without_a_name_it_lists_every_probe_with_its_options(capsys: Out) -> None:
    assert probecli.main([]) == 0
    listed = capsys.readouterr().out
    for word in probes.words():
        assert f"\n{word} " in f"\n{listed}"
    assert 'targets = ["gateways", "broker"]' in listed
    assert 'ignore_interfaces = ["lo"]' in listed


@pytest.mark.parametrize("word", ["cpu", "mem", "disk", "net"])
def test_a_probe_prints_this_machine_as_lines_that_the_collector_can_read(
    word: str, capsys: Out
) -> None:
    assert probecli.main([word]) == 0
    lines = capsys.readouterr().out.encode().splitlines()
    assert lines
    assert {parse(line).measurement for line in lines} == {word}


def test_json_is_one_object_a_line(capsys: Out) -> None:
    assert probecli.main(["--json", "cpu", "percpu=true"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [o["tags"]["cpu"] for o in objects][:2] == ["cpu-total", "cpu0"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pnig"], "unknown probe 'pnig'; did you mean 'ping'?"),
        (["ping", "target=127.0.0.1"], "has no option 'target'; did you mean 'targets'?"),
        (["ping", "targets=::1", "count=many"], "count of probe 'ping' is \"many\"; expected"),
        (["ping", "targets=::1", "count=" + "9" * 5000], "count of probe 'ping' is"),
        (["net", "lo"], "'lo' is not of the form option=value"),
    ],
)
def test_wrong_use_is_a_sentence_and_exit_code_2(words: list[str], said: str, capsys: Out) -> None:
    assert probecli.main(words) == 2
    assert said in capsys.readouterr().err


def test_the_options_of_a_file_hold_and_the_command_line_overrides_them(
    config: str, capsys: Out
) -> None:
    assert probecli.main(["net", "--config", config]) == 0
    assert "interface=lo " in capsys.readouterr().out
    assert probecli.main(["net", "ignore_interfaces=lo,dummy*", "--config", config]) in (0, 1)
    assert "interface=lo " not in capsys.readouterr().out


def test_a_probe_that_the_file_does_not_switch_on_is_named(config: str, capsys: Out) -> None:
    assert probecli.main(["cpu", "--config", config]) == 2
    assert f"{config} has no [probes.cpu]" in capsys.readouterr().err


def test_the_words_of_a_target_list_stand_for_what_the_file_says(
    tmp_path: Path, capsys: Out
) -> None:
    words = ["ping", "targets=broker", "count=1", "timeout_s=0.5"]
    file = tmp_path / "agent.toml"
    who = 'region = "000000"\nschool = "trial"\nagent = "pc-1"'
    file.write_text(f'kind = "agent"\n[identity]\n{who}\n[broker]\nhost = "127.0.0.1"\n')
    assert probecli.main([*words, "--config", str(file)]) == 0
    assert "url=broker" in capsys.readouterr().out
    assert probecli.main(words) == 1
    assert "broker: only known from the [broker] of agent.toml" in capsys.readouterr().err


def test_a_mount_that_is_not_there_is_something_wrong(capsys: Out) -> None:
    assert probecli.main(["disk", "mount_points=/no/such/mount"]) == 1
    assert "nothing is mounted at /no/such/mount" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("a, b", tuple[str, ...], ["a", "b"]),
        ('["a,b"]', tuple[str, ...], ["a,b"]),
        ("10", tuple[str, ...], ["10"]),
        ("true", bool, True),
        ("0.5", float, 0.5),
        ("192.0.2.1", str, "192.0.2.1"),
        ("1\nother = 2", float, 1),
    ],
)
def test_values_need_no_quotes_and_no_brackets(text: str, wanted: object, value: object) -> None:
    assert probecli.value_of(text, wanted) == value
