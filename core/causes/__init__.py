"""Why a device is not well: the words that travel, what they mean, and what to try first.

A family of devices has its own module here; two families may not mean different things by one word.
"""

from typing import Final

from core.causes import asking, base, network, others, power, printing, projectors, rooms
from core.causes.base import Cause

__all__ = ["CAUSES", "Cause"]

CAUSES: Final[dict[str, Cause]] = {
    word: cause
    for part in (asking, base, network, others, power, printing, projectors, rooms)
    for word, cause in part.CAUSES.items()
}
"""By the word that travels as `cause` of the measurement `device`."""
