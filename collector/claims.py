"""Who else claims our regions, and whether we may serve them (wire.md, "Topics and identity").

Pure. A claim that the broker kept may be years old and proves nobody alive; one that is made while
we listen does. Claims are told apart by their bytes: no clock is compared with another machine's.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final, Literal

from core import messages, topics
from core.errors import HeaderError

SETTLE_S: Final = 0.5
"""After the subscription was granted: what the broker has kept comes within this time."""
REMEMBERED: Final = 32
UNREADABLE: Final = "?"
"""Stands for the id in a claim that we cannot read, as a later version may write it."""

Heard = Literal["ours", "kept", "new", "emptied"]
"""Our own claim; another's that the broker had kept; another's that was made now; none any more."""
Answer = Literal["wait", "serve", "refuse"]


class Claims:
    """Tells what each claim that is heard means to the collector called *own*.

    `others` names, by region, who else claimed it last.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._sent: deque[bytes] = deque(maxlen=REMEMBERED)
        self._kept: dict[str, bytes] = {}
        self._of_a_twin: dict[str, bytes] = {}
        self.others: dict[str, str] = {}

    def sent(self, payload: bytes) -> None:
        """Remember a claim that this process makes."""
        self._sent.append(payload)

    def heard(self, region: str, payload: bytes, *, kept: bool) -> Heard:
        """Return what a claim means that was heard; *kept* is MQTT's retain flag."""
        if not payload:
            return "emptied"
        if payload in self._sent:
            return "ours"
        who = _who(payload)
        found = self._of_us(region, payload, kept=kept) if who == self._own else "new"
        if who != self._own and kept and self._kept.setdefault(region, payload) == payload:
            found = "kept"
        if found != "ours":
            self.others[region] = who
        return found

    def _of_us(self, region: str, payload: bytes, *, kept: bool) -> Heard:
        """Tell a second process of our id from one before us, whose last claim may be on its way.

        Two claims that we did not make are too many.
        """
        if kept or self._of_a_twin.setdefault(region, payload) == payload:
            return "ours"
        return "new"


class Vigil:
    """Decides at start; times are seconds of the monotonic clock.

    Where nobody else has claimed a region there is nothing to wait for. Where somebody has, the
    next claim would come within a minute: so one that is not renewed is a dead collector's.
    """

    def __init__(self, wait_s: float, *, takeover: bool) -> None:
        self._wait_s, self._takeover = wait_s, takeover
        self._since: float | None = None
        self._claimed = self._renewed = False

    @property
    def is_waiting(self) -> bool:
        """Whether another's claim is what we wait for."""
        return self._claimed and not self._takeover

    def connected(self, at: float) -> None:
        """Hear that claims are heard from now on; what came while they were not, nobody knows."""
        self._since = at

    def disconnected(self) -> None:
        """Hear that none are heard any more."""
        self._since = None

    def heard(self, what: Heard) -> None:
        """Hear of a claim. One that was emptied may come again: its maker lost the connection."""
        self._claimed |= what in ("kept", "new")
        self._renewed |= what == "new"

    def answer(self, at: float) -> Answer:
        """Return what to do at this moment."""
        if self._since is None:
            return "wait"
        if self._renewed and not self._takeover:
            return "refuse"
        return "wait" if at < self._until(self._since) else "serve"

    def seconds(self, at: float) -> float | None:
        """Return after how many seconds the answer may be another; None if nothing is heard."""
        return None if self._since is None else max(self._until(self._since) - at, 0.0)

    def _until(self, since: float) -> float:
        return since + (max(self._wait_s, SETTLE_S) if self.is_waiting else SETTLE_S)


def _who(payload: bytes) -> str:
    try:
        name = messages.read_claim(payload).collector
    except HeaderError:
        return UNREADABLE
    return name if topics.LEVEL.fullmatch(name) else UNREADABLE


def named(others: Sequence[tuple[str, str]]) -> str:
    """Return pairs of region and collector as a sentence has them."""
    return ", ".join(f"region {region} by collector {who}" for region, who in others)
