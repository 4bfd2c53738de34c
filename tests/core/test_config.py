"""A file becomes a frozen tree, or every mistake in it becomes a sentence with its line."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct

from core.brokerconfig import BrokerConfig
from core.config import read
from core.errors import ConfigError
from core.options import expected, fitted
from core.secrets import secret
from core.tomlfile import MAX_BYTES, FileMistakes
from core.tomllines import KeyPath


class Tank(Struct, frozen=True, kw_only=True):
    litres: Annotated[int, Meta(ge=1)]
    colour: Literal["red", "green"] = "green"
    log: Path = Path("var/tank.log")
    lid: Path | None = None
    names: tuple[str, ...] = ()


class Fish(Struct, frozen=True, kw_only=True):
    name: str
    weight_g: Annotated[float, Meta(gt=0)] = 10


class Aquarium(Struct, frozen=True, kw_only=True):
    kind: Literal["aquarium"] = "aquarium"
    tank: Tank
    fish: tuple[Fish, ...] = ()


def said(path: Path, text: str | bytes, **more: Any) -> list[str]:
    """Write *text* to *path* and return what is said about it, without the path."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as raised:
        read(path, Aquarium, **more)
    return [line.removeprefix(f"{path}:").strip() for line in str(raised.value).split("\n")]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fish.toml"


def test_a_file_becomes_a_frozen_tree_and_its_paths_begin_at_its_folder(file: Path) -> None:
    file.write_text("""
kind = "aquarium"
tank = { litres = 60, lid = "../lid", names = ["a", "b"] }
[[fish]]
name = "Nemo"
[[fish]]
name = "Dory"
weight_g = 200
""")
    tank = Tank(
        litres=60, log=file.parent / "var/tank.log", lid=file.parent / "../lid", names=("a", "b")
    )
    fish = (Fish(name="Nemo"), Fish(name="Dory", weight_g=200.0))
    assert read(file, Aquarium) == Aquarium(tank=tank, fish=fish)


def test_paths_hold_when_the_program_changes_its_folder(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('kind = "aquarium"\ntank.litres = 1')
    monkeypatch.chdir(file.parent)
    assert read(Path(file.name), Aquarium).tank.log == file.parent / "var/tank.log"


def test_an_absolute_path_stays_and_no_path_is_none(file: Path) -> None:
    file.write_text('kind = "aquarium"\ntank = { litres = 1, log = "/var/log/x", lid = "" }')
    tank = read(file, Aquarium).tank
    assert (tank.log, tank.lid) == (Path("/var/log/x"), None)


def test_every_mistake_is_said_at_once_in_the_order_of_lines(file: Path) -> None:
    text = """
kind = "aquarium"
litres = 5
[tank]
colour = "grean"
lid = 5
[[fish]]
weight_g = 0
[[fish]]
name = "Dory"
wieght_g = 1
"""
    assert said(file, text) == [
        "3: unknown key 'litres'; it belongs in [tank]",
        "4: missing key 'litres' in [tank]: a whole number of at least 1",
        '5: [tank] colour is "grean"; expected "red" or "green"; did you mean "green"?',
        '6: [tank] lid is 5; expected a path, or "" for none',
        "7: missing key 'name' in [fish]: a text in quotes",
        "8: [fish] weight_g is 0; expected a number above 0",
        "11: unknown key 'wieght_g' in [fish]; did you mean 'weight_g'?",
    ]


def test_a_file_of_another_kind_is_not_taken_to_pieces(file: Path) -> None:
    assert said(file, 'kind = "zoo"\nlions = 2') == ['1: kind is "zoo"; expected "aquarium"']


def test_a_file_without_its_kind_says_how_to_write_it(file: Path) -> None:
    assert said(file, "tank.litres = 1") == [
        "missing key 'kind' at the top, before the first table: \"aquarium\""
    ]


def test_what_should_be_tables_and_is_not_is_said(file: Path) -> None:
    assert said(file, 'kind = "aquarium"\ntank = 5\nfish = { name = "Nemo" }') == [
        "2: tank is 5; expected a table, headed [tank]",
        "3: fish is a table; expected tables, each headed [[fish]]",
    ]
    assert said(file, 'kind = "aquarium"\ntank.litres = 1\nfish = [5]') == [
        "3: fish holds 5; expected tables, each headed [[fish]]"
    ]


def test_a_check_sees_a_good_part_and_its_mistakes_get_their_lines(file: Path) -> None:
    def too_many(fish: tuple[Fish, ...]) -> Iterator[tuple[KeyPath, str]]:
        for number, one in enumerate(fish):
            if one.weight_g > 100:
                yield (number, "weight_g"), f"{one.name} is too heavy for the tank"

    text = 'kind = "aquarium"\ntank.litres = 0\n[[fish]]\nname = "Dory"\n\nweight_g = 200'
    assert said(file, text, checks={"fish": too_many}) == [
        "2: [tank] litres is 0; expected a whole number of at least 1",
        "6: Dory is too heavy for the tank",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'kind = "\xb3\xa7"', "1: not UTF-8 text; save the file as UTF-8"),
        (b'a = 1\n\n"\xff\xfe"', "3: not UTF-8 text; save the file as UTF-8"),
        (b"a = 1\nb = x", "2:5: not TOML: invalid value; a text stands in quotes"),
        (b"a = 1\na = 2\n\n", "2:6: not TOML: this key or table is already there"),
        (b"a", "1: not TOML: expected '=' after a key in a key/value pair"),
        (b"a = " + b"9" * 5000, "not TOML: a number of more than 4300 digits"),
        (b"a = " + b"[" * 50_000, "not TOML that we read: nested too deeply"),
        (b"[" + b"a." * 50_000 + b"a]", "not TOML that we read: nested too deeply"),
        (b"#" * (MAX_BYTES + 1), "has more than 1000000 bytes: not a configuration"),
    ],
    ids=lambda value: value[:20].decode("ascii", "replace") if isinstance(value, bytes) else "",
)
def test_a_file_that_is_not_toml_says_where(file: Path, content: bytes, sentence: str) -> None:
    assert said(file, content) == [sentence]


def test_the_mark_that_windows_puts_first_is_no_mistake(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbfkind = "aquarium"\r\n[tank]\r\nlitres = 5\r\n')
    assert read(file, Aquarium).tank.litres == 5
    assert said(file, b'\xef\xbb\xbfkind = "aquarium"\r\n[tank]\r\nlitre = 5\r\n') == [
        "2: missing key 'litres' in [tank]: a whole number of at least 1",
        "3: unknown key 'litre' in [tank]; did you mean 'litres'?",
    ]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "is a folder; name the file in it"),
        ("none.toml", "cannot be read: No such file or directory"),
        ("x" * 300, "cannot be read: File name too long"),
        ("a\0b", "cannot be read: no system has such a path"),
    ],
    ids=["folder", "missing", "long", "nul"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, sentence: str) -> None:
    with pytest.raises(FileMistakes) as raised:
        read(tmp_path / name, Aquarium)
    assert str(raised.value) == f"{tmp_path / name}: {sentence}"


def test_a_pipe_holds_nobody_up(file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(FileMistakes, match="is a pipe; a configuration is read again: use a file"):
        read(file, Aquarium)


def test_what_a_file_holds_cannot_reach_the_terminal_as_commands(file: Path) -> None:
    text = 'kind = "aquarium"\n"\\u001b[2J" = 1\n"\\u202e" = {}\ntank.litres = "\\u001b[2J\\u009b"'
    assert all(line.isprintable() for line in said(file, text))


def test_a_long_value_is_cut(file: Path) -> None:
    long = "x" * 10_000
    lines = said(file, f'kind = "aquarium"\n{long} = 1\n[tank]\nlitres = "{long}"')
    assert len(lines) == 2
    assert max(map(len, lines)) < 200


@pytest.mark.parametrize(
    ("value", "wanted", "sentence"),
    [
        (["a", 5], tuple[str, ...], "item 2 is 5; expected a text in quotes"),
        (
            [],
            Annotated[tuple[int, ...], Meta(min_length=1)],
            "is a list; expected a list of at least 1, each item a whole number",
        ),
        (True, float, "is true; expected a number"),
        (float("nan"), float, "is nan; expected a number"),
        (float("inf"), Annotated[float, Meta(gt=0)], "is inf; expected a number above 0"),
        (float("inf"), Annotated[float, Meta(le=5)], "is inf; expected a number of at most 5"),
        ("x", int | Literal["auto"], 'is "x"; expected a whole number or "auto"'),
        ({}, str | None, "is a table; expected a text in quotes"),
        ([1], bool, "is a list; expected true or false"),
        ("a\0b", Path, 'is "a\\u0000b"; expected a path'),
        (1, dict[str, int], "is 1; expected a table"),
    ],
)
def test_a_value_that_does_not_fit_is_told_what_would(
    value: object, wanted: Any, sentence: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        fitted(value, wanted)
    assert str(raised.value) == sentence


def test_what_is_expected_can_be_said_in_words_of_its_own() -> None:
    assert (
        expected(Annotated[str, Meta(pattern="^[0-9]{6}$", description="6 digits")]) == "6 digits"
    )


def test_a_secret_comes_from_its_file_without_the_last_newline(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for content in ("s3cret\n", "s3cret\r\n", "s3cret"):
        file.write_bytes(content.encode())
        file.chmod(0o600)
        assert secret(file, "X", {"X": "other"}) == "s3cret"


def test_without_a_file_a_secret_comes_from_the_environment() -> None:
    assert secret(None, "X", {"X": "s3cret"}) == "s3cret"
    assert secret(None, "X", {}) == ""


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (b"s3cret", 0o644, "can be read by everybody on this machine; run:  chmod 600 {}"),
        (b"", 0o600, "is empty; it should hold the secret"),
        (b"\n", 0o600, "is empty; it should hold the secret"),
        (b"s3cret\xff", 0o600, "is not UTF-8 text"),
        (b"s3cret" * 20_000, 0o600, "has more than 65536 bytes: not a secret"),
    ],
    ids=["open", "empty", "newline", "bytes", "huge"],
)
def test_a_secret_that_is_none_is_refused_without_saying_it(
    tmp_path: Path, content: bytes, mode: int, sentence: str
) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(ConfigError) as raised:
        secret(file, "X", {})
    assert str(raised.value) == f"{file} {sentence.format(file)}"
    assert "s3cret" not in str(raised.value)


def test_a_secret_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        secret(tmp_path / "none", "X", {})
    with pytest.raises(ConfigError, match="is not a file"):
        secret(tmp_path, "X", {})


def test_a_broker_gives_its_password_once_others_cannot_read_the_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret\n")
    file.chmod(0o604)
    broker = BrokerConfig(username="pc-1", password_file=file)
    with pytest.raises(ConfigError, match="chmod 600"):
        broker.password()

    file.chmod(0o640)
    assert broker.password() == "s3cret"
    assert "s3cret" not in repr(broker)
