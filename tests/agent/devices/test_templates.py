"""Each template that comes with the agent, held to its cases over real connections."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from agent.config import read_agent
from agent.devices.base import drivers
from agent.devices.drivers.bytes import BytesDriver
from agent.devices.templates import SHIPPED, find_template, read_template, shipped
from core.checkconfig import check
from core.errors import ConfigError
from tests.real.bytedevice import playing
from tests.real.webserver import web_server

CASES = Path(__file__).parents[2] / "cases/bytes"
READERS = {"template": "agent.devices.templates:read_template"}


def cases() -> dict[str, tuple[str, dict[str, Any], dict[str, Any]]]:
    found = {}
    for path in sorted(CASES.glob("*/cases.toml")):
        book = tomllib.loads(path.read_text(encoding="utf-8"))
        for case in book["cases"]:
            found[f"{path.parent.name}: {case['name']}"] = (path.parent.name, book, case)
    return found


def exchanges_of(case: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    bytewise = [(bytes.fromhex(a), bytes.fromhex(b)) for a, b in case.get("exchanges", ())]
    return bytewise + [(a.encode(), b.encode()) for a, b in case.get("exchanges_text", ())]


@pytest.mark.parametrize("name", cases())
async def test_a_template_reads_its_case(name: str, tmp_path: Path) -> None:
    word, book, case = cases()[name]
    password = tmp_path / "password"
    password.write_text(book.get("password", "x"))
    password.chmod(0o600)
    async with web_server(playing(exchanges_of(case), case.get("greeting", "").encode())) as port:
        options = {"host": "127.0.0.1", "port": port, "template": word, "timeout_s": 2.0}
        options |= {"password_file": str(password)} if "password" in book else {}
        seen = await drivers.build("bytes", options).look()
    expected = case["expected"]
    assert (seen.state, seen.cause) == (expected["state"], expected.get("cause", ""))
    fields = {k: v for k, v in seen.fields.items() if k not in ("answer_ms", "profile")}
    assert fields == expected.get("fields", {})
    assert seen.fields["profile"] == find_template(word).name


def test_each_template_has_cases_that_say_where_they_are_from_and_a_source_and_is_described() -> (
    None
):
    page = (SHIPPED.parents[1] / "docs/templates.md").read_text(encoding="utf-8")
    for word in shipped():
        book = tomllib.loads((CASES / word / "cases.toml").read_text(encoding="utf-8"))
        assert book["origin"].startswith(("made from", "recorded from")), word
        assert read_template(SHIPPED / f"{word}.toml").source
        assert f"`{word}`" in page, word


def test_each_state_of_a_template_is_in_its_cases() -> None:
    for word in shipped():
        seen = {case["expected"]["state"] for one, _, case in cases().values() if one == word}
        states = [m.map for m in find_template(word).meanings if m.field == "state"]
        wanted = {str(state).partition(" ")[0] for table in states for state in table.values()}
        assert wanted <= seen, word


GOOD = """\
kind = "template"
name = "Mine"
source = "its manual"
port = 4001

[parameters]
id = "01"

[[questions]]
send = "05 {id} {sum8}"
answer = "06 {power} {sum8}"

[[meanings]]
of = "power"
field = "state"
map = { "01" = "ready" }
"""
WRONG = {
    ("send = \"05 {id} {sum8}\"", "send = \"05 {it} {sum8}\""): (10, "send has a hole"),
    ("send = \"05", "send = \"5"): (10, "send has '5'"),
    ("send = \"05 {id} {sum8}\"", ""): (9, "needs either send (bytes) or send_text"),
    ("answer = \"06 {power}", "answer = \"{sum8} {power}"): (11, "nothing before it to sum up"),
    ("answer = \"06 {power} {sum8}\"", "answer = \"{power}\""): (11, "would know anything"),
    ("answer = \"06", "answer_text = \"(a\"\nanswer = \"06"): (9, "needs either answer (bytes)"),
    ("answer = \"06 {power} {sum8}\"", "answer_text = \"(?P<power>a\""): (11, "regular expression"),
    ("of = \"power\"", "of = \"powr\""): (14, "did you mean 'power'?"),
    ("field = \"state\"", "field = \"lamph\""): (15, "did you mean 'lamp_h'?"),
    ("\"ready\"", "\"redy\""): (16, "did you mean 'ready'?"),
    ("\"ready\"", "\"fault\""): (16, "fault takes a cause after it"),
    ("\"ready\"", "\"ready lamp\""): (16, "ready takes no cause after it"),
    ("\"ready\"", "\"fault lmap\""): (16, "'lmap' is no cause; did you mean 'lamp'?"),
    ("\"state\"", "\"on\""): (16, "on takes a value of type boolean"),
    ("map = { \"01\" = \"ready\" }", ""): (13, "a state needs a map"),
    ("id = \"01\"", "id = \"zz\""): (6, "as { id = "),
    ("source = \"its manual\"", ""): (0, "missing key 'source'"),
    ("port = 4001", "prot = 4001"): (4, "did you mean 'port'?"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"), WRONG.items(), ids=[text for _, text in WRONG.values()]
)
def test_a_mistake_is_told_with_its_line(
    change: tuple[str, str], said: tuple[int, str], tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert check(path, READERS).mistakes == ()
    assert change[0] in GOOD
    path.write_text(GOOD.replace(*change))
    report = check(path, READERS)
    line, text = said
    assert line in [mistake.line for mistake in report.mistakes]
    assert text in report.text


async def test_an_operators_own_template_wins_and_takes_parameters(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    exchanges = [(bytes([5, 7, 12]), bytes([6, 1, 7]))]
    async with web_server(playing(exchanges)) as port:
        driver = BytesDriver(
            "127.0.0.1", "mine", port, templates=tmp_path, parameters={"id": "07"}, timeout_s=2.0
        )
        assert (await driver.look()).state == "ready"


def test_the_folder_of_all_templates_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.toml").write_text(GOOD)
    (tmp_path / "agent.toml").write_text(
        'kind = "agent"\n[identity]\nregion = "1"\nschool = "2"\nagent = "3"\n'
        '[devices]\ntemplates = "own"\n[[devices.list]]\nid = "a"\nkind = "other"\n'
        'driver = "bytes"\nhost = "192.0.2.1"\ntemplate = "mine"\n'
    )
    (device,) = read_agent(tmp_path / "agent.toml").devices.list
    driver = drivers.build("bytes", device.options)
    assert isinstance(driver, BytesDriver)
    assert driver.made.file.name == "Mine"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"template": "nec-multisink"}, "did you mean 'nec-multisync'?"),
        ({"template": "../secret"}, "there is no template"),
        ({"template": "rotel-rkb"}, "port is missing"),
        ({"template": "nec-multisync", "parameters": {"di": "41"}}, "the template has no 'di'"),
    ],
)
def test_a_driver_says_what_is_wrong_with_its_table(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(text)):
        drivers.build("bytes", {"host": "192.0.2.1"} | options)
