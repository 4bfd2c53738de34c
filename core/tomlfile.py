"""A TOML file read with the line of every key; what is wrong with the file itself, in a sentence.

Watch it work: schoolwatch check-config FILE
"""

import re
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from core import tomllines
from core.errors import ConfigError
from core.tomllines import KeyPath

MAX_BYTES: Final = 1_000_000
_PLACE: Final = re.compile(r" \(at (?:line (\d{1,9}), column (\d{1,9})|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What a person has to correct; line and column count from 1 and are 0 where unknown."""

    text: str
    line: int = 0
    column: int = 0


class FileMistakes(ConfigError):
    """Everything that is wrong in one file; the text has a line for each mistake."""

    def __init__(self, path: Path, *mistakes: Mistake) -> None:
        self.path = path
        self.mistakes = tuple(sorted(mistakes, key=lambda mistake: mistake.line))
        super().__init__("\n".join(self._sentence(mistake) for mistake in self.mistakes))

    def _sentence(self, mistake: Mistake) -> str:
        place = [str(number) for number in (mistake.line, mistake.column) if number]
        return f"{':'.join([str(self.path), *place])}: {mistake.text}"


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file and where its keys stand."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def where(self, key: KeyPath) -> int:
        """Return the line of *key*, or of the nearest table around it, 0 where there is none."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key, 0)


def load(path: Path) -> Document:
    """Return the TOML file at *path*; raises FileMistakes for one that cannot be read or parsed."""
    return parsed(path, content_of(path))


def parsed(path: Path, content: bytes) -> Document:
    """Return *content*, the bytes of the file at *path*; raises FileMistakes."""
    text = _text(path, content)
    try:
        found = _lines(text)  # first: it refuses what would keep tomllib busy for minutes
        return Document(path, tomllib.loads(text), found)
    except tomllib.TOMLDecodeError as error:
        raise FileMistakes(path, _syntax_mistake(text, str(error))) from None
    except RecursionError:
        raise FileMistakes(path, Mistake("not TOML that we read: nested too deeply")) from None
    except ValueError:
        # Python's own limit, which tomllib lets through.
        raise FileMistakes(path, Mistake("not TOML: a number of more than 4300 digits")) from None


def _lines(text: str) -> Mapping[KeyPath, int]:
    try:
        return tomllines.lines(text)
    except ValueError:
        return {}  # not TOML, and tomllib says better than that why


def content_of(path: Path) -> bytes:
    """Return the bytes of the file at *path*; raises FileMistakes."""
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            # It would hold up whoever reads it, and a reload finds nothing in it.
            raise FileMistakes(
                path, Mistake("is a pipe; a configuration is read again: use a file")
            )
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise FileMistakes(path, Mistake("is a folder; name the file in it")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no system has such a path"
        raise FileMistakes(path, Mistake(f"cannot be read: {reason}")) from None
    if len(content) > MAX_BYTES:
        raise FileMistakes(path, Mistake(f"has more than {MAX_BYTES} bytes: not a configuration"))
    return content


def _text(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")  # Windows' Notepad puts a mark first; it harms nobody
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FileMistakes(path, Mistake("not UTF-8 text; save the file as UTF-8", line)) from None


def _syntax_mistake(text: str, message: str) -> Mistake:
    place = _PLACE.search(message)
    said = "not TOML: " + _plainer(message[: place.start()] if place else message)
    if place is None or place[1] is None:
        return Mistake(said, text.rstrip().count("\n") + 1)
    return Mistake(said, int(place[1]), int(place[2]))


def _plainer(said: str) -> str:
    if said.startswith("Cannot overwrite"):
        return "this key or table is already there"
    if said.startswith("Cannot declare"):
        return "this table is opened a second time"
    advice = "; a text stands in quotes" if said == "Invalid value" else ""
    return f"{said[:1].lower()}{said[1:200]}{advice}"
