"""`schoolwatch agent probe`: one probe once, so that a person sees what it would report."""

import argparse
import asyncio
import importlib
import json
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args, get_origin

import msgspec

from agent.probes import Probe, interval_of, probes
from agent.readings import mistake
from agent.surroundings import Surroundings
from core.errors import ConfigError, MonitorError
from core.hints import quoted
from core.lineprotocol import encode
from core.registry import REQUIRED, Option, Registry, equipped
from core.types import Reading

if TYPE_CHECKING:
    from agent.config import AgentConfig

BETWEEN_SAMPLES_S: Final = 0.5

DESCRIPTION: Final = """\
Ask one probe once and print its readings as line protocol. Without a name: list the probes, and
what each can be told.

  schoolwatch agent probe cpu percpu=true
  schoolwatch agent probe ping targets=127.0.0.1,::1 count=5
  schoolwatch agent probe ping --config /etc/schoolwatch/agent.toml
"""


def main(words: Sequence[str]) -> int:
    """Run `agent probe` with *words*; returns the exit code."""
    given = _parser().parse_intermixed_args(words)
    try:
        if given.name is None:
            sys.stdout.write("\n".join(_listing()) + "\n")
            return 0
        file = _file(given.config) if given.config else None
        configured = _configured(given.name, given.config, file) if file else {}
        probe = probes.build(given.name, _options(given.name, configured, given.settings))
        if file:
            around = Surroundings(file.broker.host)
            probe = equipped(probe, uplinks=file.uplinks, surroundings=around)
        readings = asyncio.run(ask(probe))
    except (MonitorError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2 if isinstance(error, ConfigError) else 1
    return print_readings(given.name, readings, as_json=given.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="schoolwatch agent probe",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", help="the probe, as in [probes.NAME] of agent.toml")
    parser.add_argument("settings", nargs="*", metavar="option=value", help="its options")
    parser.add_argument("--config", type=Path, help="take the options from this agent.toml")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


async def ask(probe: Probe) -> list[Reading]:
    """Return what *probe* reads; one that compares two samples is given time for its second."""
    if hasattr(probe, "before"):  # it has taken its first when it was made
        await asyncio.sleep(BETWEEN_SAMPLES_S)
    readings = list(await probe.measure())
    if not readings:
        await asyncio.sleep(BETWEEN_SAMPLES_S)
        readings = list(await probe.measure())
    return readings


def print_readings(name: str, readings: list[Reading], *, as_json: bool) -> int:
    """Print what may travel of *readings*, and why the rest may not; returns the exit code."""
    if not readings:
        sys.stderr.write(f"{name} has no readings here\n")
    wrong = not readings
    for reading in readings:
        reason = mistake(reading)
        if reason:
            sys.stderr.write(f"left out: {reason}\n")
            wrong = True
        else:
            line = msgspec.json.encode(reading) if as_json else encode(reading)
            sys.stdout.write(f"{line.decode()}\n")
    return 1 if wrong else 0


def _options(word: str, configured: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    known = {option.name: option for option in probes.options(word)}
    options = dict(configured)
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ConfigError(f"{quoted(setting)} is not of the form option=value")
        options[name] = value_of(text, known[name].wanted) if name in known else text
    return options


def _configured(word: str, path: Path, file: "AgentConfig") -> Mapping[str, Any]:
    for probe in file.probes:
        if probe.word == word:
            return probe.options
    raise ConfigError(f"{path} has no [probes.{word}]")


def _file(path: Path) -> "AgentConfig":
    from agent.config import read_agent  # noqa: PLC0415 — most calls have no file to read

    return read_agent(path)


def value_of(text: str, wanted: Any) -> Any:
    """Return *text* as a file would hold it: TOML, or words that need no quotes and brackets."""
    if is_list(wanted) and not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except ValueError:
        return text


def is_list(wanted: Any) -> bool:
    """Return whether the annotation of an option asks for several values."""
    if get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    return get_origin(wanted) in (list, tuple)


def _listing() -> Iterator[str]:
    for word in probes.words():
        yield from listed(probes, word, "agent.probes", _interval)


def _interval(word: str) -> str:
    return f"        interval_s = {interval_of(word):g}: seconds from one round to the next"


def listed(
    registry: Registry[Any], word: str, package: str, *more: Callable[[str], str]
) -> Iterator[str]:
    """Yield what *word* is, each of its options, and what *more* say of it."""
    try:
        options = registry.options(word)
    except ConfigError as error:  # a package that it needs is not installed
        yield f"{word:16}{error}"
        return
    about = importlib.import_module(f"{package}.{word}").__doc__ or ""
    yield f"{word:16}{about.partition(chr(10))[0]}"
    yield from (f"        {described(option)}" for option in options)
    yield from (one(word) for one in more)


def described(option: Option) -> str:
    """Return an option with its default and what it takes."""
    if option.default is REQUIRED:
        return f"{option.name}: {option.expected} (has to be given)"
    default = list(option.default) if isinstance(option.default, tuple) else option.default
    return f"{option.name} = {json.dumps(default)}: {option.expected}"
