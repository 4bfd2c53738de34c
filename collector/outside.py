"""What probes from outside prove of each school's line (R-03): pure, no sockets here.

A school's addresses are asked in at least two independent ways each round (echo and TCP). One
answer, even a refusal, proves the line; that it is cut is proven by two rounds in which nothing
answered, of addresses that have answered before. An address that never answered proves nothing:
routers that let nothing in are common.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from collector.verdicts import UNSEEN, Outside, fell_together
from core.clock import SECOND

EVERY: Final = 60 * SECOND
SURE_AFTER: Final = 2
"""So many rounds without an answer prove that a line is cut."""
AGAIN_AFTER: Final = 5 * SECOND
"""After a first round without an answer, so that a cut is known in seconds."""
OLD_AFTER: Final = 3 * EVERY
"""An outcome that is older says nothing of the present."""

SchoolKey = tuple[str, str]
"""Region and school."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one school's addresses; times in ns, 0 where never.

    `tried_at` is the last round, `asked_at` the last in which anything could be asked.
    `failed_at` is the first of the rounds in a row that brought no answer, `fails` how many.
    """

    answers: bool = False
    since: int = 0
    tried_at: int = 0
    asked_at: int = 0
    fails: int = 0
    failed_at: int = 0

    @property
    def proven(self) -> bool:
        """Whether the addresses have ever answered, so that their silence means something."""
        return bool(self.since)

    def due(self) -> int:
        """Return when to ask again."""
        wait = AGAIN_AFTER if self.answers and self.fails else EVERY
        return self.tried_at + wait


def after_round(seen: Seen, answers: Iterable[bool], at: int) -> Seen:
    """Return what is known after a round at *at*; one that could ask nothing proves nothing."""
    answered = list(answers)
    if not answered:
        return replace(seen, tried_at=at)
    asked = replace(seen, tried_at=at, asked_at=at)
    if any(answered):
        since = seen.since if seen.answers else at
        return replace(asked, answers=True, since=since, fails=0, failed_at=0)
    fails, failed_at = seen.fails + 1, seen.failed_at or at
    asked = replace(asked, fails=fails, failed_at=failed_at)
    if seen.answers and fails >= SURE_AFTER:
        return replace(asked, answers=False, since=failed_at)
    return asked


def outcome(seen: Seen, now: int) -> Outside:
    """Return what *seen* proves at *now*."""
    return UNSEEN if now - seen.asked_at > OLD_AFTER else last_outcome(seen)


def last_outcome(seen: Seen) -> Outside:
    """Return what *seen* proved when the school was last asked, however long ago."""
    return Outside(seen.answers, seen.since) if seen.proven else UNSEEN


@dataclass(frozen=True, slots=True)
class Proof:
    """What all probes together prove: of each school, and since when of whole carriers.

    `unasked`: nobody can tell yet, or any more, whether our own line is cut: a school that an
    earlier process proved something of was not asked yet by this one, or nobody can be asked since
    nobody answered. `untold`: lines that fell with their carrier and could not be asked since.
    """

    schools: Mapping[SchoolKey, Outside]
    carriers: Mapping[str, int]
    unasked: bool = False
    untold: frozenset[SchoolKey] = frozenset()

    def of(self, key: SchoolKey) -> Outside:
        """Return what is proven of one school."""
        return self.schools.get(key, UNSEEN)


NOTHING: Final = Proof({}, {})


def together(
    found: Mapping[SchoolKey, Outside],
    carrier_of: Mapping[SchoolKey, str],
    *,
    control_answers: bool | None = None,
) -> Proof:
    """Return what *found* proves as a whole.

    Where nobody answers at all, our own line is as likely the cause as theirs; so nothing is
    proven of any school, unless a control address outside the district answers.
    """
    asked = {key: outside for key, outside in found.items() if outside.answers is not None}
    if len(asked) > 1 and not control_answers and not any(one.answers for one in asked.values()):
        since = min(one.since for one in asked.values())
        return Proof({key: Outside(None, since, blind=True) for key in asked}, {})
    carriers: dict[str, list[Outside]] = {}
    for key, outside in asked.items():
        if carrier := carrier_of.get(key, ""):
            carriers.setdefault(carrier, []).append(outside)
    fallen = {name: _fell(outsides) for name, outsides in carriers.items()}
    return Proof(asked, {name: since for name, since in fallen.items() if since})


def with_doubt(proof: Proof, last: Proof, carrier_of: Mapping[SchoolKey, str]) -> Proof:
    """Return *proof* with what it cannot tell any more and *last*, of the last outcomes, did."""
    untold = frozenset(
        key
        for key, outside in last.schools.items()
        if outside.answers is False
        and proof.of(key) == UNSEEN
        and carrier_of.get(key, "") in last.carriers
    )
    lost_sight = _is_blind(last) and not _is_blind(proof)
    return replace(proof, unasked=proof.unasked or lost_sight, untold=untold)


def _is_blind(proof: Proof) -> bool:
    return any(outside.blind for outside in proof.schools.values())


def _fell(outsides: Sequence[Outside]) -> int:
    lost = [one.since for one in outsides if not one.answers]
    return fell_together(lost, len(outsides) - len(lost))
