"""A word becomes a thing with its options, and nothing is imported that nobody named."""

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
from msgspec import Meta

from core.errors import ConfigError
from core.registry import COLLABORATOR, REQUIRED, OptionMistakes, Registry

MODULE = """
from dataclasses import dataclass
from {package} import things

@things.add("{word}")
@dataclass(frozen=True, slots=True)
class Thing:
    size: int = 1
"""


@dataclass(frozen=True, slots=True)
class Echo:
    """Has an option of each sort."""

    targets: tuple[str, ...]
    timeout_s: Annotated[float, Meta(ge=0.1, le=10)] = 2.0
    mode: Literal["udp", "raw"] = "udp"
    labels: list[str] = field(default_factory=lambda: ["a"])
    clock: object = field(default=None, metadata=COLLABORATOR)
    made: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.mode == "raw" and self.timeout_s > 5:
            raise ConfigError("mode raw cannot wait more than 5 s")


@pytest.fixture
def probes() -> Registry[Echo]:
    registry: Registry[Echo] = Registry("probe", "nowhere", ("echo", "other"))
    registry.add("echo")(Echo)
    return registry


def package(folder: Path, name: str, words: tuple[str, ...], **modules: str) -> Registry[object]:
    """Write a package with a registry, and a module for each of *modules*; return the registry."""
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(
        f"from core.registry import Registry\nthings = Registry('thing', '{name}', {words})\n"
    )
    for word, text in modules.items():
        (folder / name / f"{word}.py").write_text(text)
    found: Registry[object] = __import__(name).things
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_a_word_and_its_table_become_a_thing(probes: Registry[Echo]) -> None:
    made = probes.build("echo", {"targets": ["a", "b"], "timeout_s": 3})
    assert made == Echo(("a", "b"), 3.0)
    assert isinstance(made.timeout_s, float)


def test_the_options_are_what_a_file_can_set(probes: Registry[Echo]) -> None:
    assert [(o.name, o.default, o.expected) for o in probes.options("echo")] == [
        ("targets", REQUIRED, "a list, each item a text in quotes"),
        ("timeout_s", 2.0, "a number from 0.1 to 10"),
        ("mode", "udp", '"udp" or "raw"'),
        ("labels", ["a"], "a list, each item a text in quotes"),
    ]


def test_every_wrong_option_is_said_at_once(probes: Registry[Echo]) -> None:
    options = {"timeout_s": "two", "timeuot_s": 1, "mode": "rwa", "clock": 5, "made": 1}
    with pytest.raises(OptionMistakes) as raised:
        probes.build("echo", options)
    assert raised.value.mistakes == (
        ("timeuot_s", "probe 'echo' has no option 'timeuot_s'; did you mean 'timeout_s'?"),
        ("clock", "probe 'echo' has no option 'clock'"),
        ("made", "probe 'echo' has no option 'made'; did you mean 'mode'?"),
        ("", "probe 'echo' needs targets: a list, each item a text in quotes"),
        ("timeout_s", "timeout_s of probe 'echo' is \"two\"; expected a number from 0.1 to 10"),
        (
            "mode",
            'mode of probe \'echo\' is "rwa"; expected "udp" or "raw"; did you mean "raw"?',
        ),
    )


def test_options_that_are_wrong_together_are_said_by_the_thing_itself(
    probes: Registry[Echo],
) -> None:
    with pytest.raises(OptionMistakes, match="probe 'echo': mode raw cannot wait more than 5 s"):
        probes.build("echo", {"targets": [], "mode": "raw", "timeout_s": 6})


def test_keys_that_stand_beside_the_options_are_suggested_too(probes: Registry[Echo]) -> None:
    with pytest.raises(ConfigError, match="did you mean 'interval_s'"):
        probes.build("echo", {"targets": [], "intervall": 1}, beside=("interval_s",))


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("ehco", "unknown probe 'ehco'; did you mean 'echo'?"),
        ("smoke", "unknown probe 'smoke'; there are echo, other"),
        ("os.path", "unknown probe 'os.path'; there are echo, other"),
        ("\x1b[2J", "unknown probe '\\x1b[2J'; there are echo, other"),
    ],
)
def test_an_unknown_word_is_refused_with_the_nearest(
    probes: Registry[Echo], word: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        probes.build(word, {})
    assert str(raised.value) == sentence


def test_only_what_is_named_is_imported(folder: Path) -> None:
    texts = {word: MODULE.format(package="lazy_things", word=word) for word in ("red", "blue")}
    things = package(folder, "lazy_things", ("red", "blue"), **texts)
    assert things.words() == ("red", "blue")
    assert "lazy_things.red" not in sys.modules

    things.build("red", {"size": 2})
    assert "lazy_things.red" in sys.modules
    assert "lazy_things.blue" not in sys.modules


def test_the_agents_package_of_probes_imports_none_of_them() -> None:
    program = (
        "import sys, agent.config; "
        "print([m for m in sys.modules if m.startswith('agent.probes.') or m == 'psutil'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['agent.probes.base']"


def test_a_missing_library_is_named_and_the_word_works_once_it_is_there(folder: Path) -> None:
    text = "import no_such_library\n" + MODULE.format(package="needy_things", word="snmp")
    things = package(folder, "needy_things", ("snmp",), snmp=text)
    with pytest.raises(ConfigError, match="thing 'snmp' needs the Python package no_such_library"):
        things.build("snmp", {})

    (folder / "no_such_library.py").touch()
    assert things.build("snmp", {})


def test_a_module_that_registers_nothing_is_a_fault_of_ours(folder: Path) -> None:
    things = package(folder, "silent_things", ("red", "gone"), red="")
    with pytest.raises(LookupError, match=r"silent_things\.red registers no thing 'red'"):
        things.build("red", {})
    with pytest.raises(ModuleNotFoundError):
        things.build("gone", {})


def test_a_word_belongs_to_one_module_and_stands_in_the_list(probes: Registry[Echo]) -> None:
    with pytest.raises(LookupError, match="not in the list"):
        probes.add("smoke")
    with pytest.raises(LookupError, match="registered by two modules"):
        probes.add("echo")(Path)
