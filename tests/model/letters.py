"""What the model reads in the collector's dead letters."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from core import wire
from tests.model.district import numbers


def letters(folder: Path) -> tuple[set[int], set[int]]:
    """Return the readings in letters of refused lines, and those in letters of damaged batches."""
    refused: set[int] = set()
    damaged: set[int] = set()
    for letter in _records(folder):
        found = numbers(wire.unpack(base64.b64decode(letter["payload"])))
        if letter["kind"] == "damaged":
            damaged |= found
        elif letter["kind"] in ("store", "field_type", "no_known_field"):
            refused |= found
    return refused, damaged


def _records(folder: Path) -> Iterator[dict[str, str]]:
    for path in sorted(folder.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            yield json.loads(line)
