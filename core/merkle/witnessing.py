"""Whether a new checkpoint continues one that is held: what every witness decides by. Pure."""

from collections.abc import Sequence
from typing import Final, Literal

from core.merkle.note import Checkpoint
from core.merkle.proofs import ProofError, check_consistency

INCONSISTENT: Final = "audit_inconsistent"
WENT_BACK: Final = "audit_went_back"
GIVEN_UP: Final = "audit_given_up"
Kind = Literal["audit_inconsistent", "audit_went_back"]
Verdict = Literal["newer", "same", "stale", "unproved"]
TIME: Final = "time"
"""The further line of a checkpoint that says when it was made (RFC 3339, UTC)."""


class Refused(Exception):
    """The log is not what it was: the rows that were held are not its first ones any more."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason


def continues(
    held: Checkpoint, new: Checkpoint, proved_from: int, proof: Sequence[bytes]
) -> Verdict:
    """Return what *new* is to *held*; raises Refused where it does not continue it.

    `same`: as many rows, the same ones. `stale`: fewer rows, and made before the held one, so it
    may only have come late. `unproved`: the proof begins elsewhere than at what is held.
    """
    if new.size == held.size:
        if new.root != held.root:
            raise Refused(INCONSISTENT, "as many rows, but other ones")
        return "same"
    if new.size < held.size:
        if new.extension(TIME) <= held.extension(TIME):
            return "stale"
        raise Refused(WENT_BACK, "fewer rows than before")
    if proved_from != held.size:
        return "unproved"
    try:
        check_consistency(held.size, new.size, held.root, new.root, proof)
    except ProofError as error:
        raise Refused(INCONSISTENT, str(error)) from None
    return "newer"
