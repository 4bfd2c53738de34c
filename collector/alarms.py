"""What the collector notes of messages that raise an alert: forged keys, unreadable batches, drops,
batches that nothing explains, and an identity that two machines use.

Pure. Each note is made once however often the message comes, so a crash repeats nothing.
"""

from collections.abc import Iterator, Sequence

from collector import births
from collector.births import AgentState
from collector.intake import Bad
from collector.journal import Note
from core import clock, messages
from core.messages import Birth
from core.types import BatchKey, Identity


def forged(who: Identity, key: BatchKey, crc: int) -> Note:
    """Return the note of other bytes under a key that is taken."""
    details = {
        "lane": key.lane,
        "epoch": key.epoch,
        "seq": key.seq,
        "crc": messages.crc_text(crc),
    }
    once = f"{who} {key.lane} {key.epoch} {key.seq} {crc}"
    return Note("forged_batch", str(who), f"{key.lane}/{key.epoch}/{key.seq}", details, once)


def unreadable(bad: Bad, at: int) -> Note | None:
    """Return the note of a batch whose key cannot be read; one for each sender and day.

    None where a receipt tells the sender, and where nobody known sent it.
    """
    if bad.who is None or bad.key is not None or bad.kind not in ("payload", "header"):
        return None
    day = clock.rfc3339(at)[:10]
    details = {"kind": bad.kind, "reason": _plain(bad.reason)}
    return Note("unreadable_batch", str(bad.who), "", details, f"{bad.who} {day}")


def drops(who: Identity, birth: Birth) -> Iterator[Note]:
    """Return notes of the drops on which a `closed` may rest: those of older epochs."""
    for report in birth.epochs:
        if report.epoch == birth.epoch or not report.dropped:
            continue
        details = {
            "epoch": report.epoch,
            "lane": report.lane,
            "high": report.high,
            "spool": birth.spool,
            "dropped": [list(drop) for drop in report.dropped],
        }
        once = f"{who} {report.epoch} {report.lane} {birth.spool} {_ranges(report.dropped)}"
        yield Note("batches_dropped", str(who), f"{report.lane}/{report.epoch}", details, once)


def unexplained(who: Identity, before: AgentState, after: AgentState) -> Note | None:
    """Return the note of batches that have newly become missing without any reason."""
    if after.unexplained <= before.unexplained:
        return None
    # After a restart nobody remembers what was known before, so the text tells whether it is new.
    once = f"{who} {after.gap} {after.unexplained}"
    return Note("unexplained_gap", str(who), after.gap, {"batches": after.unexplained}, once)


def two_machines(who: Identity, before: AgentState, after: AgentState) -> Note | None:
    """Return the note of two machines that have newly turned out to use one identity."""
    pair = births.two_machines(after)
    if not pair or pair == births.two_machines(before):
        return None
    started = after.birth.started if after.birth else ""
    details = {"epochs": list(pair), "last_started": _plain(started)}
    return Note("identity_twice", str(who), "", details, f"{who} {' '.join(pair)}")


def _ranges(dropped: Sequence[tuple[int, int, str]]) -> str:
    return " ".join(f"{first}-{last}:{why!r}" for first, last, why in dropped)


def _plain(text: str) -> str:
    return text[:200].encode("utf-8", "replace").decode()


def enrolled(who: Identity, before: AgentState, after: AgentState) -> Note | None:
    """Return that an agent was born that nobody had seen before; once for all time."""
    if before.birth or not after.birth:
        return None
    return Note("agent_enrolled", str(who), "", {"version": after.birth.version}, str(who))
