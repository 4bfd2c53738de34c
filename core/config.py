"""A TOML file as a frozen tree of msgspec Structs; every mistake at once, each with its line.

    class Spool(Struct, frozen=True, kw_only=True):
        folder: Path = Path("var/agent")
        max_mb: Annotated[int, Meta(ge=1)] = 256

A table of the file is a Struct, `[[...]]` a tuple of Structs; anything else is fitted to its
annotation by `core.options`. Reading touches neither the network nor what the values name.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast, get_args

import msgspec
from msgspec.structs import FieldInfo

from core.errors import ConfigError
from core.hints import nearest, shown
from core.keys import Keys, is_table, named, row_of, spoken
from core.options import expected, fitted
from core.tomlfile import FileMistakes, Mistake, content_of, parsed
from core.tomllines import KeyPath

T = TypeVar("T")

Check = Callable[[Any], Iterable[tuple[KeyPath, str]]]
"""Looks at a part of a file whose keys are good and gives what is wrong: where inside, and why."""

_NOTHING: Final[Mapping[str, Check]] = MappingProxyType({})


def read(path: Path, kind: type[T], checks: Mapping[str, Check] = _NOTHING) -> T:
    """Return the file at *path* as a *kind*; relative paths in it begin at the file's folder.

    *checks* says of a part, by its name at the top of the file, what is wrong between keys that
    are right alone. Raises FileMistakes, a ConfigError with a line for each mistake.
    """
    return parse(path, content_of(path), kind, checks)


def parse(path: Path, content: bytes, kind: type[T], checks: Mapping[str, Check] = _NOTHING) -> T:
    """Return *content*, the bytes of the file at *path*, as `read` does; raises FileMistakes."""
    document = parsed(path, content)
    reading = _Reading(kind, path.absolute().parent, checks)
    value = reading.file(document.data)
    if reading.mistakes:
        found = [Mistake(text, document.where(at)) for at, text in reading.mistakes]
        raise FileMistakes(path, *found)
    return cast(T, value)


class _Reading:
    """One walk through a file, gathering what is wrong on the way."""

    def __init__(self, kind: type[Any], folder: Path, checks: Mapping[str, Check]) -> None:
        self.kind, self.folder, self.checks, self.keys = kind, folder, checks, Keys(kind)
        self.mistakes: list[tuple[KeyPath, str]] = []

    def file(self, data: Mapping[str, Any]) -> Any:
        for field in msgspec.structs.fields(self.kind):
            if field.name == "kind" and self.other_kind(field, data):
                return None
        return self.table(self.kind, data, ())

    def other_kind(self, field: FieldInfo, data: Mapping[str, Any]) -> bool:
        """Say what is wrong with `kind`; tell whether nothing else in the file makes sense.

        In code `kind` has a default; in a file it says to which program the file belongs.
        """
        word, words = data.get("kind"), get_args(field.type)
        if word is None:
            self.mistakes.append(((), _missing(field, ())))
        elif isinstance(word, str) and word not in words and not nearest(word, words):
            text = f"kind is {shown(word)}; expected {expected(field.type)}"
            self.mistakes.append((("kind",), text))
            return True
        return False

    def table(self, kind: type[Any], data: object, at: KeyPath) -> Any:
        """Return *data* as a *kind*, or None where anything in it is wrong."""
        before = len(self.mistakes)
        if not isinstance(data, dict):
            text = f"{spoken(at)} is {shown(data)}; expected a table, headed {named(at)}"
            self.mistakes.append((at, text))
            return None
        known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name, value in data.items():
            if name not in known:
                text = self.keys.unknown(name, at, table=isinstance(value, dict))
                self.mistakes.append(((*at, name), text))
        values = {field.name: self.checked(field, data, at) for field in known.values()}
        return kind(**values) if len(self.mistakes) == before else None

    def checked(self, field: FieldInfo, data: Mapping[str, Any], at: KeyPath) -> Any:
        before, place = len(self.mistakes), (*at, field.encode_name)
        value = self.value(field, data, place)
        check = None if at else self.checks.get(field.name)
        if check is not None and len(self.mistakes) == before:
            self.mistakes += [((*place, *inside), text) for inside, text in check(value)]
        return value

    def value(self, field: FieldInfo, data: Mapping[str, Any], place: KeyPath) -> Any:
        if is_table(field.type):
            return self.table(field.type, data.get(field.encode_name, {}), place)
        if field.encode_name not in data:
            return self.absent(field, place[:-1])
        row = row_of(field.type)
        if row is not None:
            return self.rows(row, data[field.encode_name], place)
        try:
            return fitted(data[field.encode_name], field.type, self.folder)
        except ConfigError as error:
            self.mistakes.append((place, f"{spoken(place)} {error}"))
            return None

    def absent(self, field: FieldInfo, at: KeyPath) -> Any:
        if field.required:
            self.mistakes.append((at, _missing(field, at)))
            return None
        default = default_of(field)
        return self.folder / default if isinstance(default, Path) else default

    def rows(self, kind: type[Any], data: object, at: KeyPath) -> Any:
        if not isinstance(data, list):
            text = f"{spoken(at)} is {shown(data)}; expected tables, each headed [{named(at)}]"
            self.mistakes.append((at, text))
            return None
        return tuple(self.row(kind, row, (*at, number)) for number, row in enumerate(data))

    def row(self, kind: type[Any], data: object, at: KeyPath) -> Any:
        if isinstance(data, dict):
            return self.table(kind, data, at)
        text = f"{spoken(at[:-1])} holds {shown(data)}; expected tables, each headed [{named(at)}]"
        self.mistakes.append((at, text))
        return None


def default_of(field: FieldInfo) -> Any:
    """Return what an optional *field* is where the file leaves it out; paths as in the code."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _missing(field: FieldInfo, at: KeyPath) -> str:
    place = f"in {named(at)}" if at else "at the top, before the first table"
    return f"missing key {field.encode_name!r} {place}: {expected(field.type)}"
