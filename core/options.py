"""Values of a file fitted to the annotation of an option; what was expected, said in words.

The annotations are msgspec's: `Annotated[float, Meta(ge=0.1, le=60)]`, `Literal["zh", "en"]`,
`tuple[str, ...]`, `Path | None`. msgspec names types as programmers do, so the sentences are made
here; where a pattern has to be explained, `Meta(description="six digits")` says it. What no type
can tell, `Meta(extra={CHECK: function})` asks a function of the whole value, "" for no mistake.
"""

from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import inspect

from core.errors import ConfigError
from core.hints import nearest, shown

CHECK: Final = "check"
_HERE: Final = Path()


def fitted(value: object, wanted: Any, folder: Path = _HERE) -> Any:
    """Return *value* as the annotation *wanted* asks; relative paths begin at *folder*.

    An empty text is no path: for `Path | None` it gives None. Raises ConfigError, whose text
    goes on after the name of the option: `is "two"; expected a number of at least 1`.
    """
    try:
        plain = Path not in _choices(wanted)
        result = msgspec.convert(value, wanted) if plain else _path(value, wanted, folder)
        if isinstance(result, float) and not isfinite(result):
            raise ValueError("inf and nan are numbers to TOML and to nobody who measures")
    except (msgspec.ValidationError, ValueError):
        _blame_item(value, wanted, folder)
        words = [choice for choice in _choices(wanted) if isinstance(choice, str)]
        near = nearest(value, words) if isinstance(value, str) else ""
        hint = f"; did you mean {shown(near)}?" if near else ""
        raise ConfigError(f"is {shown(value)}; expected {expected(wanted)}{hint}") from None
    for meta in _metas(wanted):
        mistake = (meta.extra or {}).get(CHECK, _fine)(result)
        if mistake:
            raise ConfigError(mistake)
    return result


def expected(wanted: Any) -> str:
    """Return what *wanted* takes, as in `a whole number from 1 to 65535`."""
    for meta in _metas(wanted):
        if meta.description:
            return meta.description
    choices = _choices(wanted)
    if all(isinstance(choice, str) for choice in choices):
        return " or ".join(shown(choice) for choice in choices)
    if Path in choices:
        return 'a path, or "" for none' if type(None) in choices else "a path"
    return _described(inspect.type_info(wanted))


def takes_path(wanted: Any) -> bool:
    """Tell whether the annotation *wanted* is of a path."""
    return Path in _choices(wanted)


def _blame_item(value: object, wanted: Any, folder: Path) -> None:
    """Raise ConfigError for the first item of a list that does not fit, if there is one."""
    listed = get_args(wanted)[0] if get_origin(wanted) is Annotated else wanted
    if isinstance(value, list) and get_origin(listed) in (list, tuple, frozenset):
        for number, item in enumerate(value, 1):
            try:
                fitted(item, get_args(listed)[0], folder)
            except ConfigError as error:
                raise ConfigError(f"item {number} {error}") from None


def _metas(wanted: Any) -> list[msgspec.Meta]:
    own = wanted.__metadata__ if get_origin(wanted) is Annotated else ()
    return [meta for meta in own if isinstance(meta, msgspec.Meta)]


def _fine(_: object) -> str:
    return ""


def _choices(wanted: Any) -> tuple[Any, ...]:
    """Return the members of a union, or the values of a Literal."""
    if get_origin(wanted) is Annotated:
        wanted = get_args(wanted)[0]
    return get_args(wanted) or (wanted,)


def _path(value: object, wanted: Any, folder: Path) -> Path | None:
    text = msgspec.convert(value, str)
    if not text and type(None) in _choices(wanted):
        return None
    if not text or "\0" in text:
        raise ValueError("no system has such a path")
    return folder / text


def _described(info: inspect.Type) -> str:
    say = _WORDS.get(type(info))
    return say(info) if say else type(info).__name__.removesuffix("Type").lower()


def _number(noun: str) -> Callable[[Any], str]:
    def say(info: inspect.IntType | inspect.FloatType) -> str:
        low, high = info.ge, info.le
        if low is not None and high is not None:
            return f"{noun} from {_digits(low)} to {_digits(high)}"
        if low is not None:
            return f"{noun} of at least {_digits(low)}"
        if info.gt is not None:
            return f"{noun} above {_digits(info.gt)}"
        return noun if high is None else f"{noun} of at most {_digits(high)}"

    return say


def _digits(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _text(info: inspect.StrType) -> str:
    return "a text in quotes, not empty" if info.min_length else "a text in quotes"


def _literal(info: inspect.LiteralType) -> str:
    return " or ".join(shown(value) for value in info.values)


def _list(info: inspect.VarTupleType | inspect.ListType | inspect.FrozenSetType) -> str:
    some = f" of at least {info.min_length}" if info.min_length else ""
    return f"a list{some}, each item {_described(info.item_type)}"


def _union(info: inspect.UnionType) -> str:
    members = [member for member in info.types if not isinstance(member, inspect.NoneType)]
    return " or ".join(_described(member) for member in members)


def _with_metadata(info: inspect.Metadata) -> str:
    described = (info.extra_json_schema or {}).get("description")
    return str(described) if described else _described(info.type)


_WORDS: Final[Mapping[type[inspect.Type], Callable[[Any], str]]] = {
    inspect.BoolType: lambda _: "true or false",
    inspect.DictType: lambda _: "a table",
    inspect.FloatType: _number("a number"),
    inspect.FrozenSetType: _list,
    inspect.IntType: _number("a whole number"),
    inspect.ListType: _list,
    inspect.LiteralType: _literal,
    inspect.Metadata: _with_metadata,
    inspect.StrType: _text,
    inspect.UnionType: _union,
    inspect.VarTupleType: _list,
}
