"""What an operator names by a word: probes, stores, notifiers. Adding one is adding a module.

    probes: Registry[Probe] = Registry("probe", "agent.probes", ("cpu", "mem"))

    @probes.add("cpu")
    @dataclass(frozen=True, slots=True)
    class CpuProbe: ...

The fields of the dataclass are its options. The module `agent.probes.cpu` is imported when
somebody asks for `cpu`, so what is not configured costs no memory.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast, get_type_hints

from core.errors import ConfigError
from core.hints import hint, quoted
from core.options import expected, fitted, takes_path

T = TypeVar("T")
C = TypeVar("C")

COLLABORATOR: Final[Mapping[str, bool]] = MappingProxyType({"option": False})
"""Metadata of a field that tests replace (clock, socket, command) and that no file can set."""

REQUIRED: Final = object()
"""The default of an option that has none."""


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a registered class: its default, or REQUIRED, and what it takes, in words."""

    name: str
    default: Any
    expected: str
    wanted: Any


class OptionMistakes(ConfigError):
    """Options that do not fit: pairs of option and sentence, the option "" for them together."""

    def __init__(self, mistakes: tuple[tuple[str, str], ...]) -> None:
        super().__init__("\n".join(sentence for _, sentence in mistakes))
        self.mistakes = mistakes


class Registry(Generic[T]):
    """The things that *noun* can be: each of *words* is a module of *package*."""

    def __init__(self, noun: str, package: str, words: tuple[str, ...]) -> None:
        self._noun, self._package, self._words = noun, package, words
        self._classes: dict[str, type[Any]] = {}

    def add(self, word: str) -> Callable[[type[C]], type[C]]:
        """Return the decorator that makes a frozen dataclass known by *word*."""
        if word not in self._words:
            raise LookupError(f"{self._noun} {word!r} is not in the list of words")

        def register(cls: type[C]) -> type[C]:
            # An import that failed half way is tried again, so the same module may come twice.
            if self._classes.setdefault(word, cls).__module__ != cls.__module__:
                raise LookupError(f"{self._noun} {word!r} is registered by two modules")
            self._classes[word] = cls
            return cls

        return register

    def words(self) -> tuple[str, ...]:
        """Return every word, without importing what they stand for."""
        return self._words

    def options(self, word: str) -> tuple[Option, ...]:
        """Return the options of *word*, in the order of its fields; raises ConfigError."""
        cls = self.kind(word)
        hints = get_type_hints(cls, include_extras=True)
        return tuple(
            Option(field.name, _default(field), expected(hints[field.name]), hints[field.name])
            for field in fields(cls)
            if field.init and field.metadata.get("option", True)
        )

    def build(self, word: str, options: Mapping[str, Any], beside: tuple[str, ...] = ()) -> T:
        """Return the thing called *word*, made with the options of its table.

        *beside* names keys of the same table that somebody else reads: they are suggested, not
        taken. Raises ConfigError for an unknown word, OptionMistakes with every wrong option.
        """
        known = self.options(word)
        mistakes = [
            *self._unknown(word, options, known, beside),
            *self._missing(word, options, known),
        ]
        values: dict[str, Any] = {}
        for option in known:
            if option.name in options:
                try:
                    values[option.name] = fitted(options[option.name], option.wanted)
                except ConfigError as error:
                    mistakes.append((option.name, f"{option.name} of {self._who(word)} {error}"))
        if mistakes:
            raise OptionMistakes(tuple(mistakes))
        return self._made(word, values)

    def begun_at(self, folder: Path, word: str, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return *options* of *word*, in which a relative path begins at *folder*.

        Raises ConfigError for an unknown word.
        """
        begun = dict(options)
        for option in self.options(word):
            value = begun.get(option.name)
            if isinstance(value, str) and value and takes_path(option.wanted):
                begun[option.name] = str(folder / value)
        return begun

    def _unknown(
        self,
        word: str,
        options: Mapping[str, Any],
        known: Sequence[Option],
        beside: tuple[str, ...],
    ) -> Iterator[tuple[str, str]]:
        names = [option.name for option in known]
        for name in options:
            if name not in names:
                near = hint(name, [*names, *beside])
                yield name, f"{self._who(word)} has no option {quoted(name)}{near}"

    def _missing(
        self, word: str, options: Mapping[str, Any], known: Sequence[Option]
    ) -> Iterator[tuple[str, str]]:
        for option in known:
            if option.default is REQUIRED and option.name not in options:
                yield "", f"{self._who(word)} needs {option.name}: {option.expected}"

    def _made(self, word: str, values: Mapping[str, Any]) -> T:
        try:
            return cast(T, self.kind(word)(**values))
        except ConfigError as error:  # options that are good alone and wrong together
            raise OptionMistakes((("", f"{self._who(word)}: {error}"),)) from error

    def kind(self, word: str) -> type[Any]:
        """Return the class that *word* names, importing its module; raises ConfigError."""
        if word not in self._words:
            known = ", ".join(self._words)
            near = hint(word, self._words) or f"; there are {known}"
            raise ConfigError(f"unknown {self._noun} {quoted(word)}{near}")
        if word not in self._classes:
            self._load(word)
        return self._classes[word]

    def _load(self, word: str) -> None:
        module = f"{self._package}.{word}"
        try:
            importlib.import_module(module)
        except ModuleNotFoundError as error:
            if f"{module}.".startswith(f"{error.name}."):
                raise
            raise ConfigError(
                f"{self._who(word)} needs the Python package {error.name}, which is not installed"
            ) from error
        if word not in self._classes:
            raise LookupError(f"{module} registers no {self._noun} {word!r}")

    def _who(self, word: str) -> str:
        return f"{self._noun} {word!r}"


def equipped(made: T, **collaborators: object) -> T:
    """Return *made* with those of *collaborators* that it has fields for."""
    if not is_dataclass(made):
        return made
    names = {field.name for field in fields(made)}
    given = {name: value for name, value in collaborators.items() if name in names}
    return cast(T, replace(cast(Any, made), **given)) if given else made


def _default(field: Field[Any]) -> Any:
    if field.default is not MISSING:
        return field.default
    return REQUIRED if field.default_factory is MISSING else field.default_factory()
