"""What one fact concerns as its details name it: how many, and the first of their names."""

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final

import msgspec

MOST_NAMES: Final = 1_500
"""Bytes of names in the details, which are left out as a whole where they are too large
(alerts/match.py); the count is of all."""


def listed(names: Iterable[str], word: str = "schools") -> Mapping[str, object]:
    """Return the details of a fact that concerns schools, or other things, of these *names*."""
    found = sorted(names)
    sizes = accumulate(len(msgspec.json.encode(name)) + 1 for name in found)
    named = [name for name, size in zip(found, sizes) if size <= MOST_NAMES]
    return {"count": len(found), word: named}
