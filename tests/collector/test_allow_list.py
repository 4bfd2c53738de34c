"""What the catalogue does not know does not get in, is counted by name, and is told once a day."""

from pathlib import Path
from typing import Any

from collector.dropped import MAX_NAMES, TELL_EVERY, Drop, Dropped
from collector.eventchores import EventChores
from collector.linecheck import LineCheck
from core.clock import SECOND
from core.types import Identity
from tests.collector.desk import Desk, open_desk
from tests.collector.making import NOW, WHO, A, event, event_batch, events_of
from tests.persons import identity_number, mobile_number

ID, PHONE = identity_number(), mobile_number()


def check(*lines: str, accounted: bool = True) -> Any:
    body = "".join(f"{line} {NOW}\n" for line in lines).encode()
    return LineCheck().check(body, WHO, NOW, accounted=accounted)


def test_what_the_catalogue_lacks_is_counted_by_its_name_whoever_sent_it() -> None:
    for accounted in (True, False):
        found = check("mem,host=pc7 used=1i,huge=2i", "pupils,name=li age=9i", accounted=accounted)
        assert found.drops == {
            Drop("tag", "mem.host"): 1,
            Drop("field", "mem.huge"): 1,
            Drop("measurement", "pupils"): 1,
        }
        assert (found.good, found.stripped, len(found.refused)) == (1, 2, 1)


def test_a_number_of_a_person_in_a_text_or_tag_does_not_reach_the_store() -> None:
    split = f"{PHONE[:3]} {PHONE[3:7]} {PHONE[7:]}"
    found = check(
        f'agent version="1.2 {ID}"',
        f'device_port,device=sw,port=a alias="{split}"',
        f"net,interface={PHONE} bytes_recv={PHONE}i",
    )
    assert found.good == 3
    assert found.refused == []
    assert ID.encode() not in found.body
    assert f"interface={PHONE}".encode() not in found.body
    assert f"bytes_recv={PHONE}i".encode() in found.body, "a count is a count"
    assert found.drops == {
        Drop("person", "agent.version"): 1,
        Drop("person", "device_port.alias"): 1,
        Drop("person", "net.interface"): 1,
    }


def test_tags_that_only_differed_in_such_a_number_do_not_overwrite_each_other() -> None:
    found = check(f"net,interface={PHONE} bytes_recv=1i", f"net,interface={ID} bytes_recv=2i")
    assert found.good == 2, "another kind of number, another word"
    other = mobile_number(2)
    found = check(f"net,interface={PHONE} bytes_recv=1i", f"net,interface={other} bytes_recv=2i")
    assert (found.good, [one.kind for one in found.refused]) == (0, ["same_series_and_time"] * 2)


async def test_an_event_keeps_its_place_without_what_is_not_allowed(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    said = event(speed_mbps=1000, pupil="Li", why=f"call {PHONE}")
    batch = event_batch(A, 7, said, event("dragon_seen", colour="red"))
    await desk.take(events_of(batch))
    first, second = desk.audited()
    assert first["details"] == {"speed_mbps": 1000, "why": "call [phone number removed]"}
    assert (second["kind"], second["details"]) == ("dragon_seen", {})
    assert dict(desk.books.dropped.counts()) == {
        ("dropped_details", "link_down.pupil"): 1,
        ("dropped_persons", "link_down.why"): 1,
        ("dropped_details", "other.colour"): 1,
    }
    await desk.take(events_of(batch))
    assert len(desk.audited()) == 2, "a batch that comes again is the same batch"
    assert [key.seq for key, _ in desk.got()] == [7, 7]
    await told(desk)


async def told(desk: Desk) -> None:
    """The audit log is told what went, and whose it was."""
    await EventChores("d1", desk.store, desk.books).minute()
    unknown, person = desk.audited("fields_dropped", "person_data_removed")
    assert unknown["details"] == {
        "count": 2,
        "names": {"detail link_down.pupil": 1, "detail other.colour": 1},
        "agents": [str(WHO)],
    }
    assert person["details"]["names"] == {"person link_down.why": 1}


def test_the_audit_log_is_told_once_a_day_and_only_of_what_is_new() -> None:
    dropped = Dropped()
    assert dropped.due(NOW) == []
    dropped.add({Drop("field", "mem.huge"): 3}, WHO)
    assert [note.kind for note in dropped.due(NOW)] == ["fields_dropped"]
    dropped.add({Drop("field", "mem.huge"): 1}, WHO)
    dropped.told(NOW)
    assert dropped.due(NOW + 3_600 * SECOND) == []
    (note,) = dropped.due(NOW + TELL_EVERY)
    assert note.details["count"] == 1, "what came while it was being told is not forgotten"
    dropped.told(NOW + TELL_EVERY)
    assert dropped.due(NOW + 2 * TELL_EVERY) == []


def test_a_clock_that_was_set_back_keeps_nothing_from_the_audit_log() -> None:
    dropped = Dropped()
    dropped.add({Drop("field", "cpu.mood"): 1}, WHO)
    assert dropped.due(NOW)
    dropped.told(NOW)
    dropped.add({Drop("field", "cpu.mood"): 2}, WHO)
    (note,) = dropped.due(NOW - 30 * TELL_EVERY)
    assert note.details["count"] == 2
    dropped.told(NOW - 30 * TELL_EVERY)
    dropped.add({Drop("field", "cpu.mood"): 1}, WHO)
    assert dropped.due(NOW - 30 * TELL_EVERY + SECOND) == []


def test_names_that_a_flood_makes_up_are_counted_together_and_hold_no_number() -> None:
    dropped = Dropped()
    for number in range(3 * MAX_NAMES):
        who = Identity("330100", f"school-{number}", "host")
        dropped.add({Drop("field", f"mem.{number}\n\x7f学"): 1}, who)
    dropped.add({Drop("tag", f"mem.{ID}"): 1, Drop("tag", f"mem.x {PHONE}"): 1}, WHO)
    counts = dropped.counts()
    assert len(counts) <= MAX_NAMES + 2
    assert sum(counts.values()) == 3 * MAX_NAMES + 2
    assert ID not in str(counts)
    assert "\n" not in "".join(name for _, name in counts)
    (note,) = dropped.due(NOW)
    assert len(str(note.details)) < 10_000
