"""Finds the template of a device, and says everything that is wrong with one.

Those that come with the agent stand in agent/templates/; an operator's own in a folder of theirs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from agent.devices.bytepattern import pattern
from agent.devices.bytetemplate import QuestionFile, TemplateFile, answering
from agent.devices.meanings import mistakes
from core.config import read
from core.errors import ConfigError
from core.hints import hint, quoted
from core.tomlfile import FileMistakes, Mistake, load
from core.tomllines import KeyPath

SHIPPED: Final = Path(__file__).parents[1] / "templates"

Found = Iterator[tuple[KeyPath, str]]


def read_template(path: Path) -> TemplateFile:
    """Return the file at *path*; raises ConfigError with every mistake in it and its line."""
    file = read(path, TemplateFile)
    found = list(_mistakes(file))
    if found:
        document = load(path)
        raise FileMistakes(path, *(Mistake(text, document.where(at)) for at, text in found))
    return file


def find_template(word: str, folder: Path | None = None) -> TemplateFile:
    """Return the template called *word*: one of *folder*, or else one that comes with the agent.

    Raises ConfigError where there is none, or a mistake in it.
    """
    there = {path.stem: path for place in (SHIPPED, folder) if place for path in _files(place)}
    if word in there:
        return read_template(there[word])
    near = hint(word, there) or f"; there are {', '.join(sorted(there))}"
    raise ConfigError(f"there is no template {quoted(word)}{near}")


def shipped() -> list[str]:
    """Return the words of those that come with the agent."""
    return sorted(path.stem for path in _files(SHIPPED))


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.toml"))


def _mistakes(file: TemplateFile) -> Found:
    given = {name: bytes.fromhex(text) for name, text in file.parameters.items()}
    captures: list[str] = []
    if not file.questions:
        yield ("questions",), "questions is empty; a device is asked at least one"
    for number, one in enumerate(file.questions):
        at = ("questions", number)
        yield from ((at + inside, f"[questions] {text}") for inside, text in _halves(one))
        yield from (
            (at + inside, f"[questions] {text}")
            for inside, text in _frames(one, file, given, captures)
        )
    for name in sorted({name for name in captures if captures.count(name) > 1}):
        yield ("questions",), f"[questions] {quoted(name)} is captured by two of them"
    for inside, text in mistakes(file.meanings, captures):
        yield ("meanings", *inside), f"[meanings] {text}"


def _halves(one: QuestionFile) -> Found:
    for key in ("send", "answer"):
        if bool(getattr(one, key)) == bool(getattr(one, f"{key}_text")):
            yield (), f"needs either {key} (bytes) or {key}_text"
    if one.refused and one.refused_text:
        yield (), "needs either refused (bytes) or refused_text"


def _frames(
    one: QuestionFile, file: TemplateFile, given: Mapping[str, bytes], captures: list[str]
) -> Found:
    """Yield what is wrong with what is sent and what may come; adds to *captures*."""
    try:
        if one.send and any(
            piece.data is None and not piece.checksum for piece in pattern(one.send, given).pieces
        ):
            raise ValueError("has a hole; what is sent is known to the last byte")
    except ValueError as error:
        yield ("send",), f"send {error}"
    names: tuple[str, ...] = ()
    for key in ("answer", "refused"):
        frame, text = getattr(one, key), getattr(one, f"{key}_text")
        try:
            found = answering(frame, text, file, given).names if frame or text else ()
            names = found if key == "answer" else names
        except ValueError as error:
            where = key if frame else f"{key}_text"
            yield (where,), f"{where} {error}"
    captures += names
    for name in one.forms:
        if name not in names:
            yield ("forms",), f"forms names {quoted(name)}, which is not captured"
