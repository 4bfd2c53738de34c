"""`schoolwatch notify`: a test message through real servers, and what it says of each."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collector.cli import main
from collector.notifycli import notify_group
from tests.alerts.receiver import Receiver, receiving
from tests.alerts.vendors import Vendor, serving
from tests.real import mailserver
from tests.real.brokers import free_port

TOP = 'kind = "collector"\n[collector]\nregions = ["330100"]\nid = "d1"\n'


@contextmanager
def in_a_loop(*vendors: Vendor) -> Iterator[Receiver]:
    """Serve *vendors* and a webhook in a thread: the command has a loop of its own."""
    started, ended = threading.Event(), threading.Event()
    found: list[Receiver] = []

    async def serve() -> None:
        async with receiving() as receiver, serving(vendors[0]), serving(vendors[1]):
            found.append(receiver)
            started.set()
            await asyncio.to_thread(ended.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert started.wait(20)
    try:
        yield found[0]
    finally:
        ended.set()
        thread.join(20)


def run(*words: str) -> Result:
    return CliRunner().invoke(notify_group, words, catch_exceptions=False)


def key(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text + "\n")
    file.chmod(0o600)
    return file


def toml(folder: Path, tables: str) -> str:
    file = folder / "collector.toml"
    file.write_text(TOP + tables, encoding="utf-8")
    return str(file)


def everything(folder: Path, wecom: Vendor, ding: Vendor, hook: str, mail_port: int) -> str:
    tables = f"""
[[alerts.wecom]]
name = "group"
key_file = "{key(folder, "wecom", wecom.address)}"
fallback = "mail"
[[alerts.dingtalk]]
name = "ding"
key_file = "{key(folder, "ding", ding.address)}"
secret_file = "{key(folder, "sec", "SECwrong-c0ffee")}"
[[alerts.webhook]]
name = "hook"
url = "{hook}"
[[alerts.email]]
name = "mail"
host = "127.0.0.1"
port = {mail_port}
tls = "none"
sender = "schoolwatch@example.org"
to = ["duty@example.org"]
"""
    return toml(folder, tables)


def test_each_channel_gets_a_marked_test_and_one_that_fails_says_why(tmp_path: Path) -> None:
    wecom, ding = Vendor("wecom"), Vendor("dingtalk", signing="SECright")
    with mailserver.serving() as box, in_a_loop(wecom, ding) as receiver:
        config = everything(tmp_path, wecom, ding, receiver.url, box.port)
        done = run("test", "--config", config)
        as_json = run("test", "--config", config, "--json", "--channel", "ding")
        one = run("test", "--config", config, "--channel", "group")
    assert done.exit_code == 1
    lines = dict(line.split(": ", 1) for line in done.output.splitlines())
    fine = sorted(name for name, said in lines.items() if said.startswith("ok"))
    assert fine == ["group", "hook", "mail"]
    assert "the signature is not right" in lines["ding"]
    assert "c0ffee" not in done.output + as_json.output
    (said,) = json.loads(as_json.output)["channels"]
    assert (as_json.exit_code, said["ok"], said["channel"]) == (1, False, "ding")
    assert (one.exit_code, len(wecom.took)) == (0, 2)
    assert all("测试" in text.split("\n")[0] for text in wecom.texts())
    assert [mail["Subject"] for _, mail in box.mails] == ["【测试】这是一条测试消息，无需处理"]
    assert receiver.posts[0].body["reason"] == "TEST"
    assert receiver.posts[0].body["status"] == "resolved", "programs open no ticket for it"


def test_the_list_has_no_secret_and_reads_none(tmp_path: Path) -> None:
    wecom, ding = Vendor("wecom", url="http://127.0.0.1:1"), Vendor("dingtalk", url="http://a")
    config = everything(tmp_path, wecom, ding, "http://127.0.0.1:1/?key=c0ffee", free_port())
    done = run("list", "--config", config)
    assert done.output.splitlines()[1:3] == [
        "group: wecom, for all, fallback mail",
        "ding: dingtalk, for all",
    ]
    rows = json.loads(run("list", "--config", config, "--json").output)["channels"]
    assert [row["channel"] for row in rows] == ["hook", "group", "ding", "mail"]
    assert "c0ffee" not in done.output


MISTAKES = {
    "no channel": ("", (), "no channel is set up"),
    "another name": ('[[alerts.wecom]]\nname = "group"\n', ("--channel", "grup"), "group"),
    "no key": ('[[alerts.wecom]]\nname = "group-1"\n', (), "SCHOOLWATCH_CHANNEL_GROUP_1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_not_set_up_is_said_with_exit_code_2(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables, words, says = MISTAKES[name]
    assert main(["notify", "test", "--config", toml(tmp_path, tables), *words]) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        *("http://qyapi.weixin.qq.com/send?key=c0ffee", "c0ffee key", "?key=c0ffee", "a\nc0ffee"),
        *("ftp://c0ffee", "https://c0ffee/<x>", "http://127.0.0.1.evil.example/c0ffee"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_and_not_quoted(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = key(tmp_path, "wecom", text)
    tables = f'[[alerts.wecom]]\nname = "group"\nkey_file = "{file}"\n'
    assert main(["notify", "test", "--config", toml(tmp_path, tables)]) == 2
    said = capsys.readouterr().err
    assert str(file) in said
    assert "c0ffee" not in said


def test_a_key_may_stand_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wecom, ding = Vendor("wecom"), Vendor("dingtalk")
    tables = '[[alerts.wecom]]\nname = "group.1"\nformat = "text"\n'
    with in_a_loop(wecom, ding):
        monkeypatch.setenv("SCHOOLWATCH_CHANNEL_GROUP_1", wecom.address)
        assert run("test", "--config", toml(tmp_path, tables)).exit_code == 0
    (body,) = wecom.took
    assert body["msgtype"] == "text"
