"""What to say about a word that nobody knows, or a value that does not fit."""

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

_LONGEST: Final = 40
"""Characters shown of what a file holds: more helps nobody, and matching costs their square."""


def hint(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'host'?` where one of *known* is near *word*, else nothing."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the one of *known* that *word* was probably meant to be, or an empty string."""
    by_lower = {name.lower(): name for name in sorted(known, reverse=True)}
    found = get_close_matches(word[:_LONGEST].lower(), sorted(by_lower), n=1)
    return by_lower[found[0]] if found else ""


def quoted(word: str) -> str:
    """Return a word of a file as `'word'`: cut, and harmless to a terminal."""
    return repr(word) if len(word) <= _LONGEST else f"{word[:_LONGEST]!r}…"


def shown(value: object) -> str:
    """Return a value of a file as the file writes it: cut, and harmless to a terminal."""
    if isinstance(value, str):
        text = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
        return json.dumps(text, ensure_ascii=not text.isprintable())
    if isinstance(value, int) and value.bit_length() > 128:
        # Python refuses to print more than 4300 digits, and hexadecimal can write them.
        return "a number of more than 38 digits"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return str(value).lower() if isinstance(value, bool) else str(value)
