"""Event batches byte by byte, split, cut, and moved to another key."""

import json
from dataclasses import replace

from agent import eventbatch
from core.events import Header
from core.types import Event
from core.wire import MAX_LINE_BYTES

AT = 1_795_374_585_000_000_000
EPOCH = "K3M6T0QX9V2ZB8DN"
LINK_DOWN = Event(
    *("link_down", "switch-2", "switch-2/port-5"),
    active=True,
    severity="P3",
    at=AT,
    details={"speed_mbps": 1000},
)


def test_a_batch_is_the_bytes_that_the_contract_shows() -> None:
    (lines,) = eventbatch.split([LINK_DOWN], 1000)
    assert eventbatch.seal(Header(EPOCH, 7, 1), lines) == (
        b'{"schoolwatch":1,"epoch":"K3M6T0QX9V2ZB8DN","seq":7,"n":1}\n'
        b'{"i":0,"kind":"link_down","target":"switch-2","subject":"switch-2/port-5",'
        b'"active":true,"severity":"P3","at":1795374585000000000,"details":{"speed_mbps":1000}}\n'
    )


def test_the_first_line_says_what_is_unchecked_and_what_is_the_whole_list() -> None:
    header = json.loads(Header(EPOCH, 7, 0, clock_unchecked=True, full=True, at=AT).encode())
    assert (header["clock"], header["full"], header["at"]) == ("unchecked", True, AT)


def test_many_events_fill_several_batches_and_are_numbered_in_each() -> None:
    batches = list(eventbatch.split([LINK_DOWN] * 25, 2_000))
    assert sum(map(len, batches)) == 25
    assert max(sum(len(line) + 1 for line in lines) for lines in batches) <= 2_000
    assert all(json.loads(line)["i"] == i for lines in batches for i, line in enumerate(lines))


def test_a_text_with_a_newline_stays_one_line() -> None:
    line = eventbatch.encode(0, replace(LINK_DOWN, subject="c\nd"))
    assert b"\n" not in line
    assert json.loads(line)["subject"] == "c\nd"


def test_an_event_too_long_for_a_line_goes_without_its_details() -> None:
    event = replace(LINK_DOWN, subject="c", details={"text": "x" * MAX_LINE_BYTES})
    line = eventbatch.encode(0, event)
    assert json.loads(line)["details"] == {"details_left_out": True}


def test_an_event_that_is_no_text_still_says_that_it_happened() -> None:
    line = eventbatch.encode(3, replace(LINK_DOWN, subject="c\ud800", details={"n": 2**70}))
    assert json.loads(line)["subject"] == "c?"


def test_under_another_key_a_batch_keeps_everything_else() -> None:
    (lines,) = eventbatch.split([LINK_DOWN], 1000)
    old = Header(EPOCH, 7, 1, clock_unchecked=True, full=True, at=AT)
    new = Header("A" * 16, 1, 1, clock_unchecked=True, full=True, at=AT)
    moved = eventbatch.rekeyed(eventbatch.seal(old, lines), "A" * 16, 1)
    assert moved == eventbatch.seal(new, lines)
