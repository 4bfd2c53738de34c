"""What is news of a condition that is open: more of it, and that nobody holds it any more."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.conditions import Gone, Update
from agent.spool import Spool
from core.clock import SECOND
from core.types import Event
from tests.agent.test_spoolevents import batches

AT = 1_795_374_585 * SECOND
SCAN = Event("port_scan", "eth0", "0011223344", True, AT, details={"count": 12})
MORE = replace(SCAN, at=AT + 60 * SECOND, details={"count": 300})


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "spool.db", unchecked=lambda: False)) as made:
        yield made


def told(spool: Spool) -> list[dict[str, Any]]:
    return [event for _, events in batches(spool) for event in events]


def open_now(spool: Spool) -> list[dict[str, Any]]:
    spool.seal_conditions()
    (full,) = [events for head, events in batches(spool) if head.get("full")]
    return full


def test_more_of_an_open_condition_goes_out_with_its_new_details(spool: Spool) -> None:
    spool.tell([SCAN])
    spool.tell([Update(MORE)])
    assert [(one["active"], one["details"]["count"]) for one in told(spool)] == [
        (True, 12),
        (True, 300),
    ]


def test_who_connects_later_hears_the_newest_details_and_the_first_time(spool: Spool) -> None:
    spool.tell([SCAN])
    spool.tell([Update(MORE)])
    (found,) = open_now(spool)
    assert (found["at"], found["details"]) == (SCAN.at, {"count": 300})


def test_more_of_what_never_began_or_is_over_says_nothing(spool: Spool) -> None:
    assert spool.tell([Update(MORE)]) == []
    spool.tell([SCAN, replace(SCAN, active=False, at=AT + SECOND)])
    assert spool.tell([Update(MORE)]) == []
    assert open_now(spool) == []


def test_the_same_beginning_twice_is_no_update(spool: Spool) -> None:
    spool.tell([SCAN])
    assert spool.tell([MORE]) == []


def test_what_nobody_holds_ends_at_every_target_where_none_is_named(spool: Spool) -> None:
    others = [replace(SCAN, target="eth1"), replace(SCAN, subject="ffffffffff")]
    spool.tell([SCAN, *others, replace(SCAN, kind="arp_spoof")])
    spool.tell([Gone("port_scan", None, {"ffffffffff"}.__contains__, AT + SECOND)])
    left = {(one["kind"], one["target"], one["subject"]) for one in open_now(spool)}
    assert left == {("port_scan", "eth0", "ffffffffff"), ("arp_spoof", "eth0", "0011223344")}


def test_what_nobody_holds_ends_at_the_target_that_is_named_alone(spool: Spool) -> None:
    spool.tell([SCAN, replace(SCAN, target="eth1")])
    spool.tell([Gone("port_scan", "eth1", set[str]().__contains__, AT + SECOND)])
    assert [one["target"] for one in open_now(spool)] == ["eth0"]
