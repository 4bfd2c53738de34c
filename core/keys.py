"""Which keys a kind of file knows, where each belongs, and how a person writes the place."""

from collections.abc import Iterator
from typing import Annotated, Any, TypeGuard, get_args, get_origin

import msgspec

from core.hints import nearest, quoted
from core.tomllines import KeyPath


class Keys:
    """Every key of a kind of file with the tables that it belongs in."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        self._keys: dict[str, list[KeyPath]] = {}
        self._tables: dict[str, list[KeyPath]] = {}
        for name, home, table in _homes(kind, ()):
            (self._tables if table else self._keys).setdefault(name, []).append(home)

    def unknown(self, name: str, at: KeyPath, *, table: bool) -> str:
        """Return the sentence about a key (or *table*) that the table *at* does not know."""
        said = f"unknown table {named((*at, name))}" if table else f"unknown key {quoted(name)}"
        place = f" in {named(at)}" if at and not table else ""
        return f"{said}{place}; {self._advice(name, at, table)}"

    def _advice(self, name: str, at: KeyPath, table: bool) -> str:
        homes = self._tables if table else self._keys
        if name in homes:
            return f"it belongs {' or '.join(_inside(home, name, table) for home in homes[name])}"
        names = tuple(part for part in at if isinstance(part, str))
        known = [key for key in homes if names in homes[key]]
        near = nearest(name, known)
        if near:
            return f"did you mean {named((*at, near)) if table else repr(near)}?"
        far = nearest(name, homes)
        if far:
            return f"did you mean {far!r} {_inside(homes[far][0], far, table)}?"
        right = ", ".join(named((*at, key)) if table else key for key in known)
        return f"there {'are' if len(known) > 1 else 'is'} {right or 'none'}"


def named(at: KeyPath) -> str:
    """Return a table as its heading `[probes.cpu]`; numbers in arrays are left to the line."""
    return f"[{'.'.join(_part(part) for part in at if isinstance(part, str))}]"


def spoken(at: KeyPath) -> str:
    """Return a key with its table: `[spool] max_mb`, or alone at the top of the file."""
    return f"{named(at[:-1])} {at[-1]}" if len(at) > 1 else str(at[-1])


def row_of(annotation: Any) -> type[msgspec.Struct] | None:
    """Return the Struct of which `tuple[Struct, ...]` holds many, None for anything else."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else None
    return inner if is_table(inner) else None


def is_table(annotation: Any) -> TypeGuard[type[msgspec.Struct]]:
    """Tell whether *annotation* is a Struct."""
    return isinstance(annotation, type) and issubclass(annotation, msgspec.Struct)


def _homes(kind: type[msgspec.Struct], at: KeyPath) -> Iterator[tuple[str, KeyPath, bool]]:
    for field in msgspec.structs.fields(kind):
        inner = field.type if is_table(field.type) else row_of(field.type)
        yield field.encode_name, at, inner is not None
        if inner is not None:
            yield from _homes(inner, (*at, field.encode_name))


def _inside(home: KeyPath, name: str, table: bool) -> str:
    if home:
        return f"in {named(home)}"
    return f"at the top, as [{name}]" if table else "at the top, before the first table"


def _part(name: str) -> str:
    plain = name.isascii() and name.replace("-", "_").isidentifier()
    return name if plain and len(name) < 64 else quoted(name)
