"""What a witness holds, against the log that there is: pure.

agrees     the rows that it holds are the first ones of the log
ahead      it holds more rows than the log has: the log was cut, or restored from a backup
differs    as many rows are others: the log was rewritten
restored   one of the two, and a person has acknowledged it
refuses    it agrees, and takes no newer checkpoint: it does not trust the key, or the proof
nothing    it holds nothing yet
unknown    the log's own tiles cannot be read
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

import msgspec
from msgspec import UNSET

from core.merkle.statements import GivenUp
from core.messages import Birth, Witnessed

Verdict = Literal["agrees", "ahead", "differs", "restored", "refuses", "nothing", "unknown"]
VERDICTS: Final[Sequence[Verdict]] = get_args(Verdict)
AHEAD: Final = "witness_ahead"
DIFFERS: Final = "witness_disagrees"
KIND_OF: Final[Mapping[Verdict, str]] = {"ahead": AHEAD, "differs": DIFFERS}
"""What is said of a verdict that is none to live with."""


class Told(msgspec.Struct, frozen=True):
    """What a witness says that it holds of one log; `root` is base64."""

    size: int = 0
    root: str = ""
    key: str = ""
    made: str = ""
    refused: int = 0
    trouble: str = ""


class Standing(msgspec.Struct, frozen=True):
    """What a witness held when it was last heard (`seen`, ns), and what that is to the log."""

    told: Told
    verdict: Verdict
    seen: int


def told_of(birth: Birth, origin: str) -> Told | None:
    """Return what the sender of *birth* holds of the log; None where it is no witness at all."""
    if birth.witness is UNSET:
        return None
    assert isinstance(birth.witness, list)
    ours = (one for one in birth.witness if one.origin == origin)
    return next(map(_told, ours), Told())


def _told(said: Witnessed) -> Told:
    return Told(said.size, said.root, said.key, said.made, said.refused, said.trouble)


def judged(
    told: Told, size: int, root: Callable[[int], str | None], given_up: Iterable[GivenUp]
) -> Verdict:
    """Return what *told* is to a log of *size* rows, of which *root* gives the roots (base64).

    None of *root* says that it cannot be read.
    """
    if not told.size:
        return "nothing"
    verdict: Verdict = "agrees"
    if told.size > size:
        verdict = "ahead"
    else:
        ours = root(told.size)
        if ours is None:
            return "unknown"
        if ours != told.root:
            verdict = "differs"
    if verdict == "agrees":
        return "refuses" if told.trouble else "agrees"
    if any(one.gives_up(told.size, told.made) for one in given_up):
        return "restored"
    return verdict
