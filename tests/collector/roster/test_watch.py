"""When a file counts as changed: once it is whole, and never twice."""

import os
from pathlib import Path

import pytest

from collector.roster import Roster
from collector.roster.watch import RosterFile, Unreadable
from tests.collector.roster.making import HEADER

ONE = f"{HEADER}330100,1,一小,在办\n"
TWO = f"{ONE}330100,2,二小,在办\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "roster.csv"
    path.write_text(ONE, encoding="utf-8")
    return path


def names(found: object) -> list[str]:
    assert isinstance(found, Roster), found
    return [school.school for school in found.schools]


def watched(file: Path) -> RosterFile:
    """Return a file that was read already."""
    watch = RosterFile(file)
    assert names(watch.look(at_once=True)) == ["1"]
    return watch


def test_a_file_is_read_again_only_after_it_changed(file: Path) -> None:
    watch = watched(file)
    assert [watch.look(), watch.look(), watch.look(at_once=True)] == [None] * 3
    file.write_text(TWO, encoding="utf-8")
    assert watch.look() is None, "it may still be written"
    assert names(watch.look()) == ["1", "2"]
    assert watch.look() is None


def test_a_file_that_goes_on_growing_is_waited_for(file: Path) -> None:
    watch = watched(file)
    for rows in range(2, 6):
        with file.open("a", encoding="utf-8") as growing:
            growing.write(f"330100,{rows},学校,在办\n")
        assert watch.look() is None
    assert names(watch.look()) == ["1", "2", "3", "4", "5"]


def test_a_file_whose_time_and_size_did_not_change_is_read_again_all_the_same(file: Path) -> None:
    watch, before = watched(file), file.stat()
    file.write_text(ONE.replace(",1,", ",9,"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    watch.look()
    assert names(watch.look()) == ["9"]


def test_a_file_that_was_only_touched_is_nothing_new(file: Path) -> None:
    watch = watched(file)
    os.utime(file)
    assert [watch.look(), watch.look(), watch.look()] == [None] * 3


def test_a_file_that_is_gone_is_unreadable_until_it_is_back(file: Path) -> None:
    watch = watched(file)
    file.rename(file.with_suffix(".old"))
    assert watch.look() is None, "an editor may be about to put the new one there"
    gone = watch.look()
    assert isinstance(gone, Unreadable)
    assert gone.reason == f"{file}: cannot be read: No such file or directory"
    file.with_suffix(".old").rename(file)
    watch.look()
    assert names(watch.look()) == ["1"]


def test_a_file_that_is_no_roster_is_said_once_and_what_could_not_be_used_comes_again(
    file: Path,
) -> None:
    watch = watched(file)
    file.write_text("not a roster")
    watch.look()
    assert isinstance(watch.look(), Unreadable)
    assert watch.look() is None
    watch.again()
    assert isinstance(watch.look(), Unreadable)
    file.write_text(ONE, encoding="utf-8")
    watch.look()
    assert names(watch.look()) == ["1"]
