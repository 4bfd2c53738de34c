"""From an MQTT message on an `events` topic to the rows that it becomes.

Pure, and nothing in a payload makes it fail: what is wrong comes back as `Bad`, or as bad lines
beside the good ones.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collector.auditrecord import BATCH, EventRow, agent_marks, body_of
from collector.dropped import Drop
from collector.eventrows import EventBatch
from collector.intake import Arrival, Bad, opened
from collector.linecheck import MAX_AHEAD, Refused
from collector.sorting import GROUP_BYTES
from core import details, events, kinds, persondata, wire
from core.errors import HeaderError
from core.events import Header, Parsed
from core.types import BatchKey, Event, Identity


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that can be accounted, its bad lines, and how many events are of unknown kinds.

    `size` is that of its lines, unpacked; `drops` is what was taken off of its events.
    """

    batch: EventBatch
    bad: Sequence[Refused]
    unknown_kinds: int
    size: int = 0
    drops: Mapping[Drop, int] = field(default_factory=dict)


def read_group(
    arrivals: Sequence[Arrival], regions: Collection[str], leeway: int = 0
) -> list[Taken | Bad]:
    """Return what the first of *arrivals* hold; a group ends early when it has grown large.

    *leeway*: how many ns more a time may be ahead, while the collector's own clock is in doubt.
    """
    found: list[Taken | Bad] = []
    size = 0
    for arrival in arrivals:
        found.append(read_events(arrival, regions, leeway))
        size += 0 if isinstance(found[-1], Bad) else found[-1].size
        if size > GROUP_BYTES:
            break
    return found


def read_events(arrival: Arrival, regions: Collection[str], leeway: int = 0) -> Taken | Bad:
    """Return what the message holds."""
    found = opened(arrival, regions, "events")
    if isinstance(found, Bad):
        return found
    return _read_body(*found, arrival.at, arrival.at + MAX_AHEAD + leeway)


def _read_body(who: Identity, body: bytes, at: int, latest: int) -> Taken | Bad:
    try:
        header, lines = events.split_header(body)
    except wire.KeyedHeaderError as error:
        key = BatchKey(error.epoch, "events", error.seq)
        return Bad("damaged", str(error), who, key, wire.crc(body))
    except events.UnaccountedError as error:
        return Bad("unaccounted", str(error), who)
    except HeaderError as error:
        return Bad("header", str(error), who)
    parsed, drops = _fit(events.parse_lines(lines, latest))
    taken = _taken(who, header, wire.crc(body), parsed, at)
    return replace(taken, size=len(lines), drops=drops)


def _fit(parsed: Parsed) -> tuple[Parsed, Mapping[Drop, int]]:
    """Return *parsed* without what the allow-list lacks; each row is made of what is left."""
    drops: Counter[Drop] = Counter()
    found = [(index, _fitted(event, drops)) for index, event in parsed.events]
    return replace(parsed, events=found), drops


def _fitted(event: Event, drops: Counter[Drop]) -> Event:
    said, gone, persons = details.allowed(event.details)
    texts = {"kind": event.kind, "target": event.target, "subject": event.subject}
    kind, target, subject = (persondata.removed(text) for text in texts.values())
    persons += [name for name, left in zip(texts, (kind, target, subject)) if left != texts[name]]
    if not gone and not persons:
        return event
    of = event.kind if event.kind in kinds.KINDS else kinds.OTHER
    drops.update(Drop("detail", f"{of}.{name}") for name in gone)
    drops.update(Drop("person", f"{of}.{name}") for name in persons)
    return replace(event, kind=kind, target=target, subject=subject, details=said)


def _taken(who: Identity, header: Header, crc: int, parsed: Parsed, at: int) -> Taken:
    rows = [
        EventRow(str(who), header.epoch, header.seq, index, crc, at, body)
        for index, body in _bodies(who, header, parsed, at)
    ]
    key = BatchKey(header.epoch, "events", header.seq)
    bad = [Refused(line.number, line.line, "event", line.reason) for line in parsed.bad]
    unknown = sum(event.kind not in kinds.KINDS for _, event in parsed.events)
    return Taken(EventBatch(who, key, crc, at, rows, len(bad)), bad, unknown)


def _bodies(who: Identity, header: Header, parsed: Parsed, at: int) -> list[tuple[int, bytes]]:
    """Return index and content of each row: first that of the batch itself, where it has one."""
    marks = agent_marks(str(who))
    if header.clock_unchecked:
        marks["unchecked"] = True
    found: list[tuple[int, bytes]] = []
    if header.full or not parsed.events:
        counts = {"events": len(parsed.events), "refused": len(parsed.bad)}
        kind, when = ("open_conditions", header.at) if header.full else ("no_events", at)
        found.append((BATCH, body_of(Event(kind, "", "", True, when, None, counts), **marks)))
    if header.full:
        marks["full"] = True
    return found + [(index, body_of(event, **marks)) for index, event in parsed.events]
