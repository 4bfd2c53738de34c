"""docs/deploy.md and its Chinese twin: the same commands, and each one that we have."""

import re
import shlex
import tarfile
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import click
import pytest

from collector.cli import commands
from collector.deploy.authority import AUTHORITY_DAYS
from collector.deploy.district import AGENT_DAYS, PROGRAM_DAYS
from collector.deploy.renew import SOON_DAYS
from core import VERSION
from tests.collector.deploy.test_units import EXPOSURE

ROOT = Path(__file__).parents[2]
PAGES = {
    lang: (ROOT / "docs" / name).read_text(encoding="utf-8")
    for lang, name in (("en", "deploy.md"), ("zh", "deploy.zh-CN.md"))
}
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`]+)`", re.DOTALL)
OURS = re.compile(
    r"(?:^|\s|/)(?:sw|schoolwatch) (deploy|collector backup|store check)((?: [^\s;|&]+)*)"
)


def of_ours(page: str) -> Iterator[list[str]]:
    """Yield the words of each command of ours, without the folder of the program."""
    for text in [*BLOCK.findall(page), *INLINE.findall(page)]:
        for found in OURS.finditer(" ".join(text.split())):
            yield [*found[1].split(), *shlex.split(found[2])]


def test_both_languages_give_the_same_commands_in_the_same_order() -> None:
    blocks = {lang: BLOCK.findall(page) for lang, page in PAGES.items()}
    assert len(blocks["en"]) > 12
    assert blocks["en"] == blocks["zh"]
    inline = {lang: [*of_ours(page)] for lang, page in PAGES.items()}
    assert inline["en"] == inline["zh"]


@pytest.mark.parametrize("words", [*of_ours(PAGES["en"])], ids=" ".join)
def test_each_command_and_each_option_is_there(words: list[str]) -> None:
    command: click.Command = commands
    context = click.Context(commands)
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found, words
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_what_it_names_is_there(page: str) -> None:
    named = {*re.findall(r"configs/deploy/[\w./-]+", page)}
    assert len(named) > 4
    assert [path for path in named if not (ROOT / path).exists()] == []
    linked = re.findall(r"\]\(([\w./-]+\.md)\)", page)
    assert [name for name in linked if not (ROOT / "docs" / name).exists()] == []
    assert {*re.findall(r"schoolwatch:(\d[\w.]*)", page)} == {VERSION}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_its_numbers_are_those_of_the_code(page: str) -> None:
    assert AUTHORITY_DAYS // 365 == 20
    assert AGENT_DAYS // 365 == 5
    for number in (PROGRAM_DAYS, SOON_DAYS, *EXPOSURE.values()):
        assert re.search(rf"\b{re.escape(str(number))}(?![\d.]\d)", page), number


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_backup_has_the_folders_of_data_with_their_owners_and_nothing_of_the_data(
    page: str, tmp_path: Path
) -> None:
    """Docker would make the ones that are missing itself, for root, and no service could write."""
    district = tmp_path / "district"
    for name in ("data/mosquitto/mosquitto.db", "data/influxdb/engine/wal/1", "grafana/data.yaml"):
        (district / name).parent.mkdir(parents=True, exist_ok=True)
        (district / name).touch()
    (said,) = re.findall(r"`tar -C /srv/schoolwatch -czf \S+ ([^`]+)`", page)
    made = tmp_path / "made.tar.gz"
    run(["tar", "-C", tmp_path, "-czf", made, *shlex.split(said)], check=True)
    with tarfile.open(made) as found:
        names = {one.name for one in found}
    assert {
        "district/data/mosquitto",
        "district/data/influxdb",
        "district/grafana/data.yaml",
    } <= names
    assert not {name for name in names if name.startswith("district/data/") and name.count("/") > 2}
