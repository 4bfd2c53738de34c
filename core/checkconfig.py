"""`schoolwatch check-config FILE…`: every mistake before anything is started.

Touches no network. Which program reads a kind of file is told by the front door, so that core
imports none of them, and nothing is imported for a kind that was not asked about.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Protocol, cast, runtime_checkable

from core.errors import ConfigError
from core.hints import nearest, shown
from core.tomlfile import FileMistakes, Mistake, load

Readers = Mapping[str, str]
"""The word of `kind` → `module:function`; the function takes a path and raises ConfigError."""

DESCRIPTION: Final = """\
Read configuration files as their programs would, and say everything that is wrong with them:
unknown keys with the nearest right one, values that do not fit, keys in the wrong table, files
that are named but not there. Nothing is started and no network is touched.
"""
EPILOG: Final = """\
What you may see:
  agent.toml: fine
  agent.toml:12: unknown key 'hots' in [broker]; did you mean 'host'?
  agent.toml:14: [spool] max_mb is "256MB"; expected a whole number from 1 to 1000000000

Each file says in its first line what it is, as in  kind = "agent"  (known here: {kinds}).
Every key with its default, its unit and the reason for it: configs/agent.toml and its neighbours.
Exit code: 0 all fine, 1 mistakes found, 2 wrong use.
"""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one file; `kind` is empty where the file does not say it."""

    file: str
    kind: str
    mistakes: tuple[Mistake, ...]
    text: str
    odd: tuple[str, ...] = ()
    """What may be meant, and may be a slip."""


@runtime_checkable
class Warns(Protocol):
    """A file as its program has it, which knows what is odd in it."""

    def warnings(self) -> Sequence[str]:
        """Return what may be meant, and may be a slip."""


def main(words: Sequence[str], readers: Readers) -> int:
    """Check the files that *words* name and say what was found; returns the exit code."""
    options = _parser(readers).parse_args(words)
    reports = [check(path, readers) for path in options.files]
    for said in [_as_json(reports)] if options.json else map(_as_text, reports):
        _print(said)
    return 1 if any(report.mistakes for report in reports) else 0


def check(path: Path, readers: Readers) -> Report:
    """Return what is wrong with the file at *path*."""
    kind = ""
    try:
        kind = _kind(path, readers)
        found = _reader(readers[kind])(path)
    except FileMistakes as error:
        return Report(str(path), kind, error.mistakes, str(error))
    except ConfigError as error:
        return Report(str(path), kind, (Mistake(str(error)),), f"{path}: {error}")
    odd = tuple(found.warnings()) if isinstance(found, Warns) else ()
    return Report(str(path), kind, (), "", odd)


def _kind(path: Path, readers: Readers) -> str:
    document = load(path)
    kind, known = document.data.get("kind"), " or ".join(map(shown, readers))
    if isinstance(kind, str) and kind in readers:
        return kind
    if kind is None:
        text = f"missing key 'kind' at the top, before the first table: {known}"
        raise FileMistakes(path, Mistake(text))
    near = nearest(kind, readers) if isinstance(kind, str) else ""
    if near:  # its reader says so, and the rest with it
        return near
    text = f"kind is {shown(kind)}; expected {known}"
    raise FileMistakes(path, Mistake(text, document.where(("kind",))))


def _reader(name: str) -> Callable[[Path], object]:
    module, _, function = name.partition(":")
    return cast(Callable[[Path], object], getattr(importlib.import_module(module), function))


def _parser(readers: Readers) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="schoolwatch check-config",
        description=DESCRIPTION,
        epilog=EPILOG.format(kinds=", ".join(readers)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="a .toml file")
    parser.add_argument("--json", action="store_true", help="print one JSON object for programs")
    return parser


def _as_text(report: Report) -> str:
    if report.text:
        return report.text
    return "\n".join([f"{report.file}: fine", *(f"{report.file}: note: {o}" for o in report.odd)])


def _as_json(reports: Sequence[Report]) -> str:
    files = [
        {
            "file": report.file,
            "kind": report.kind,
            "fine": not report.mistakes,
            "mistakes": [asdict(mistake) for mistake in report.mistakes],
            **({"notes": list(report.odd)} if report.odd else {}),
        }
        for report in reports
    ]
    return json.dumps({"files": files}, indent=2)


def _print(text: str) -> None:
    # A file's name need not be UTF-8, and a terminal need not be able to show what is.
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
