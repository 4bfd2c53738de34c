"""The district's commands at a terminal: what they say, and the exit code that scripts see."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collector.cli import main
from tests.real.brokers import free_port
from tests.waiting import until_sync


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["up", "--ping", "\udcff"], "is no name or address"),
        (["colector", "run"], "did you mean 'collector'?"),
        (["agnet", "run"], "did you mean 'agent'?"),
        (["check_config"], "did you mean 'check-config'?"),
        (["collector", "run", "--confg", "x"], "--config"),
        (["up", "--http-port", "70000"], "1<=x<=65535"),
        (["collector", "run"], "Missing option '--config'"),
    ],
)
def test_a_mistyped_command_names_the_right_one(
    words: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("words", [["up"], ["collector"], ["collector", "run"]])
def test_every_command_explains_itself(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--help"]) == 0
    assert f"Usage: schoolwatch {' '.join(words)} " in capsys.readouterr().out


def test_a_configuration_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["collector", "run", "--config", str(tmp_path / "no.toml")]) == 2
    said = capsys.readouterr().err
    assert "no.toml" in said
    assert "Traceback" not in said


def collector(folder: Path, http_port: int) -> "subprocess.Popen[str]":
    config = folder / "collector.toml"
    config.write_text(
        'kind = "collector"\n'
        f'[collector]\nregions = ["000000"]\nfolder = "{folder / "kept"}"\n'
        f"[broker]\nport = {free_port()}\n[http]\nport = {http_port}\n"
    )
    command = [sys.executable, "-m", "schoolwatch", "collector", "run", "--config", str(config)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_a_taken_page_port_ends_the_collector_with_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with collector(tmp_path, port) as process:
            _, said = process.communicate(timeout=20)
    assert process.returncode == 2
    assert f"Port {port} on 127.0.0.1 is taken" in said
    assert "[http] port" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_collector_without_its_broker_serves_its_page_and_stops_when_asked(
    tmp_path: Path, number: signal.Signals
) -> None:
    port = free_port()
    with collector(tmp_path, port) as process:
        until_sync(lambda: _answers(port))
        process.send_signal(number)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Traceback" not in said


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
