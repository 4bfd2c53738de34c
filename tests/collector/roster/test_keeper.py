"""Another roster while the collector runs: what is recorded of it, and that it is recorded once."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from collector.audit import AuditLog
from collector.eventrows import EventRows
from collector.journal import Journal
from collector.ledger import Ledger
from collector.roster.keeper import Keeper
from core.kinds import KINDS
from core.types import Identity
from tests.collector.making import REGION, Clock
from tests.collector.roster.making import HEADER, OWNED, OWNERS

FIRST, SECOND, THIRD = (f"{REGION},{n},{n}小,在办" for n in "123")


class District:
    """A roster file with a collector beside it that can be started anew."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file, self.clock = folder, folder / "roster.csv", Clock()
        self.start()

    def start(self) -> None:
        ledger = Ledger(self.folder / "ledger.db")
        journal = Journal("d1", EventRows(ledger), AuditLog(self.folder / "audit"), self.clock)
        self.journal, self.keeper = journal, Keeper(self.file, [REGION], journal, self.clock)

    def write(self, *rows: str, header: str = HEADER) -> None:
        self.file.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")

    def look(self) -> list[str] | None:
        """Read what was written; return the schools that are shown from now on."""
        self.clock.at += 1
        found = self.keeper.look(at_once=True)
        return [school.school for school in found.schools] if found else None

    def takes(self, *rows: str, header: str = HEADER) -> list[str] | None:
        self.write(*rows, header=header)
        return self.look()

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        bodies = [json.loads(row.body) for row in self.journal.rows.after(0, 999)]
        return [body for body in bodies if not kinds or body["kind"] in kinds]

    def told(self) -> list[tuple[str, str]]:
        """What is recorded besides that a roster was taken."""
        return [(e["kind"], e["target"]) for e in self.events() if e["kind"] != "roster_taken"]


@pytest.fixture
def district(tmp_path: Path) -> District:
    return District(tmp_path)


def details(events: Sequence[dict[str, Any]]) -> list[Any]:
    return [event["details"] for event in events]


def test_the_first_roster_is_one_event_and_no_change(district: District) -> None:
    assert district.takes(FIRST, SECOND, f"{REGION},3,三小,关门", "999999,1,别处,在办") == [
        *("1", "2", "1"),
    ]
    (taken,) = details(district.events("roster_taken"))
    assert {k: v for k, v in taken.items() if k not in {"file", "digest"}} == {
        "schools": 2,
        "elsewhere": 1,
        "flagged": 3,
        "refused": 1,
    }
    (refused,) = details(district.events("roster_rows_refused"))
    assert refused["rows"][0].startswith("4: row refused: status '关门' is none of")


def test_each_change_is_an_event_that_says_what_changed(district: District) -> None:
    district.takes(FIRST, SECOND, THIRD)
    merged = f"{REGION},2,2小,撤并"
    assert district.takes(FIRST.replace("1小", "一小"), merged, f"{REGION},4,4小,在办") == [
        *("1", "2", "4"),
    ]
    assert district.told() == [
        ("school_changed", f"{REGION}/1"),
        ("school_status", f"{REGION}/2"),
        ("school_removed", f"{REGION}/3"),
        ("school_added", f"{REGION}/4"),
    ]
    changed, status = details(district.events("school_changed", "school_status"))
    assert changed == {"name": ["1小", "一小"]}
    assert status == {"status": ["open", "merged"]}
    (taken,) = details(district.events("roster_taken"))[1:]
    assert (taken["school_added"], taken["school_removed"]) == (1, 1)


def test_a_restart_with_the_same_file_repeats_nothing(district: District) -> None:
    district.takes(FIRST)
    district.takes(FIRST, SECOND)
    before = district.events()
    district.start()
    assert district.look() == ["1", "2"]
    assert district.events() == before


def test_a_file_that_changed_while_the_collector_was_down_is_noticed(district: District) -> None:
    district.takes(FIRST, SECOND)
    district.write(SECOND)
    district.start()
    assert district.look() == ["2"]
    assert district.told() == [("school_removed", f"{REGION}/1")]


def test_going_back_to_an_earlier_file_is_a_change_each_time(district: District) -> None:
    district.takes(FIRST)
    for _ in range(2):
        district.takes(FIRST, SECOND)
        district.takes(FIRST)
    assert [kind for kind, _ in district.told()] == ["school_added", "school_removed"] * 2
    assert len(district.events("roster_taken")) == 5


def test_a_change_that_was_recorded_but_not_kept_is_recorded_once(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    district.takes(FIRST)

    def full(_taken: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(district.keeper.kept, "keep", full)
        with pytest.raises(sqlite3.OperationalError):
            district.takes(FIRST, SECOND)
    assert district.look() == ["1", "2"], "and is taken as soon as it can be"
    assert district.told() == [("school_added", f"{REGION}/2")]


def test_people_are_recorded_by_role_and_nowhere_by_name(district: District) -> None:
    row = f"{REGION},1,一小,在办,{OWNERS}"
    district.takes(row, header=OWNED)
    district.takes(row.replace("李工", "钱工"), header=OWNED)
    (changed,) = details(district.events("school_changed"))
    assert changed == {"operator": "changed"}
    kept = b"".join(path.read_bytes() for path in district.folder.glob("ledger.db*"))
    for word in ("李工", "钱工", "0571"):
        assert word.encode() not in kept
        assert word not in json.dumps(district.events(), ensure_ascii=False)


@pytest.mark.parametrize("content", ["not a roster", HEADER, f"{HEADER}{REGION},1,一小,关门\n"])
def test_a_file_that_cannot_be_taken_leaves_the_old_one_and_is_said_once(
    district: District, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    district.takes(FIRST)
    district.file.write_text(content, encoding="utf-8")
    assert [district.look(), district.look()] == [None, None]
    district.start()
    assert district.look() is None
    assert [kind for kind, _ in district.told()] == ["roster_unreadable"]

    assert district.takes(FIRST) == ["1"]
    assert "can be read again" in caplog.text
    assert len(district.events("roster_taken")) == 1, "nothing changed in the end"
    assert district.takes(FIRST, SECOND) == ["1", "2"]


def test_the_same_mistake_after_another_roster_is_said_again(district: District) -> None:
    district.takes(FIRST)
    district.takes(header="broken")
    district.takes(FIRST, SECOND)
    district.takes(header="broken")
    assert [kind for kind, _ in district.told()] == [
        *("roster_unreadable", "school_added"),
        "roster_unreadable",
    ]


def test_an_agent_of_a_closed_school_is_emptied_once_for_each_closing(district: District) -> None:
    keeper, who, other = district.keeper, Identity(REGION, "1", "a"), Identity(REGION, "2", "b")
    assert keeper.to_empty([who, other]) == [who, other]
    assert keeper.to_empty([who, other]) == [who, other], "it was not done yet"
    keeper.kept.keep_emptied([who, other])
    district.start()
    assert district.keeper.to_empty([who, other]) == []
    assert district.keeper.to_empty([other]) == []
    assert district.keeper.to_empty([who, other]) == [who], "it was open in between"


def test_every_kind_that_is_recorded_has_its_texts(district: District) -> None:
    district.takes(FIRST, SECOND, f"{REGION},9,,x")
    district.takes(FIRST.replace("在办", "停办"), f"{REGION},3,三小,在办")
    district.takes(FIRST.replace("1小", "一小"))
    district.takes(header="x")
    found = {event["kind"] for event in district.events()}
    assert len(found) == 7
    assert found <= set(KINDS)
