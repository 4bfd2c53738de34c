"""Events from the door to the receipt: each once, in one order, whatever dies on the way."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from collector.audit import AuditLog
from collector.deadletters import DeadLetters
from collector.eventrows import EventRows
from collector.ledger import LaneKey
from collector.receipts import Receipts
from core import events, messages, wire
from core.clock import SECOND
from core.messages import EpochReport
from core.mqtt import Message
from core.types import BatchKey
from tests.collector.desk import Desk, audited_in, open_desk
from tests.collector.making import (
    NOW,
    OTHER,
    WHO,
    A,
    B,
    batch,
    birth,
    event,
    event_batch,
    events_of,
    readings,
    report,
    state,
)


def keys(*seqs: int) -> list[BatchKey]:
    return [BatchKey(A, "events", seq) for seq in seqs]


def named(desk: Desk, part: str = "got") -> list[BatchKey]:
    return [key for key, _ in desk.got(part=part)]


async def test_an_event_is_in_the_audit_log_before_its_receipt(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 7, event(speed_mbps=1000), event(active=False))))
    body = event_batch(A, 7, event(speed_mbps=1000), event(active=False))
    assert desk.got() == [(BatchKey(A, "events", 7), messages.crc_text(wire.crc(body)))]
    first, second = desk.audited()
    assert first == {
        "row": 1,
        "agent": "330100/school-1/host",
        "epoch": A,
        "seq": 7,
        "index": 0,
        "crc": messages.crc_text(wire.crc(body)),
        "received": NOW,
        "kind": "link_down",
        "code": "EV-FLT-SW",
        "severity": "P3",
        "agent_severity": "P3",
        "target": "switch-2",
        "subject": "switch-2/port-5",
        "active": True,
        "at": NOW,
        "details": {"speed_mbps": 1000},
        "actor": "agent:330100/school-1/host",
        "role": "agent",
        "address": "",
        "success": True,
        "reason": "",
    }
    assert (second["row"], second["index"], second["active"]) == (2, 1, False)


async def test_the_same_batch_again_is_receipted_and_recorded_once_over_restarts(
    tmp_path: Path,
) -> None:
    for _ in range(2):
        desk = open_desk(tmp_path)
        await desk.take(*[events_of(event_batch(A, seq)) for seq in (1, 2, 1)])
        await desk.take(events_of(event_batch(A, 2)))
        assert named(desk) == keys(1, 2, 1, 2)
    assert [(r["row"], r["seq"]) for r in desk.audited()] == [(1, 1), (2, 2)]
    row = LaneKey(WHO, A, "events")
    assert desk.books.ledger.rows([row])[row].received.spans == ((1, 2),)


async def test_other_bytes_under_a_known_key_are_kept_recorded_once_and_answered(
    tmp_path: Path,
) -> None:
    other = event_batch(A, 1, event("clock_step"))
    for _ in range(2):
        desk = open_desk(tmp_path)
        await desk.take(*[events_of(body) for body in (event_batch(A, 1), other, other)])
        assert (named(desk), named(desk, "conflict")) == (keys(1), keys(1, 1))
    assert [(r["kind"], r["code"]) for r in desk.audited()] == [
        ("link_down", "EV-FLT-SW"),
        ("forged_batch", "EV-SYS-FORGE"),
    ]
    forged = desk.audited()[1]
    assert (forged["agent"], forged["target"]) == ("collector/d1", str(WHO))
    assert [letter["kind"] for letter in desk.letters()] == ["conflict"]


async def test_a_conflict_of_readings_is_recorded_too(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(readings(batch(A, 1)), readings(batch(A, 1, [b"mem used=9i %d" % NOW])))
    desk.books.journal.sync()
    assert [r["details"]["lane"] for r in desk.audited("forged_batch")] == ["readings"]


async def test_an_unknown_kind_is_recorded_as_other_and_counted(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 1, event("dragon_seen"))))
    assert [(r["kind"], r["code"], r["severity"]) for r in desk.audited()] == [
        ("dragon_seen", "EV-OTH", "P4")
    ]
    assert desk.count("events_of_unknown_kinds") == 1


async def test_bad_lines_go_to_the_letters_and_the_others_are_recorded(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    ahead = event(at=NOW + 601 * SECOND)
    good = event_batch(A, 1, event(), ahead).replace(b'"n":2', b'"n":3') + b"no json\n"
    await desk.take(events_of(good))
    assert [(r["index"], r["kind"]) for r in desk.audited()] == [(0, "link_down")]
    assert [(letter["kind"], letter["seq"], letter["lines"]) for letter in desk.letters()] == [
        ("event", 1, [3]),
        ("event", 1, [4]),
    ]
    assert named(desk) == keys(1)


async def test_an_epoch_that_a_late_birth_does_not_name_is_asked_for_its_own(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B)), state(birth(A)))  # the older one came late
    await desk.take(events_of(event_batch(B, 1)))
    desk.books.asking._monotonic = lambda: 10.0**9  # half a minute later, and more
    desk.books.asking.tick(lambda _: True)
    assert desk.books.asking.number(WHO) > 0


async def test_a_batch_without_a_good_line_leaves_one_row_and_is_received(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    for _ in range(2):
        await desk.take(events_of(events.Header(A, 1, 1).encode() + b"no json\n"))
    assert [(r["kind"], r["index"], r["details"]) for r in desk.audited()] == [
        ("no_events", -1, {"events": 0, "refused": 1})
    ]
    assert named(desk) == keys(1, 1)


async def test_what_is_still_going_on_is_recorded_even_when_it_is_nothing(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    head = events.Header(A, 1, 0, full=True, at=NOW - 5, clock_unchecked=True)
    await desk.take(events_of(events.seal(head, [])))
    await desk.take(events_of(events.seal(events.Header(A, 2, 0, full=True, at=NOW), [event()])))
    found = [(r["kind"], r["index"], r["at"], r.get("full")) for r in desk.audited()]
    assert found == [
        ("open_conditions", -1, NOW - 5, None),
        ("open_conditions", -1, NOW, None),
        ("link_down", 0, NOW, True),
    ]
    assert desk.audited()[0]["unchecked"] is True


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"net,interface=eth0 bytes_recv=1i 5\n", "header"),
        (b"", "header"),
        (wire.ZSTD_MAGIC + b"damaged", "payload"),
        (b'{"schoolwatch":2,"epoch":"%b","seq":1,"n":0}\n' % A.encode(), "header"),
        (b"x" * 300_000, "payload"),
    ],
)
async def test_what_has_no_readable_key_gets_a_letter_a_note_and_no_receipt(
    tmp_path: Path, payload: bytes, kind: str
) -> None:
    desk = open_desk(tmp_path)
    for _ in range(2):
        await desk.take(Message(f"schoolwatch/v1/{WHO}/events", payload, False, 1, 1))
    assert [letter["kind"] for letter in desk.letters()] == [kind]
    assert [r["kind"] for r in desk.audited()] == ["unreadable_batch"]
    assert desk.receipts() == []


async def test_events_without_a_header_never_reach_the_audit_log(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 1).partition(b"\n")[2]))
    assert [letter["kind"] for letter in desk.letters()] == ["unaccounted"]
    assert (desk.audited(), desk.receipts()) == ([], [])


async def test_damaged_on_the_way_is_refused_with_its_own_crc_and_taken_when_whole(
    tmp_path: Path,
) -> None:
    desk = open_desk(tmp_path)
    whole = event_batch(A, 1)
    await desk.take(events_of(whole[:-1]))
    crc = messages.crc_text(wire.crc(whole[:-1]))
    assert desk.got(part="refused") == [(BatchKey(A, "events", 1), crc)]
    assert desk.audited() == []
    await desk.take(events_of(whole))
    assert (named(desk), len(desk.audited())) == (keys(1), 1)


async def test_an_event_proves_life_and_closes_the_epoch_that_waited_for_it(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(B, epochs=[report(A, [(1, 1)], lane="events")])))
    desk.clock.at += 100 * SECOND
    await desk.take(events_of(event_batch(A, 1)), events_of(event_batch(B, 1)))
    assert desk.receipts()[-1].closed == [A]
    assert desk.books.live.state(WHO).known.last_arrival == desk.clock.at


async def test_events_that_the_broker_kept_say_nothing_of_the_present(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(state(birth(A)))
    before = desk.books.live.state(WHO).known
    desk.clock.at += 100 * SECOND
    await desk.take(replace(events_of(event_batch(A, 1)), retain=True))
    assert (desk.books.live.state(WHO).known, len(desk.audited("link_down"))) == (before, 1)


async def test_drops_are_recorded_before_their_epoch_is_closed(tmp_path: Path) -> None:
    lists = [EpochReport(A, "readings", 9, [], [(1, 9, "full")]), report(B, [])]
    for no in (1, 2):
        desk = open_desk(tmp_path)
        await desk.take(state(birth(B, no=no, epochs=lists)))
        assert desk.receipts()[-1].closed == [A]
    (drops,) = desk.audited("batches_dropped")
    assert (drops["kind"], drops["target"]) == ("batches_dropped", str(WHO))
    assert drops["details"]["dropped"] == [[1, 9, "full"]]


async def test_two_agents_and_the_collector_may_use_the_same_key(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(events_of(event_batch(A, 1)), events_of(event_batch(A, 1), OTHER))
    assert [r["agent"] for r in desk.audited()] == [str(WHO), str(OTHER)]


class Crash(BaseException):
    """kill -9, as far as one process can play it: nothing after it runs."""


def _before(_real: Callable[..., Any], *_args: Any, **_kwargs: Any) -> Any:
    raise Crash


def _after(real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    real(*args, **kwargs)
    raise Crash


STEPS = [
    (DeadLetters, "keep"),
    (EventRows, "take"),
    (EventRows, "note"),
    (EventRows, "after"),
    (AuditLog, "append"),
    (Receipts, "got"),
    (Receipts, "conflict"),
]


@pytest.mark.parametrize("when", [_before, _after], ids=["before", "after"])
@pytest.mark.parametrize(("kind", "name"), STEPS, ids=[name for _, name in STEPS])
async def test_a_crash_beside_any_step_leaves_each_event_once_and_in_order(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Any],
    name: str,
    when: Callable[..., Any],
) -> None:
    sent = [
        *(events_of(event_batch(A, 1)), events_of(event_batch(A, 2, event("disk_full")))),
        events_of(event_batch(A, 1, event("clock_step"))),
        events_of(events.Header(A, 3, 1).encode() + b"no json\n"),
    ]
    real = getattr(kind, name)
    desk = open_desk(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(kind, name, lambda *a, **k: when(real, *a, **k))
        with pytest.raises(Crash):
            await desk.take(*sent)
    before = audited_in(tmp_path)
    again = open_desk(tmp_path)
    await again.take(*sent)
    assert (named(again), named(again, "conflict")) == (keys(1, 2, 3), keys(1))
    after = again.audited()
    assert after[: len(before)] == before
    assert [r["kind"] for r in after] == ["link_down", "disk_full", "no_events", "forged_batch"]
    assert [r["row"] for r in after] == [1, 2, 3, 4]
    assert [letter["kind"] for letter in again.letters()] == ["event", "conflict"]


async def test_while_the_audit_disk_is_full_nothing_is_acknowledged_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = open_desk(tmp_path)
    real, left, troubles = os.fsync, [28, 28, 28], list[str]()

    def full(descriptor: int) -> None:
        troubles.append(desk.books.door.trouble)
        if left:
            raise OSError(left.pop(), "No space left on device")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    await desk.take(events_of(event_batch(A, 1)))
    assert [trouble.endswith("No space left on device") for trouble in troubles[:4]] == [
        *(False, True, True, True)
    ]
    assert desk.books.door.trouble == ""
    assert (named(desk), [r["seq"] for r in desk.audited("link_down")]) == (keys(1), [1])
    assert [r["active"] for r in desk.audited("audit_stopped")] == [True, False]
    said = [record.levelname for record in caplog.records if "No space" in record.message]
    assert said == ["ERROR"]


async def test_an_audit_log_that_was_deleted_is_written_anew_the_same(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    await desk.take(*[events_of(event_batch(A, seq)) for seq in range(1, 9)])
    (path,) = (tmp_path / "audit").glob("*.jsonl")
    content = path.read_bytes()
    path.unlink()
    open_desk(tmp_path).books.journal.sync()
    assert path.read_bytes() == content
    assert json.loads(content.splitlines()[-1])["row"] == 8
