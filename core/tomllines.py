"""On which line of a TOML file each key stands.

Neither tomllib nor a small, well-kept library tells (python/cpython issue 115516), and without
the line a person searches. tomllib parses and decides; this only walks over the text, and a
property test holds it to tomllib's own result.
"""

import re
import tomllib
from bisect import bisect_left
from typing import Final

KeyPath = tuple[str | int, ...]
"""A place in the parsed file: names of tables and keys, numbers in arrays, from 0."""

MAX_PARTS: Final = 50
"""Of a dotted key. tomllib takes a minute and a half for one of 50,000 parts, and more memory."""

_BLANK: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_KEY: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS: Final = re.compile(r"[ \t]*=[ \t]*")
_SCALAR: Final = re.compile(
    # Up to two quotes may stand before the three that end a text of several lines.
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",  # numbers, true, dates (with a space in them)
    re.DOTALL,
)


def lines(text: str) -> dict[KeyPath, int]:
    """Return the line, from 1, of every table, key and array item of *text*, which is TOML.

    A table has the line of its header, or of the first key that made it. What is not TOML gives
    any lines, or ValueError; what is nested too deeply RecursionError.
    """
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.newlines = [match.start() for match in re.finditer("\n", text)]
        self.found: dict[KeyPath, int] = {}
        self.sizes: dict[KeyPath, int] = {}

    def document(self) -> None:
        table: KeyPath = ()
        self._take(_BLANK)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._take(_BLANK)

    def _header(self) -> KeyPath:
        bracket = "]]" if self.text.startswith("[[", self.at) else "]"
        self.at += len(bracket)
        self._take(_BLANK)
        key, line = self._key(), self._line()
        path: KeyPath = ()
        for name in key[:-1]:
            path = self._newest((*path, name), line)
        path = (*path, key[-1])
        if bracket == "]]":
            self._note(path, line)
            self.sizes[path] = self.sizes.get(path, 0) + 1
        path = self._newest(path, line)
        self._take(_BLANK)
        self.at += len(bracket)
        return path

    def _newest(self, path: KeyPath, line: int) -> KeyPath:
        """Return *path*, or where it is an array of tables, the newest of them."""
        self._note(path, line)
        if path in self.sizes:
            path = (*path, self.sizes[path] - 1)
            self._note(path, line)
        return path

    def _pair(self, table: KeyPath) -> None:
        line, path = self._line(), table
        for name in self._key():
            path = (*path, name)
            self._note(path, line)
        self._take(_EQUALS)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.at : self.at + 1]
        if opening not in ("[", "{"):
            self._take(_SCALAR)
            return
        self._step_over(opening)
        number = 0
        while not self.text.startswith(("]", "}"), self.at):
            if opening == "{":
                self._pair(path)
            else:
                self._note((*path, number), self._line())
                self._value((*path, number))
                number += 1
            self._take(_BLANK)
            self._step_over(",")
        self.at += 1

    def _step_over(self, mark: str) -> None:
        if self.text.startswith(mark, self.at):
            self.at += 1
            self._take(_BLANK)

    def _key(self) -> list[str]:
        names = [_plain(self._take(_KEY))]
        while _DOT.match(self.text, self.at):
            self._take(_DOT)
            names.append(_plain(self._take(_KEY)))
            if len(names) > MAX_PARTS:
                raise RecursionError(f"a key of more than {MAX_PARTS} parts")
        return names

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not TOML at line {self._line()}")
        self.at = match.end()
        return match[0]

    def _line(self) -> int:
        return bisect_left(self.newlines, self.at) + 1

    def _note(self, path: KeyPath, line: int) -> None:
        self.found.setdefault(path, line)


def _plain(name: str) -> str:
    return next(iter(tomllib.loads(f"{name} = 0"))) if name[0] in "\"'" else name
